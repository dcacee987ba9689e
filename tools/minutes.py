"""Estimates a lesson's duration; `python -m tools.minutes 1` prints it for lesson 1, by section.

Adds up the time to read all text and code at 200 words a minute, the time stated in each exercise,
and an average execution time for each code cell. Tests compare the sums with each lesson's *Time*
line.
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Mapping

from tools.build.notebooks import Built, make
from tools.lessons import chosen
from tools.programs import ROOT, Advice
from utils.lesson_source import Prediction

WORDS_A_MINUTE = 200
SECONDS_A_CELL = 2  # measured: the 99 cells of lessons 1 to 3 that aren't exercises took 213 s
CORE_END = "**The core ends here.**"

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
# matches "*Write · easy · 4 minutes.*"
_EFFORT = re.compile(r"^\*.+ · (\d+) minutes?\.\*", re.MULTILINE)
_PREDICTS = re.compile(r'^predict\("(P[\d.]+)"\)$')  # matches predict("P1.2")


def minutes(built: Built) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return how many minutes each section takes, first in the core, then after the core."""
    core: defaultdict[str, float] = defaultdict(float)
    rest: defaultdict[str, float] = defaultdict(float)
    part, section = core, "Opening"
    for cell in built.editions["notebooks"].cells:  # the learner's edition
        if cell.cell_type == "markdown":
            if heading := _SECTION.search(cell.source):
                section = heading[1]
            part[section] += sum(map(float, _EFFORT.findall(cell.source)))
        else:
            part[section] += SECONDS_A_CELL / 60
            if predicts := _PREDICTS.match(cell.source):
                part[section] += _reading_minutes(_text_of(built.lesson.predictions[predicts[1]]))
        part[section] += _reading_minutes(cell.source)
        if CORE_END in cell.source:
            part = rest
    return core, rest


def _text_of(prediction: Prediction) -> str:
    """Return a prediction's question and choices, and the feedback for the right choice."""
    feedback = next(choice.feedback for choice in prediction.choices if choice.right)
    return " ".join([prediction.question, *(one.text for one in prediction.choices), feedback])


def _reading_minutes(text: str) -> float:
    return len(text.split()) / WORDS_A_MINUTE


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print each section's estimated minutes.")
    parser.add_argument("lesson", nargs="*", help="lesson numbers; default: all")
    try:
        paths = chosen(parser.parse_args().lesson, ROOT / "lessons")
    except Advice as advice:
        sys.exit(str(advice))
    lines: list[str] = []
    for path in paths:
        for name, part in zip(("core", "after it"), minutes(make(path)), strict=True):
            lines.append(f"{path.name}, {name}: {sum(part.values()):.1f} minutes\n")
            lines += (f"{taken:7.1f}  {title}\n" for title, taken in part.items())
    # in one go, so that `| head` can't close the pipe between two writes
    sys.stdout.write("".join(lines))
