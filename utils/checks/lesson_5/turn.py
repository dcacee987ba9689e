"""A turn of a chat, which is in the history however it ends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run
from utils.checks.engine.stream_runner import run_async

_BEFORE = (HumanMessage("What is a river?"), AIMessage("Water on its way to the sea."))


@dataclass(frozen=True, kw_only=True)
class Turn(Case):
    """A turn after these messages; silences are further seconds before a piece."""

    before: Sequence[BaseMessage] = _BEFORE
    silences: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What the model was sent, and what `history` held after the turn."""

    case: Turn
    history: Sequence[Any]

    @property
    def sent(self) -> Sequence[BaseMessage]:
        """The messages of the first request."""
        readings = self.model.readings if self.model else []
        return readings[0].messages if readings else ()

    @property
    def sent_texts(self) -> list[str]:
        """Their texts."""
        return [message.text for message in self.sent]

    @property
    def new(self) -> Sequence[Any]:
        """What was added to the history."""
        return self.history[len(self.case.before) :]

    @property
    def odd(self) -> list[Any]:
        """What was added and is no message of a reader or a model."""
        return [entry for entry in self.new if not isinstance(entry, HumanMessage | AIMessage)]

    @property
    def questions(self) -> list[str]:
        """The texts of the reader's messages that were added."""
        return [entry.text for entry in self.new if isinstance(entry, HumanMessage)]

    @property
    def replies(self) -> list[str]:
        """The texts of the model's messages that were added."""
        return [entry.text for entry in self.new if isinstance(entry, AIMessage)]

    @property
    def stored(self) -> str:
        """The text of the model's message that was added, or ""."""
        return next(iter(self.replies), "")

    @property
    def missing(self) -> str:
        """The end of what was yielded, where only the end wasn't stored; or ""."""
        return self.text.removeprefix(self.stored) if self.text.startswith(self.stored) else ""

    @property
    def extra(self) -> str:
        """What was stored beside what was yielded, or ""."""
        around = self.stored.split(self.text, 1) if self.text else [self.stored]
        return " … ".join(part for part in around if part) if self.text in self.stored else ""


def observe(answer: Callable[..., Any], case: Turn) -> Seen:
    """Read one turn."""
    reply = case.reply(silences=case.silences)
    history = list(case.before)
    args = (case.model(reply), history, case.prompt)
    run = run_async("turn", answer, case, reply, *args, streams=True, passes_on=case.whole)
    return Seen.of(run, history=tuple(history))


def _bare(text: str) -> str:
    return "".join(text.split())


FIRST: Mistakes[Seen] = {
    "reply sent with the question": lambda s: (
        len(s.sent) > len(s.case.before) and isinstance(s.sent[-1], AIMessage)
    ),
    "question not sent": lambda s: bool(s.sent) and s.case.prompt not in s.sent_texts,
    "question sent twice": lambda s: s.sent_texts.count(s.case.prompt) > 1,
    "question sent alone": lambda s: len(s.sent) == 1 < len(s.case.before),
    "another conversation": lambda s: (
        bool(s.sent) and s.sent_texts != [*(m.text for m in s.case.before), s.case.prompt]
    ),
}
MISTAKES: Mistakes[Seen] = {
    "yields text again": lambda s: len(s.text) > len(s.reply.text),
    "loses white space": lambda s: (
        not s.reply.text.startswith(s.text) and _bare(s.reply.text).startswith(_bare(s.text))
    ),
    "yields nothing": lambda s: s.case.whole and not s.text and bool(s.reply.text),
    "another text": lambda s: (
        s.text != s.reply.text if s.case.whole else not s.reply.text.startswith(s.text)
    ),
    "loses what was before": lambda s: (
        tuple(s.history[: len(s.case.before)]) != tuple(s.case.before)
    ),
    "nothing stored": lambda s: not s.new and not s.case.whole,
    "history unchanged": lambda s: not s.new,
    "no message": lambda s: bool(s.odd),
    "question stored as a reply": lambda s: s.case.prompt in s.replies,
    "reply stored as a question": lambda s: (
        not s.replies and any(text != s.case.prompt for text in s.questions)
    ),
    "question not stored": lambda s: s.case.prompt not in s.questions,
    "question stored twice": lambda s: len(s.questions) > 1,
    "several replies": lambda s: len(s.replies) > 1,
    "reply not stored": lambda s: bool(s.text) and not s.replies,
    "reply before the question": lambda s: isinstance(s.new[0], AIMessage),
    "reply empty": lambda s: bool(s.text) and not s.stored,
    "lacks the end": lambda s: bool(s.missing),
    "says more": lambda s: bool(s.extra),
    "another reply stored": lambda s: s.stored != s.text,
}

check = Exercise(
    observe,
    cases=(
        Turn(text=RIVERS, seed=51),
        Turn(text=HARBOUR, seed=52, leave_after=3, when="after its reader left"),
        Turn(
            text=RIVERS,
            seed=53,
            silences={4: 30.0},
            cancel_after=5.0,
            when="after a cancellation while it waited for a piece",
        ),
        Turn(text=RIVERS, seed=54, fails_after=4, when="after the connection was lost"),
        Turn(fails_after=0, when="after the connection was lost before the first chunk"),
        Turn(text=HARBOUR, seed=55, before=(), when="after the first turn of a chat"),
        Turn(pieces=(), when="after an empty reply"),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    opts_out={"changes an argument": "the turn is to be added to `history`"},
)
