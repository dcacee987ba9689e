r'''Parses lesson sources, `lessons/NN_*.md`, into cells, exercises, hints and predictions.

A lesson is a sequence of cells in MyST Markdown:

    # 1. Enabling Streaming

    Text is a Markdown cell, up to the next code cell or `+++`.

    +++ {"tags": ["instructor"]}

    A note for instructors, up to the next cell. It appears in solutions/ only. Hints and
    predictions are lists in such a note:

    **Hints for exercise 1.words**

    1. A first nudge.
    2. A stronger one.
    3. Nearly there: `parts = buffer.split()`.

    **Prediction P1.1:** Which one shows its first word sooner?

    - [ ] `invoke`
      > It returns when the *last* token has arrived.
    - [x] `stream`
      > It yields each token as it arrives.

    +++

    Markdown for both editions continues after a plain `+++`.

    ```{code-cell} ipython3
    predict("P1.1")
    ```

    ```{code-cell} ipython3
    :tags: [exercise-words]

    def words(stream):
        """Yield whole words."""
        ### BEGIN SOLUTION
        yield from "".join(stream).split()
        ### STUB
        # yield ...  # your code here
        ### END SOLUTION

    check("1.words", words)
    ```

- The file is UTF-8, with or without a BOM, with any line endings.
- Lines from `### BEGIN SOLUTION` to `### STUB` or `### END SOLUTION` appear in solutions/ only,
  without the marker lines. A cell may have several such regions.
- In their place, learners see the comment lines after `### STUB`, without `# ` (put the `#` where
  the text should begin). The default is `...  # your code here`, indented like the solution.
- An exercise is named after its check file: the cell is tagged `exercise-words` and ends with
  `check("1.words", …)`. Its number follows from the order of exercises in the lesson and
  replaces `1.words` everywhere in the lesson.
- An exercise has a heading `### Exercise 1.words · what it is about`; the text below begins with
  the kind, difficulty and duration, such as `*Write · easy · 5 minutes.*`.
- A ```` ```{literalinclude} take_home/1_script.py ```` block (closed on the next line) is replaced
  by a Python block that contains the script.
- A code cell tagged `instructor` appears in solutions/ only.
'''

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from utils.errors import Sentence
from utils.lesson_source.lesson import NUMBER, Cell, Choice, Lesson, Prediction, SourceError
from utils.lesson_source.numbers import numbers_in
from utils.lesson_source.parsing import parse
from utils.lesson_source.text_file import name_of, read

__all__ = [
    "Cell",
    "Choice",
    "Lesson",
    "NotThere",
    "Prediction",
    "SourceError",
    "hints",
    "load",
    "name_of",
    "number",
    "parse",
    "paths",
    "prediction",
    "read",
    "solution",
    "stub",
]

FOLDER = Path(__file__).resolve().parents[2] / "lessons"

Found = TypeVar("Found")


class NotThere(Sentence, LookupError):  # noqa: N818 (reports a wrong key, not an invalid source)
    """Raised if an exercise, hints or a prediction can't be found; the message says why."""


def load(path: Path) -> Lesson:
    """Read the lesson at `path`."""
    return parse(read(path), name_of(path))


def paths(folder: Path | None = None) -> list[Path]:
    """Return the lesson files in order, by default from `lessons/`."""
    return sorted((folder or FOLDER).glob("[0-9][0-9]_*.md"))


def numbers(lesson: int) -> Mapping[str, str]:
    """Return a mapping of exercise names to numbers, such as "words" to "1.2"."""
    path = _file(lesson)
    return numbers_in(read(path), name_of(path)) if path else {}


def number(key: str) -> str:
    """Return an exercise number, such as "1.2" for "1.words"; return other strings unchanged."""
    lesson, _, name = key.partition(".")
    named = lesson.isdecimal() and name.isidentifier()
    return numbers(int(lesson)).get(name, key) if named else key


def solution(key: str) -> str:
    """Return the solution of an exercise, without the final `check(…)`.

    `key` is the exercise number, such as "1.2", or name, such as "1.words". Raises `NotThere` if
    there is no such exercise, and `SourceError` if the lesson source is invalid.
    """
    return _without_check(_find(key, "exercise", lambda lesson: lesson.exercises).solved)


def stub(key: str) -> str:
    """Return exercise `key` as the learner first sees it; raise the same errors as `solution`."""
    return _without_check(_find(key, "exercise", lambda lesson: lesson.exercises).learner)


def hints(key: str) -> list[str]:
    """Return the hints for exercise `key`, in order; raise the same errors as `solution`."""
    return list(_find(key, "hints", lambda lesson: lesson.hints).steps)


def prediction(key: str) -> Prediction:
    """Return prediction `key`, such as "P1.1". The P may be missing, as in older notebooks."""
    key = key if key.startswith("P") else f"P{key}"
    return _find(key, "prediction", lambda lesson: lesson.predictions)


def _without_check(code: str) -> str:
    """Remove the first line that begins with `check(`, and everything below it."""
    return re.sub(r"^check\(.*\Z", "", code, flags=re.MULTILINE | re.DOTALL).rstrip()


def _file(lesson: int) -> Path | None:
    if not FOLDER.is_dir():
        raise NotThere(
            "The folder `lessons` is missing: it belongs beside `utils`. "
            "Work in a complete copy of the course."
        )
    return next(FOLDER.glob(f"{lesson:02}_*.md"), None)


def _find(key: str, what: str, table: Callable[[Lesson], Mapping[str, Found]]) -> Found:
    """Look up a key in one of its lesson's tables; error messages call an entry `what`."""
    wanted = number(key)
    if not NUMBER.match(wanted):
        raise NotThere(f'Write the number as a string such as "1.2", not {key!r}.')
    lesson = int(wanted.removeprefix("P").split(".")[0])
    path = _file(lesson)
    known = table(load(path)) if path else {}
    if wanted in known:
        return known[wanted]
    problem, others = f"There is no {what} {wanted}", "there are"
    if what == "hints":
        problem, others = f"There are no hints for {wanted}", "there are hints for"
    if not known:
        raise NotThere(f"{problem}: lesson {lesson} has none.")
    raise NotThere(f"{problem}; {others} {', '.join(known)}.")
