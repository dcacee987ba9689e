"""Derives the instructor's and the learner's versions of a cell from its solution markers."""

import difflib
import re

from utils.lesson_source.blocks import Block
from utils.lesson_source.lesson import Cell, Region, SourceError

DEFAULT_STUB = "...  # your code here"

_MARKER = re.compile(r"^\s*### (BEGIN SOLUTION|STUB|END SOLUTION)\s*$")
_MARKERS = ("BEGIN SOLUTION", "STUB", "END SOLUTION")
_COMMENT = re.compile(r"\s*#+\s*(\w[\w\s-]*)\W*$")


def cell_of(block: Block) -> Cell:
    """Make a cell from a block, with the solutions and stubs between its markers."""
    source = "\n".join(block.lines)
    if block.kind == "markdown":
        for line, text in enumerate(block.lines, start=block.line):
            if _MARKER.match(text):
                raise SourceError(
                    line, f"`{text.strip()}` outside a code cell: it marks nothing here"
                )
        return Cell("markdown", source, block.line, block.tags, solved=source, learner=source)
    solved, learner, regions = _split(block)
    return Cell("code", source, block.line, block.tags, solved, learner, regions)


def _split(block: Block) -> tuple[str, str, tuple[Region, ...]]:
    solved: list[str] = []
    learner: list[str] = []
    regions: list[Region] = []
    answer: list[str] = []
    stub: list[str] | None = None
    opened = 0  # the line on which the current region begins; 0 outside a region
    for line, text in enumerate(block.lines, start=block.line):
        found = _MARKER.match(text)
        marker = found[1] if found else None
        if not marker and _almost_a_marker(text):
            raise SourceError(
                line,
                f"`{text.strip()}` is not quite a marker: write `### BEGIN SOLUTION`, `### STUB` "
                "or `### END SOLUTION`",
            )
        if marker == "BEGIN SOLUTION":
            if opened:
                raise SourceError(
                    line,
                    f"`### END SOLUTION` is missing above this `### BEGIN SOLUTION`: the solution "
                    f"that opens at line {opened} is still open",
                )
            opened, answer, stub = line, [], None
        elif marker and not opened:
            raise SourceError(line, f"`### {marker}` without `### BEGIN SOLUTION` before it")
        elif marker == "STUB":
            if stub is not None:
                raise SourceError(line, "a second `### STUB` in one solution")
            stub = []
        elif marker == "END SOLUTION":
            region = _region(opened, answer, stub)
            regions.append(region)
            solved.append(region.solution)
            learner.append(region.stub)
            opened = 0
        elif not opened:
            solved.append(text)
            learner.append(text)
        elif stub is None:
            answer.append(text)
        else:
            stub.append(_uncommented(text, line))
    if opened:
        raise SourceError(
            opened,
            "`### BEGIN SOLUTION` is never closed: `### END SOLUTION` is missing from its cell",
        )
    return "\n".join(solved), "\n".join(learner), tuple(regions)


def _almost_a_marker(text: str) -> bool:
    comment = _COMMENT.match(text)
    return bool(comment and difflib.get_close_matches(comment[1].upper(), _MARKERS, cutoff=0.85))


def _region(line: int, answer: list[str], stub: list[str] | None) -> Region:
    first = next((text for text in answer if text.strip()), None)
    if first is None:
        raise SourceError(line, "this solution is empty")
    if stub is None:
        indent = first[: len(first) - len(first.lstrip())]
        stub = [indent + DEFAULT_STUB]
    elif not any(text.strip() for text in stub):
        raise SourceError(line, "the stub of this solution is empty")
    return Region(line, "\n".join(answer), "\n".join(stub))


def _uncommented(text: str, line: int) -> str:
    """Return a stub's line without its `# `; a blank line is kept."""
    found = re.fullmatch(r"(\s*)#(?: (.*))?", text)
    if found:
        return (found[1] + (found[2] or "")).rstrip()
    if text.strip():
        raise SourceError(
            line,
            f"a stub's line starts with `# `, unlike `{text.strip()}`; or is `### END SOLUTION` "
            "missing above it?",
        )
    return ""
