"""Lint for a lesson's headings: its title, its setup section, and the heading of each exercise."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from utils.lesson_source import Cell, Lesson, SourceError

FEWEST_EXERCISES = 4
SETUP = "Setup"

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.+?)\s*#*$")
_EXERCISE = re.compile(r"^Exercise (\d+\.\d+)\b")
_EFFORT = re.compile(r"^\*[^*·]+ · (easy|medium|hard) · \d+ minutes?\.\*")
_TIME = re.compile(r"^\*\*Time:\*\* \d+ minutes\b", re.MULTILINE)


@dataclass(frozen=True)
class Heading:
    """A heading in a Markdown cell, and the next nonblank line."""

    cell: Cell
    line: int
    level: int
    title: str
    below: str

    def __str__(self) -> str:
        return f"{'#' * self.level} {self.title}"

    @property
    def exercise(self) -> str | None:
        """The number of the heading's exercise, such as "1.2", or None."""
        found = _EXERCISE.match(self.title)
        return found[1] if found else None


def headings(lesson: Lesson) -> list[Heading]:
    """Return all headings in order, including those of instructor notes."""
    return [one for cell in lesson.cells if cell.kind == "markdown" for one in _headings(cell)]


def title(lesson: Lesson) -> str | None:
    """Return the lesson's title with its number, such as "1. Enabling Streaming", or None."""
    titles = (one.title for one in headings(lesson) if one.level == 1 and not one.cell.instructor)
    return next(titles, None)


def problems(lesson: Lesson) -> Iterator[SourceError]:
    """Return all problems with a lesson's headings."""
    yield from _swallowed(lesson)
    yield from _title(lesson)
    yield from _setup(lesson)
    yield from _exercises(lesson)
    number = len(lesson.exercises)
    if number < FEWEST_EXERCISES:
        counted = f"{number or 'no'} exercise{'' if number == 1 else 's'}"
        yield lesson.error(1, f"{counted}; a lesson has at least {FEWEST_EXERCISES}")
    if not any(_TIME.search(cell.source) for cell in lesson.cells if not cell.instructor):
        yield lesson.error(
            1, "there is no line with the lesson's minutes: write `**Time:** 60 minutes`"
        )


def _swallowed(lesson: Lesson) -> Iterator[SourceError]:
    """Find sections and exercises inside an instructor note whose end is probably missing."""
    for heading in headings(lesson):
        if heading.cell.instructor and (heading.level <= 2 or heading.exercise):
            yield lesson.error(
                heading.line,
                f"`{heading}` inside the note for instructors that begins at line "
                f"{heading.cell.line}: learners would not see it. Is `+++` missing before it?",
            )


def _title(lesson: Lesson) -> Iterator[SourceError]:
    titles = [one for one in headings(lesson) if one.level == 1 and not one.cell.instructor]
    chapter = re.search(r"(\d\d)_", lesson.file)
    start = f"# {int(chapter[1])}. " if chapter else "# "
    if not titles:
        yield lesson.error(1, f"no title: begin with `{start}` and the lesson's name")
        return
    if not str(titles[0]).startswith(start):
        yield lesson.error(
            titles[0].line,
            f"the title `{titles[0]}` doesn't begin with `{start}`, the number in the file's name",
        )
    for other in titles[1:]:
        yield lesson.error(
            other.line, f"a second title `{other}`: a lesson has one, its sections begin with `##`"
        )


def _setup(lesson: Lesson) -> Iterator[SourceError]:
    section = ""
    there = False
    for cell in lesson.cells:
        for heading in _headings(cell):
            section = heading.title if heading.level == 2 else section
        if "setup" in cell.tags:
            there = True
            if section != SETUP:
                yield lesson.error(
                    cell.line, f"a cell tagged `setup` outside the section `## {SETUP}`"
                )
    if not there:
        yield lesson.error(
            1,
            f"no setup: a lesson has a section `## {SETUP}` with a code cell tagged `setup`, after "
            "which every other section can be run",
        )


def _exercises(lesson: Lesson) -> Iterator[SourceError]:
    """Check that each exercise has one heading with its number, kind, difficulty and minutes."""
    first: dict[str, Heading] = {}
    answered: set[Heading] = set()
    current: Heading | None = None
    for cell in lesson.cells:
        for heading in _headings(cell):
            if heading.exercise is None:
                current = None if current and heading.level <= current.level else current
                continue
            current = heading
            if heading.exercise in first:
                yield lesson.error(
                    heading.line,
                    f"a second heading of exercise {heading.exercise}; the first is at line "
                    f"{first[heading.exercise].line}",
                )
            else:
                first[heading.exercise] = heading
                yield from _effort(lesson, heading)
        for number in cell.exercises if cell.kind == "code" else ():
            if current is None:
                yield lesson.error(
                    cell.line,
                    f"exercise {number} has no heading: write `### Exercise {number} · ` and what "
                    "it is about above it",
                )
                continue
            answered.add(current)
            if current.exercise != number:
                yield lesson.error(
                    cell.line,
                    f"exercise {number} is under the heading of exercise {current.exercise} "
                    f"(line {current.line})",
                )
    for heading in first.values():
        if heading not in answered and not heading.cell.instructor:
            yield lesson.error(
                heading.line, f"no code cell below has the tag of exercise {heading.exercise}"
            )


def _effort(lesson: Lesson, heading: Heading) -> Iterator[SourceError]:
    if not heading.cell.instructor and not _EFFORT.match(heading.below):
        yield lesson.error(
            heading.line,
            f"exercise {heading.exercise} has no kind, difficulty and minutes: begin the text "
            "below its heading like `*Write · easy · 5 minutes.*` (or medium, or hard)",
        )


def _headings(cell: Cell) -> list[Heading]:
    """Return a Markdown cell's headings, ignoring `#` lines in code blocks."""
    if cell.kind != "markdown":
        return []
    found: list[Heading] = []
    fence = ""
    lines = cell.source.splitlines()
    for at, text in enumerate(lines):
        opening = _FENCE.match(text)
        if fence:
            fence = "" if text.strip().startswith(fence) else fence
        elif opening:
            fence = opening[1]
        elif heading := _HEADING.match(text):
            below = next((one.strip() for one in lines[at + 1 :] if one.strip()), "")
            found.append(Heading(cell, cell.line + at, len(heading[1]), heading[2], below))
    return found
