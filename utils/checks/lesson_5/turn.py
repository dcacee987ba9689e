"""Check for `turn`: stream a chat turn, and store it even if it fails or is stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.extra_cases import only_gc_closes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.run import HARBOUR, Case
from utils.checks.engine.stream_runner import run_async
from utils.checks.lesson_5.seen import RepliesRun

_BEFORE = (
    HumanMessage("What is a river?"),
    AIMessage("Water on its way to the sea."),
    HumanMessage("And a lake?"),
    AIMessage("Water that stays."),
)


@dataclass(frozen=True, kw_only=True)
class Turn(Case):
    """A chat turn; `before` contains the earlier messages."""

    before: Sequence[BaseMessage] = _BEFORE


@dataclass(kw_only=True)
class Seen(RepliesRun):
    case: Turn
    history: Sequence[Any]
    sent: Sequence[BaseMessage]  # the messages of the first request
    new: Sequence[Any]  # the messages added to the history
    odd: Sequence[Any]  # added entries that are neither a HumanMessage nor an AIMessage
    reply_stored: str  # the text of the first added AIMessage; "" if there is none
    extra: str  # text that was stored but never yielded; "" if there is none
    questions: Sequence[str]  # the text of each added HumanMessage
    answers: Sequence[str]  # the text of each added AIMessage


def observe(answer: Any, case: Turn) -> Seen:
    reply = case.reply()
    history = list(case.before)
    model = case.model(reply)
    args = (model, history, case.prompt)
    run = run_async("turn", answer, case, reply, *args, streams=True, passes_on=case.whole)
    new = history[len(case.before) :]
    questions = [entry.text for entry in new if isinstance(entry, HumanMessage)]
    answers = [entry.text for entry in new if isinstance(entry, AIMessage)]
    stored = next(iter(answers), "")
    around = stored.split(run.text, 1) if run.text else [stored]
    return Seen.of(
        run,
        replies=[reply],
        history=history,
        sent=model.readings[0].messages if model.readings else (),
        new=new,
        odd=[entry for entry in new if not isinstance(entry, HumanMessage | AIMessage)],
        questions=questions,
        answers=answers,
        reply_stored=stored,
        extra=" … ".join(filter(None, around)) if run.text in stored else "",
    )


FIRST: Mistakes[Seen] = {
    "reply sent with the question": lambda s: (
        len(s.sent) > len(s.case.before)
        and isinstance(s.sent[-1], AIMessage)
        and s.sent[-1] not in s.case.before
    ),
    "question not sent": lambda s: (
        bool(s.sent) and s.case.prompt not in [message.text for message in s.sent]
    ),
    "another conversation": lambda s: (
        bool(s.sent)
        and [message.text for message in s.sent]
        != [*(message.text for message in s.case.before), s.case.prompt]
    ),
}
MISTAKES: Mistakes[Seen] = {
    **TEXT,
    "loses what was before": lambda s: s.history[: len(s.case.before)] != [*s.case.before],
    "history unchanged": lambda s: not s.new and s.case.whole,
    "nothing stored": lambda s: not s.new,
    "stores something else": lambda s: bool(s.odd),
    "too many messages": lambda s: len(s.new) > 2,
    "other roles": lambda s: s.case.prompt in s.answers or bool({*s.questions} - {s.case.prompt}),
    "question not stored": lambda s: not s.questions,
    "reply not stored": lambda s: bool(s.text) and not s.answers,
    "reply before the question": lambda s: isinstance(s.new[0], AIMessage),
    "stores only the beginning": lambda s: (
        s.reply_stored not in ("", s.text) and s.text.startswith(s.reply_stored)
    ),
    "stores more than was yielded": lambda s: bool(s.extra),
    "another reply stored": lambda s: s.reply_stored != s.text,
}

check = Exercise(
    observe,
    cases=(
        Turn(seed=51),
        Turn(text=HARBOUR, seed=52, leave_after=3, when="after its reader stopped early"),
        Turn(
            seed=53,
            silences={4: 30.0},
            cancel_after=5.0,
            when="after a cancellation while it waited for a piece",
        ),
        Turn(seed=54, fails_after=4, when="after the connection was lost"),
        Turn(fails_after=0, when="after the connection was lost before the first chunk"),
        Turn(text=f" {HARBOUR}\n", seed=55, before=(), when="after the first turn of a chat"),
        Turn(pieces=(), when="after an empty reply"),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    notes={"leaves closing to Python": only_gc_closes(observe)},
    opts_out={"changes an argument": "the turn should be added to `history`"},
)
