r'''The lessons' sources, `lessons/NN_*.md`, read into cells, exercises, hints and predictions.

What lives elsewhere: rules on how a lesson must be written (`tools/rules.py`), making notebooks
(`tools/build.py`), judging answers (`utils/checks`).

A lesson is MyST Markdown, one cell after another. All that a maintainer needs:

    # 1. Enabling Streaming

    Text is a Markdown cell. A code cell, a heading in a new cell (`+++`) or a note ends it.

    +++ {"tags": ["instructor"]}

    A note for instructors, up to the next cell. It appears in solutions/ alone, and so do the data
    of hints and predictions, which are TOML and stand in such a note:

    ```{hints} 1.2
    steps = ["A first nudge.", "A stronger one.", """Nearly there: `parts = buffer.split()`."""]
    ```

    ```{prediction} 1.1
    question = "Which one shows its first word sooner?"
    [[choice]]
    text = "`invoke`"
    feedback = "It returns when the *last* token is there."
    [[choice]]
    text = "`stream`"
    feedback = "It hands over each token as it comes."
    right = true
    ```

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

- Lines between `### BEGIN SOLUTION` and `### END SOLUTION` appear in solutions/ alone; the marker
  lines appear nowhere. One cell may hold several such regions.
- The learner sees `...  # your code here` instead, indented like the solution's first line; or
  the comment lines after `### STUB`, each without its `# ` (put the `#` where the text begins).
- An exercise cell carries the tag `exercise-N.M` and ends with `check("N.M", …)`.
- It stands under a heading `### Exercise N.M · what it is about`, and the text there begins with
  kind, difficulty and minutes, such as `*Write · easy · 5 minutes.*`.
- A code cell tagged `instructor` appears in solutions/ alone.
'''

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

FOLDER = Path(__file__).resolve().parent.parent / "lessons"
DEFAULT_STUB = "...  # your code here"

_FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)$")
_MARKER = re.compile(r"^\s*### (BEGIN SOLUTION|STUB|END SOLUTION)\s*$")
_ALMOST_MARKER = re.compile(r"^\s*#+\s*((BEGIN|END)[\s_-]*SOLUTIONS?|STUB)\W*$", re.IGNORECASE)
_EXERCISE_TAG = re.compile(r"^exercise-(\d+\.\d+)$")
_ID = re.compile(r"^\d+\.\d+$")
_DIRECTIVES = ("code-cell", "hints", "prediction")
_DIRECTIVE = re.compile(r"^\{([^}]*)\}?")

Found = TypeVar("Found")


class NotThere(LookupError):  # noqa: N818 (nothing is wrong with the source)
    """The lessons hold nothing of that number; the message names what they hold."""


class SourceError(Exception):
    """A lesson's source that can't be used; the message starts with `file:line: `."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem


@dataclass(frozen=True)
class Region:
    """One solution between its markers, and the stub that stands for it.

    Attributes:
        line: Line of `### BEGIN SOLUTION` in the file, from 1.
        solution: The solution's lines as written.
        stub: What the learner sees instead.
    """

    line: int
    solution: str
    stub: str


@dataclass(frozen=True)
class Cell:
    """One cell of a lesson.

    Attributes:
        kind: "markdown" or "code".
        source: The text as written, markers included.
        line: The line in the file, from 1, where `source` begins.
        tags: The cell's tags.
        solved: The text of the instructor's edition.
        learner: The text of the learner's edition.
        regions: The solutions in it.
    """

    kind: Literal["markdown", "code"]
    source: str
    line: int
    tags: tuple[str, ...]
    solved: str
    learner: str
    regions: tuple[Region, ...] = ()

    @property
    def instructor(self) -> bool:
        """Whether the cell appears in the instructor's edition alone."""
        return "instructor" in self.tags

    @property
    def exercises(self) -> tuple[str, ...]:
        """The exercises that the cell is tagged with, such as `("1.2",)`."""
        return tuple(found[1] for tag in self.tags if (found := _EXERCISE_TAG.match(tag)))


@dataclass(frozen=True)
class Choice:
    """One answer of a prediction; `feedback` names the idea behind a wrong one."""

    text: str
    feedback: str
    right: bool


@dataclass(frozen=True)
class Prediction:
    """A question that the learner answers before running the code."""

    line: int
    question: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Hints:
    """An exercise's hints, from a nudge to nearly the answer."""

    line: int
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """One lesson's source.

    Attributes:
        file: How messages name it, such as `lessons/01_enabling_streaming.md`.
        cells: In order.
        exercises: The cell of each exercise, by its number such as "1.2".
        hints: By exercise.
        predictions: By their number such as "1.1".
    """

    file: str
    cells: tuple[Cell, ...]
    exercises: Mapping[str, Cell]
    hints: Mapping[str, Hints]
    predictions: Mapping[str, Prediction]

    def error(self, line: int, problem: str) -> SourceError:
        """An error at a line of this lesson, ready to raise."""
        return SourceError(self.file, line, problem)


def load(path: Path) -> Lesson:
    """Read the lesson at `path`.

    Raises:
        SourceError: If it is not written as this module's text says.
    """
    return parse(path.read_text(encoding="utf-8"), f"{path.parent.name}/{path.name}")


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


def parse(text: str, file: str = "lesson.md") -> Lesson:
    """Read a lesson from `text`; `file` is how errors name it.

    Raises:
        SourceError: If it is not written as this module's text says.
    """
    cells: list[Cell] = []
    exercises: dict[str, Cell] = {}
    all_hints: dict[str, Hints] = {}
    predictions: dict[str, Prediction] = {}
    for block in _blocks(text.splitlines(), file):
        cell = _cell(block, file)
        cells.append(cell)
        for number in cell.exercises:
            if number in exercises:
                first = exercises[number].line
                raise SourceError(
                    file, cell.line, f"exercise {number} is already defined at line {first}"
                )
            exercises[number] = cell
        if cell.kind == "markdown":
            for data in _data_blocks(block, file):
                if not cell.instructor:
                    raise SourceError(
                        file,
                        data.line,
                        f"{data.kind} outside an instructor's note: learners would read them. "
                        'Put `+++ {"tags": ["instructor"]}` before and `+++` after',
                    )
                known: Mapping[str, Hints | Prediction] = (
                    all_hints if data.kind == "hints" else predictions
                )
                if data.number in known:
                    raise SourceError(
                        file,
                        data.line,
                        f"{data.kind} {data.number} is already defined "
                        f"at line {known[data.number].line}",
                    )
                if data.kind == "hints":
                    all_hints[data.number] = _hints(data, file)
                else:
                    predictions[data.number] = _prediction(data, file)
    return Lesson(file, tuple(cells), exercises, all_hints, predictions)


def for_instructors(cell: Cell) -> str:
    """A cell's text in the instructor's edition."""
    return data_as_markdown(cell) if cell.kind == "markdown" else cell.solved


def data_as_markdown(cell: Cell) -> str:
    """An instructor note's text with its hints and predictions as readable lists."""
    lines = cell.solved.splitlines()
    block = _Block("markdown", lines, cell.line, cell.tags)
    for data in reversed(_data_blocks(block, "")):
        if data.kind == "hints":
            shown = [f"**Hints for exercise {data.number}**", ""]
            shown += [f"{n}. {step}" for n, step in enumerate(_hints(data, "").steps, start=1)]
        else:
            asked = _prediction(data, "")
            shown = [f"**Prediction {data.number}:** {asked.question}", ""]
            for choice in asked.choices:
                mark = " *(right)*" if choice.right else ""
                feedback = f": {choice.feedback}" if choice.feedback else ""
                shown.append(f"- {choice.text}{mark}{feedback}")
        begin = data.line - cell.line
        lines[begin : begin + len(data.body) + 2] = shown
    return "\n".join(lines)


# --- Cells ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Block:
    kind: Literal["markdown", "code"]
    lines: list[str]
    line: int
    tags: tuple[str, ...]


def _blocks(lines: list[str], file: str) -> Iterator[_Block]:
    """The cells' raw lines, by the rules of jupytext's MyST format."""
    at = _after_front_matter(lines, file)
    begin = at
    tags: tuple[str, ...] = ()
    while at < len(lines):
        if lines[at].startswith("+++"):
            yield from _text_block(lines, begin, at, tags)
            tags = _note_tags(lines[at][3:].strip(), file, at + 1)
            at += 1
            begin = at
        elif opening := _FENCE.match(lines[at]):
            info = opening["info"].strip()
            if info.startswith("{"):
                _known_directive(info, file, at + 1)
            end = _closing(lines, at, opening, file)
            if info.startswith("{code-cell}"):
                yield from _text_block(lines, begin, at, tags)
                yield _code_block(lines[at + 1 : end], at + 2, file)
                begin, tags = end + 1, ()
            at = end + 1
        else:
            at += 1
    yield from _text_block(lines, begin, at, tags)


def _after_front_matter(lines: list[str], file: str) -> int:
    if not lines or lines[0].rstrip() != "---":
        return 0
    for at, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return at + 1
    raise SourceError(file, 1, "the header that opens with `---` is never closed")


def _known_directive(info: str, file: str, line: int) -> None:
    found = _DIRECTIVE.match(info)
    name = found[1] if found else ""
    if name in _DIRECTIVES:
        return
    close = difflib.get_close_matches(name, _DIRECTIVES, n=1)
    there = "there are {code-cell}, {hints} and {prediction}"
    meant = f"did you mean {{{close[0]}}}?" if close else there
    raise SourceError(file, line, f"unknown directive {{{name}}}: {meant}")


def _closing(lines: list[str], at: int, opening: re.Match[str], file: str) -> int:
    """The index of the line that closes the fence `opening` at `at`.

    Raises:
        SourceError: Something else begins before it is closed, or the file ends.
    """
    fence, info = opening["fence"], opening["info"].strip()
    for end in range(at + 1, len(lines)):
        inner = _FENCE.match(lines[end])
        if inner and inner["fence"].startswith(fence):
            within = inner["info"].strip()
            if not within:
                return end
            # Only Python may hold what looks like the beginning of a block: in a text of its own.
            begins = not info.startswith("{code-cell}") or bool(_DIRECTIVE.match(within))
        else:
            begins = info.startswith("{") and lines[end].startswith("+++")
        if begins:
            raise SourceError(
                file,
                at + 1,
                f"the block that opens here is not closed: at line {end + 1} something else begins",
            )
    raise SourceError(file, at + 1, f"the block that opens here with `{fence}` is never closed")


def _text_block(lines: list[str], begin: int, end: int, tags: tuple[str, ...]) -> Iterator[_Block]:
    while begin < end and not lines[begin].strip():
        begin += 1
    while end > begin and not lines[end - 1].strip():
        end -= 1
    if begin < end:
        yield _Block(
            "markdown", [*lines[begin : end - 1], lines[end - 1].rstrip()], begin + 1, tags
        )


def _code_block(lines: list[str], line: int, file: str) -> _Block:
    tags: tuple[str, ...] = ()
    at = 0
    while at < len(lines) and lines[at].startswith((":", "---")):
        found = re.fullmatch(r":tags: \[([^\[\]]*)\]\s*", lines[at])
        if not found:
            raise SourceError(
                file, line + at, f"unknown cell option `{lines[at]}`: write `:tags: [one, two]`"
            )
        tags += tuple(tag.strip(" \"'") for tag in found[1].split(",") if tag.strip())
        at += 1
    if at < len(lines) and not lines[at].strip():
        at += 1
    if lines[at:] and not lines[at].strip():
        raise SourceError(
            file, line + at, "a second blank line at the beginning of a code cell: delete it"
        )
    if lines[at:] and not lines[-1].strip():
        raise SourceError(
            file, line + len(lines) - 1, "a blank line at the end of a code cell: delete it"
        )
    return _Block("code", lines[at:], line + at, tags)


def _note_tags(text: str, file: str, line: int) -> tuple[str, ...]:
    if not text:
        return ()
    try:
        metadata = json.loads(text)
        tags = metadata.pop("tags")
        if metadata or not all(isinstance(tag, str) for tag in tags):
            raise ValueError(text)
    except (ValueError, AttributeError, KeyError, TypeError):
        raise SourceError(
            file, line, 'after `+++` write nothing, or tags such as {"tags": ["instructor"]}'
        ) from None
    return tuple(tags)


def _cell(block: _Block, file: str) -> Cell:
    source = "\n".join(block.lines)
    if block.kind == "markdown":
        for line, text in enumerate(block.lines, start=block.line):
            if _MARKER.match(text):
                raise SourceError(
                    file, line, f"`{text.strip()}` outside a code cell: it marks nothing here"
                )
        return Cell("markdown", source, block.line, block.tags, solved=source, learner=source)
    solved, learner, regions = _split(block, file)
    return Cell("code", source, block.line, block.tags, solved, learner, regions)


def _split(block: _Block, file: str) -> tuple[str, str, tuple[Region, ...]]:
    """A code cell's two editions, and its regions."""
    solved: list[str] = []
    learner: list[str] = []
    regions: list[Region] = []
    answer: list[str] = []
    stub: list[str] | None = None
    opened = 0  # the line of the region that is open
    for line, text in enumerate(block.lines, start=block.line):
        found = _MARKER.match(text)
        marker = found[1] if found else None
        if not marker and _ALMOST_MARKER.match(text):
            raise SourceError(
                file,
                line,
                f"`{text.strip()}` is not quite a marker: write `### BEGIN SOLUTION`, `### STUB` "
                "or `### END SOLUTION`",
            )
        if marker == "BEGIN SOLUTION":
            if opened:
                raise SourceError(
                    file,
                    line,
                    f"`### BEGIN SOLUTION` inside the solution that opens at line {opened}: "
                    "solutions don't nest",
                )
            opened, answer, stub = line, [], None
        elif marker and not opened:
            raise SourceError(file, line, f"`### {marker}` without `### BEGIN SOLUTION` before it")
        elif marker == "STUB":
            if stub is not None:
                raise SourceError(file, line, "a second `### STUB` in one solution")
            stub = []
        elif marker == "END SOLUTION":
            region = _region(opened, answer, stub, file)
            regions.append(region)
            solved.append(region.solution)
            learner.append(region.stub)
            opened = 0
        elif not opened:
            solved.append(text)
            learner.append(text)
        elif stub is None:
            answer.append(text)
        else:
            stub.append(_uncommented(text, file, line))
    if opened:
        raise SourceError(file, opened, "`### BEGIN SOLUTION` is never closed in its cell")
    return "\n".join(solved), "\n".join(learner), tuple(regions)


def _region(line: int, answer: list[str], stub: list[str] | None, file: str) -> Region:
    first = next((text for text in answer if text.strip()), None)
    if first is None:
        raise SourceError(file, line, "this solution is empty")
    if stub is None:
        indent = first[: len(first) - len(first.lstrip())]
        stub = [indent + DEFAULT_STUB]
    elif not any(text.strip() for text in stub):
        raise SourceError(file, line, "the stub of this solution is empty")
    return Region(line, "\n".join(answer), "\n".join(stub))


def _uncommented(text: str, file: str, line: int) -> str:
    """A stub's line without its `# `; a blank line stays."""
    found = re.fullmatch(r"(\s*)#(?: (.*))?", text)
    if found:
        return (found[1] + (found[2] or "")).rstrip()
    if text.strip():
        raise SourceError(
            file,
            line,
            f"a stub's line starts with `# `, unlike `{text.strip()}`; or is `### END SOLUTION` "
            "missing above it?",
        )
    return ""


# --- Hints and predictions ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Data:
    """A fenced block of TOML; `line` is that of its opening fence."""

    kind: Literal["hints", "prediction"]
    number: str
    body: list[str]
    line: int


def _data_blocks(block: _Block, file: str) -> list[_Data]:
    found: list[_Data] = []
    at = 0
    while at < len(block.lines):
        opening = _FENCE.match(block.lines[at])
        if not opening:
            at += 1
            continue
        end = _closing(block.lines, at, opening, file)
        info = opening["info"].strip()
        if info.startswith(("{hints}", "{prediction}")):
            kind: Literal["hints", "prediction"] = (
                "hints" if info.startswith("{hints}") else "prediction"
            )
            number = info.removeprefix(f"{{{kind}}}").strip()
            if not _ID.match(number):
                raise SourceError(
                    file, block.line + at, f"`{{{kind}}}` needs a number such as `{{{kind}}} 1.2`"
                )
            found.append(_Data(kind, number, block.lines[at + 1 : end], block.line + at))
        at = end + 1
    return found


def _toml(data: _Data, keys: set[str], file: str) -> dict[str, Any]:
    try:
        values = tomllib.loads("\n".join(data.body))
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        line = data.line + (int(where[1]) if where else len(data.body))
        raise SourceError(file, line, f"{data.kind} {data.number} is not TOML: {error}") from None
    if set(values) != keys:
        raise SourceError(
            file,
            data.line,
            f"{data.kind} {data.number} has {sorted(values)} instead of {sorted(keys)}",
        )
    return values


def _hints(data: _Data, file: str) -> Hints:
    steps = _toml(data, {"steps"}, file)["steps"]
    if not (isinstance(steps, list) and steps and all(_is_text(step) for step in steps)):
        raise SourceError(file, data.line, f"hints {data.number}: `steps` is a list of texts")
    return Hints(data.line, tuple(step.strip() for step in steps))


def _prediction(data: _Data, file: str) -> Prediction:
    values = _toml(data, {"question", "choice"}, file)
    name = f"prediction {data.number}"
    if not _is_text(values["question"]):
        raise SourceError(file, data.line, f"{name}: `question` is a text")
    choices: list[Choice] = []
    for item in values["choice"]:
        unknown = set(item) - {"text", "feedback", "right"}
        if unknown or not _is_text(item.get("text")):
            raise SourceError(
                file, data.line, f"{name}: a choice has `text`, `feedback` and perhaps `right`"
            )
        choice = Choice(item["text"], item.get("feedback", "").strip(), item.get("right") is True)
        if not choice.right and not choice.feedback:
            raise SourceError(
                file,
                data.line,
                f"{name}: the wrong choice `{choice.text}` needs feedback that names the "
                "misconception",
            )
        choices.append(choice)
    right = sum(choice.right for choice in choices)
    if right != 1:
        raise SourceError(file, data.line, f"{name} has {right} right choices instead of one")
    if len(choices) < 2:
        raise SourceError(file, data.line, f"{name} has no wrong choice")
    return Prediction(data.line, values["question"].strip(), tuple(choices))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


# --- Finding a number -----------------------------------------------------------------------------


def _without_check(code: str) -> str:
    return re.sub(r"^check\(.*\Z", "", code, flags=re.MULTILINE | re.DOTALL).rstrip()


def _exercise_cells(lesson: Lesson) -> Mapping[str, Cell]:
    return lesson.exercises


def _find(number: str, what: str, table: Callable[[Lesson], Mapping[str, Found]]) -> Found:
    if not isinstance(number, str) or not _ID.match(number):
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
