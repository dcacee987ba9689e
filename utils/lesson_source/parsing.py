"""Parses the text of a lesson into a `Lesson`."""

import re
from functools import lru_cache
from typing import TypeVar

from utils.lesson_source.cells import cells
from utils.lesson_source.lesson import Cell, Choice, Hints, Lesson, Prediction, SourceError
from utils.lesson_source.numbers import numbered, numbers_in

# `**Hints for exercise 1.2**` or `**Prediction P1.1:** …?`, and the list below it
_LIST = re.compile(
    r"^\*\*(?:Hints for exercise (?P<hints>\d+\.\d+)|Prediction (?P<prediction>P\d+\.\d+):)\*\*"
    r"[ \t]*(?P<question>.*)\n"
    r"(?P<items>(?:(?:\d+\. |- | {2}).*\n|[ \t]*\n)*)",
    re.MULTILINE,
)
_STEP = re.compile(r"^\d+\. +(\S.*\n(?:[ \t]*\n| {2}.*\n)*)", re.MULTILINE)
# matches `- [x] a choice`, and any lines below it such as `  > its feedback`
_CHOICE = re.compile(r"^- \[([ x])\] +(\S.*)\n((?:[ \t]+>.*\n)*)", re.MULTILINE)
_FEEDBACK = re.compile(r"^[ \t]+> *(.*\S)", re.MULTILINE)

Part = TypeVar("Part", Cell, Hints, Prediction)


@lru_cache(maxsize=8)  # since each check and hint parses the lesson
def parse(text: str, file: str = "01_lesson.md") -> Lesson:
    """Parse a lesson from `text`; `file` provides its number and the name shown in errors."""
    numbers = numbers_in(text, file)
    lesson = Lesson(file, [], numbers, {}, {}, {})
    try:
        for cell in cells(numbered(text, numbers)):
            _add(lesson, cell)
    except SourceError as error:
        raise lesson.error(error.line, error.problem) from None
    return lesson


def _add(lesson: Lesson, cell: Cell) -> None:
    lesson.cells.append(cell)
    for number in cell.exercises:
        _define(lesson.exercises, "exercise", number, cell)
    if cell.kind == "code":
        return
    for found in _LIST.finditer(f"{cell.source}\n"):
        line = cell.line + cell.source.count("\n", 0, found.start())
        if not cell.instructor:
            raise SourceError(
                line,
                "hints or a prediction outside an instructor's note: learners would read them. "
                'Put `+++ {"tags": ["instructor"]}` before and `+++` after',
            )
        if found["hints"]:
            _define(lesson.hints, "hints", found["hints"], _hints(found, line))
        else:
            prediction = _prediction(found, line)
            _define(lesson.predictions, "prediction", found["prediction"], prediction)


def _define(table: dict[str, Part], what: str, number: str, part: Part) -> None:
    if number in table:
        first = table[number].line
        raise SourceError(part.line, f"{what} {number} is already defined at line {first}")
    table[number] = part


def _hints(found: re.Match[str], line: int) -> Hints:
    steps = tuple(re.sub(r"\s*\n\s*", "\n", step.strip()) for step in _STEP.findall(found["items"]))
    if not steps or _STEP.sub("", found["items"]).strip():
        raise SourceError(line, f"hints {found['hints']}: only a numbered list may follow")
    return Hints(line, steps)


def _prediction(found: re.Match[str], line: int) -> Prediction:
    name = f"prediction {found['prediction']}"
    if not found["question"]:
        raise SourceError(line, f"{name}: the question is missing after the colon")
    choices = tuple(
        Choice(text.strip(), " ".join(_FEEDBACK.findall(feedback)), right=mark == "x")
        for mark, text, feedback in _CHOICE.findall(found["items"])
    )
    if left := _CHOICE.sub("", found["items"]).strip():
        raise SourceError(
            line,
            f"{name}: write a choice as `- [ ] text`, or `- [x] text` if it is right, with "
            f"feedback below it as `  > text`, not `{left.splitlines()[0]}`",
        )
    if sum(choice.right for choice in choices) != 1 or len(choices) < 2:
        raise SourceError(line, f"{name} needs one right choice, and at least one wrong one")
    for choice in choices:
        if not choice.right and not choice.feedback:
            raise SourceError(
                line,
                f"{name}: the wrong choice `{choice.text}` needs feedback that names the "
                "misconception",
            )
    return Prediction(line, found["question"].strip(), choices)
