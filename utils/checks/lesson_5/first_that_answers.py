"""One whole reply, from the first model that gets as far as a text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import ConnectionLost, Reply, cut
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import BEGIN, SOON
from utils.checks.lesson_5.given import LONG, Turns

_OTHER = "Foxes hear a mouse under the snow. They need no light for that."
_SLIPS = (ArithmeticError, AttributeError, LookupError, NameError, TypeError)


@dataclass(frozen=True, kw_only=True)
class Models(Case):
    """A list of models, one of which answers or is the last to fail.

    Attributes:
        failing: The replies of the models before it: these settings of `Reply`.
        spare: Whether there is another model after it.
        repeated: Whether the list has one model several times, which replies with each in turn.
        silences: Further seconds before a piece of its reply.
    """

    failing: Sequence[Mapping[str, Any]] = ()
    spare: bool = True
    repeated: bool = False
    silences: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What came out, and which models were called.

    Attributes:
        failing: The replies before the one that should come out.
        spare: The reply after it.
        other_prompts: What models were sent beside the prompt.
    """

    case: Models
    failing: Sequence[Reply]
    spare: Reply
    other_prompts: Sequence[str]

    @property
    def before(self) -> Sequence[Reply]:
        """The replies of all models up to the one that should answer."""
        return [*self.failing, self.reply]

    @property
    def calls(self) -> int:
        """How many of those models were called."""
        return sum(reply.requests > 0 for reply in self.before)

    @property
    def another(self) -> bool:
        """Whether the model after it was called, for which there was no reason."""
        return self.spare.requests > 0

    @property
    def due(self) -> str:
        """The text that the model had sent when it failed, or when the reader left."""
        return "".join(self.reply.pieces[: self.reply.taken])

    @property
    def failed(self) -> bool:
        """Whether the last of the models that should be called failed."""
        return any(reading.failed for reading in self.reply.readings)

    @property
    def early(self) -> Reply | None:
        """The earlier model's reply whose error came out, or None."""
        return next((reply for reply in self.failing if self.error is reply.error), None)

    @property
    def impatient(self) -> bool:
        """Whether the silent model was left before the task was cancelled."""
        cancelled = BEGIN + (self.case.cancel_after or 0.0) - SOON
        return any(each.left is not None and each.left < cancelled for each in self.reply.readings)


def observe(answer: Callable[..., Any], case: Models) -> Seen:
    """Read what a list of models answers."""
    failing = [
        Reply(**{"pieces": cut(_OTHER), "error": _lost(number), **how})
        for number, how in enumerate(case.failing, start=1)
    ]
    reply = case.reply(silences=case.silences, error=_lost(len(failing) + 1))
    spare = Reply(cut(_OTHER))
    replies = [*failing, reply, *([spare] if case.spare else [])]
    models: list[FakeModel] = [case.model(each) for each in replies]
    if case.repeated:
        models = [Turns.answering(*replies)] * len(replies)
    run = run_async(
        "first_that_answers",
        answer,
        case,
        reply,
        models,
        case.prompt,
        streams=True,
        passes_on=case.whole,
    )
    sent = [reading.messages[-1].text for model in models for reading in model.readings]
    other = [text for text in sent if text != case.prompt]
    return Seen.of(run, failing=failing, spare=spare, other_prompts=other)


def _lost(number: int) -> ConnectionLost:
    return ConnectionLost(f"the connection to model {number} was lost")


def _bare(text: str) -> str:
    return "".join(text.split())


FIRST: Mistakes[Seen] = {
    "an earlier error": lambda s: s.early is not None and s.reply.requests > 0,
    "takes a repeated model for the last": lambda s: s.early is not None and s.case.repeated,
    "takes an empty chunk for text": lambda s: (
        s.early is not None and len(s.failing) == 1 and "" in s.early.pieces
    ),
    "not every exception": lambda s: (
        s.early is not None and not isinstance(s.error, ConnectionLost)
    ),
    "gives up too early": lambda s: s.early is not None,
    "replaces the error": lambda s: (
        s.failed
        and s.error is not s.reply.error
        and isinstance(s.error, Exception)
        and not isinstance(s.error, _SLIPS)
    ),
}
MISTAKES: Mistakes[Seen] = {
    "another prompt": lambda s: bool(s.other_prompts),
    "never calls the model": lambda s: not s.calls,
    "a second reply after text": lambda s: (
        s.another and s.failed and bool(s.due) and len(s.text) > len(s.due)
    ),
    "another model after text": lambda s: s.another and s.failed,
    "limits the time": lambda s: s.case.cancel_after is not None and s.impatient,
    "another model after a cancellation": lambda s: s.another and s.case.cancel_after is not None,
    "no text taken for a failure": lambda s: s.another and not s.reply.text,
    "all models": lambda s: s.another,
    "same model again": lambda s: any(reply.requests > 1 for reply in s.failing),
    "never gets that far": lambda s: s.error is None and not s.reply.requests,
    "swallows the last error": lambda s: s.failed and s.error is None and not s.due,
    "swallows the error": lambda s: s.failed and s.error is None,
    "adds text": lambda s: (
        not s.case.whole and s.text.startswith(s.due) and len(s.text) > len(s.due)
    ),
    "yields text again": lambda s: len(s.text) > len(s.reply.text),
    "loses white space": lambda s: s.text != s.due and _bare(s.text) == _bare(s.due),
    "yields nothing": lambda s: bool(s.due) and not s.text,
    "another text": lambda s: s.text != s.due,
    "left open": lambda s: s.still_open or any(reply.still_open for reply in s.failing),
}

_AT_ONCE = {"fails_after": 0}
_AFTER_ROLE = {"pieces": ("", _OTHER), "fails_after": 1}
_ODD = {"fails_after": 0, "error": ValueError("the reply isn't JSON")}
_SLOW = {"fails_after": 0, "error": TimeoutError("no connection after 5 s")}

check = Exercise(
    observe,
    cases=(
        Models(text=RIVERS, seed=55),
        Models(
            text=HARBOUR,
            seed=56,
            failing=[_AT_ONCE],
            when="when the first model failed before its first chunk",
        ),
        Models(
            text=RIVERS,
            seed=57,
            failing=[_AFTER_ROLE],
            when="when the first model failed after its empty first chunk",
        ),
        Models(
            text=HARBOUR,
            seed=58,
            failing=[_ODD, _AFTER_ROLE, _SLOW],
            when="when three models failed before any text",
        ),
        Models(text=RIVERS, seed=59, fails_after=4, when="when the connection was lost after text"),
        Models(
            failing=[_AT_ONCE, _AFTER_ROLE],
            fails_after=0,
            spare=False,
            when="when every model failed before any text",
        ),
        Models(pieces=(), when="when the first model's reply ended without text"),
        Models(
            text=HARBOUR,
            failing=[_AT_ONCE],
            spare=False,
            repeated=True,
            when="when one model was in the list twice and failed once",
        ),
        Models(
            failing=[_AT_ONCE],
            fails_after=0,
            spare=False,
            repeated=True,
            when="when one model was in the list twice and failed both times",
        ),
        Models(text=RIVERS, seed=60, leave_after=2, when="when its reader left"),
        Models(
            text=RIVERS,
            silences={0: LONG},
            cancel_after=5.0,
            when="when its task was cancelled before any text",
        ),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    opts_out={"swallows the error": "it catches errors before the first text; own cases look"},
)
