"""Scripts and style sheets of widgets, each assembled from the files named in its first line."""

import re
from pathlib import Path

from utils.charts import palette

WIDGETS = Path(__file__).parent.parent

_NEEDS = re.compile(r"(?://|/\*) needs: (.+?)(?: \*/)?\n")
_COMMENT = re.compile(r"^ *//.*\n", re.MULTILINE)
_COLOURS = {
    "waiting": palette.WAITING,
    "reading": palette.READING,
    "stall": palette.STALL,
    "delivered": palette.DELIVERED,
    "quiet": palette.QUIET,
}


def script(name: str) -> str:
    """Return a widget's script, after the scripts it needs.

    The script's first line is `// needs: ` and the paths of others below `utils/widgets`, or
    `nothing`. Comment lines are removed, since a whole class loads scripts at the same time.
    """
    return _COMMENT.sub("", "\n".join(_with_needs(name)))


def stylesheet(name: str = "base/theme.css") -> str:
    """Return a widget's style sheet, after the palette's colours and the sheets it depends on."""
    variables = "".join(f"  --course-{idea}: {value};\n" for idea, value in _COLOURS.items())
    return "\n".join([f":root {{\n{variables}}}", *_with_needs(name)])


def _with_needs(name: str) -> list[str]:
    """Return the texts of a file and its dependencies, each once and after its own dependencies."""
    texts: dict[str, str] = {}

    def add(name: str) -> None:
        text = (WIDGETS / name).read_text(encoding="utf-8")
        first = _NEEDS.match(text)
        if first is None:
            raise ValueError(f"The first line of {name} doesn't say what it needs.")
        for needed in first[1].split():
            if needed not in (*texts, "nothing"):
                add(needed)
        texts[name] = text

    add(name)
    return list(texts.values())
