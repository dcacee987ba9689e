"""Well-formed text: what a Python string can hold, and UTF-8 can't, is a lone surrogate.

An emoji may arrive in two strings: JSON escapes it as two surrogates, and a parser of partial JSON
can yield the first half alone. Encoding such a string raises `UnicodeEncodeError`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def well_formed(text: str) -> str:
    """Join surrogates that are a pair, and replace each lone one by U+FFFD.

    Returns:
        A plain string that every encoding of Unicode accepts, whatever subclass came in.
    """
    if type(text) is str and (text.isascii() or _SURROGATE.search(text) is None):
        return text
    encoded = str.encode(text, "utf-16-le", "surrogatepass")
    return encoded.decode("utf-16-le", "replace")


def well_formed_parts(value: Any) -> Any:
    """A value that JSON can hold, with all strings in it well-formed, a dictionary's keys included.

    Everything else, such as bytes, stays as it is.
    """
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, Mapping):
        return {well_formed_parts(name): well_formed_parts(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [well_formed_parts(part) for part in value]
    return value


def without_half(text: str) -> str:
    """The text so far, without a first half at its end whose other half may still arrive."""
    return text[:-1] if _begins_a_pair(text[-1:]) else text


class Joiner:
    """Joins the halves of a character that arrive in two pieces of a stream."""

    def __init__(self) -> None:
        self._half = ""

    def join(self, piece: str) -> str:
        """Take the next piece, and return what is complete; a half at its end waits."""
        text = self._half + piece
        complete = without_half(text)
        self._half = text[len(complete) :]
        return well_formed(complete)

    def rest(self) -> str:
        """The stream is over: return U+FFFD for a half that still waits, else nothing."""
        half, self._half = self._half, ""
        return well_formed(half)


def _begins_a_pair(character: str) -> bool:
    return "\ud800" <= character <= "\udbff"
