"""Where lesson 5's checks that aren't data yet are found."""

from collections.abc import Callable
from typing import Any

from utils.checks.lesson_5_until import text_until

CHECKS: dict[str, Callable[[Any], str]] = {
    "5.3": text_until,
}
