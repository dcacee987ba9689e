"""How the runner turns an answer into an outcome: attempts, exceptions, time limits, display."""

import _thread
import contextlib
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.checks.lesson_1.show import show
from tests.checks.lesson_1.words import words
from tests.checks.lesson_2.collector import Collector
from utils import lesson_source
from utils.checks import check, evaluate, hint, runner
from utils.checks.engine import timeout
from utils.checks.engine.untouched import untouched
from utils.checks.exercise_numbers import Misuse, number_from
from utils.errors import Sentence

PATIENCE = 0.1  # time limit for an answer, in seconds


# --- Attempts -------------------------------------------------------------------------------------


def made(code):
    """Return the last function or class that the code defines."""
    names: dict = {"__name__": "learner"}
    exec(code, names)
    *_, last = names.values()
    return last


@pytest.mark.parametrize(
    "answer",
    [
        ...,
        ({"A": "line"}, ...),
        {"A": ..., "B": ...},
        {1: ("A", ..., "B", ...)},
        [...],
        made("class Only:\n    'To complete.'\n    def method(self): ..."),
        made("def docstring(stream):\n    'Yield words.'\n    # your code here"),
        made("def generator(stream):\n    'Yield words.'\n    yield ..."),
        made("async def coroutine(stream):\n    'Yield words.'"),
    ],
)
def test_an_untouched_stub_is_not_attempted(answer):
    assert repr(evaluate("1.show", answer)) == (
        "Exercise 1.1: not attempted yet. Write your answer where it says `your code here`, "
        "and run the cell again."
    )


@pytest.mark.parametrize(
    "answer",
    [
        made("def text():\n    'Return a string.'\n    return 'something'"),
        made("def yields(stream):\n    for piece in stream:\n        yield piece, ..."),
        made("class Only: ...\nclass Subclass(Only): ..."),
        made("class Begun:\n    text = ''"),
        made("class New:\n    def __new__(cls): return object.__new__(cls)"),
        {"A": "x", "B": ...},
        {1: ("A", 1), 2: ("A", ...)},
        ["x", ...],
        {},
        [],
        "",
        None,
    ],
)
def test_any_other_answer_counts_as_an_attempt(answer):
    assert not untouched(answer, "1.show")


# --- Exceptions -----------------------------------------------------------------------------------


def test_an_exception_in_the_check_itself_propagates(monkeypatch):
    monkeypatch.setattr(runner.NumberedExercise, "outcome", lambda *_: {}["ours"])
    with pytest.raises(KeyError, match="ours"):
        evaluate("1.show", show)


def test_an_unknown_exercise_lists_the_existing_ones():
    with pytest.raises(Sentence, match=r"no exercise 1\.9; there are 1\.1, 1\.2"):
        evaluate("1.9", 1)
    with pytest.raises(Sentence, match=r"no exercise P1\.1; there are 1\.1, 1\.2"):
        evaluate("P1.1", 1)
    with pytest.raises(Sentence, match=r"no exercise 77\.1: lesson 77 has none\."):
        evaluate("77.1", 1)


@pytest.mark.parametrize(
    ("call", "answer", "after"), [(check, [show], ", show"), (hint, [], "")], ids=["check", "hint"]
)
def test_an_ambiguous_float_is_rejected(call, answer, after):
    with pytest.raises(Misuse) as error:
        call(5.10, *answer)
    name = call.__name__
    assert str(error.value) == (
        "To Python, 5.10 and 5.1 are the same number. Write it as a string: "
        f'`{name}("5.1"{after})` or `{name}("5.10"{after})`.'
    )


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ((show, "1.1"), '`check("1.1", show)`.'),
        (("an answer", 1.1), '`check("1.1", your_answer)`.'),
        ((show,), '`check("1.2", show)`. It was given a value of type `function`.'),
        ((), '`check("1.2", your_answer)`.'),
        (("one", 2), "`check(\"1.2\", your_answer)`. It was given `'one'`."),
    ],
)
def test_a_check_with_missing_or_swapped_arguments_is_rejected(arguments, advice):
    with pytest.raises(Misuse) as error:
        check(*arguments)
    assert str(error.value) == (
        f"`check` takes the number of the exercise first, and then your answer: {advice}"
    )
    with pytest.raises(Misuse, match=r'takes your answer, too: `check\("1\.1", your_answer\)`'):
        check("1.1")
    with pytest.raises(Misuse, match=r'in parentheses: `check\("1\.1", \(first, second\)\)`'):
        check("1.1", show, words)


def test_an_exercises_name_takes_precedence_over_an_old_number():
    def watched(stream, seconds): ...

    today = lesson_source.number("5.watched")
    former = "5.4" if today != "5.4" else "5.5"  # not the current number
    assert evaluate(former, watched).number == today
    assert number_from(former, "hint") == today, "its hints should be found, too"
    assert number_from(former, "predict") == former, "predictions are numbered separately"
    assert evaluate(former, len).number == former
    assert evaluate("2.99", Collector).number == lesson_source.number("2.collector")


@pytest.mark.parametrize("former", ["4.99", "4.1"])
def test_a_value_is_known_by_the_variable_that_holds_it(former, monkeypatch):
    today = lesson_source.number("4.diagnosis")
    answer = {"A": "buffered"}
    monkeypatch.setattr(sys.modules["__main__"], "diagnosis", answer, raising=False)
    assert evaluate(former, answer).number == today
    assert number_from(former, "hint") == today
    assert evaluate("4.1", {"A": "buffered"}).number == "4.1", "an equal value isn't the same"


@pytest.mark.parametrize("former", ["4.7", "4.stages"])
def test_a_moved_exercise_is_reported_with_its_new_place(former):
    def stages(events): ...

    there = lesson_source.number("5.agent_stages")
    outcome = evaluate(former, stages)
    assert outcome.status == "not attempted"
    assert outcome.message == f"`stages` has moved to lesson 5, as Exercise {there}."


# --- Time limits ----------------------------------------------------------------------------------


def loops_forever(*_):
    while True:
        pass


def swallows_exceptions(*_):
    while True:
        try:
            loops_forever()
        except Exception:
            continue


def swallows_one_of_everything(*_):
    with contextlib.suppress(BaseException):
        loops_forever()
    loops_forever()


@pytest.mark.parametrize("answer", [swallows_exceptions, swallows_one_of_everything])
def test_an_endless_loop_is_stopped(answer):
    outcome = evaluate("1.show", answer, limit=PATIENCE)
    assert outcome.status == "not yet"
    assert "stopped after 0.1 s" in outcome.message
    assert not alive()


def alive():
    """Return the threads that are still running an answer."""
    return [thread for thread in threading.enumerate() if thread.name == "check"]


def test_code_that_is_stopped_leaves_no_exception_behind():
    for _ in range(5):
        evaluate("1.show", loops_forever, limit=0.001)
    assert sum(range(200_000)) == 19_999_900_000  # runs long enough for a late exception to surface
    assert evaluate("1.show", show).status == "correct"


def test_code_that_ends_just_at_the_limit_leaves_no_exception_behind(capfd):
    def takes_about_as_long():
        end = time.perf_counter() + 0.02
        while time.perf_counter() < end:
            pass

    for _ in range(40):
        with contextlib.suppress(timeout.OutOfTime):
            timeout.within(0.02, takes_about_as_long)
    assert "Traceback" not in capfd.readouterr().err


def test_code_that_cannot_be_stopped_is_left_running(monkeypatch):
    monkeypatch.setattr(timeout, "_STOPS", 2)
    forever = threading.Event()
    before = sys.stdout
    outcome = evaluate("1.show", lambda *_: forever.wait(), limit=PATIENCE)
    assert "stopped after" in outcome.message
    assert sys.stdout is before
    (left_behind,) = alive()
    forever.set()
    left_behind.join()


@pytest.fixture
def interrupts():
    """Use the default handler for interrupts, since the shell may have disabled them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_an_interrupt_stops_the_answer():
    def is_interrupted(*_):
        _thread.interrupt_main()
        loops_forever()

    with pytest.raises(KeyboardInterrupt):
        evaluate("1.show", is_interrupted, limit=60)
    assert not alive()


# --- Display --------------------------------------------------------------------------------------


def test_check_shows_the_outcome_and_returns_nothing(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    assert check("1.show", len) is None
    assert shown == [evaluate("1.show", len)]


def test_output_of_an_answer_is_not_shown_however_it_ends(capsys):
    class Anywhere:
        def write(self, text):
            pass

    def prints(stream):
        print("debugging", flush=True)
        return words(stream)

    def fails(stream):
        print("debugging")
        raise ValueError("a slip")

    def redirects(stream):
        print("debugging")
        sys.stdout = Anywhere()
        loops_forever()

    stdout = sys.stdout
    assert evaluate("1.words", prints).status == "correct"
    assert "a slip" in evaluate("1.words", fails).message
    assert "stopped after" in evaluate("1.words", redirects, limit=PATIENCE).message
    assert capsys.readouterr().out == ""
    assert sys.stdout is stdout


def test_importing_the_checks_does_not_import_langchain():
    code = (
        "import sys, utils.checks\n"
        "heavy = {'langchain_core', 'openai', 'IPython', 'ipywidgets', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=lesson_source.FOLDER.parent)
