"""Where lesson 2's checks are found that aren't data yet.

The others have a module each. Handlers listen to real runs of a chat model that answers with a
probe, and what the right figures are is heard by a handler of the check's own beside them.
"""

from collections.abc import Callable
from typing import Any

from utils.checks.lesson_2_report import report
from utils.checks.lesson_2_spaces import spaces_heard
from utils.checks.lesson_2_spent import spent

CHECKS: dict[str, Callable[[Any], str]] = {
    "2.3": report,
    "2.5": spaces_heard,
    "2.6": spent,
}
