"""Where lesson 2's checks are found, and that of its clinic; see `lesson_1.py` for how they judge.

The others have a module each. Handlers listen to real runs of a chat model that answers with a
probe, and what the right figures are is heard by a handler of the check's own beside them.
"""

from collections.abc import Callable
from typing import Any

from utils.checks.clinic import diagnosed
from utils.checks.lesson_2_collector import collector
from utils.checks.lesson_2_report import report
from utils.checks.lesson_2_spaces import spaces_heard
from utils.checks.lesson_2_spent import spent
from utils.checks.lesson_2_starts import starts
from utils.checks.lesson_2_stopwatch import stopwatch

_TWICE = "Attached twice would be twice the reply's tokens: compare with the other programs."
_SILENT = "A handler that raises leaves a warning for each token: look at its log."
_NO_TOKENS = "Where no tokens are pushed, nobody hears any: look at how many it heard."

_EVIDENCE = {
    ("healthy", "not streaming"): "The reply came whole, and you wouldn't know of it from its "
    "handler: look at how many tokens it heard.",
    ("healthy", "attached twice"): "Compare how many tokens it heard with the other programs: "
    "the reply is the same.",
    ("healthy", "fails in silence"): "Look at how many tokens it heard, and at its log.",
    ("not streaming", "healthy"): _NO_TOKENS,
    ("not streaming", "attached twice"): _NO_TOKENS,
    ("not streaming", "fails in silence"): "It heard nothing, and yet somebody wrote into the "
    "log: can a handler that no token reaches do that?",
    ("attached twice", "healthy"): _TWICE,
    ("attached twice", "not streaming"): _TWICE,
    ("attached twice", "fails in silence"): _TWICE,
    ("fails in silence", "healthy"): _SILENT,
    ("fails in silence", "attached twice"): _SILENT,
    ("fails in silence", "not streaming"): _SILENT,
}

_DENIED = {"not streaming": "does stream", "fails in silence": "doesn't fail in silence"}


def diagnosis(answer: object) -> str:
    """Which of four programs is healthy, and what the others' handlers suffer from."""
    diagnosed(answer, "2.7", "program", _EVIDENCE, denied=_DENIED)
    return "All four, by what was heard and what was logged."


CHECKS: dict[str, Callable[[Any], str]] = {
    "2.1": collector,
    "2.2": stopwatch,
    "2.3": report,
    "2.4": starts,
    "2.5": spaces_heard,
    "2.6": spent,
    "2.7": diagnosis,
}
