"""The 100 ms beat of a clock on the page, for code that blocks its thread.

Async code needs no thread for it: see `reading.supervise`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from threading import Event, Thread

TICK = 0.1  # seconds


@contextmanager
def ticking(tick: Callable[[], None], every: float = TICK) -> Iterator[None]:
    """Call `tick` every so many seconds from a thread, for as long as the block runs."""
    over = Event()

    def beat() -> None:
        while not over.wait(every):
            tick()

    # The context tells the kernel which cell the messages belong to.
    thread = Thread(target=copy_context().run, args=(beat,), name="course-ticker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
