"""Parses a lesson's text into a `Lesson`."""

from collections.abc import Mapping
from functools import lru_cache

from utils.lesson_source.blocks import blocks
from utils.lesson_source.lesson import Cell, Hints, Lesson, Prediction, SourceError
from utils.lesson_source.lists import data_lists, hints_of, prediction_of
from utils.lesson_source.markers import cell_of
from utils.lesson_source.numbers import numbered, numbers_in


@lru_cache(maxsize=8)  # each check and hint needs the parsed lesson
def parse(text: str, file: str = "01_lesson.md") -> Lesson:
    """Parse a lesson from `text`; `file` gives the lesson's number, and its name in errors."""
    try:
        return _parsed(text, file)
    except SourceError as error:
        raise SourceError(error.line, error.problem, file) from None


def _parsed(text: str, file: str) -> Lesson:
    cells: list[Cell] = []
    exercises: dict[str, Cell] = {}
    all_hints: dict[str, Hints] = {}
    predictions: dict[str, Prediction] = {}
    numbers = numbers_in(text, file)
    text = numbered(text, numbers)
    for block in blocks(text.removesuffix("\n").split("\n")):
        cell = cell_of(block)
        cells.append(cell)
        for number in cell.exercises:
            if number in exercises:
                first = exercises[number].line
                raise SourceError(
                    cell.line, f"exercise {number} is already defined at line {first}"
                )
            exercises[number] = cell
        if cell.kind == "markdown":
            for data in data_lists(block):
                if not cell.instructor:
                    raise SourceError(
                        data.line,
                        f"{data.kind} outside an instructor's note: learners would read them. "
                        'Put `+++ {"tags": ["instructor"]}` before and `+++` after',
                    )
                known: Mapping[str, Hints | Prediction] = (
                    all_hints if data.kind == "hints" else predictions
                )
                if data.number in known:
                    raise SourceError(
                        data.line,
                        f"{data.kind} {data.number} is already defined "
                        f"at line {known[data.number].line}",
                    )
                if data.kind == "hints":
                    all_hints[data.number] = hints_of(data)
                else:
                    predictions[data.number] = prediction_of(data)
    return Lesson(file, tuple(cells), numbers, exercises, all_hints, predictions)
