"""Handling of lone surrogates, which a Python string can contain but UTF-8 can't encode.

An emoji may be split across two strings: JSON escapes it as two surrogates, and a parser of partial
JSON can yield the first half alone. Encoding such a string raises `UnicodeEncodeError`.
"""

import codecs
import re
from collections.abc import Mapping
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def well_formed(text: str) -> str:
    """Return a plain `str` with surrogate pairs joined and lone surrogates replaced with U+FFFD."""
    if type(text) is str and (text.isascii() or _SURROGATE.search(text) is None):
        return text
    encoded = str.encode(text, "utf-16-le", "surrogatepass")
    return encoded.decode("utf-16-le", "replace")


def well_formed_parts(value: Any) -> Any:
    """Return a JSON value with all its strings well-formed, including dictionary keys."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, Mapping):
        return {well_formed_parts(name): well_formed_parts(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [well_formed_parts(part) for part in value]
    return value


def without_half(text: str) -> str:
    """Drop the last character if it is the first half of a surrogate pair."""
    return text[:-1] if "\ud800" <= text[-1:] <= "\udbff" else text


class Joiner:
    """Joins the halves of a character that is split across two pieces of a stream."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-16-le")("replace")

    def join(self, piece: str) -> str:
        """Return the characters completed by the next piece; keep a trailing half for later."""
        return self._decoder.decode(str.encode(piece, "utf-16-le", "surrogatepass"))

    def rest(self) -> str:
        """Return U+FFFD if half a character is left at the end of the stream; otherwise ""."""
        return self._decoder.decode(b"", final=True)
