"""Splits text and requests into tokens, using a regular expression rather than a vocabulary."""

import json
import math
import re

from .model_request import ModelRequest

_WORD = re.compile(
    r"[ \t]?[^\W\d_]+"  # a word with the space before it
    r"|[ \t]?\d{1,3}"  # a number in groups of up to three digits
    r"|[ \t]?(?:[^\w\s]|_){1,3}"  # punctuation, emoji, combining marks
    r"|\n+"
    r"|\s"
)
_TOKENS_PER_MESSAGE = 3  # overhead per message, in addition to the tokens of its text
_MAX_LETTERS = 6  # maximum number of letters in a token; yields about 4/3 tokens per English word


def split(text: str) -> tuple[str, ...]:
    """Split `text` into tokens, which concatenate to exactly `text`.

    A token is about three quarters of an English word, the ratio that providers quote. As with
    real tokenizers, a token may end inside a word, an emoji or an accented letter.
    """
    return tuple(token for word in _WORD.findall(text) for token in _shortened(word))


def split_json(text: str) -> tuple[str, ...]:
    """Split JSON into tokens; as in many tokenizers, each digit is a separate token."""
    tokens: list[str] = []
    for token in split(text):
        tokens += re.findall(r"\s?\d", token) if token.strip().isdigit() else [token]
    return tuple(tokens)


def prompt_tokens(request: ModelRequest) -> list[str]:
    """Return the tokens of the tool definitions and the conversation, in that order."""
    tokens: list[str] = []
    for tool in request.tools:
        tokens += split(f"{tool.name} {tool.description} {json.dumps(tool.parameters)}")
    for turn in request.turns:
        tokens += [turn.role] * _TOKENS_PER_MESSAGE
        for text in (turn.text, *(call.arguments for call in turn.calls)):
            tokens += split(text)
    return tokens + ["assistant"] * _TOKENS_PER_MESSAGE


def _shortened(word: str) -> list[str]:
    """Split a long word into tokens of nearly equal length."""
    count = math.ceil(len(word.strip()) / _MAX_LETTERS) or 1
    size = math.ceil(len(word) / count)
    return [word[start : start + size] for start in range(0, len(word), size)]
