r'''The lessons' sources, `lessons/NN_*.md`, read into cells, exercises, hints and predictions.

What lives elsewhere: rules on how a lesson must be written (`tools/rules.py`), making notebooks
(`tools/build.py`), judging answers (`utils/checks`).

A lesson is MyST Markdown, one cell after another. All that a maintainer needs:

    # 1. Enabling Streaming

    Text is a Markdown cell. A code cell, a heading in a new cell (`+++`) or a note ends it.

    +++ {"tags": ["instructor"]}

    A note for instructors, up to the next cell. It appears in solutions/ alone, and so do hints and
    predictions, which are lists in such a note:

    **Hints for exercise 1.2**

    1. A first nudge.
    2. A stronger one.
    3. Nearly there: `parts = buffer.split()`.

    **Prediction 1.1:** Which one shows its first word sooner?

    - [ ] `invoke`
      > It returns when the *last* token is there.
    - [x] `stream`
      > It yields each token as it comes.

    +++

    Markdown for everybody goes on after a plain `+++`.

    ```{code-cell} ipython3
    predict("1.1")
    ```

    ```{code-cell} ipython3
    :tags: [exercise-1.2]

    def words(stream):
        """Yield whole words."""
        ### BEGIN SOLUTION
        yield from "".join(stream).split()
        ### STUB
        # yield ...  # your code here
        ### END SOLUTION

    check("1.2", words)
    ```

- The file is UTF-8, with or without a BOM, and lines may end in any way.
- Lines between `### BEGIN SOLUTION` and `### END SOLUTION` appear in solutions/ alone; the marker
  lines appear nowhere. One cell may hold several such regions.
- The learner sees `...  # your code here` instead, indented like the solution's first line; or
  the comment lines after `### STUB`, each without its `# ` (put the `#` where the text begins).
- An exercise cell carries the tag `exercise-N.M` and ends with `check("N.M", …)`.
- It stands under a heading `### Exercise N.M · what it is about`, and the text there begins with
  kind, difficulty and minutes, such as `*Write · easy · 5 minutes.*`.
- A code cell tagged `instructor` appears in solutions/ alone.
'''

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from utils.source.lesson import (
    NUMBER,
    Cell,
    Choice,
    Hints,
    Lesson,
    Prediction,
    Region,
    SourceError,
)
from utils.source.parsing import data_as_markdown, for_instructors, parse
from utils.source.reading import name_of, read

__all__ = [
    "Cell",
    "Choice",
    "Hints",
    "Lesson",
    "NotThere",
    "Prediction",
    "Region",
    "SourceError",
    "data_as_markdown",
    "for_instructors",
    "hints",
    "load",
    "name_of",
    "parse",
    "paths",
    "prediction",
    "read",
    "solution",
    "stub",
]

FOLDER = Path(__file__).resolve().parents[2] / "lessons"

Found = TypeVar("Found")


class NotThere(LookupError):  # noqa: N818 (nothing is wrong with the source)
    """The lessons hold nothing of that number; the message names what they hold."""


def load(path: Path) -> Lesson:
    """Read the lesson at `path`.

    Raises:
        SourceError: If it is not written as the text above says.
    """
    return parse(read(path), name_of(path))


def paths(folder: Path | None = None) -> list[Path]:
    """The lessons' files in order; `folder` is `lessons/` unless told otherwise."""
    return sorted((folder or FOLDER).glob("[0-9][0-9]_*.md"))


def solution(number: str) -> str:
    """The solved code of exercise `number`, without its `check(…)`.

    Raises:
        NotThere: If there is no such exercise; the message names those that exist.
        SourceError: If the lesson's source is broken.
    """
    return _without_check(_find(number, "exercise", _exercise_cells).solved)


def stub(number: str) -> str:
    """Exercise `number` as the learner finds it; see `solution` for errors."""
    return _without_check(_find(number, "exercise", _exercise_cells).learner)


def hints(number: str) -> list[str]:
    """The hints of exercise `number`, in order; see `solution` for errors."""
    return list(_find(number, "hints", lambda lesson: lesson.hints).steps)


def prediction(number: str) -> Prediction:
    """The prediction `number`; see `solution` for errors."""
    return _find(number, "prediction", lambda lesson: lesson.predictions)


def _without_check(code: str) -> str:
    return re.sub(r"^check\(.*\Z", "", code, flags=re.MULTILINE | re.DOTALL).rstrip()


def _exercise_cells(lesson: Lesson) -> Mapping[str, Cell]:
    return lesson.exercises


def _find(number: str, what: str, table: Callable[[Lesson], Mapping[str, Found]]) -> Found:
    if not isinstance(number, str) or not NUMBER.match(number):
        raise NotThere(f'Write the number as a text such as "1.2", not {number!r}.')
    if not FOLDER.is_dir():
        raise NotThere(
            "The folder `lessons` is missing: it belongs beside `utils`. "
            "Work in a complete copy of the course."
        )
    prefix = f"{int(number.split('.')[0]):02}_"
    known: list[str] = []
    for path in paths():
        if path.name.startswith(prefix):
            entries = table(load(path))
            if number in entries:
                return entries[number]
            known += entries
    lesson, hints = number.split(".")[0], what == "hints"
    said = f"There are no hints for {number}" if hints else f"There is no {what} {number}"
    there = f"; there are {'hints for ' if hints else ''}{', '.join(known)}"
    raise NotThere(f"{said}{there if known else f': lesson {lesson} has none'}.")
