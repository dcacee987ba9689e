"""When to send to the page: many tokens in one message, and none of them late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from threading import Lock, Timer
from time import perf_counter

INTERVAL = 0.05  # seconds: too short to notice, long enough for a page to keep up
REPEAT = 1.0  # seconds after the first push; then after 2, 4, 8 …: rarely, however long it takes
TICK = 0.1  # seconds after which a waiting event loop wakes up, for an interrupt or a beat

Cancel = Callable[[], object]
Later = Callable[[float, Callable[[], None]], Cancel]


class Throttle:
    """Pushes what is new at most once per `interval` seconds, and at most half of the time.

    The first push is immediate. Whatever follows within the interval waits for a timer, so it
    leaves on time even if the source falls silent. Safe to use from several threads.

    A page whose script was slow to load has lost what came before, and can't ask a busy kernel for
    it. So everything is repeated now and then.
    """

    def __init__(
        self,
        push: Callable[[], None],
        later: Later,
        *,
        repeat: Callable[[], None] | None = None,
        interval: float = INTERVAL,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Prepare to push.

        Args:
            push: Sends all that is new; called under a lock, so messages keep their order.
            later: Calls a function after a delay in seconds and returns what cancels it: either
                `timer_thread` or `call_later`.
            repeat: Sends all that was pushed again; None if each push does.
            interval: Seconds between two pushes.
            clock: Seconds from any fixed point.
        """
        self._push = push
        self._later = later
        self._repeat = repeat
        self._repeat_after = REPEAT
        self._first: float | None = None
        self._interval = interval
        self._clock = clock
        self._lock = Lock()
        self._wanted = False
        self._due = clock()
        self._cancel: Cancel | None = None

    def ask(self) -> None:
        """Push what is new, now or together with what follows within the interval."""
        with self._lock:
            self._wanted = True
            if self._cancel is None:
                wait = self._due - self._clock()
                if wait <= 0:
                    self._flush()
                else:
                    self._cancel = self._later(wait, self.flush)

    def flush(self, *, ask: bool = False) -> None:
        """Push what is pending now; call it at the end.

        Args:
            ask: Whether to push even if nothing was asked for.
        """
        with self._lock:
            if self._cancel is not None:
                self._cancel()
                self._cancel = None
            if self._wanted or ask:
                self._flush()

    def _flush(self) -> None:
        self._wanted = False
        now = self._clock()
        self._push()
        # A slow push, such as of a huge page, leaves as much time to everything else.
        self._due = max(now + self._interval, self._clock() * 2 - now)
        if self._first is None:
            self._first = now
        elif self._repeat is not None and now - self._first >= self._repeat_after:
            while now - self._first >= self._repeat_after:
                self._repeat_after *= 2
            self._repeat()


def timer_thread(delay: float, call: Callable[[], None]) -> Cancel:
    """Call a function later in its own thread, for code without an event loop."""
    timer = Timer(delay, copy_context().run, (call,))
    timer.daemon = True
    timer.start()
    return timer.cancel


def call_later(delay: float, call: Callable[[], None]) -> Cancel:
    """Call a function later on the running event loop."""
    return asyncio.get_running_loop().call_later(delay, call).cancel
