"""Coroutines that an answer made and nobody awaited, by Python's own word of them.

    with noted():
        …                           # the check
        forgotten()                 # "ask", if a coroutine of `ask` was thrown away unread

Python warns of each at the moment at which it is thrown away. The warning is noted for the check
whose code that was, and shown to nobody: the check says it in a sentence.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from utils.checks.meanwhile import Meanwhile

_names: ContextVar[list[str] | None] = ContextVar("never_awaited", default=None)


@contextmanager
def noted() -> Iterator[None]:
    """Note what this check's code doesn't await, and keep Python from warning of it."""
    token = _names.set([])
    try:
        with _python_tells:
            yield
    finally:
        _names.reset(token)


def forgotten() -> str:
    """The name of the first function whose coroutine nobody awaited; empty if there is none."""
    names = _names.get()
    return names[0] if names else ""


@Meanwhile
@contextmanager
def _python_tells() -> Iterator[None]:
    with warnings.catch_warnings():
        show = warnings.showwarning

        def note(message: Warning | str, *args: Any, **kwargs: Any) -> None:
            about = re.match(r"coroutine '(?:.*\.)?(.+)' was never awaited", str(message))
            names = _names.get()  # None where somebody else's code runs, beside the check
            if about is None:
                show(message, *args, **kwargs)
            elif names is not None:
                names.append(about[1])

        warnings.showwarning = note
        warnings.filterwarnings("always", "coroutine .* was never awaited", RuntimeWarning)
        yield
        warnings.showwarning = show
