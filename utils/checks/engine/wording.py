"""Helpers for quoting, counting and comparing in check messages."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

_PLURAL = {"was": "were", "is": "are", "has": "have", "doesn't": "don't", "wasn't": "weren't"}
_TIMES = {0: "never", 1: "once", 2: "twice"}


def shown(value: object, longest: int = 60) -> str:
    """Format a string, or an object's `repr`, as inline code of at most `longest` characters."""
    text = value if isinstance(value, str) else repr(value)
    flat = text.replace("\n", "⏎").replace("\r", "␍")
    if len(flat) > longest:
        half = (longest - 3) // 2
        flat = f"{flat[:half]} … {flat[-half:]}"
    runs = {len(run) for run in re.findall("`+", flat)}
    if not runs:
        return f"`{flat}`"
    unused = next(length for length in range(1, len(runs) + 2) if length not in runs)
    marks = "`" * unused  # in Markdown, inline code ends at the next backtick run of this length
    return f"{marks} {flat} {marks}"


def kind(value: object) -> str:
    """Return a value's type with an article, such as "a `list`"."""
    if value is None:
        return "`None`"
    name = "str" if isinstance(value, str) else type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} `{name}`"


def count(number: int, noun: str, verb: str = "") -> str:
    """Return a number with its noun and verb: `count(2, "piece", "was")` gives "2 pieces were"."""
    if number != 1:
        noun = re.sub("([^aeiou])y$", r"\1ie", noun) + "s"  # "reply" becomes "replies"
        verb = _PLURAL.get(verb, verb)
    return f"{number} {noun} {verb}".rstrip()


def times(number: int) -> str:
    """Return how many times something happened, such as "never", "once" or "3 times"."""
    return _TIMES.get(number, f"{number} times")


def listed(values: Iterable[Any]) -> str:
    """Return values as inline code, separated by commas; "nothing" if there are none."""
    return ", ".join(shown(repr(value)) for value in values) or "nothing"


def joined(words: Sequence[str], last: str = "and") -> str:
    """Join words with commas, and with `last` before the final word."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def differ_at(got: Sequence[Any], expected: Sequence[Any]) -> int:
    """Return the index of the first difference, or the shorter length if there is none."""
    pairs = enumerate(zip(got, expected, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(got), len(expected)))


def first_difference(got: str, expected: str) -> str:
    """Return a sentence that shows where two strings begin to differ."""
    at = differ_at(got, expected)
    near = slice(max(0, at - 10), at + 10)
    here, right = (shown(repr(text[near])) for text in (got, expected))
    return f"The first difference is at character {at + 1}: {here} instead of {right}."
