"""The chunks of a stream as they come, and an error after too long a silence."""

from asyncio import CancelledError
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from inspect import isawaitable
from typing import Any

from langchain_core.messages import AIMessageChunk

from utils.checks.engine import mistakes, virtual_time
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import RAISED
from utils.checks.engine.reply import ROLE_AFTER
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run, Wanted
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON
from utils.checks.lesson_5.given import LONG, SECONDS

LONGEST = 1.9  # seconds of silence that aren't too many
_QUICK = 0.1  # seconds; a clock that is read this often is good enough
_CHUNK = Wanted(AIMessageChunk, "a chunk of the stream")


@dataclass(frozen=True, kw_only=True)
class Watch(Case):
    """A stream with silences.

    Attributes:
        silences: Further seconds before the piece of that number; none is too long.
        late: Seconds before the first chunk.
        stalls: The number of the piece before which the stream falls silent for too long.
        pause: Seconds that the reader takes for each chunk.
    """

    silences: Mapping[int, float] = field(default_factory=dict)
    late: float = 0.0
    stalls: int | None = None
    pause: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What was passed on, and when it ended.

    Attributes:
        chunks: What was taken from the stream.
        hides_timeouts: Whether a `TimeoutError` of the stream's own became a `Stalled`.
    """

    case: Watch
    chunks: Sequence[Any]
    hides_timeouts: bool

    @property
    def due(self) -> float | None:
        """When `Stalled` should be raised, in seconds; None if it shouldn't."""
        if self.case.late:
            return SECONDS
        if self.case.stalls is None:
            return None
        latest = self.reply.arrives(self.case.stalls - 1) if self.case.stalls else ROLE_AFTER
        return latest + SECONDS

    @property
    def stalled(self) -> bool:
        """Whether `Stalled` was raised."""
        return _is_stalled(self.error)

    @property
    def late(self) -> float:
        """By how many seconds `Stalled` was raised too late; negative if too early."""
        return self.seconds - (self.due or 0.0) if self.stalled else 0.0

    @property
    def after_silence(self) -> bool:
        """Whether a chunk was taken after the silence that is too long."""
        before = 0 if self.case.stalls is None else self.case.stalls + 1  # with the empty first
        return len(self.chunks) > before


def observe(answer: Callable[..., Any], case: Watch) -> Seen:
    """Read it once, and once more with a stream that raises a `TimeoutError` of its own."""
    run, chunks = _read(answer, case)
    own = replace(case, fails_after=3, leave_after=None, cancel_after=None, late=0.0, stalls=None)
    its_own, _ = _read(answer, own, error=TimeoutError("no chunk for 120 s"))
    return Seen.of(run, chunks=chunks, hides_timeouts=_is_stalled(its_own.error))


def _read(answer: Callable[..., Any], case: Watch, **how: Any) -> tuple[Run, Sequence[Any]]:
    stall = {} if case.stalls is None else {case.stalls: LONG}
    reply = case.reply(silences={**case.silences, **stall}, **how)
    chunks: list[Any] = []

    async def stream() -> AsyncGenerator[Any]:
        async with aclosing(reply.achunks()) as inner:
            await virtual_time.sleep(case.late)
            async for chunk in inner:
                chunks.append(chunk)
                yield chunk

    kept = stream()  # so that only an answer that closes it has closed it
    run = run_async(
        "watched",
        answer,
        case,
        reply,
        kept,
        SECONDS,
        wants=_CHUNK,
        streams=True,
        passes_on=not case.pause,
        pause=case.pause,
    )
    return run, chunks


def _is_stalled(error: object) -> bool:
    return any(base.__name__ == "Stalled" for base in type(error).__mro__)


FIRST: Mistakes[Seen] = {
    "yields an awaitable": lambda s: any(map(isawaitable, s.items)),
    "no exception": lambda s: s.stalled and not isinstance(s.error, Exception),
    "yields the stall": lambda s: any(map(_is_stalled, s.items)),
    "cancels its reader": lambda s: bool(s.case.pause) and isinstance(s.error, CancelledError),
    "counts the reader's time": lambda s: (
        bool(s.case.pause) and (s.stalled or isinstance(s.error, TimeoutError))
    ),
    "takes an error for a stall": lambda s: s.case.fails_after is not None and s.stalled,
    "takes the end for a stall": lambda s: s.stalled and s.due is None and s.reply.ended,
    "timeout comes out": lambda s: (
        isinstance(s.error, TimeoutError) and s.error is not s.reply.error and not s.stalled
    ),
    "limit for the whole stream": lambda s: (
        s.stalled and s.due is None and abs(s.seconds - SECONDS) <= SOON
    ),
    "shorter limit": lambda s: s.stalled and (s.due is None or s.late < -_QUICK),
    "clock between chunks": lambda s: s.late > _QUICK and s.after_silence,
    "longer limit": lambda s: s.late > _QUICK,
    RAISED: lambda s: not (s.stalled and s.due is not None) and mistakes.FIRST[RAISED](s),
}
MISTAKES: Mistakes[Seen] = {
    "waits on": lambda s: s.due is not None and s.error is None and s.reply.ended,
    "ends quietly": lambda s: s.due is not None and s.error is None and s.case.whole,
    "stops early": lambda s: (
        s.due is None and s.case.whole and s.error is None and not s.reply.ended
    ),
    "yields nothing": lambda s: bool(s.chunks) and not s.items and s.case.whole and s.due is None,
    "drops empty chunks": lambda s: (
        [*s.items] != [*s.chunks] and [*s.items] == [chunk for chunk in s.chunks if chunk.content]
    ),
    "changes the chunks": lambda s: any(item not in s.chunks for item in s.items),
    "drops chunks": lambda s: s.error is None and s.case.whole and len(s.items) < len(s.chunks),
    "repeats chunks": lambda s: len(s.items) > len(s.chunks),
}

check = Exercise(
    observe,
    cases=(
        Watch(text=RIVERS, seed=61, silences={0: 1.3, 2: 1.8, 3: 1.8, 9: 1.8}),
        Watch(text=HARBOUR, seed=62, late=LONG, when="when it was silent before the first chunk"),
        Watch(text=RIVERS, seed=63, stalls=0, when="when it was silent before the first text"),
        Watch(text=RIVERS, seed=64, stalls=3, when="when it was silent after three pieces"),
        Watch(pieces=("The ", "fox ", "stops."), pause=5.0, when="with a slow reader"),
        Watch(text=RIVERS, seed=65, fails_after=4, when="when the connection was lost"),
        Watch(pieces=(), when="for a stream without text"),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    notes={"hides timeouts": lambda s: s.hides_timeouts},
    opts_out={
        "stops at the first chunk": "a stall stops the stream early; `stops early` looks at others",
    },
)
