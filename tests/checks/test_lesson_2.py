"""Lesson 2's clinic, and what is true of several of its checks.

The other exercises have a module each, `test_lesson_2_….py`.
"""

import logging
from time import perf_counter

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from tests.checks.diagnosis import each_wrong_pair, in_any_shape, no_diagnosis, the_lesson_says
from tests.checks.test_lesson_2_collector import WRONG_2_1, AnotherName, AsynchronousAndBroken
from tests.checks.test_lesson_2_report import WRONG_2_3
from tests.checks.test_lesson_2_spaces import WRONG_2_5, mends_the_call_alone
from tests.checks.test_lesson_2_spent import WRONG_2_6
from tests.checks.test_lesson_2_stopwatch import WRONG_2_2, NoClock, Timed
from tests.checks.verdict import right, told_apart, wrong
from utils import source
from utils.checks import evaluate

TRUTH = {"A": "attached twice", "B": "healthy", "C": "fails in silence", "D": "not streaming"}
_known_programs = the_lesson_says(TRUTH)


@pytest.mark.usefixtures("_known_programs")
class TestDiagnosis:
    """2.7, whatever programs the lesson has."""

    @in_any_shape(TRUTH)
    def test_accepts_the_truth(self, answer):
        right("2.7", answer)

    @each_wrong_pair(TRUTH)
    def test_names_evidence_for_each_wrong_pair_and_never_the_truth(self, name, given):
        message = wrong(
            "2.7",
            {**TRUTH, name: given},
            f"^{name} .*{given.split()[-1][:6]}.*([Ll]ook|[Cc]ompare|log)",
        )
        for other in set(TRUTH.values()) - {given}:
            assert other not in message.message, "it tells the answer"

    def test_says_at_what_to_look(self):
        wrong("2.7", {**TRUTH, "A": "not streaming"}, "look at how many it heard")
        wrong("2.7", {**TRUTH, "D": "healthy"}, "look at how many tokens it heard")

    @no_diagnosis(TRUTH, "program", "healthy")
    def test_says_what_a_diagnosis_looks_like(self, answer, said):
        wrong("2.7", answer, said)


def test_the_wrong_answers_of_an_exercise_get_different_messages():
    for number, cases, alike in (
        ("2.1", WRONG_2_1, 1),  # two ways to fill late
        ("2.2", WRONG_2_2, 0),
        ("2.3", WRONG_2_3, 3),  # a dict on the class or the object, two that mix, two that clear
        ("2.5", WRONG_2_5, 4),  # two call `invoke`, count the reply, attach one twice, ask else
        ("2.6", WRONG_2_6, 7),  # two take one model, ask one prompt, attach the class or one twice
    ):
        told_apart(number, cases, alike)


class GivenStart(BaseCallbackHandler):
    """A handler as the exercise gives it."""

    def __init__(self, clock=perf_counter):
        self.clock = clock
        self.ttft = None


def test_a_class_as_the_exercise_gives_it_is_not_attempted(monkeypatch):
    class Empty(BaseCallbackHandler):
        """Nothing yet."""

    assert evaluate("2.1", Empty).status == "not attempted"
    stub = (
        "class Stopwatch(BaseCallbackHandler):\n"
        "    limit = 3\n"
        "    def __init__(self, clock=perf_counter):\n"
        "        self.clock = clock\n"
        "        self.ttft = None\n"
        "    ...\n"
    )
    monkeypatch.setattr(source, "stub", lambda number: stub)
    assert evaluate("2.2", GivenStart).status == "not attempted"
    assert evaluate("2.2", NoClock).status == "not yet"
    assert evaluate("2.2", Timed).status == "correct"


def test_checks_keep_the_callback_log_from_the_screen_and_put_it_back(caplog, capfd):
    evaluate("2.5", mends_the_call_alone)
    evaluate("2.1", AnotherName)
    evaluate("2.1", AsynchronousAndBroken)
    assert not caplog.records
    assert capfd.readouterr().err == ""
    log = logging.getLogger("langchain_core.callbacks.manager")
    assert log.propagate
    assert not log.handlers
