"""A handler that measures TTFT with the clock passed to it."""

import inspect
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from numbers import Real
from typing import Any

from utils.checks.engine import virtual_time
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.reply import FIRST_AFTER, ConnectionLost
from utils.checks.engine.run import HARBOUR, RIVERS, Case
from utils.checks.lesson_2 import handlers
from utils.checks.lesson_2.handlers import Heard, Make, hear

IDLE = 50.0  # seconds between creating and using the handler

_AHEAD = 1000.0  # seconds by which the handler's clock is ahead of any other
_LONG = 60.0  # seconds; everything here takes less
_CLOSE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Timed(Case):
    """A reply, and whether the handler's clock shows 0 when the model is called."""

    from_zero: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen(Heard):
    """The values of `.ttft`."""

    first: float | None  # the correct TTFT; None for a reply without text
    looked: bool  # whether the handler read its clock while the model ran
    before: Sequence[Any]  # `.ttft` after each chunk until the first text
    then: Any  # `.ttft` when the first text arrived
    final: Any  # `.ttft` at the end

    @property
    def wrong(self) -> bool:
        """Whether `.ttft` was wrong at the end."""
        if self.final is None or self.first is None or self.odd is not None:
            return self.final is not self.first
        return not self.is_(self.first)

    @property
    def odd(self) -> Any:
        """The first value that isn't a number, or None."""
        values = [v for v in (self.early, self.then, self.final) if v is not None]
        return next((v for v in values if isinstance(v, bool) or not isinstance(v, Real)), None)

    @property
    def early(self) -> Any:
        """The value before any text arrived, or None."""
        return next((each for each in self.before if each is not None), None)

    @property
    def ttft(self) -> Any:
        """The first value, or None."""
        values = (self.early, self.then, self.final)
        return next((each for each in values if each is not None), None)

    @property
    def takes_the_chunk(self) -> bool:
        """Whether the method takes the chunk instead of the token."""
        if self.handler is None or not handlers.hears(self.handler, "on_llm_new_token"):
            return False
        names = inspect.signature(self.handler.on_llm_new_token).parameters
        return "chunk" in names and "token" not in names

    def is_(self, seconds: float) -> bool:
        """Whether the measured value is this one, except for rounding."""
        return bool(abs(self.ttft - seconds) < _CLOSE)


def observe(answer: Any, case: Timed) -> Seen:
    """Read `.ttft` after each chunk."""
    reply = case.reply(first_after=0.0 if case.compact else FIRST_AFTER)
    looks: list[float] = []
    readings: list[tuple[int, Any]] = []  # pieces that had arrived, `.ttft`
    values: list[Any] = []
    ahead = _AHEAD

    def clock() -> float:
        looks.append(virtual_time.now() + ahead)
        return looks[-1]

    def listen(make: Make) -> None:
        nonlocal ahead
        handler = make(clock=clock)
        virtual_time.pause(IDLE)
        looks.clear()
        ahead = -virtual_time.now() if case.from_zero else _AHEAD
        chunks = case.model(reply).stream(case.prompt, {"callbacks": [handler]})
        with suppress(ConnectionLost):
            readings.extend((reply.taken, _ttft(handler)) for _ in chunks)
        values.append(_ttft(handler))

    heard = hear("Stopwatch", answer, case, listen)
    return Seen.of(
        heard,
        first=reply.readings[0].arrived[0] - reply.readings[0].began if reply.taken else None,
        looked=bool(looks),
        before=[reading for taken, reading in readings if not taken],
        then=next((reading for taken, reading in readings if taken), None),
        final=next(iter(values), None),
    )


def _ttft(handler: object) -> Any:
    return getattr(handler, "ttft", None)


MISTAKES: Mistakes[Seen] = {
    **handlers.CLASS,
    "measures without text": lambda s: s.first is None and s.final is not None,
    "not a number": lambda s: s.odd is not None,
    "never measures": lambda s: s.first is not None and s.then is s.final is None,
    "another clock": lambda s: s.ttft is not None and not s.looked,
    "two clocks": lambda s: s.ttft is not None and abs(abs(s.ttft) - _AHEAD) < _LONG,
    "negative": lambda s: s.ttft is not None and s.ttft < 0,
    "milliseconds": lambda s: s.first is not None and s.first > 0 and s.is_(1000 * s.first),
    "reading of the clock": lambda s: s.ttft is not None and s.ttft >= virtual_time.BEGIN + _AHEAD,
    "since it was made": lambda s: s.ttft is not None and s.ttft > IDLE,
    "chunk for text": lambda s: s.early is not None and s.takes_the_chunk,
    "before the text": lambda s: s.early is not None,
    "measured later": lambda s: s.first is not None and s.then is None,
    "forgets it": lambda s: s.then is not None and s.final is None,
    "measures again": lambda s: s.final != s.then,
    "another time": lambda s: s.wrong,
}

check = Exercise(
    observe,
    cases=(
        Timed(text=RIVERS, seed=21),
        Timed(
            pieces=("", "", "The harbour", "", " wakes"),
            when="for a reply that begins with empty tokens",
        ),
        Timed(pieces=("\n", "Gulls."), when="for a reply that begins with a line break"),
        Timed(text=HARBOUR, compact=True, when="for a reply whose text comes without a delay"),
        Timed(text=HARBOUR, seed=22, fails_after=3, when="when the connection was lost"),
        Timed(text=RIVERS, seed=23, from_zero=True, when="when the clock began at 0"),
        Timed(pieces=(), when="for a reply without text"),
        Timed(text=HARBOUR, fails_after=0, when="when the connection was lost before any text"),
    ),
    mistakes=MISTAKES,
)
