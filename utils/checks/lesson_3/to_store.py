"""The text of a complete reply, and an error for any other."""

import re
from collections.abc import Callable
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import FIRST as SHARED
from utils.checks.engine.run import ANYTHING
from utils.checks.lesson_3 import given
from utils.checks.lesson_3.given import HERON, NOTHING_CAME, UNKNOWN, Chunks, Seen

_REASONS = ("stop", "length", "content_filter", "tool_calls", UNKNOWN)
# How a message may say that there is no finish reason.
_NONE = re.compile(
    r"\b(none|no|not|never|without|missing|lacks?|unknown|empty|null|absent)\b|n't\b|\[\]|\{\}|''",
    re.IGNORECASE,
)


def observe(answer: Callable[..., Any], case: Chunks) -> Seen:
    """Store one reply, or refuse it."""
    return given.observe("to_store", answer, case, ANYTHING)


def _complete(s: Seen) -> bool:
    return bool(s.chunks) and s.finish == "stop"


def _refused(s: Seen) -> bool:
    return isinstance(s.error, ValueError)


def _stored(s: Seen) -> bool:
    return not s.error and isinstance(s.returned, str)


def _no_reason(s: Seen) -> bool:
    """Whether the reply that was refused has no finish reason to name."""
    return _refused(s) and s.finish is None


def _names(s: Seen) -> str:
    """A finish reason in the error's message that isn't the reply's, or ""."""
    said = str(s.error).removesuffix(s.reply.text)
    found = (reason for reason in _REASONS if re.search(rf"\b{reason}\b", said))
    return next((reason for reason in found if reason != s.finish), "")


def _replaced(s: Seen) -> bool:
    """Whether the lost connection's error came out as anything but itself or a cause."""
    return (
        s.lost
        and s.error is not None
        and s.error is not s.reply.error
        and (not _refused(s) or (s.error.__suppress_context__ and not s.error.__cause__))
    )


def _another_error(s: Seen) -> bool:
    """Whether a reply was refused deliberately, by an error of another kind."""
    kinds = (AttributeError, LookupError, NameError, TypeError, UnboundLocalError)
    refused = s.error is not None and not _refused(s) and not isinstance(s.error, kinds)
    return refused and s.case.fails_after is None and not _complete(s)


MISTAKES: Mistakes[Seen] = {
    "raises another error": _another_error,
    "raises": lambda s: not _refused(s) and SHARED["raises"](s),
    "replaces the error": _replaced,
    **given.UNREAD,
    "refuses a complete reply": lambda s: _complete(s) and _refused(s),
    "empty message": lambda s: _refused(s) and not str(s.error).strip(),
    "doesn't name the reason": lambda s: (
        _refused(s) and s.finish is not None and bool(s.chunks) and s.finish not in str(s.error)
    ),
    "doesn't say that there is none": lambda s: (
        _no_reason(s) and (bool(_names(s)) or not _NONE.search(str(s.error)))
    ),
    "returns the error": lambda s: isinstance(s.returned, Exception),
    "returns nothing": lambda s: _complete(s) and s.returned is None and not s.error,
    "refuses by None": lambda s: not _complete(s) and s.returned is None and not s.error,
    "stores an empty stream": lambda s: not s.chunks and not s.error,
    "stores a truncated reply": lambda s: (
        not s.error and s.finish in (None, "length", "content_filter")
    ),
    "stores another ending": lambda s: not s.error and not _complete(s),
    "returns no text": lambda s: not s.error and not _stored(s),
    "drops the first chunk": lambda s: (
        _stored(s) and s.case.compact and s.returned == "".join(s.reply.pieces[1:])
    ),
    "strips the text": lambda s: (
        _stored(s) and s.returned != s.reply.text and s.returned.strip() == s.reply.text.strip()
    ),
    "another text": lambda s: _stored(s) and s.returned != s.reply.text,
}

check = Exercise(
    observe,
    cases=(
        Chunks(seed=33),
        Chunks(text=HERON[:20], finish="length", when="for a reply that reached its length limit"),
        Chunks(text=HERON[:35], finish=None, when="for a reply without a finish reason"),
        Chunks(
            text=HERON[:-1], finish="content_filter", when="for a reply that the filter stopped"
        ),
        Chunks(finish="tool_calls", when="for a reply with the finish reason `tool_calls`"),
        Chunks(finish=UNKNOWN, when=f"for a reply with the finish reason `{UNKNOWN}`"),
        Chunks(text=f"  {HERON}\n"),
        Chunks(compact=True, seed=35),
        Chunks(pieces=(), when="for a reply without text"),
        NOTHING_CAME,
    ),
    first=given.NEEDS_WHOLE,
    mistakes=MISTAKES,
    opts_out=given.READS_ALL,
)
