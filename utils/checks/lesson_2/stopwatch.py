"""Check for `Stopwatch`: a handler that measures TTFT with the clock passed to it."""

import inspect
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from numbers import Real
from typing import Any

from utils.checks.engine import virtual_time
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.reply import ConnectionLost
from utils.checks.engine.run import HARBOUR, Case
from utils.checks.lesson_2 import handlers
from utils.checks.lesson_2.handlers import HandlerRun, Make, run_handlers

IDLE = 50.0  # seconds between creating and using the handler

_FIRST_AFTER = 0.5437  # seconds until the first text, with enough decimals to expose a rounded TTFT
_AHEAD = 1000.0  # seconds by which the handler's clock is ahead of virtual time
_LONG = 60.0  # seconds; longer than any run in this check
_CLOSE = 1e-3  # the largest acceptable error in a time, in seconds
_UNITS = (1e3, 1e6, 1e9)  # milli-, micro- and nanoseconds per second


@dataclass(frozen=True, kw_only=True)
class Timed(Case):
    """A reply. If `from_zero`, the handler's clock reads 0 when the model is called."""

    from_zero: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen(HandlerRun):
    """The values of the handler's `.ttft`; `value` is the final one."""

    at_first: Any  # a new handler's `.ttft`
    first: float | None  # the correct TTFT; None for a reply without text
    looked: bool  # whether the handler read its clock while the model was running
    early: Any  # the first value of `.ttft` before any text arrived; None if there was none
    then: Any  # the value of `.ttft` when the first text arrived
    ttft: Any  # the first value of `.ttft`; None if `.ttft` was never set
    odd: Any  # the first value of `.ttft` that isn't a number; None if all are numbers


def observe(answer: Any, case: Timed) -> Seen:
    reply = case.reply(first_after=0.0 if case.compact else _FIRST_AFTER)
    looks: list[float] = []
    readings: list[tuple[int, Any]] = []  # (number of pieces so far, value of `.ttft`)
    at_first: Any = None
    ahead = _AHEAD

    def clock() -> float:
        looks.append(virtual_time.now() + ahead)
        return looks[-1]

    def call_model(make: Make) -> None:
        nonlocal ahead, at_first

        def ttft() -> Any:
            return _plain(getattr(handler, "ttft", None))

        handler = make(clock=clock)
        at_first = ttft()
        virtual_time.pause(IDLE)
        looks.clear()
        ahead = -virtual_time.now() if case.from_zero else _AHEAD
        chunks = case.model(reply).stream(case.prompt, {"callbacks": [handler]})
        with suppress(ConnectionLost):
            readings.extend((reply.taken, ttft()) for _ in chunks)  # reads `.ttft` after each chunk

    run = run_handlers("Stopwatch", answer, case, "ttft", call_model)
    run = replace(run, value=_plain(run.value))
    first = reply.readings[0].arrived[0] - reply.readings[0].began if reply.taken else None
    early = next((value for taken, value in readings if not taken and value is not None), None)
    then = next((value for taken, value in readings if taken), None)
    measured = [value for value in (early, then, run.value) if value is not None]
    odd = [value for value in measured if isinstance(value, bool) or not isinstance(value, Real)]
    if run.value is None or first is None:
        wrong = run.value is not first  # right only if both values are None
    else:
        wrong = bool(odd) or not abs(measured[0] - first) < _CLOSE  # not `>=`, because of NaN
    return Seen.of(
        run,
        at_first=at_first,
        first=first,
        looked=bool(looks),
        early=early,
        then=then,
        ttft=next(iter(measured), None),
        odd=next(iter(odd), None),
        wrong=wrong,
    )


def _plain(value: Any) -> Any:
    """Return a `Fraction` as a float, since Python 3.11 can't format it with `.1f`."""
    return float(value) if isinstance(value, Fraction) else value


def _rounded(value: Any, seconds: float) -> bool:
    """Whether a value was rounded; 0.0 doesn't count, since two clock readings may be equal."""
    rounded = {int(seconds), *(round(seconds, digits) for digits in range(3))}
    return value in rounded and (value != 0 or isinstance(value, int))


def _takes_the_chunk(s: Seen) -> bool:
    handler: Any = s.handler
    names = inspect.signature(handler.on_llm_new_token).parameters
    return "chunk" in names and "token" not in names


MISTAKES: Mistakes[Seen] = {
    **handlers.CLASS,
    "has a value at first": lambda s: s.at_first is not None,
    "measures without text": lambda s: s.first is None and s.value is not None,
    "not a number": lambda s: s.odd is not None,
    "never measures": lambda s: s.first is not None and s.then is None and s.value is None,
    "another clock": lambda s: s.ttft is not None and not s.looked,
    "two clocks": lambda s: s.ttft is not None and abs(abs(s.ttft) - _AHEAD) < _LONG,
    "negative": lambda s: s.ttft is not None and s.ttft < 0,
    "another unit": lambda s: (
        bool(s.first and s.ttft) and any(abs(s.ttft / s.first / unit - 1) < 0.01 for unit in _UNITS)
    ),
    "reading of the clock": lambda s: s.ttft is not None and s.ttft >= virtual_time.BEGIN + _AHEAD,
    "since it was made": lambda s: s.ttft is not None and s.ttft > IDLE,
    "chunk for text": lambda s: s.early is not None and _takes_the_chunk(s),
    "before the text": lambda s: s.early is not None,
    "measured later": lambda s: s.first is not None and s.then is None,
    "forgets it": lambda s: s.then is not None and s.value is None,
    "measures again": lambda s: s.value != s.then,
    "rounded": lambda s: s.wrong and s.first is not None and _rounded(s.ttft, s.first),
    "another time": lambda s: s.wrong,
}

check = Exercise(
    observe,
    cases=(
        Timed(seed=21),
        Timed(
            pieces=("", "", "The harbour", "", " wakes"),
            when="for a reply that begins with empty tokens",
        ),
        Timed(pieces=("\n", "Gulls."), when="for a reply that begins with a line break"),
        Timed(text=HARBOUR, compact=True, when="for a reply whose text comes without a delay"),
        Timed(text=HARBOUR, seed=22, fails_after=3, when="when the connection was lost"),
        Timed(seed=23, from_zero=True, when="for a run whose clock began at 0"),
        Timed(pieces=(), when="for a reply without text"),
        Timed(text=HARBOUR, fails_after=0, when="when the connection was lost before any text"),
    ),
    mistakes=MISTAKES,
    notes={
        "another start": lambda s: (
            handlers.overrides(s.handler, "on_llm_start")
            and not handlers.overrides(s.handler, "on_chat_model_start")
        )
    },
)
