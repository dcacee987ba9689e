"""Where lesson 3's checks are found, and that of its clinic; see `lesson_1.py` for how they judge.

The others have a module each. Chunks are LangChain's own, shaped as OpenAI's; what they add up
to, and what a parser makes of pieces, is asked of LangChain itself.
"""

from collections.abc import Callable
from typing import Any

from utils.checks.clinic import diagnosed
from utils.checks.lesson_3_calls import calls
from utils.checks.lesson_3_coalesce import coalesce
from utils.checks.lesson_3_fence import closed
from utils.checks.lesson_3_store import to_store
from utils.checks.lesson_3_values import values
from utils.checks.lesson_3_whole import whole

_SAYS_SO = "Look at its finish reason: does it say so?"
_ONLY_ONE = (
    "Look at its finish reason, and what each of them means in the section on replies that stop."
)

_EVIDENCE = {
    ("complete", "limit"): _SAYS_SO,
    ("complete", "filtered"): _SAYS_SO,
    ("complete", "broken off"): "Is there anything that says so? Look at its finish reason.",
    ("limit", "complete"): "Look at its finish reason: did the model stop, or was it stopped?",
    ("limit", "filtered"): _ONLY_ONE,
    ("limit", "broken off"): "A model that meets a limit says so. Look for its finish reason.",
    ("filtered", "complete"): "Look at its finish reason: did the model stop, or was it stopped?",
    ("filtered", "limit"): _ONLY_ONE,
    ("filtered", "broken off"): "A filter that stops a reply says so. Look for its finish reason.",
    ("broken off", "complete"): "Look at its finish reason: somebody said that it was done.",
    ("broken off", "limit"): "Look at its finish reason: somebody did say why it ended.",
    ("broken off", "filtered"): "Look at its finish reason: somebody did say why it ended.",
}
_DENIED = {
    "limit": "didn't meet a limit",
    "filtered": "wasn't filtered",
    "broken off": "wasn't broken off",
}


def diagnosis(answer: object) -> str:
    """Which of four replies is complete, and what ended the others."""
    diagnosed(answer, "3.7", "reply", _EVIDENCE, denied=_DENIED)
    return "All four, from the finish reason and not from the looks of the text."


CHECKS: dict[str, Callable[[Any], str]] = {
    "3.1": whole,
    "3.2": calls,
    "3.3": to_store,
    "3.4": coalesce,
    "3.5": closed,
    "3.6": values,
    "3.7": diagnosis,
}
