"""Where lesson 5's checks that aren't data yet are found."""

from collections.abc import Callable
from typing import Any

from utils.checks.capstone_steady import steady
from utils.checks.capstone_support import support
from utils.checks.lesson_5_until import text_until

CHECKS: dict[str, Callable[[Any], str]] = {
    "5.3": text_until,
    "5.10": steady,
    "5.11": support,
}
