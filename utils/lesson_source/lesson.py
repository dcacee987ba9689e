"""Lesson parts (cells, exercises, hints, predictions) and the error for invalid sources."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

NUMBER = re.compile(r"^P?\d+\.\d+$")  # an exercise number or, with a P, a prediction number
# `numbers.numbered` first replaces a tag such as `exercise-words` with `exercise-1.2`.
_EXERCISE_TAG = re.compile(r"^exercise-(\d+\.\d+)$")
# matches an exercise's number in a message, such as `exercise 1.2` or `check("1.2"`
_SHOWN = re.compile(r'((?:[Ee]xercise|hints) |(?:check|solution)\(")(\d+\.\d+)')


class SourceError(Exception):
    """Raised if a lesson source is invalid; the message starts with `file:line: `."""

    def __init__(self, line: int, problem: str, file: str = "") -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem


@dataclass(frozen=True)
class Region:
    """A solution between its markers, and the stub that replaces it."""

    line: int  # the line of `### BEGIN SOLUTION` in the file, counted from 1
    solution: str  # the lines of the solution, as written
    stub: str  # the lines that replace the solution in the learner's edition


@dataclass(frozen=True)
class Cell:
    """One cell of a lesson."""

    kind: Literal["markdown", "code"]
    source: str  # the text as written, including markers
    line: int  # the line in the file where `source` begins, counted from 1
    tags: tuple[str, ...]
    solved: str  # the text in the instructor's edition
    learner: str  # the text in the learner's edition
    regions: tuple[Region, ...] = ()

    @property
    def instructor(self) -> bool:
        """Whether the cell appears only in the instructor's edition."""
        return "instructor" in self.tags

    @property
    def exercises(self) -> tuple[str, ...]:
        """The exercises that the cell is tagged with, such as `("1.2",)`."""
        return tuple(found[1] for tag in self.tags if (found := _EXERCISE_TAG.match(tag)))


@dataclass(frozen=True)
class Choice:
    """A choice in a prediction; for a wrong one, `feedback` names the misconception."""

    text: str
    feedback: str
    right: bool = False


@dataclass(frozen=True)
class Prediction:
    """A question that the learner answers before running the code."""

    line: int  # the line in the file where the prediction begins, counted from 1
    question: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Hints:
    """The hints for an exercise, from a nudge to almost the full answer."""

    line: int  # the line in the file where the hints begin, counted from 1
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """The parsed source of a lesson."""

    file: str  # the path shown in messages, such as `lessons/01_enabling_streaming.md`
    cells: list[Cell]  # in order
    numbers: Mapping[str, str]  # each exercise's number, by name
    exercises: dict[str, Cell]  # each exercise's cell, by number, such as "1.2"
    hints: dict[str, Hints]  # by exercise number
    predictions: dict[str, Prediction]  # by number, such as "P1.1"

    def error(self, line: int, problem: str) -> SourceError:
        """Return a `SourceError` for a line of this lesson, with exercises' names, not numbers."""
        names = {
            number: f"{number.partition('.')[0]}.{name}" for name, number in self.numbers.items()
        }
        problem = _SHOWN.sub(lambda found: found[1] + names.get(found[2], found[2]), problem)
        return SourceError(line, problem, self.file)
