"""Finds the lessons named on a command line, and updates facts about lessons in the guides.

Uses only the standard library, since `tools.commands` imports it before packages are installed.
"""

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.programs import Advice
from utils import lesson_source

_FILLED = re.compile(r"<!--([\w.]+)-->(.*?)<!--/-->")  # see `fill`
# matches "**Time:** 60 minutes, and 15 more for …", for example
_TIME = re.compile(r"^\*\*Time:\*\* (\d+) minutes\b(?:.*?\b(\d+) more\b)?", re.MULTILINE)


def add_build_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "lesson", nargs="*", help="such as 1, 01 or 01_enabling_streaming; else all"
    )
    how = command.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="only compare; 1 if anything differs")
    how.add_argument(
        "--all",
        action="store_true",
        help="execute all solutions and store all outputs anew, as after a change in utils/",
    )


def chosen(names: Sequence[str], folder: Path) -> list[Path]:
    """Return the lesson files for names such as `1`, `01` or `01_name`; no names means all."""
    paths = lesson_source.paths(folder)
    if not paths:
        raise Advice(f"There is no lesson: {folder.name}/ holds no file such as 01_name.md.")
    return [_named(name, paths) for name in names] if names else paths


def _named(name: str, paths: Sequence[Path]) -> Path:
    stem = Path(name).name.removesuffix(".md").removesuffix(".ipynb")
    for path in paths:
        if path.stem == stem or (stem.isdigit() and int(path.stem[:2]) == int(stem)):
            return path
    raise Advice(f"There is no lesson {name}; there are {', '.join(path.stem for path in paths)}.")


def fill(folder: Path, lessons: Iterable[lesson_source.Lesson], *, write: bool) -> list[str]:
    """Insert facts about lessons into the guides, at marks such as `<!--1.minutes-->…<!--/-->`.

    A mark stands for a lesson's duration in minutes or, like `1.words`, for an exercise's number.
    The guides are the Markdown files in `folder` whose names don't begin with a digit. Without
    `write`, they are only checked. Return a message for each outdated fact and each unknown mark.
    """
    facts = {key: value for lesson in lessons for key, value in _facts(lesson).items()}
    problems: list[str] = []
    for path in sorted(folder.glob("[!0-9]*.md")):
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        for at, line in enumerate(lines):
            for key, value in _FILLED.findall(line):
                where = f"{lesson_source.name_of(path)}:{at + 1}"
                if key not in facts:
                    problems.append(f"{where}: no lesson has a `{key}`")
                elif value != facts[key]:
                    problems.append(f"{where}: {key} is {facts[key]}, not {value}")
            lines[at] = _FILLED.sub(
                lambda found: f"<!--{found[1]}-->{facts.get(found[1], found[2])}<!--/-->", line
            )
        if write and (filled := "\n".join(lines)) != text:
            path.write_bytes(filled.encode())
    return problems


def _facts(lesson: lesson_source.Lesson) -> dict[str, str]:
    """Return facts, keyed by mark, such as "1.2" for `1.words` and "60 + 15" for `1.minutes`."""
    chapter = int(Path(lesson.file).name[:2])
    facts = {f"{chapter}.{name}": number for name, number in lesson.numbers.items()}
    times = (_TIME.search(cell.source) for cell in lesson.cells if not cell.instructor)
    for found in filter(None, times):
        facts[f"{chapter}.minutes"] = " + ".join(filter(None, found.groups()))
    return facts
