"""Lint for lesson sources, run by every build; the rules for headings are in `lint_headings`.

`cell.learner` is a cell's text in the learner's edition, and `cell.solved` is its text in the
instructor's. `cell.regions` are its solutions, between `### BEGIN SOLUTION` and `### END SOLUTION`,
each with the stub that replaces it. `lesson.exercises` maps exercise numbers to cells, and
`lesson.numbers` maps exercise names to numbers.
"""

import ast
import re
from collections.abc import Collection, Iterator

from tools.build import lint_headings
from utils.lesson_source import Cell, Lesson, SourceError

LONGEST_CELL = 25  # maximum number of lines per code cell in the learner's edition

KNOWN_TAGS = frozenset(
    {
        "instructor",  # the cell is only in the instructor's edition
        "setup",  # the setup cell; tests run it before each section
        "hide-input",  # the site collapses the cell's code
    }
)

# matches `exercise-1.6`, for example; the parser has replaced the exercise's name with its number
_EXERCISE_TAG = re.compile(r"^exercise-\d+\.\d+$")
# matches lines that are too common to reveal a solution
_TRIVIAL = re.compile(r"^(#.*|\.\.\.|pass|return|else:|try:|finally:|break|continue|[\W_]*)$")


def problems(lesson: Lesson) -> list[SourceError]:
    if unreadable := list(_syntax(lesson)):
        return unreadable  # the other checks need code that parses
    found = [
        *_tags(lesson),
        *_exercises(lesson),
        *_checks(lesson),
        *_hints(lesson),
        *_predictions(lesson),
        *_learners_code(lesson),
        *_leaks(lesson),
        *lint_headings.problems(lesson),
    ]
    return sorted(found, key=lambda error: error.line)


def unchecked(lesson: Lesson, checks: Collection[str], folder: str) -> Iterator[SourceError]:
    """Yield errors for exercises without a check and for checks in `folder` without an exercise."""
    for name, number in lesson.numbers.items():
        cell = lesson.exercises[number]
        if name not in checks and not _calls_another_check(cell):
            yield lesson.error(cell.line, f"exercise {name} has no check: add {folder}/{name}.py")
    for name in checks:
        if name not in lesson.numbers:
            yield lesson.error(
                1, f"{folder}/{name}.py checks no exercise of this lesson: remove it"
            )


def _calls_another_check(cell: Cell) -> bool:
    calls = _calls(cell.solved, "check")
    return bool(calls) and not set(calls) & set(cell.exercises)


def _tags(lesson: Lesson) -> Iterator[SourceError]:
    known = ", ".join(sorted(KNOWN_TAGS))
    for cell in lesson.cells:
        for tag in cell.tags:
            if tag not in KNOWN_TAGS and not _EXERCISE_TAG.match(tag):
                yield lesson.error(
                    cell.line, f"unknown tag `{tag}`; known are exercise-NAME, {known}"
                )


def _syntax(lesson: Lesson) -> Iterator[SourceError]:
    for cell in _code(lesson):
        for edition, text in (("instructor's", cell.solved), ("learner's", cell.learner)):
            try:
                _parsed(text)
            except SyntaxError as error:
                shown = (error.text or "").strip()
                yield lesson.error(
                    cell.line, f"the {edition} edition is not Python: {error.msg}: `{shown}`"
                )
                break


def _exercises(lesson: Lesson) -> Iterator[SourceError]:
    for cell in lesson.cells:
        if cell.regions and not cell.exercises:
            yield lesson.error(
                cell.regions[0].line, "a solution in a cell without a tag such as exercise-words"
            )
        for number in cell.exercises:
            if not cell.regions:
                yield lesson.error(
                    cell.line,
                    f"exercise {number} has no solution between `### BEGIN SOLUTION` "
                    "and `### END SOLUTION`",
                )


def _checks(lesson: Lesson) -> Iterator[SourceError]:
    for cell in _code(lesson):
        calls = _calls(cell.solved, "check")
        if cell.exercises:
            number = cell.exercises[0]
            last = (_parsed(cell.solved).body or [ast.Pass()])[-1]
            at_end = isinstance(last, ast.Expr) and _argument(last.value, "check") == number
            if calls != [number] or not at_end:
                yield lesson.error(
                    cell.line, f'exercise {number} doesn\'t end with `check("{number}", …)`, once'
                )
        elif calls and not cell.instructor:
            yield lesson.error(
                cell.line, f'`check("{calls[0]}", …)` in a cell without the tag of that exercise'
            )


def _hints(lesson: Lesson) -> Iterator[SourceError]:
    for number, cell in lesson.exercises.items():
        if number not in lesson.hints and not _calls_another_check(cell):
            yield lesson.error(
                cell.line,
                f"exercise {number} has no hints: add an instructor's note with a numbered list "
                "below a line such as `**Hints for exercise 1.words**`",
            )
    for number, hints in lesson.hints.items():
        if number not in lesson.exercises:
            yield lesson.error(hints.line, f"hints for exercise {number}, which doesn't exist")


def _predictions(lesson: Lesson) -> Iterator[SourceError]:
    used: set[str] = set()
    for cell in _code(lesson):
        for number in _calls(cell.solved, "predict"):
            if number not in lesson.predictions:
                yield lesson.error(cell.line, f"prediction {number} is used but not defined")
            used.add(number)
    for number, prediction in lesson.predictions.items():
        if number not in used:
            yield lesson.error(prediction.line, f"prediction {number} is defined but not used")


def _learners_code(lesson: Lesson) -> Iterator[SourceError]:
    for cell in _code(lesson):
        if cell.instructor:
            continue
        lines = len(cell.learner.splitlines())
        if lines > LONGEST_CELL:
            yield lesson.error(
                cell.line, f"a code cell of {lines} lines; the longest allowed is {LONGEST_CELL}"
            )
        for number in _calls(cell.learner, "solution"):
            yield lesson.error(
                cell.line, f'`solution("{number}")` would reveal it on Run All; comment it out'
            )


def _leaks(lesson: Lesson) -> Iterator[SourceError]:
    """Find solutions that appear whole in one cell of the learner's edition.

    A lesson may show some lines of a solution, but not all of its significant lines in one cell.
    """
    for number, exercise in lesson.exercises.items():
        for region in exercise.regions:
            significant = _significant(region.solution) - _significant(region.stub)
            if not significant:
                continue
            for cell in lesson.cells:
                if not cell.instructor and significant <= _significant(cell.learner):
                    yield lesson.error(
                        cell.line,
                        f"the solution of exercise {number} (line {region.line}) leaks into the "
                        "learner's edition here",
                    )


def _significant(text: str) -> set[str]:
    """Return the nontrivial lines, stripped of indentation, comments, `>` and backticks."""
    lines = (re.sub(r"\s{2,}#.*$", "", line).strip(" \t>`") for line in text.splitlines())
    return {line for line in lines if not _TRIVIAL.match(line)}


def _code(lesson: Lesson) -> Iterator[Cell]:
    return (cell for cell in lesson.cells if cell.kind == "code")


def _parsed(text: str) -> ast.Module:
    """Return a cell's syntax tree; IPython magics are syntax errors here."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = compile(text, "<cell>", "exec", flags, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _calls(text: str, function: str) -> list[str]:
    """Return the first argument of each call to `function`, if it is a literal."""
    numbers = (_argument(node, function) for node in ast.walk(_parsed(text)))
    return [number for number in numbers if number is not None]


def _argument(node: ast.AST, function: str) -> str | None:
    """Return the first argument if the node calls `function` with a literal; otherwise, None."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value), *_]) if name == function:
            return str(value)
    return None
