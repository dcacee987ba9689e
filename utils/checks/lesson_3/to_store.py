"""Check for `to_store`: return the text of a complete reply, or raise a `ValueError`."""

import re
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import FIRST as SHARED
from utils.checks.engine.mistakes import SLIPS, TEXT
from utils.checks.engine.run import ANYTHING, REPEATED, STRING
from utils.checks.lesson_3 import given
from utils.checks.lesson_3.given import EMPTY_STREAM, HERON, UNKNOWN, Chunks, Seen, ended

# matches an error message that may report a missing finish reason, in whatever words
_MISSING = re.compile(
    r"(?<![a-z])(no|nil|un|never|neither|null|n/?a\b|without|w/o|before|missing|lack|lost|zero"
    r"|empty|blank|absent|omitted|cannot)|n't\b|\[\]|\{\}|''",
    re.IGNORECASE,
)


def observe(answer: Any, case: Chunks) -> Seen:
    finished = case.finish == "stop" and not case.empty
    return given.observe("to_store", answer, case, STRING if finished else ANYTHING)


def _complete(s: Seen) -> bool:
    return s.wants is STRING and s.case.whole


def _refused(s: Seen) -> bool:
    return isinstance(s.error, ValueError)


def _replaced(s: Seen) -> bool:
    """Whether the connection error was replaced rather than propagated or chained."""
    if s.error is None or s.error is s.reply.error or s.case.fails_after is None:
        return False
    if not s.lost:
        return _refused(s)
    hidden = s.error.__suppress_context__ and not s.error.__cause__  # `raise … from None`
    return hidden or not _refused(s)


FIRST: Mistakes[Seen] = {
    **given.FIRST,
    "raises another error": lambda s: (
        bool(s.error)
        and s.case.whole
        and not _complete(s)
        and not _refused(s)
        and not isinstance(s.error, SLIPS)
    ),
    "raises": lambda s: not _refused(s) and SHARED["raises"](s),
}
MISTAKES: Mistakes[Seen] = {
    "replaces the error": _replaced,
    **given.UNREAD,
    "refuses a complete reply": lambda s: _complete(s) and _refused(s),
    "doesn't name the reason": lambda s: (
        _refused(s) and s.case.finish is not None and s.case.finish not in str(s.error)
    ),
    "doesn't mention a missing reason": lambda s: (
        _refused(s) and not s.case.finish and not _MISSING.search(str(s.error))
    ),
    "stores an incomplete reply": lambda s: not s.error and not _complete(s),
    **TEXT,
}

check = Exercise(
    observe,
    cases=(
        Chunks(seed=33),
        ended("length", HERON[:20]),
        ended(None, HERON[:35]),
        ended("content_filter", HERON[:-1]),
        ended("tool_calls"),
        ended(UNKNOWN),
        Chunks(pieces=REPEATED, when="for a reply in which pieces repeat"),
        Chunks(pieces=(), when="for a reply without text"),
        EMPTY_STREAM,
    ),
    first=FIRST,
    mistakes=MISTAKES,
    notes={"takes content": lambda s: given.uses(s, "content")},
    opts_out=given.OPTS_OUT,
)
