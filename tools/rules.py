"""The rules that a lesson's source keeps, beyond being readable: exercises, predictions, length.

What is said of titles, sections and headings is `tools.shape`'s, and told here with the rest.

What can't be read at all is `utils.source`'s to report; making notebooks is `tools.build`'s.
"""

import ast
import re
from collections.abc import Collection, Iterator

from tools import shape
from utils.source import Cell, Lesson, SourceError

LONGEST_CELL = 25  # lines of code in the learner's edition, design: "none over 25"

KNOWN_TAGS = frozenset(
    {
        "instructor",  # solutions/ alone
        "setup",  # the setup cell, which a test runs before any one section
        "raises-exception",  # the cell breaks on purpose; nbclient and nbval go on
        "nbval-ignore-output",  # run, but not compared; a test keeps the short list of these
        "hide-input",  # folded by Jupyter Book; Jupyter shows it
    }
)

_EXERCISE_TAG = re.compile(r"^exercise-\d+\.\d+$")
_TRIVIAL = re.compile(r"^(#.*|\.\.\.|pass|return|else:|try:|finally:|break|continue|[\W_]*)$")


def problems(lesson: Lesson) -> list[SourceError]:
    """Everything wrong with a lesson, in the order of its lines."""
    lost = _lost_tags(lesson)
    found = [
        *_tags(lesson, lost),
        *_syntax(lesson),
        *_exercises(lesson, lost),
        *_checks(lesson),
        *_hints(lesson, lost),
        *_predictions(lesson),
        *_lengths(lesson),
        *_revealed(lesson),
        *_leaks(lesson),
        *shape.problems(lesson, lost),
    ]
    return sorted(found, key=lambda error: error.line)


def unchecked(lesson: Lesson, numbers: Collection[str], folder: str) -> Iterator[SourceError]:
    """Exercises that nothing judges, and checks that judge nothing.

    Args:
        lesson: The lesson.
        numbers: The exercises that have a check; see `numbers_of_checks`.
        folder: Where the checks are, as a message names it.
    """
    lost = _lost_tags(lesson)
    for number, cell in lesson.exercises.items():
        if number not in numbers and not _calls_another_check(cell):
            yield lesson.error(
                cell.line, f"exercise {number} has no check: add a file with one to {folder}/"
            )
    for number in numbers:
        if number not in lesson.exercises and number not in lost:
            yield lesson.error(
                1, f"{folder}/ has a check of {number}, but there is no such exercise: remove it"
            )


def numbers_of_checks(text: str) -> list[str]:
    """The exercises that a module's text has checks of: `check = Exercise("1.1", …)`.

    It is read and not imported, as the import brings LangChain along, which takes seconds.
    """
    numbers: list[str] = []
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = [one.id for one in targets if isinstance(one, ast.Name)]
        value = getattr(node, "value", None)
        if names == ["check"] and isinstance(value, ast.Call):
            numbers += [str(arg.value) for arg in value.args[:1] if isinstance(arg, ast.Constant)]
    return numbers


def _lost_tags(lesson: Lesson) -> set[str]:
    """The exercises whose check is called in a cell that hasn't their tag.

    That is told once, and not again for all that seems to lack its exercise.
    """
    return {
        number
        for cell in _code(lesson)
        for number in _calls(cell.solved, "check")
        if not cell.instructor and number not in lesson.exercises
    }


def _calls_another_check(cell: Cell) -> bool:
    calls = _calls(cell.solved, "check")
    return bool(calls) and not set(calls) & set(cell.exercises)


def _unknown_tags(cell: Cell) -> list[str]:
    return [tag for tag in cell.tags if tag not in KNOWN_TAGS and not _EXERCISE_TAG.match(tag)]


def _tags(lesson: Lesson, lost: Collection[str]) -> Iterator[SourceError]:
    known = ", ".join(sorted(KNOWN_TAGS))
    for cell in lesson.cells:
        calls = _calls(cell.solved, "check") if cell.kind == "code" else []
        for tag in _unknown_tags(cell):
            meant = next((f"exercise-{number}" for number in calls if number in lost), None)
            hint = f": is {meant} meant?" if meant else f"; known are exercise-N.M, {known}"
            yield lesson.error(cell.line, f"unknown tag `{tag}`{hint}")


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


def _exercises(lesson: Lesson, lost: Collection[str]) -> Iterator[SourceError]:
    chapter = re.search(r"(\d\d)_", lesson.file)
    for cell in lesson.cells:
        if cell.kind == "markdown" and cell.exercises:
            yield lesson.error(cell.line, "an exercise tag on a Markdown cell")
        told = lost and set(_calls(cell.solved, "check")) & set(lost)  # by `_checks`
        if cell.regions and not cell.exercises and not told:
            yield lesson.error(
                cell.regions[0].line, "a solution in a cell without a tag such as exercise-1.2"
            )
        if len(cell.exercises) > 1:
            yield lesson.error(cell.line, f"two exercises in one cell: {', '.join(cell.exercises)}")
        for number in cell.exercises:
            if cell.kind == "code" and not cell.regions:
                yield lesson.error(
                    cell.line,
                    f"exercise {number} has no solution between `### BEGIN SOLUTION` "
                    "and `### END SOLUTION`",
                )
            if chapter and int(number.split(".")[0]) != int(chapter[1]):
                yield lesson.error(
                    cell.line, f"exercise {number} belongs into lesson {number.split('.')[0]}"
                )


def _checks(lesson: Lesson) -> Iterator[SourceError]:
    for cell in _code(lesson):
        if not _is_python(cell):
            continue
        calls = _calls(cell.solved, "check")
        if cell.exercises:
            number = cell.exercises[0]
            statements = _statements(cell.solved)
            last = statements[-1] if statements else None
            at_end = isinstance(last, ast.Expr) and _called(last.value, "check") == number
            if calls != [number] or not at_end:
                yield lesson.error(
                    cell.line, f'exercise {number} doesn\'t end with `check("{number}", …)`, once'
                )
        elif calls and not cell.instructor and not _unknown_tags(cell):
            yield lesson.error(
                cell.line,
                f'`check("{calls[0]}", …)` in a cell without the tag exercise-{calls[0]}: is '
                f"`:tags: [exercise-{calls[0]}]` missing above it?",
            )


def _hints(lesson: Lesson, lost: Collection[str]) -> Iterator[SourceError]:
    for number, cell in lesson.exercises.items():
        if number not in lesson.hints and not _calls_another_check(cell):
            yield lesson.error(cell.line, f"exercise {number} has no hints")
    for number, hints in lesson.hints.items():
        if number not in lesson.exercises and number not in lost:
            yield lesson.error(hints.line, f"hints for exercise {number}, which is not there")


def _predictions(lesson: Lesson) -> Iterator[SourceError]:
    used: set[str] = set()
    for cell in _code(lesson):
        for number in _calls(cell.solved, "predict"):
            if number not in lesson.predictions:
                yield lesson.error(cell.line, f"prediction {number} is used but not defined")
            if number in used:
                yield lesson.error(cell.line, f"prediction {number} is used a second time")
            used.add(number)
    all_read = all(_is_python(cell) for cell in _code(lesson))
    for number, prediction in lesson.predictions.items():
        if number not in used and all_read:
            yield lesson.error(prediction.line, f"prediction {number} is defined but not used")


def _lengths(lesson: Lesson) -> Iterator[SourceError]:
    for cell in _for_learners(lesson):
        lines = len(cell.learner.splitlines())
        if cell.kind == "code" and lines > LONGEST_CELL:
            yield lesson.error(
                cell.line, f"a code cell of {lines} lines; the longest allowed is {LONGEST_CELL}"
            )


def _revealed(lesson: Lesson) -> Iterator[SourceError]:
    for cell in _for_learners(lesson):
        if cell.kind == "code":
            for number in _calls(cell.learner, "solution"):
                yield lesson.error(
                    cell.line, f'`solution("{number}")` would reveal it on Run All; comment it out'
                )


def _leaks(lesson: Lesson) -> Iterator[SourceError]:
    """A whole solution that stands in one cell of the learner's edition.

    Lines of an answer may well appear in the lesson, which teaches them; all the telling lines of
    an answer together in one cell are the answer.
    """
    for number, exercise in lesson.exercises.items():
        for region in exercise.regions:
            telling = _telling(region.solution) - _telling(region.stub)
            if not telling:
                continue
            for cell in _for_learners(lesson):
                if telling <= _telling(cell.learner):
                    yield lesson.error(
                        cell.line,
                        f"the solution of exercise {number} (line {region.line}) leaks into the "
                        "learner's edition here",
                    )


def _telling(text: str) -> set[str]:
    """The lines that carry meaning, without indentation, comments and quoting."""
    lines = (re.sub(r"\s{2,}#.*$", "", line).strip(" \t>`") for line in text.splitlines())
    return {line for line in lines if not _TRIVIAL.match(line)}


def _code(lesson: Lesson) -> Iterator[Cell]:
    return (cell for cell in lesson.cells if cell.kind == "code")


def _for_learners(lesson: Lesson) -> Iterator[Cell]:
    return (cell for cell in lesson.cells if not cell.instructor)


def _parsed(text: str) -> ast.Module:
    """A cell's syntax tree; lines of IPython's own (`%magic`, `!command`) count as `pass`."""
    if text.startswith("%%"):
        return ast.Module([], [])
    plain = re.sub(r"^(\s*)[%!].*$", r"\1pass", text, flags=re.MULTILINE)
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = compile(plain, "<cell>", "exec", flags, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _statements(text: str) -> list[ast.stmt]:
    """A cell's statements; none if it is not Python, which `_syntax` reports."""
    try:
        return _parsed(text).body
    except SyntaxError:
        return []


def _is_python(cell: Cell) -> bool:
    """Whether the instructor's edition of a cell can be read; `_syntax` tells where it can't."""
    try:
        _parsed(cell.solved)
    except SyntaxError:
        return False
    return True


def _calls(text: str, function: str) -> list[str]:
    """The first arguments of all calls of `function` by its plain name."""
    return [
        number
        for statement in _statements(text)
        for node in ast.walk(statement)
        if (number := _called(node, function)) is not None
    ]


def _called(node: ast.AST, function: str) -> str | None:
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ):
        return str(node.args[0].value)
    return None
