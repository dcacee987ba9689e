"""Reads a lesson's file with any line endings; invalid characters are reported with their line."""

import codecs
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from utils.lesson_source.lesson import SourceError

_OTHERS = {  # encodings by their BOM, the longer BOMs first
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
# Control characters, Unicode line separators, and a BOM within the text.
_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def read(path: Path) -> str:
    r"""Return a file's text with `\n` line endings on any system, and without a BOM.

    Raises `SourceError`, with the line, for bytes that aren't UTF-8, and for invisible characters
    that tools interpret differently.
    """
    try:
        return _decoded(path.read_bytes())
    except SourceError as error:
        raise SourceError(error.line, error.problem, name_of(path)) from None


@lru_cache(maxsize=8)  # each check reads its lesson several times
def _decoded(raw: bytes) -> str:
    for mark, encoding in _OTHERS.items():
        if raw.startswith(mark):
            raise SourceError(1, f"the file is saved as {encoding}: save it as UTF-8")
    if b"\0" in raw[:4]:
        raise SourceError(1, "the file is saved as UTF-16 or UTF-32: save it as UTF-8")
    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(
            raw.count(b"\n", 0, error.start) + 1,
            f"the byte 0x{raw[error.start]:02X} is not UTF-8: save the file as UTF-8",
        ) from None
    for line, content in enumerate(text.split("\n"), start=1):
        if found := _UNSEEN.search(content):
            raise SourceError(line, _told(found[0], found.start() + 1))
    return text


def name_of(path: Path) -> str:
    """Return a lesson's name for messages, such as `lessons/01_enabling_streaming.md`."""
    return f"{path.parent.name}/{path.name}"


def _told(character: str, column: int) -> str:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "")
    called = f"{code} ({name.lower()})" if name else code
    return (
        f"the character {called} in column {column} can't be seen, and not every program reads it "
        f"alike: delete it, or write it as \\u{ord(character):04x} in a string"
    )
