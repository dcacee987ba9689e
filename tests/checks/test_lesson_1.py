"""Lesson 1's clinic, and that its checks tell wrong answers apart.

The other exercises have a module each, `test_lesson_1_….py`.
"""

import pytest

from tests.checks.diagnosis import the_lesson_says
from tests.checks.test_lesson_1_sentence import WRONG_1_5
from tests.checks.test_lesson_1_shout import WRONG_1_4
from tests.checks.test_lesson_1_show import WRONG_1_1
from tests.checks.test_lesson_1_words import WRONG_1_2
from tests.checks.verdict import right, told_apart, wrong

TRUTH = {"A": "slow model", "B": "buffered", "C": "healthy"}
_known_deployments = the_lesson_says(TRUTH)


@pytest.mark.usefixtures("_known_deployments")
class TestDiagnosis:
    """1.6, whatever deployments the lesson has."""

    @pytest.mark.parametrize(
        "answer",
        [
            TRUTH,
            dict(reversed(TRUTH.items())),
            {name: value.upper() + " " for name, value in TRUTH.items()},
        ],
    )
    def test_accepts_the_truth(self, answer):
        right("1.6", answer)

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ({**TRUTH, "A": "healthy"}, "A isn't healthy. Look at the distance between its marks"),
            ({**TRUTH, "A": "buffered"}, "A isn't buffered. What a buffer holds back"),
            ({**TRUTH, "B": "healthy"}, "B isn't healthy. Compare its TTFT with its total"),
            ({**TRUTH, "B": "slow model"}, "B isn't a slow model. Once its text comes"),
            ({**TRUTH, "C": "buffered"}, "C isn't buffered. What is held back"),
            ({**TRUTH, "C": "slow model"}, "C isn't a slow model. Compare its TTFT"),
            ({**TRUTH, "C": "asleep"}, "`asleep` isn't one of the three"),
            ({**TRUTH, "D": "healthy"}, "no deployment D; there are A, B and C"),
            ({"a": "healthy", "b": ..., "C": ...}, "no deployment a or b; there are A, B and C"),
            ({"A": "slow model", "B": ...}, "No diagnosis yet for B and C"),
            ("buffered", "is a dict with"),
        ],
    )
    def test_names_the_evidence_to_look_at(self, answer, said):
        message = wrong("1.6", answer, said).message
        given = set(map(str, answer.values())) if isinstance(answer, dict) else set()
        if "isn't" in message and "one of the three" not in message:
            for name in set(TRUTH.values()) - given:
                assert name not in message, "it tells the answer"


def test_the_wrong_answers_of_an_exercise_get_different_messages():
    for number, cases, alike in (
        ("1.1", WRONG_1_1, 3),  # two that don't flush, two that ask twice, two that never ask
        ("1.2", WRONG_1_2, 0),
        ("1.4", WRONG_1_4, 1),  # two that hand out one item
        ("1.5", WRONG_1_5, 0),
    ):
        told_apart(number, cases, alike)
