"""Describes exceptions that answers raise, and recognises files with the learner's own code."""

import linecache
import sysconfig
import traceback
from pathlib import Path

from utils.checks.engine.wording import shown

_CHECKS = str(Path(__file__).parent.parent)
_COURSE = str(Path(__file__).parent.parent.parent)
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


def told(error: BaseException | None, when: str = "") -> str:
    """Describe an exception, or the first one in a group, with its type, message and line."""
    if error is None:
        return ""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    what = "".join(traceback.TracebackException.from_exception(error).format_exception_only())
    at = _at_line(error) or (_at_line(error.__cause__) if error.__cause__ else "")
    after = f", {when}" if when else ""
    await_missing = " Is an `await` missing?" if "'coroutine'" in what else ""
    return f"Your code raised {shown(what.strip(), 200)}{at}{after}.{await_missing}"


def _at_line(error: BaseException) -> str:
    """Quote the innermost line of the traceback that isn't a library's; "" if there is none."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        line = linecache.getline(frame.filename, frame.lineno or 0).strip()
        if line and learners_own(frame.filename):
            given = frame.filename.startswith(_COURSE)  # such as lesson 5's `steady`
            where = f" in the course's {shown(frame.name)}," if given else ""
            return f"{where} at the line {shown(line, 90)}"
    return ""


def learners_own(filename: str) -> bool:
    """Whether a file belongs neither to a library nor to the checks."""
    return not filename.startswith((_CHECKS, "<frozen", *_LIBRARIES))
