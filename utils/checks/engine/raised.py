"""Describes exceptions that answers raise, and recognises files with the learner's own code."""

import linecache
import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path

from utils.checks.engine.wording import shown

_CHECKS = str(Path(__file__).parent.parent)
_COURSE = str(Path(__file__).parent.parent.parent)
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


def described(error: BaseException | None, when: str = "") -> str:
    """Describe an exception, or the first one in a group, with its type, message and line."""
    if error is None:
        return ""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    what = "".join(traceback.TracebackException.from_exception(error).format_exception_only())
    at = _raised_at(error) or (_raised_at(error.__cause__) if error.__cause__ else "")
    after = f", {when}" if when else ""
    await_missing = " Is an `await` missing?" if "'coroutine'" in what else ""
    return f"Your code raised {shown(what.strip(), 200)}{at}{after}.{await_missing}"


def stopped_at(stack: Sequence[traceback.FrameSummary]) -> str:
    """Quote the learner's innermost line that was running; "" if none was."""
    return _at_line([frame for frame in stack if not frame.filename.startswith(_COURSE)])


def _raised_at(error: BaseException) -> str:
    return _at_line(traceback.extract_tb(error.__traceback__))


def _at_line(stack: Sequence[traceback.FrameSummary]) -> str:
    """Quote the learner's innermost line, and name the course function that it called, if any."""
    given = ""
    for frame in reversed(stack):
        line = linecache.getline(frame.filename, frame.lineno or 0).strip()
        if frame.filename.startswith(_COURSE) and learners_own(frame.filename):
            # not quoted, since lesson 5's `steady`, for example, is the answer to an exercise
            given = f" in the course's {shown(frame.name)}"
        elif line and learners_own(frame.filename):
            where = f"{given}, called from" if given else " at"
            return f"{where} the line {shown(line, 90)}"
    return given


def learners_own(filename: str) -> bool:
    """Whether a file belongs neither to a library nor to the checks."""
    return not filename.startswith((_CHECKS, "<frozen", *_LIBRARIES))
