"""Replaces exercise names in lesson sources with numbers, assigned in order of appearance."""

import re
from collections.abc import Collection, Mapping

from utils.lesson_source.lesson import SourceError

# Patterns for the tag `exercise-words`, for names such as `1.words`, and for text that must name an
# exercise, such as `Exercise 1.words` or `check("1.words"`.
_TAG = re.compile(r"^(:tags: \[[^\]\n]*?\bexercise-)([a-z]\w*)", re.MULTILINE)
_NAME = re.compile(r"(?<![\w.])(\d+)\.([a-z]\w*)\b")
_MEANT = re.compile(r"(?i:exercises? |\b(?:check|hint|solution)\([\"'])(\d+\.\w+)")


def numbers_in(text: str, file: str) -> Mapping[str, str]:
    """Map exercise names to numbers (`{"words": "1.2"}`), in order of appearance."""
    lesson = int(re.findall(r"(\d+)_[^/]*$", file)[0])
    names = dict.fromkeys(found[2] for found in _TAG.finditer(text))
    return {name: f"{lesson}.{number}" for number, name in enumerate(names, start=1)}


def numbered(text: str, by_name: Mapping[str, str]) -> str:
    """Replace the exercise names in a lesson with numbers: `1.words` becomes `1.2`, for example."""
    known = {f"{number.partition('.')[0]}.{name}": number for name, number in by_name.items()}
    for line, written in enumerate(text.split("\n"), start=1):
        for meant in _MEANT.findall(written):
            if meant not in known:
                raise SourceError(line, _unknown(meant, known))
    text = _TAG.sub(lambda found: found[1] + by_name[found[2]], text)
    return _NAME.sub(lambda found: known.get(found[0], found[0]), text)


def _unknown(meant: str, known: Collection[str]) -> str:
    names = ", ".join(known) or "none"
    problem = f"{meant} is not the name of an exercise of this lesson; there are {names}"
    name = meant.partition(".")[2]
    if name.isdecimal():
        return f"{problem}. Write the name: the number follows from the order"
    return f"{problem}. Is `:tags: [exercise-{name}]` missing from its cell?"
