"""Properties that several of lesson 2's checks share."""

import logging
from time import perf_counter

from langchain_core.callbacks import BaseCallbackHandler

from tests.checks.lesson_2.collector import AsynchronousAndBroken
from tests.checks.lesson_2.stopwatch import Stopwatch
from utils import lesson_source
from utils.checks import evaluate


class GivenStart(BaseCallbackHandler):
    """The handler that exercise 2.stopwatch gives as a starting point."""

    def __init__(self, clock=perf_counter):
        self.clock = clock
        self.ttft = None


class Begun(GivenStart):
    """A subclass of the given handler, without any new code."""


def test_the_exercises_own_class_is_not_attempted(monkeypatch):
    class Empty(BaseCallbackHandler):
        """A handler without methods."""

    assert evaluate("2.collector", Empty).status == "not attempted"
    stub = (
        "class Stopwatch(BaseCallbackHandler):\n"
        "    limit = 3\n"
        "    def __init__(self, clock=perf_counter):\n"
        "        self.clock = clock\n"
        "        self.ttft = None\n"
        "    ...\n"
    )
    monkeypatch.setattr(lesson_source, "stub", lambda number: stub)
    assert evaluate("2.stopwatch", GivenStart).status == "not attempted"
    assert evaluate("2.stopwatch", Begun).status == "not yet"
    assert evaluate("2.stopwatch", Stopwatch).status == "correct"


def test_checks_hide_the_callback_log_and_restore_it(caplog, capfd):
    assert evaluate("2.collector", AsynchronousAndBroken).mistake == "fails silently"
    assert not caplog.records
    assert capfd.readouterr().err == ""
    assert not logging.getLogger("langchain_core.callbacks.manager").filters
