"""Hints and predictions: TOML in an instructor's note, read and checked."""

import re
import tomllib
from dataclasses import dataclass
from typing import Any, Literal

from utils.source.blocks import FENCE, Block, closing
from utils.source.lesson import NUMBER, Choice, Hints, Prediction, SourceError


@dataclass(frozen=True)
class Data:
    """A fenced block of TOML; `line` is that of its opening fence."""

    kind: Literal["hints", "prediction"]
    number: str
    body: list[str]
    line: int


def data_blocks(block: Block, file: str) -> list[Data]:
    """The hints and predictions in a Markdown cell, not read yet.

    Raises:
        SourceError: One has no number.
    """
    found: list[Data] = []
    at = 0
    while at < len(block.lines):
        opening = FENCE.match(block.lines[at])
        if not opening:
            at += 1
            continue
        end = closing(block.lines, at, opening, file)
        info = opening["info"].strip()
        if info.startswith(("{hints}", "{prediction}")):
            kind: Literal["hints", "prediction"] = (
                "hints" if info.startswith("{hints}") else "prediction"
            )
            number = info.removeprefix(f"{{{kind}}}").strip()
            if not NUMBER.match(number):
                raise SourceError(
                    file, block.line + at, f"`{{{kind}}}` needs a number such as `{{{kind}}} 1.2`"
                )
            found.append(Data(kind, number, block.lines[at + 1 : end], block.line + at))
        at = end + 1
    return found


def _toml(data: Data, keys: set[str], file: str) -> dict[str, Any]:
    try:
        values = tomllib.loads("\n".join(data.body))
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        line = data.line + (int(where[1]) if where else len(data.body))
        raise SourceError(file, line, f"{data.kind} {data.number} is not TOML: {error}") from None
    if set(values) != keys:
        raise SourceError(
            file,
            data.line,
            f"{data.kind} {data.number} has {sorted(values)} instead of {sorted(keys)}",
        )
    return values


def hints_of(data: Data, file: str) -> Hints:
    """The hints that a block holds.

    Raises:
        SourceError: They are not a list of texts.
    """
    steps = _toml(data, {"steps"}, file)["steps"]
    if not (isinstance(steps, list) and steps and all(_is_text(step) for step in steps)):
        raise SourceError(file, data.line, f"hints {data.number}: `steps` is a list of texts")
    return Hints(data.line, tuple(step.strip() for step in steps))


def prediction_of(data: Data, file: str) -> Prediction:
    """The prediction that a block holds.

    Raises:
        SourceError: It has not one right choice and some wrong ones, or a wrong one lacks feedback.
    """
    values = _toml(data, {"question", "choice"}, file)
    name = f"prediction {data.number}"
    if not _is_text(values["question"]):
        raise SourceError(file, data.line, f"{name}: `question` is a text")
    choices: list[Choice] = []
    for item in values["choice"]:
        unknown = set(item) - {"text", "feedback", "right"}
        if unknown or not _is_text(item.get("text")):
            raise SourceError(
                file, data.line, f"{name}: a choice has `text`, `feedback` and perhaps `right`"
            )
        choice = Choice(item["text"], item.get("feedback", "").strip(), item.get("right") is True)
        if not choice.right and not choice.feedback:
            raise SourceError(
                file,
                data.line,
                f"{name}: the wrong choice `{choice.text}` needs feedback that names the "
                "misconception",
            )
        choices.append(choice)
    right = sum(choice.right for choice in choices)
    if right != 1:
        raise SourceError(file, data.line, f"{name} has {right} right choices instead of one")
    if len(choices) < 2:
        raise SourceError(file, data.line, f"{name} has no wrong choice")
    return Prediction(data.line, values["question"].strip(), tuple(choices))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
