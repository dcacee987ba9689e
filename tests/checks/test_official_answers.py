"""Every exercise's official solution passes, and its stub is reported as not attempted.

Both come from the exercise's cell: `learner` contains the stub, and `solved` the solution.
"""

import ast
import functools
import inspect
from textwrap import indent

import pytest

from utils import lesson_source
from utils.checks import evaluate

KEPT = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
EXERCISES = [
    pytest.param(lesson, number, id=number)
    for lesson in map(lesson_source.load, lesson_source.paths())
    for number in lesson.exercises
]


def imported_before(lesson, exercise):
    """Return the imports and definitions from earlier cells, since an answer may need them."""
    return "\n".join(
        usable(cell.learner)
        for cell in lesson.cells[: lesson.cells.index(exercise)]
        if cell.kind == "code" and not cell.instructor
    )


@functools.cache
def usable(code):
    """Return code that runs a cell's imports and definitions, and suppresses each `NameError`."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    body = compile(code, "<cell>", "exec", flags).body
    kept = [ast.unparse(node) for node in body if is_kept(node)]
    tries = [f"with suppress(NameError):\n{indent(statement, '    ')}" for statement in kept]
    return "\n".join(["from contextlib import suppress", *tries])


def is_kept(node):
    if isinstance(node, ast.Assign):  # such as `answer, steady = parts(globals())` in lesson 5
        return "parts(globals()" in ast.unparse(node)
    return isinstance(node, KEPT) and getattr(node, "module", None) != "utils.checks"


def solved_before(lesson, exercise):
    """Return the solutions to all exercises before `exercise`, which may need them."""
    earlier = lesson.cells[: lesson.cells.index(exercise)]
    return [cell.solved for cell in lesson.exercises.values() if cell in earlier]


def answers_in(code, before):
    """Run `before` and then `code`; return the answers passed to `check`, by exercise number."""
    answers = {}
    exec(before + "\n" + code, {"check": answers.__setitem__})
    return answers


@pytest.mark.parametrize(("lesson", "number"), EXERCISES)
def test_the_official_solution_passes(lesson, number):
    exercise = lesson.exercises[number]
    code = "\n".join([*solved_before(lesson, exercise), exercise.solved])
    answer = answers_in(code, imported_before(lesson, exercise))[number]
    outcome = evaluate(number, answer)
    assert outcome.status == "correct", outcome
    if inspect.isfunction(answer):
        outcome = evaluate(number, Callable(answer))
        assert outcome.status == "correct", outcome


class Callable:
    """A callable object that wraps a function, since an answer needn't be a function."""

    def __init__(self, function):
        self.function = function

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)


@pytest.mark.parametrize(("lesson", "number"), EXERCISES)
def test_the_untouched_stub_is_not_attempted(lesson, number):
    exercise = lesson.exercises[number]
    stub = answers_in(exercise.learner, imported_before(lesson, exercise))[number]
    outcome = evaluate(number, stub)
    assert outcome.status == "not attempted", outcome
