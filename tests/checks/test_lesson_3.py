"""Lesson 3's clinic, and that its checks tell wrong answers apart.

The other exercises have a module each, `test_lesson_3_….py`.
"""

import pytest

from tests.checks.diagnosis import each_wrong_pair, in_any_shape, no_diagnosis, the_lesson_says
from tests.checks.test_lesson_3_calls import WRONG_3_2
from tests.checks.test_lesson_3_coalesce import WRONG_3_4
from tests.checks.test_lesson_3_fence import WRONG_3_5
from tests.checks.test_lesson_3_store import WRONG_3_3
from tests.checks.test_lesson_3_whole import WRONG_3_1
from tests.checks.verdict import right, told_apart, wrong

TRUTH = {"A": "limit", "B": "broken off", "C": "complete", "D": "filtered"}
WORDS = {"limit": "limit", "broken off": "broken", "complete": "complete", "filtered": "filter"}
_known_replies = the_lesson_says(TRUTH)


@pytest.mark.usefixtures("_known_replies")
class TestDiagnosis:
    """3.7, whatever replies the lesson has."""

    @in_any_shape(TRUTH)
    def test_accepts_the_truth(self, answer):
        right("3.7", answer)

    @each_wrong_pair(TRUTH)
    def test_names_evidence_for_each_wrong_pair_and_never_the_truth(self, name, given):
        said = f"^{name} .*{WORDS[given]}.*[Ll]ook"
        message = wrong("3.7", {**TRUTH, name: given}, said).message
        assert WORDS[TRUTH[name]] not in message, "it tells the answer"

    def test_praises_no_last_words_that_it_has_not_read(self):
        said = "A isn't complete. Look at its finish reason: does it say so\\?"
        assert "words" not in wrong("3.7", dict.fromkeys(TRUTH, "complete"), said).message

    def test_says_where_finish_reasons_are_explained(self):
        wrong("3.7", {**TRUTH, "D": "limit"}, "in the section on replies that stop")

    @no_diagnosis(TRUTH, "reply", "complete")
    def test_says_what_a_diagnosis_looks_like(self, answer, said):
        wrong("3.7", answer, said)


def test_the_wrong_answers_of_an_exercise_get_different_messages():
    for number, cases, alike in (
        ("3.1", WRONG_3_1, 2),  # two that keep the text alone, two that loop twice
        ("3.2", WRONG_3_2, 3),  # two take one cut off, two hand back pieces, two find no reason
        ("3.3", WRONG_3_3, 3),  # two that store one cut off, two store calls, two read nothing
        ("3.4", WRONG_3_4, 3),  # three that read all first, two that pass on too soon
        ("3.5", WRONG_3_5, 1),  # two that lose the last line
    ):
        told_apart(number, cases, alike)
