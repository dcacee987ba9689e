"""Decides when updates are sent to the page, and again to a page that loaded slowly."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from threading import Lock, Timer
from time import perf_counter

INTERVAL = 0.05  # seconds: too short to notice, long enough for a page to keep up
REPEAT = 1.0  # seconds from the first push to the first repeat; doubled for each later repeat
TICK = 0.1  # seconds between heartbeats, and between wake-ups that let an interrupt take effect

Cancel = Callable[[], object]
Later = Callable[[float, Callable[[], None]], Cancel]  # calls a function after a delay in seconds


class Throttle:
    """Pushes at most once per `INTERVAL`, and spends at most half its time pushing.

    The first push is immediate. A timer pushes the updates that arrive during an interval, so they
    are sent on time even if the source falls silent. Thread-safe.

    A page whose script loads slowly misses the first messages, and a busy kernel can't answer a
    request for them. `repeat`, if given, therefore resends everything at growing intervals.
    """

    def __init__(
        self,
        push: Callable[[], None],
        later: Later,
        *,
        repeat: Callable[[], None] | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Set up the throttle.

        Args:
            push: Sends everything new; called with a lock held, so that messages stay in order.
            later: `timer_thread` or `call_later`.
            repeat: Resends everything; None if `push` always sends everything.
            clock: Returns the time in seconds.
        """
        self._push = push
        self._later = later
        self._repeat = repeat
        self._repeat_after = REPEAT  # seconds from the first push to the next repeat
        self._first: float | None = None  # time of the first push
        self._clock = clock
        self._lock = Lock()
        self._wanted = False  # whether updates are pending
        self._due = clock()  # earliest time of the next push
        self._cancel: Cancel | None = None  # cancels the timer, if one is running

    def request_push(self) -> None:
        """Push updates now or, if the last push was too recent, at the end of the interval."""
        with self._lock:
            self._wanted = True
            if self._cancel is None:
                wait = self._due - self._clock()
                if wait <= 0:
                    self._push_now()
                else:
                    self._cancel = self._later(wait, self.flush)

    def flush(self, *, always: bool = False) -> None:
        """Push pending updates now; with `always`, push even if no update is pending."""
        with self._lock:
            if self._cancel is not None:
                self._cancel()
                self._cancel = None
            if self._wanted or always:
                self._push_now()

    def _push_now(self) -> None:
        self._wanted = False
        now = self._clock()
        self._push()
        # After a slow push, pause for at least as long as the push took.
        self._due = max(now + INTERVAL, self._clock() * 2 - now)
        if self._first is None:
            self._first = now
        elif self._repeat is not None and now - self._first >= self._repeat_after:
            while now - self._first >= self._repeat_after:
                self._repeat_after *= 2
            self._repeat()


def timer_thread(delay: float, call: Callable[[], None]) -> Cancel:
    """Call a function in a separate thread after `delay` seconds; this needs no event loop."""
    timer = Timer(delay, copy_context().run, (call,))
    timer.daemon = True
    timer.start()
    return timer.cancel


def call_later(delay: float, call: Callable[[], None]) -> Cancel:
    """Call a function on the running event loop after `delay` seconds."""
    return asyncio.get_running_loop().call_later(delay, call).cancel
