"""Reads a lesson file with any line endings, and reports the line of any invalid character."""

import re
from pathlib import Path

from utils.lesson_source.lesson import SourceError

# Control characters, Unicode line separators, and a BOM within the text.
_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def read(path: Path) -> str:
    r"""Return a file's text, without a BOM and with all line endings converted to `\n`.

    Raises `SourceError`, with the line number, for bytes that aren't UTF-8 and for invisible
    characters that different tools interpret differently.
    """
    raw = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = f"the byte 0x{raw[error.start]:02X} is not UTF-8: save the file as UTF-8"
        raise SourceError(line, problem, name_of(path)) from None
    if found := _UNSEEN.search(text):
        *lines_before, start_of_line = text[: found.start()].split("\n")
        code = f"{ord(found[0]):04x}"
        raise SourceError(
            len(lines_before) + 1,
            f"the character U+{code.upper()} in column {len(start_of_line) + 1} "
            "is invisible, and programs interpret it differently: delete it, or write it as "
            rf"\u{code} in a string",
            name_of(path),
        )
    return text


def name_of(path: Path) -> str:
    """Return a lesson's name for messages, such as `lessons/01_enabling_streaming.md`."""
    return f"{path.parent.name}/{path.name}"
