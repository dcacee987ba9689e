"""Splits a lesson, written in jupytext's MyST format, into cells with the text of both editions."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from utils.lesson_source.lesson import Cell, Region, SourceError

DEFAULT_STUB = "...  # your code here"

_HEADER = re.compile(r"---[ \t]*\n.*?\n---[ \t]*\n", re.DOTALL)  # YAML at the top of a file
_NOTE = re.compile(r'\+\+\+\s*(?:\{"tags": \[(.*)\]\})?\s*')  # `+++ {"tags": ["instructor"]}`
_OPTION = re.compile(r":tags: \[(.*)\]\s*")  # such as `:tags: [exercise-words]`
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)")  # such as "```python"
_DIRECTIVES = ("```{code-cell}", "```{literalinclude}")

# A marker, possibly misspelled, such as `# Begin solution:`.
_MARKER = re.compile(r"(?im)^[ \t]*#+[ \t]*(begin solution|stub|end solution)[^\w\n]*$")
_REGION = re.compile(  # groups: the solution, and the stub, if any
    r"^[ \t]*### BEGIN SOLUTION[ \t]*\n(.*?)"
    r"(?:^[ \t]*### STUB[ \t]*\n(.*?))?"
    r"^[ \t]*### END SOLUTION[ \t]*\n",
    re.MULTILINE | re.DOTALL,
)


def cells(text: str) -> Iterator[Cell]:
    """Yield the cells of a lesson, in order."""
    lines = text.split("\n")
    header = _HEADER.match(text)
    if header is None and lines[0].rstrip() == "---":
        raise SourceError(1, "the header that opens with `---` is never closed")
    begin = at = header[0].count("\n") if header else 0  # line indexes
    tags: tuple[str, ...] = ()  # the tags of the cell that starts at `begin`
    while at < len(lines):
        opening = _FENCE.match(lines[at])
        if lines[at].startswith("+++"):
            yield from _markdown(lines, begin, at, tags)
            tags = _tags(_NOTE, lines[at], at, '`+++`, or `+++ {"tags": ["instructor"]}`')
            begin = at = at + 1
        elif opening:
            end = _closing(lines, at, opening)
            if lines[at].startswith("```{code-cell}"):
                yield from _markdown(lines, begin, at, tags)
                yield _code(lines, at + 1, end)
                begin, tags = end + 1, ()
            at = end + 1
        else:
            at += 1
    yield from _markdown(lines, begin, at, tags)


def _closing(lines: list[str], at: int, opening: re.Match[str]) -> int:
    """Return the index of the line that closes the block opened by `opening` at index `at`."""
    directive = opening["info"].lstrip().startswith("{")
    if directive and not lines[at].startswith(_DIRECTIVES):
        raise SourceError(
            at + 1, f"unknown directive `{lines[at]}`: a code cell begins with ```{{code-cell}}"
        )
    for end in range(at + 1, len(lines)):
        inner = _FENCE.match(lines[end])
        if inner and inner["fence"].startswith(opening["fence"]):
            if not inner["info"].strip():
                return end
            # In a code cell, a fence without `{` may be part of a Python string.
            next_begins = not directive or inner["info"].startswith("{")
        else:
            next_begins = directive and lines[end].startswith("+++")
        if next_begins:
            raise SourceError(
                at + 1,
                f"the block that opens here is not closed before the next one, at line {end + 1}",
            )
    raise SourceError(at + 1, "the block that opens here is never closed")


def _markdown(lines: list[str], begin: int, end: int, tags: tuple[str, ...]) -> Iterator[Cell]:
    if any(line.strip() for line in lines[begin:end]):
        yield _cell("markdown", lines, begin, end, tags)


def _code(lines: list[str], begin: int, end: int) -> Cell:
    tags: tuple[str, ...] = ()
    if lines[begin].startswith(":"):
        tags = _tags(_OPTION, lines[begin], begin, "`:tags: [one, two]`")
        begin += 1
    return _cell("code", lines, begin, end, tags)


def _tags(form: re.Pattern[str], text: str, at: int, wanted: str) -> tuple[str, ...]:
    found = form.fullmatch(text)
    if found is None:
        raise SourceError(at + 1, f"write {wanted} instead of `{text}`")
    return tuple(tag.strip(" \"'") for tag in (found[1] or "").split(",") if tag.strip())


def _cell(
    kind: Literal["markdown", "code"], lines: list[str], begin: int, end: int, tags: tuple[str, ...]
) -> Cell:
    """Return a cell with its solutions parsed and the blank lines around it removed."""
    while begin < end and not lines[begin].strip():
        begin += 1
    source = "\n".join(lines[begin:end]).rstrip()
    text = f"{source}\n"
    found = [] if kind == "markdown" else list(_REGION.finditer(text))
    _check_markers(text, begin + 1, found)
    regions = tuple(_region(one, begin + 1 + text.count("\n", 0, one.start())) for one in found)
    stubs = iter(regions)
    solved = _REGION.sub(r"\1", text).removesuffix("\n")
    learner = _REGION.sub(lambda _: f"{next(stubs).stub}\n", text).removesuffix("\n")
    return Cell(kind, source, begin + 1, tags, solved, learner, regions)


def _check_markers(text: str, line: int, regions: Iterable[re.Match[str]]) -> None:
    """Raise an error if a marker isn't part of a region, such as a misspelled one."""
    for region in regions:
        between = [part for part in region.groups() if part is not None]
        text = text.replace(region[0], "\n".join(["", *between, ""]), 1)  # keeps the line count
    if marker := _MARKER.search(text):
        raise SourceError(
            line + text.count("\n", 0, marker.start()),
            f"`{marker[0].strip()}` is out of place or misspelled, or its end is missing: a code "
            "cell has `### BEGIN SOLUTION`, perhaps `### STUB`, then `### END SOLUTION`",
        )


def _region(found: re.Match[str], line: int) -> Region:
    solution, stub = found.groups()
    if not solution.strip() or (stub is not None and not stub.strip()):
        raise SourceError(line, "this solution, or its stub, is empty")
    if stub is None:
        indent = re.search(r"^[ \t]*(?=\S)", solution, re.MULTILINE)  # the first line's indent
        stub = f"{indent[0] if indent else ''}{DEFAULT_STUB}\n"
    elif wrong := re.search(r"^[ \t]*(?!# |#$)\S.*", stub, re.MULTILINE):
        raise SourceError(line, f"a line of a stub starts with `# `, unlike `{wrong[0].strip()}`")
    stub = re.sub(r"^([ \t]*)# ?", r"\1", stub, flags=re.MULTILINE)
    stub = re.sub(r"[ \t]+$", "", stub, flags=re.MULTILINE)
    return Region(line, solution.removesuffix("\n"), stub.removesuffix("\n"))
