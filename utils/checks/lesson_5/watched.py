"""Check for `watched`: yield the chunks of a stream, and raise `Stalled` if the stream stalls."""

from asyncio import CancelledError
from dataclasses import dataclass, replace
from inspect import isawaitable
from typing import Any

from langchain_core.messages import AIMessageChunk

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import FIRST as SHARED
from utils.checks.engine.reply import ROLE_AFTER
from utils.checks.engine.run import Case, Run, Wanted
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON
from utils.checks.lesson_5.given import LONG, SECONDS, logged
from utils.checks.lesson_5.seen import PASSING, PassingRun

LONGEST = 1.9  # the longest silence in a stream that doesn't stall, in seconds
_SLACK = 0.1  # how many seconds early or late `Stalled` may be raised, since an answer may poll
_CHUNK = Wanted(AIMessageChunk, "a chunk of the stream")


@dataclass(frozen=True, kw_only=True)
class Watch(Case):
    """A stream that may stall, and the reader's pauses."""

    stalls: int | None = None  # the stream stalls before the piece with this index
    limit: float = SECONDS
    pause: float = 0.0  # how long the reader pauses after each chunk, in seconds

    @property
    def whole(self) -> bool:
        return super().whole and self.stalls is None


@dataclass(kw_only=True)
class Seen(PassingRun):
    case: Watch
    due: float | None  # when to raise `Stalled`, in seconds; None if the stream doesn't stall
    stalled: bool
    too_late: float  # how many seconds late `Stalled` was raised; negative if early


def observe(answer: Any, case: Watch) -> Seen:
    sent: list[tuple[float, Any]] = []  # for each chunk, (time sent in seconds, chunk)
    run = _read(answer, case, sent)
    stalled = _is_stalled(run.error)
    due = None
    if case.stalls is not None:
        first = 0.0 if case.compact else ROLE_AFTER  # seconds until the role chunk; 0 without one
        due = case.limit + (run.reply.arrives(case.stalls - 1) if case.stalls else first)
    return Seen.of(
        run,
        sent=sent,
        due=due,
        stalled=stalled,
        too_late=run.seconds - (due or 0.0) if stalled else 0.0,
    )


def _read(answer: Any, case: Watch, sent: list[tuple[float, Any]], **fails: Any) -> Run:
    stall = {} if case.stalls is None else {case.stalls: LONG}
    reply = case.reply(silences={**case.silences, **stall}, **fails)
    # `args` keeps a reference to the stream, so that it stays open unless the answer closes it
    args = (logged(reply, sent), case.limit)
    how: dict[str, Any] = {"wants": _CHUNK, "passes_on": not case.pause, "pause": case.pause}
    return run_async("watched", answer, case, reply, *args, streams=True, **how)


def _hides_timeouts(s: Seen) -> bool:
    """Whether the answer turns a `TimeoutError` from the stream into `Stalled`."""
    error = TimeoutError("no chunk for 120 s")
    return _is_stalled(_read(s.answer, replace(s.case, fails_after=3), [], error=error).error)


def _is_stalled(error: object) -> bool:
    """Whether an error is an instance of `Stalled`, a class defined in the learner's notebook."""
    return any(base.__name__ == "Stalled" for base in type(error).__mro__)


FIRST: Mistakes[Seen] = {
    "yields an awaitable": lambda s: any(map(isawaitable, s.items)),
    "no exception": lambda s: s.stalled and not isinstance(s.error, Exception),
    "counts the reader's time": lambda s: (
        bool(s.case.pause) and (s.stalled or isinstance(s.error, TimeoutError | CancelledError))
    ),
    "takes an error for a stall": lambda s: s.case.fails_after is not None and s.stalled,
    "takes the end for a stall": lambda s: s.stalled and s.due is None and s.reply.ended,
    "timeout propagates": lambda s: (
        isinstance(s.error, TimeoutError) and s.error is not s.reply.error and not s.stalled
    ),
    "limit for the whole stream": lambda s: (
        s.stalled and s.due is None and abs(s.seconds - s.case.limit) <= SOON
    ),
    "shorter limit": lambda s: s.stalled and (s.due is None or s.too_late < -_SLACK),
    "longer limit": lambda s: s.too_late > _SLACK,
    "closes what is still read": lambda s: (
        isinstance(s.error, RuntimeError) and "already running" in str(s.error)
    ),
    "raises": lambda s: not (s.stalled and s.due is not None) and SHARED["raises"](s),
}
MISTAKES: Mistakes[Seen] = {
    "waits on": lambda s: s.due is not None and s.error is None and s.reply.ended,
    "ends quietly": lambda s: s.due is not None and s.error is None,
    "yields nothing": lambda s: bool(s.sent) and not s.items,
    **PASSING,
}

check = Exercise(
    observe,
    cases=(
        Watch(seed=61, silences={0: 1.3, 2: 1.8, 3: 1.8, 9: 1.8}),
        Watch(
            seed=62,
            compact=True,
            stalls=0,
            when="when the stream was silent before the first chunk",
        ),
        Watch(seed=63, stalls=0, when="when the stream was silent before the first text"),
        Watch(seed=64, stalls=3, when="when the stream was silent after three pieces"),
        Watch(seed=66, stalls=3, limit=0.7, when="when `seconds` was 0.7"),
        Watch(pieces=("The ", "fox ", "stops."), pause=5.0, when="with a slow reader"),
        Watch(seed=65, fails_after=4, when="when the connection was lost"),
        Watch(pieces=(), when="for a stream without text"),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    notes={"hides timeouts": _hides_timeouts},
)
