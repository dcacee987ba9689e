"""When to send text to the page: many tokens in one message, none held back for long.

Knows nothing of widgets, streams, threads or event loops: it is handed a way to send and a timer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from threading import Lock, Timer
from time import perf_counter

INTERVAL = 0.05  # seconds: shorter than the eye notices, long enough for a page to keep up

Cancel = Callable[[], object]
Later = Callable[[float, Callable[[], None]], Cancel]


class Coalescer:
    """Joins text so that at most one message leaves every `interval` seconds.

    The first text leaves at once; text that follows too soon waits for a timer, so it leaves on
    time even when the source falls silent. Safe to use from several threads.
    """

    def __init__(
        self,
        send: Callable[[str], None],
        later: Later,
        *,
        interval: float = INTERVAL,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Prepare to send.

        Args:
            send: Takes the joined text; called under a lock, so messages keep their order.
            later: Calls a function after a delay in seconds and returns what cancels that, such
                as `timer_thread`.
            interval: Seconds between two messages.
            clock: Seconds from any fixed point.
        """
        self._send = send
        self._later = later
        self._interval = interval
        self._clock = clock
        self._lock = Lock()
        self._pending: list[str] = []
        self._due = clock()
        self._cancel: Cancel | None = None

    def add(self, text: str) -> None:
        """Send the text now, or with what follows within the interval."""
        with self._lock:
            self._pending.append(text)
            if self._cancel is None:
                wait = self._due - self._clock()
                if wait <= 0:
                    self._flush()
                else:
                    self._cancel = self._later(wait, self.flush)

    def flush(self) -> None:
        """Send what is pending now. Call it once at the end: nothing may stay behind."""
        with self._lock:
            if self._cancel is not None:
                self._cancel()
                self._cancel = None
            if self._pending:
                self._flush()

    def _flush(self) -> None:
        text = "".join(self._pending)
        self._pending.clear()
        self._due = self._clock() + self._interval
        self._send(text)


def timer_thread(delay: float, call: Callable[[], None]) -> Cancel:
    """A `Later` for code without an event loop: `call` runs in a thread of its own."""
    timer = Timer(delay, copy_context().run, (call,))
    timer.daemon = True
    timer.start()
    return timer.cancel
