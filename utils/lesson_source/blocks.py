"""Splits a lesson's text into cells, according to jupytext's MyST format."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from utils.lesson_source.lesson import SourceError

FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)$")
_HEADER_LINE = re.compile(r"^\s*([#-]|[\w.-]+:(\s|$)|$)")
_DIRECTIVE = re.compile(r"^\{([^}]*)\}?")


@dataclass(frozen=True)
class Block:
    """A cell as written in the file."""

    kind: Literal["markdown", "code"]
    lines: list[str]
    line: int  # the line in the file where the text begins, counted from 1
    tags: tuple[str, ...]


def blocks(lines: list[str]) -> Iterator[Block]:
    """Yield the cells of a file's `lines`, in order."""
    at = _after_front_matter(lines)
    begin = at
    tags: tuple[str, ...] = ()
    while at < len(lines):
        if lines[at].startswith("+++"):
            yield from _text_block(lines, begin, at, tags)
            tags = _note_tags(lines[at][3:].strip(), at + 1)
            at += 1
            begin = at
        elif opening := FENCE.match(lines[at]):
            info = opening["info"].strip()
            if info.startswith("{"):
                _known_directive(lines[at], at + 1)
            end = closing(lines, at, opening)
            if info.startswith("{code-cell}"):
                yield from _text_block(lines, begin, at, tags)
                yield _code_block(lines[at + 1 : end], at + 2)
                begin, tags = end + 1, ()
            at = end + 1
        else:
            at += 1
    yield from _text_block(lines, begin, at, tags)


def _after_front_matter(lines: list[str]) -> int:
    if not lines or lines[0].rstrip() != "---":
        return 0
    for at, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return at + 1
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise SourceError(
                at + 1, "a tab indents this line of the header, where YAML wants spaces"
            )
        if not _HEADER_LINE.match(line):
            raise SourceError(
                at + 1,
                f"`{line.strip()}` in the header is not `name: value`: is a colon missing, or the "
                "`---` that closes the header?",
            )
    raise SourceError(1, "the header that opens with `---` is never closed")


def _known_directive(opening: str, line: int) -> None:
    info = opening.strip().lstrip("`~").strip()
    found = _DIRECTIVE.match(info)
    name = found[1] if found else ""
    if name == "literalinclude":
        return
    if name != "code-cell":
        raise SourceError(line, f"unknown directive {{{name}}}: is {{code-cell}} meant?")
    if opening.startswith(" "):
        raise SourceError(line, "a code cell inside a list: begin the line with its fence")


def closing(lines: list[str], at: int, opening: re.Match[str]) -> int:
    """Return the index of the line that closes the fence `opening`, which is at index `at`."""
    fence, info = opening["fence"], opening["info"].strip()
    for end in range(at + 1, len(lines)):
        inner = FENCE.match(lines[end])
        if inner and inner["fence"].startswith(fence):
            within = inner["info"].strip()
            if not within:
                return end
            # A Python string may contain a line that looks like the start of a block.
            begins = not info.startswith("{code-cell}") or bool(_DIRECTIVE.match(within))
        else:
            begins = info.startswith("{") and lines[end].startswith("+++")
        if begins:
            raise SourceError(
                at + 1,
                f"the block that opens here is not closed: at line {end + 1} something else begins",
            )
    raise SourceError(at + 1, f"the block that opens here with `{fence}` is never closed")


def _text_block(lines: list[str], begin: int, end: int, tags: tuple[str, ...]) -> Iterator[Block]:
    while begin < end and not lines[begin].strip():
        begin += 1
    while end > begin and not lines[end - 1].strip():
        end -= 1
    if begin < end:
        yield Block("markdown", [*lines[begin : end - 1], lines[end - 1].rstrip()], begin + 1, tags)


def _code_block(lines: list[str], line: int) -> Block:
    tags: tuple[str, ...] = ()
    at = 0
    while at < len(lines) and lines[at].startswith((":", "---")):
        found = re.fullmatch(r":tags: \[([^\[\]]*)\]\s*", lines[at])
        if not found:
            raise SourceError(
                line + at, f"unknown cell option `{lines[at]}`: write `:tags: [one, two]`"
            )
        tags += tuple(tag.strip(" \"'") for tag in found[1].split(",") if tag.strip())
        at += 1
    if at < len(lines) and not lines[at].strip():
        at += 1
    if lines[at:] and not lines[at].strip():
        raise SourceError(
            line + at, "a second blank line at the beginning of a code cell: delete it"
        )
    if lines[at:] and not lines[-1].strip():
        raise SourceError(
            line + len(lines) - 1, "a blank line at the end of a code cell: delete it"
        )
    return Block("code", lines[at:], line + at, tags)


def _note_tags(text: str, line: int) -> tuple[str, ...]:
    if not text:
        return ()
    try:
        metadata = json.loads(text)
        tags = metadata.pop("tags")
        if metadata or not all(isinstance(tag, str) for tag in tags):
            raise ValueError(text)
    except (ValueError, AttributeError, KeyError, TypeError):
        raise SourceError(
            line, 'after `+++` write nothing, or tags such as {"tags": ["instructor"]}'
        ) from None
    return tuple(tags)
