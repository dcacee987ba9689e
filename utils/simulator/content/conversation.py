"""Plain-text replies: prepared ones, and those that refer to earlier turns."""

from __future__ import annotations

import re

from ..model_request import ModelRequest
from . import extract, prepared_replies

_GO_ON = re.compile(
    r"^\W*(?:please\s+)?(?:continue|go on|carry on|keep going|finish)\b", re.IGNORECASE
)
_AGAIN = re.compile(r"\b(?:again|repeat that|say that once more)\b", re.IGNORECASE)
_MY_NAME = re.compile(r"\bmy name\b[^?\n]{0,200}\?|\bwho am i\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"\bwhat (?:did|have) (?:i|we) (?:just )?(?:say|said|ask|asked|talk|talked)\b"
    r"|\bmy (?:first|last|previous|earlier) (?:question|message)\b",
    re.IGNORECASE,
)
_LONGEST_QUOTE = 80  # characters


def text(request: ModelRequest) -> str:
    """Return the reply as plain text."""
    prompt = request.prompt
    asked = [turn.text[: extract.LONGEST] for turn in request.turns if turn.role == "user"][:-1]
    said = [turn.text for turn in request.turns if turn.role == "assistant" and turn.text]
    if not asked:
        return prepared_replies.answer(prompt, request.seed)
    told = prompt[: extract.LONGEST]
    if _GO_ON.search(told) and said:
        return _rest(asked, said[-1], request.seed)
    if _AGAIN.search(told) and said and len(prompt.split()) < 8:
        return said[-1]
    if _MY_NAME.search(told) and (names := _names(asked)):
        return f"You told me: your name is {names[-1]}."
    if _BEFORE.search(told):
        which = asked[0] if "first" in prompt.lower() else asked[-1]
        return f"You wrote: “{_short(which)}”."
    if prepared_replies.is_prepared(prompt):
        return prepared_replies.answer(prompt, request.seed)
    return (
        f"Before, you wrote “{_short(asked[-1])}”. {prepared_replies.answer(prompt, request.seed)}"
    )


def _rest(asked: list[str], partial: str, seed: int) -> str:
    """Return the missing rest of a truncated reply."""
    for question in reversed(asked):
        whole = prepared_replies.answer(question, seed)
        if partial and whole.startswith(partial) and whole != partial:
            return whole[len(partial) :]
    return "There is nothing more to say: my last reply was complete."


def _names(asked: list[str]) -> list[str]:
    introduced = re.compile(r"(?:my name is|i am|i'm|call me)\s", re.IGNORECASE)
    return [
        name
        for text in asked
        for part in introduced.split(text)[1:]
        for name in extract.proper_names(part.split(".")[0].split(",")[0] + " ")[:1]
        or part.split()[:1]
    ]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…"
