"""Describes exceptions that answers raise, and recognises files with the learner's own code."""

import linecache
import sysconfig
import traceback
from pathlib import Path

from utils.checks.engine.wording import shown

_CHECKS = str(Path(__file__).parent.parent)
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


def told(error: BaseException | None, when: str = "") -> str:
    """Describe an exception, or the first one in a group, with its type, message and line."""
    if error is None:
        return ""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    what = "".join(traceback.TracebackException.from_exception(error).format_exception_only())
    line = _own_line(error) or (_own_line(error.__cause__) if error.__cause__ else "")
    at = f" at the line {shown(line, 90)}" if line else ""
    after = f", {when}" if when else ""
    await_missing = " Is an `await` missing?" if "'coroutine'" in what else ""
    return f"Your code raised {shown(what.strip(), 200)}{at}{after}.{await_missing}"


def _own_line(error: BaseException) -> str:
    """Return the innermost line of the learner's own code in the traceback; "" if there is none."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if learners_own(frame.filename):
            return linecache.getline(frame.filename, frame.lineno or 0).strip()
    return ""


def learners_own(filename: str) -> bool:
    """Whether a file belongs neither to a library nor to the checks."""
    return not filename.startswith((_CHECKS, "<frozen", *_LIBRARIES))
