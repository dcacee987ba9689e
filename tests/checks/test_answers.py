"""Each answer in `lesson_*/` gets the expected outcome, and each mistake is made in some answer."""

import inspect
import re
import sys

import pytest

from tests.checks.answers import collected
from utils import lesson_source
from utils.checks import evaluate, runner
from utils.checks.engine import messages as shared_messages
from utils.checks.engine.mistakes import CAUSES, FIRST, LAST, STRESSED, TEXT
from utils.checks.engine.timeout import ANSWER_SECONDS

ANSWERS = collected()
EXERCISES = [each for lesson in "12345" for each in runner.exercises_of(lesson)]
SHARED = {*FIRST, *TEXT, *LAST, *STRESSED, *CAUSES}
LONGEST = 320  # maximum length of a message, in characters
LIMIT = {"never ends": 2.0}  # shorter time limits for some mistakes, in seconds

CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)  # code in backticks
ODD = re.compile(  # words to avoid, wrong plurals, punctuation errors
    r"\b(nobody|somebody|whoever|for ever|in vain|at once|stands?|hands? (on|out|over)|a text"
    r"|is asked|lets? go|hears?|1 (pieces|items|words|characters|chunks|times))\b"
    r"|\(s\)| {2}|\?\?|\.\.(?!\.)"
)


each_exercise = pytest.mark.parametrize(
    "loaded", [pytest.param(each, id=each.number) for each in EXERCISES]
)


def mistakes_made(loaded):
    return [each.mistake for each in ANSWERS if each.number == loaded.number]


def place_of(loaded):
    """Return an exercise's lesson and name, such as `lesson_1` and `shout`."""
    lesson = loaded.number.partition(".")[0]
    names = {number: name for name, number in lesson_source.numbers(int(lesson)).items()}
    return f"lesson_{lesson}", names[loaded.number]


def own_mistakes(loaded):
    return {**loaded.exercise.first, **loaded.exercise.mistakes}


@pytest.mark.parametrize("answer", [pytest.param(each, id=each.name) for each in ANSWERS])
def test_an_answer_gets_the_expected_outcome(answer):
    limit = LIMIT.get(answer.mistake, ANSWER_SECONDS * 4)
    outcome = evaluate(answer.number, answer.value, limit=limit)
    assert outcome.mistake == answer.mistake, outcome
    assert (outcome.status == "correct") == (answer.mistake is None)
    assert re.search(answer.says, outcome.message), outcome
    if answer.mistake != "raises":  # the message for "raises" quotes a Python error
        prose = CODE.sub("`code`", outcome.message)
        assert ODD.search(prose) is None, outcome
        assert len(prose) <= LONGEST
        assert prose.endswith((".", "?", "`code`"))


def test_no_answer_is_left_out():
    """Every function in an answer module is an answer or is used in that module."""
    registered = {id(answer.value) for answer in ANSWERS}
    names = [name for name in sys.modules if re.match(r"tests\.checks\.lesson_\d\.[^_]", name)]
    for module in map(sys.modules.get, names):
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            if callable(value) and getattr(value, "__module__", "") == module.__name__:
                assert id(value) in registered or source.count(name) > 1, name


@each_exercise
def test_an_answer_of_another_type_gets_a_message(loaded):
    for answer in (len, None, "text", 3, list, lambda *_: 1, lambda *_: ""):
        outcome = evaluate(loaded.number, answer)
        assert outcome.status == "not yet", answer
        assert re.fullmatch(r"[^\n]{20,400}", outcome.message), outcome


@each_exercise
def test_an_exercise_has_right_answers_and_a_wrong_one_for_each_mistake(loaded):
    place = "tests/checks/{}/{}.py".format(*place_of(loaded))
    assert mistakes_made(loaded).count(None) >= 2, f"{place} needs two right answers"
    # Exercises can share a mistake. Only one of them needs a wrong answer with this mistake.
    made = {
        applies
        for each in EXERCISES
        for name, applies in own_mistakes(each).items()
        if name in mistakes_made(each)
    }
    missing = [name for name, applies in own_mistakes(loaded).items() if applies not in made]
    assert not missing, f"{place} has no wrong answer for {missing}"


@each_exercise
def test_mistakes_messages_and_opt_outs_have_matching_names(loaded):
    exercise = loaded.exercise
    for name, reason in exercise.opts_out.items():
        assert name in SHARED
        assert len(reason.split()) > 3
    lesson, name = place_of(loaded)
    place = f"{name.upper()} in utils/checks/{lesson}/messages.py"
    own = {*exercise.first, *exercise.mistakes, *exercise.notes, "correct"}
    missing, unused = own - set(loaded.messages), set(loaded.messages) - own - SHARED
    assert not missing, f"{place} has no message for {missing}"
    assert not unused, f"{place} has messages for {unused}, which {name}.py doesn't define"


def test_each_shared_mistake_has_a_message_and_is_made_by_a_wrong_answer():
    assert set(shared_messages.SHARED) == SHARED
    assert SHARED - {answer.mistake for answer in ANSWERS} == set()
