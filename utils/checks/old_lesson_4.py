"""The checks of lesson 4's exercises; see `lesson_1.py` for how they judge.

Answers run on a loop of virtual time (`loops.py`) against models that take such time
(`async_streams.py`), so silences and stalls are exact and cost no waiting. Here are the first
exercise and the clinic; the others have a module each, as the table at the end says.
"""

from collections.abc import Callable
from typing import Any

from utils.checks.stages import stages

CHECKS: dict[str, Callable[[Any], str]] = {
    "4.7": stages,
}
