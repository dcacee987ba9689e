"""Runs a learner's code in virtual time, synchronously or on a loop, without actually waiting.

    with clock(answer):                # synchronous code
        answer(model, prompt)
        now()                          # virtual seconds; starts at 100

    run(lambda: answer(model, prompt), answer)     # a coroutine, on its own loop

The loop's clock stops while code is running and jumps to the next timer when the loop is idle, so
timeouts and stalls are exact and the same on every machine. The clock also waits for threads
started by `asyncio.to_thread` and anyio, except while they are in `pause`.

In code that runs on a virtual clock, `time.sleep`, `time.monotonic`, `time.perf_counter` and
`time.time` follow that clock, even if the learner imported them by name. `time.sleep` in a
coroutine blocks the loop, as it does in real time; `blocked()` returns the total time blocked.
"""

import asyncio
import inspect
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import Any, TypeVar

from utils.checks.engine.virtual_loop import (
    BEGIN,
    GOES_ON,
    SOON,
    VIRTUAL_SECONDS,
    NeverEnds,
    VirtualLoop,
)

__all__ = ["BEGIN", "SOON", "NeverEnds"]

T = TypeVar("T")

_SLEEPS_ON = (
    "Your code never finished: after ten minutes on the model's clock it was still running, and "
    "`time.sleep` blocked the event loop. What it waits for can't run meanwhile."
)


class Clock:
    """A virtual clock for synchronous code."""

    def __init__(self) -> None:
        self._now = BEGIN
        self._threads = threading.active_count()

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def pause(self, seconds: float) -> None:
        """Advance the clock; if the run takes too long, stop it."""
        self._now += seconds
        if self._now > BEGIN + VIRTUAL_SECONDS:
            raise NeverEnds(GOES_ON)

    def sleep(self, seconds: float) -> None:
        """Advance the clock; if the learner's code started threads, let them run meanwhile."""
        if threading.active_count() > self._threads:
            _REAL["sleep"](min(seconds, _MOMENT))
        self.pause(seconds)


_MOMENT = 0.001  # the longest real sleep in a call to `time.sleep`, in seconds
# How many times `sleep` lets other tasks run on a real loop, instead of waiting. LangChain's
# `astream_events`, for example, passes a chunk through several tasks.
_ROUNDS = 20

_CLOCK: ContextVar[VirtualLoop | Clock | None] = ContextVar("virtual_clock", default=None)


def run(main: Callable[[], Coroutine[Any, Any, T]], learner: object = None) -> T:
    """Run a coroutine function on a new virtual loop in this thread and return its result.

    The `time` module's functions follow the virtual clock, even where the module of `learner` (a
    function or class) imported them by name. Tasks that `main` leaves running are cancelled, and
    async generators are closed.

    Raises:
        NeverEnds: If `main` waits for something that never happens, or takes more than
            `VIRTUAL_SECONDS`.
    """
    loop = VirtualLoop(in_thread=_CLOCK.set)
    with clock(learner, loop):
        return loop.run(main)


def now(function: str = "monotonic") -> float:
    """Return the virtual time in seconds, or `time.<function>()` if there is no virtual clock."""
    current = _CLOCK.get()
    return current.time() if current else float(_REAL[function]())


def pause(seconds: float) -> None:
    """Let virtual time pass in synchronous code, as a synchronous model call would.

    On an event loop's thread, this blocks the loop. Without a virtual clock, this does nothing.
    """
    current = _CLOCK.get()
    if current:
        current.pause(seconds)


async def sleep(seconds: float) -> None:
    """Like `asyncio.sleep`, but in virtual time, even on a loop that the learner created."""
    current = _CLOCK.get()
    if isinstance(current, Clock):  # on a real loop, `asyncio.sleep` would wait in real time
        current.pause(seconds)
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
    else:
        await asyncio.sleep(seconds)


def blocks_the_loop() -> bool:
    """Whether the calling code runs on a virtual loop's thread, where `pause` blocks the loop."""
    loop = _CLOCK.get()
    return isinstance(loop, VirtualLoop) and loop.on_its_thread()


def blocked() -> float:
    """Return how long synchronous code has blocked the loop so far, in virtual seconds."""
    loop = _CLOCK.get()
    return loop.blocked if isinstance(loop, VirtualLoop) else 0.0


def thread_context() -> Context:
    """Return a context in which a new thread follows the caller's clock, if that is a `Clock`.

    A `VirtualLoop` doesn't wait for threads that it didn't start, so they follow real time.
    """
    context = copy_context()
    if isinstance(_CLOCK.get(), VirtualLoop):
        context.run(_CLOCK.set, None)
    return context


def spun() -> bool:
    """Whether code on the loop ran over and over while nothing happened, as `sleep(0)` does."""
    loop = _CLOCK.get()
    return isinstance(loop, VirtualLoop) and loop.spun


_REAL: dict[str, Callable[..., Any]] = {
    name: getattr(time, name) for name in ("sleep", "monotonic", "perf_counter", "time")
}


def _sleep(seconds: float) -> None:
    current = _CLOCK.get()
    if isinstance(current, Clock):
        current.sleep(seconds)
    elif current:
        current.pause(seconds, _SLEEPS_ON)
    else:
        _REAL["sleep"](seconds)


# replacements for the functions in `_REAL`; they follow the virtual clock if there is one
_FOLLOWING = {name: _sleep if name == "sleep" else partial(now, name) for name in _REAL}


@contextmanager
def clock(learner: object = None, loop: VirtualLoop | None = None) -> Iterator[None]:
    """Run the code of the `with` block on `loop`'s clock or, by default, on a new `Clock`.

    The `time` module's functions follow it, in `time` itself and in the learner's globals.
    """
    found = [
        (names, name, real_name)
        for names in (vars(time), *_namespaces(learner))
        for name, value in names.items()
        for real_name, real in _REAL.items()
        if value is real
    ]
    token = _CLOCK.set(loop or Clock())
    for names, name, real_name in found:
        names[name] = _FOLLOWING[real_name]
    try:
        yield
    finally:
        for names, name, real_name in found:
            names[name] = _REAL[real_name]
        _CLOCK.reset(token)


def _namespaces(learner: object) -> list[dict[str, Any]]:
    """Return the globals of the learner's function or methods, excluding stdlib globals."""
    found: dict[int, dict[str, Any]] = {}
    methods = vars(learner).values() if isinstance(learner, type) else ()
    for part in (learner, *methods):
        names = getattr(inspect.unwrap(part), "__globals__", None)
        if isinstance(names, dict):
            module = str(names.get("__name__", "")).partition(".")[0]
            if module not in sys.stdlib_module_names or module == "__main__":
                found[id(names)] = names
    return list(found.values())
