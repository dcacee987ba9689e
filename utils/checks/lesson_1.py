"""Where lesson 1's checks are found, and that of its clinic; the others have a module each.

Each takes the learner's answer, and returns a sentence of praise or raises `NotYet` with what it
saw. It never says the answer. Whatever works passes: code is judged by what it does to an
instrumented stream, and texts are cut at other places each time, so nothing can be hard-coded.
"""

from collections.abc import Callable
from typing import Any

from utils.checks.clinic import diagnosed
from utils.checks.lesson_1_order import order
from utils.checks.lesson_1_sentence import first_sentence
from utils.checks.lesson_1_shout import shout
from utils.checks.lesson_1_show import show
from utils.checks.lesson_1_words import words

_EVIDENCE = {
    ("healthy", "buffered"): "Compare its TTFT with its total: for how much of the time is the "
    "screen blank?",
    ("healthy", "slow model"): "Look at the distance between its marks in the strip, and at its "
    "TPOT: is that a speed you would be content with?",
    ("buffered", "healthy"): "What is held back can't be read early: look when its first text "
    "came, and how the rest is spread.",
    ("buffered", "slow model"): "What a buffer holds back comes out in a heap: look how its marks "
    "are spread over the strip.",
    ("slow model", "healthy"): "Compare its TTFT and its TPOT with those of the other two.",
    ("slow model", "buffered"): "Once its text comes, look how little time lies between two "
    "pieces: can a slow model write like that?",
}


def diagnosis(answer: object) -> str:
    """Which of three deployments is healthy, buffered, or has a slow model."""
    diagnosed(answer, "1.6", "deployment", _EVIDENCE, denied={"slow model": "isn't a slow model"})
    return "All three, from figures alone."


CHECKS: dict[str, Callable[[Any], str]] = {
    "1.1": show,
    "1.2": words,
    "1.3": order,
    "1.4": shout,
    "1.5": first_sentence,
    "1.6": diagnosis,
}
