"""Decides when to send to the page: many tokens per message, none of them late."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from threading import Lock, Timer
from time import perf_counter

INTERVAL = 0.05  # seconds: too short to notice, long enough for a page to keep up
REPEAT = 1.0  # seconds from the first push to the first repeat; then 2, 4, 8 …, to keep them rare
TICK = 0.1  # seconds after which an idle event loop wakes up, for an interrupt or a heartbeat

Cancel = Callable[[], object]
Later = Callable[[float, Callable[[], None]], Cancel]


class Throttle:
    """Pushes at most once per `interval` seconds, and spends at most half of its time pushing.

    The first push is immediate. Updates within the interval wait for a timer, so they are sent on
    time even if the source falls silent. Safe to use from several threads.

    A page whose script loaded slowly has missed earlier messages, and can't request them from a
    busy kernel. So `repeat`, if given, sends everything again now and then.
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
            push: Sends everything new; called under a lock, so messages keep their order.
            later: Calls a function after a delay in seconds and returns a cancelling function:
                either `timer_thread` or `call_later`.
            repeat: Sends everything again; None if each push already does.
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
        """Push updates now, or together with those that follow within the interval."""
        with self._lock:
            self._wanted = True
            if self._cancel is None:
                wait = self._due - self._clock()
                if wait <= 0:
                    self._flush()
                else:
                    self._cancel = self._later(wait, self.flush)

    def flush(self, *, ask: bool = False) -> None:
        """Push what is pending, or with `ask` even if nothing is; call it at the end."""
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
        # A slow push, such as of a huge page, is followed by a pause of the same length.
        self._due = max(now + self._interval, self._clock() * 2 - now)
        if self._first is None:
            self._first = now
        elif self._repeat is not None and now - self._first >= self._repeat_after:
            while now - self._first >= self._repeat_after:
                self._repeat_after *= 2
            self._repeat()


def timer_thread(delay: float, call: Callable[[], None]) -> Cancel:
    """Call a function later in a separate thread, for code without an event loop."""
    timer = Timer(delay, copy_context().run, (call,))
    timer.daemon = True
    timer.start()
    return timer.cancel


def call_later(delay: float, call: Callable[[], None]) -> Cancel:
    """Call a function later on the running event loop."""
    return asyncio.get_running_loop().call_later(delay, call).cancel
