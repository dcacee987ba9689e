"""What is changed for the whole process while checks run, and put back when the last has ended.

    @Meanwhile
    @contextmanager
    def hushed() -> Iterator[None]:
        …                           # change it
        yield
        …                           # put it back; no error comes here, whatever ended the check

    with hushed: …

A check runs in a thread of its own, and one that was stopped may live on beside the next. If each
saved what it found and put that back, one of them would save the other's change for good.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager


class Meanwhile(AbstractContextManager[None]):
    """A change that the first who enters it makes, and the last who leaves it takes back."""

    def __init__(self, change: Callable[[], AbstractContextManager[object]]) -> None:
        """`change` makes the context manager that is entered; it is called anew each time."""
        self._change = change
        self._lock = threading.Lock()
        self._inside = 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._made = self._change()
                self._made.__enter__()
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._made.__exit__(None, None, None)
