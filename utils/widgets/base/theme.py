"""Assembles widget scripts and style sheets; each file's first line names the files it needs."""

import re
from pathlib import Path

from utils.charts import palette

WIDGETS = Path(__file__).parent.parent

# matches `// needs: base/clock.js base/dom.js`, for example, or the same text in `/* … */`
_NEEDS = re.compile(r"(?://|/\*) needs: (.+?)(?: \*/)?\n")
_COMMENT = re.compile(r"^ *//.*\n", re.MULTILINE)
_COLOURS = {
    "waiting": palette.WAITING,
    "reading": palette.READING,
    "delivered": palette.DELIVERED,
    "quiet": palette.QUIET,
}


def script(name: str) -> str:
    """Return a widget script, preceded by the scripts it needs.

    The first line of a script is `// needs: `, followed by `nothing` or by paths relative to
    `utils/widgets`. Comment lines are removed, which saves bandwidth in large groups.
    """
    return _COMMENT.sub("", "\n".join(_with_needs(name)))


def stylesheet(name: str = "base/theme.css") -> str:
    """Return a style sheet, preceded by the palette colours and the style sheets it needs."""
    variables = "".join(f"  --course-{use}: {colour};\n" for use, colour in _COLOURS.items())
    return "\n".join([f":root {{\n{variables}}}", *_with_needs(name)])


def _with_needs(name: str) -> list[str]:
    """Return the contents of a file's dependencies, then of the file itself, without duplicates."""
    texts: dict[str, str] = {}

    def add(name: str) -> None:
        text = (WIDGETS / name).read_text(encoding="utf-8")
        first = _NEEDS.match(text)
        if first is None:
            raise ValueError(f"The first line of {name} doesn't name the files it needs.")
        for needed in first[1].split():
            if needed not in (*texts, "nothing"):
                add(needed)
        texts[name] = text

    add(name)
    return list(texts.values())
