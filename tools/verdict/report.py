"""The verdict as text for people, and as JSON for programs.

A `table` contains each line's result, keyed by the line's name, such as "Stop stops the model".
"""

import json
from collections import Counter
from collections.abc import Mapping

from utils import lesson_source

from .case import WITHOUT_SIMULATOR, Seen, Verdict
from .lines import LINES

SIGNS: dict[Verdict, str] = {"passed": "✓", "failed": "✗", "not tried": "–"}  # noqa: RUF001
_WIDTH = max(map(len, LINES))


def exercise(name: str) -> str:
    """Return the number of the exercise that explains a line."""
    return lesson_source.number(LINES[name].exercise)


def row(name: str, seen: Seen) -> str:
    """Return the table row for a line; if it failed, name the exercise that explains why."""
    text = f"{SIGNS[seen.verdict]} {name:{_WIDTH}}  {seen.what}"
    if seen.verdict == "failed":
        number = exercise(name)
        text += f"\n  {'':{_WIDTH}}  → lesson {number[0]}, Exercise {number}"
    return text


def summary(table: Mapping[str, Seen]) -> str:
    counts: Counter[Verdict] = Counter(seen.verdict for seen in table.values())
    text = ", ".join(f"{counts[verdict]} {verdict}" for verdict in SIGNS)
    if WITHOUT_SIMULATOR in table.values():
        text += (
            "\nThe others need an app that talks to the simulator: start yours with --run, or ours "
            "with --app."
        )
    return text


def as_json(url: str, table: Mapping[str, Seen]) -> str:
    rows = [
        {"line": name, "verdict": seen.verdict, "seen": seen.what, "exercise": exercise(name)}
        for name, seen in table.items()
    ]
    return json.dumps({"url": url, "lines": rows}, ensure_ascii=False, indent=1)
