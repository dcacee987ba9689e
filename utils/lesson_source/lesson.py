"""A lesson's parts: cells, exercises, hints and predictions; and the error for a broken source."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

NUMBER = re.compile(r"^P?\d+\.\d+$")  # of an exercise, or with a P of a prediction
_EXERCISE_TAG = re.compile(r"^exercise-(\d+\.\d+)$")


class SourceError(Exception):
    """A lesson's source that can't be used; the message starts with `file:line: `."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem


@dataclass(frozen=True)
class Region:
    """A solution between its markers, and the stub that replaces it.

    Attributes:
        line: Line of `### BEGIN SOLUTION` in the file, from 1.
        solution: The solution's lines as written.
        stub: What the learner sees instead.
    """

    line: int
    solution: str
    stub: str


@dataclass(frozen=True)
class Cell:
    """One cell of a lesson.

    Attributes:
        kind: "markdown" or "code".
        source: The text as written, markers included.
        line: The line in the file, from 1, where `source` begins.
        tags: The cell's tags.
        solved: The text of the instructor's edition.
        learner: The text of the learner's edition.
        regions: The solutions in it.
    """

    kind: Literal["markdown", "code"]
    source: str
    line: int
    tags: tuple[str, ...]
    solved: str
    learner: str
    regions: tuple[Region, ...] = ()

    @property
    def instructor(self) -> bool:
        """Whether the cell is in the instructor's edition only."""
        return "instructor" in self.tags

    @property
    def exercises(self) -> tuple[str, ...]:
        """The exercises that the cell is tagged with, such as `("1.2",)`."""
        return tuple(found[1] for tag in self.tags if (found := _EXERCISE_TAG.match(tag)))


@dataclass(frozen=True)
class Choice:
    """A choice of a prediction; `feedback` names the misconception behind a wrong one."""

    text: str
    feedback: str
    right: bool


@dataclass(frozen=True)
class Prediction:
    """A question that the learner answers before running the code."""

    line: int
    question: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Hints:
    """An exercise's hints, from a nudge to nearly the answer."""

    line: int
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """One lesson's source.

    Attributes:
        file: How messages name it, such as `lessons/01_enabling_streaming.md`.
        cells: In order.
        numbers: The number of each exercise, by its name.
        exercises: The cell of each exercise, by its number such as "1.2".
        hints: By exercise.
        predictions: By their number such as "1.1".
    """

    file: str
    cells: tuple[Cell, ...]
    numbers: Mapping[str, str]
    exercises: Mapping[str, Cell]
    hints: Mapping[str, Hints]
    predictions: Mapping[str, Prediction]

    def error(self, line: int, problem: str) -> SourceError:
        """An error at a line of this lesson."""
        return SourceError(self.file, line, problem)
