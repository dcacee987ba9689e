"""Lesson 4's first check and its two tables, and what every check says of any answer at all.

The other exercises have a module each, `test_lesson_4_….py`.
"""

import pytest

from tests.checks.test_lesson_4_stages import WRONG_4_7
from tests.checks.verdict import wrong
from utils.checks import evaluate

# --- All ------------------------------------------------------------------------------------------

WRONG = {
    "4.7": WRONG_4_7,
}


@pytest.mark.parametrize("number", WRONG)
@pytest.mark.parametrize("answer", [len, None, "text", 3, list, lambda *_: 1, lambda *_: ""])
def test_an_answer_of_another_kind_gets_a_sentence(number, answer):
    wrong(number, answer, r"^[^\n]{20,400}$")


@pytest.mark.parametrize("number", WRONG)
def test_messages_are_short(number):
    for answer, _ in WRONG[number]:
        message = evaluate(number, answer).message
        assert len(message) < 420, message
        assert "\n" not in message
