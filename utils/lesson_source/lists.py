"""Parses hints and predictions, which are Markdown lists in an instructor's note."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from utils.lesson_source.blocks import FENCE, Block, closing
from utils.lesson_source.lesson import NUMBER, Choice, Hints, Prediction, SourceError

_HEADING = re.compile(
    r"\*\*Hints for exercise (?P<hints>[^*]*)\*\*\s*$"
    r"|\*\*Prediction (?P<prediction>[^*:]*):\*\*\s*(?P<question>.*)$"
)
_LIKE_A_HEADING = re.compile(r"(?i)\s*[*_#]*\s*(hints? for|prediction p?\d)")
_STEP = re.compile(r"\d+[.)] +(.*)$")
_CHOICE = re.compile(r"[-*] +\[(.?)\] *(.*)$")
_FEEDBACK = re.compile(r"\s+> ?(.*)$")

Kind = Literal["hints", "prediction"]


@dataclass(frozen=True)
class Data:
    """A heading and the list below it."""

    kind: Kind
    number: str  # the number in the heading
    question: str  # the prediction's question; empty for hints
    items: list[list[str]]  # each item's lines, as written
    line: int  # the heading's line in the file


def data_lists(block: Block) -> Iterator[Data]:
    """Yield the hints and predictions in a Markdown cell."""
    at = 0
    while at < len(block.lines):
        text, line = block.lines[at], block.line + at
        if opening := FENCE.match(text):
            at = closing(block.lines, at, opening) + 1
            continue
        at += 1
        if found := _HEADING.match(text):
            kind: Kind = "prediction" if found["hints"] is None else "hints"
            number = found[kind].strip()
            if not NUMBER.match(number) or (kind == "prediction") != number.startswith("P"):
                meant = (
                    "a number such as P1.2" if kind == "prediction" else "a name such as 1.words"
                )
                raise SourceError(line, f"`{text}` needs {meant}")
            items, at = _items(block.lines, at)
            yield Data(kind, number, found["question"] or "", items, line)
        elif _LIKE_A_HEADING.match(text):
            raise SourceError(
                line,
                f"`{text}` is not quite a heading: write `**Hints for exercise 1.words**` or "
                "`**Prediction P1.2:** The question?`",
            )


def _items(lines: list[str], at: int) -> tuple[list[list[str]], int]:
    """Return the items of the list that begins at `at`, and the index of the line after it."""
    items: list[list[str]] = []
    while at < len(lines):
        text = lines[at]
        if _STEP.match(text) or _CHOICE.match(text):
            items.append([text])
        elif items and text.startswith("  "):
            items[-1].append(text)
        elif text.strip():
            break
        at += 1
    return items, at


def hints_of(data: Data) -> Hints:
    """Return the hints in a numbered list."""
    steps = []
    for item in data.items:
        first = _STEP.match(item[0])
        if not (first and first[1].strip()):
            raise SourceError(data.line, f"hints {data.number}: `{item[0]}` is not a numbered step")
        steps.append("\n".join([first[1], *(text.strip() for text in item[1:])]).strip())
    if not steps:
        raise SourceError(data.line, f"hints {data.number}: no numbered list follows")
    return Hints(data.line, tuple(steps))


def prediction_of(data: Data) -> Prediction:
    """Return the prediction that a task list describes."""
    name = f"prediction {data.number}"
    if not data.question.strip():
        raise SourceError(data.line, f"{name}: the question is missing after the colon")
    choices = []
    for item in data.items:
        choice = _choice(item)
        if choice is None:
            raise SourceError(
                data.line,
                f"{name}: a choice is `- [ ] text`, `- [x] text` if it is right, and feedback "
                f"below it as `  > text`, unlike `{item[0]}`",
            )
        if not choice.right and not choice.feedback:
            raise SourceError(
                data.line,
                f"{name}: the wrong choice `{choice.text}` needs feedback that names the "
                "misconception",
            )
        choices.append(choice)
    right = sum(choice.right for choice in choices)
    if right != 1:
        raise SourceError(data.line, f"{name} has {right} right choices instead of one")
    if len(choices) < 2:
        raise SourceError(data.line, f"{name} has no wrong choice")
    return Prediction(data.line, data.question.strip(), tuple(choices))


def _choice(item: list[str]) -> Choice | None:
    first = _CHOICE.match(item[0])
    quoted = [_FEEDBACK.match(text) for text in item[1:]]
    if not first or first[1] not in (" ", "x") or not first[2].strip() or not all(quoted):
        return None
    feedback = " ".join(found[1].strip() for found in quoted if found)
    return Choice(first[2].strip(), feedback, first[1] == "x")
