"""The part of `lint_lessons` for headings: the title, the setup section, and each exercise."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from utils.lesson_source import Cell, Lesson, SourceError

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")  # the first or last line of a code block
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.+?)\s*#*$")
_EXERCISE = re.compile(r"^Exercise (\d+\.\d+)\b")
# matches *Write · easy · 5 minutes.*
_EFFORT = re.compile(r"^\*[^*·]+ · (easy|medium|hard) · \d+ minutes?\.\*")


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
        """The exercise number in the heading, such as "1.2"; None if there is none."""
        found = _EXERCISE.match(self.title)
        return found[1] if found else None


def problems(lesson: Lesson) -> Iterator[SourceError]:
    yield from _title(lesson)
    yield from _setup(lesson)
    yield from _exercises(lesson)
    for heading in (one for cell in lesson.cells for one in headings(cell)):
        if heading.cell.instructor and (heading.level <= 2 or heading.exercise):
            yield lesson.error(
                heading.line,
                f"`{heading}` inside the note for instructors that begins at line "
                f"{heading.cell.line}: learners would not see it. Is `+++` missing before it?",
            )


def _title(lesson: Lesson) -> Iterator[SourceError]:
    learners = [cell for cell in lesson.cells if not cell.instructor]
    titles = [one for cell in learners for one in headings(cell) if one.level == 1]
    chapter = re.search(r"(\d\d)_", lesson.file)
    start = f"# {int(chapter[1])}. " if chapter else "# "
    at_top = titles and titles[0].line == lesson.cells[0].line
    if len(titles) != 1 or not at_top or not str(titles[0]).startswith(start):
        yield lesson.error(
            titles[-1].line if titles else 1,
            f"a lesson has one title, at its top, which begins with `{start}`; sections begin with "
            "`##`",
        )


def _setup(lesson: Lesson) -> Iterator[SourceError]:
    section = ""
    for cell in lesson.cells:
        for heading in headings(cell):
            section = heading.title if heading.level == 2 else section
        if "setup" in cell.tags and section == "Setup":
            return
    yield lesson.error(
        1,
        "no setup: a lesson has a section `## Setup` with a code cell tagged `setup`, after which "
        "every other section can be run",
    )


def _exercises(lesson: Lesson) -> Iterator[SourceError]:
    """Check that each exercise is below its heading and has a kind, difficulty and duration."""
    current: Heading | None = None
    unanswered: list[Heading] = []  # headings without a code cell so far
    for cell in lesson.cells:
        for heading in headings(cell):
            if heading.exercise is None:
                if current and heading.level <= current.level:
                    current = None  # the exercise ends here
                continue
            current = heading
            unanswered.append(heading)
        for number in cell.exercises if cell.kind == "code" else ():
            if current is None or current.exercise != number:
                yield lesson.error(
                    cell.line,
                    f"exercise {number} isn't below its heading, which begins with "
                    f"`### Exercise {number} · `",
                )
            elif current in unanswered:
                unanswered.remove(current)
                if not _EFFORT.match(current.below):
                    yield lesson.error(
                        current.line,
                        f"exercise {number} has no kind, difficulty and minutes: begin the text "
                        "below its heading like `*Write · easy · 5 minutes.*` (or medium, or hard)",
                    )
    for heading in unanswered:
        yield lesson.error(
            heading.line, f"no code cell below has the tag of exercise {heading.exercise}"
        )


def headings(cell: Cell) -> list[Heading]:
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
