"""Builds a lesson's two notebook editions from its source; also loads and saves them."""

# nbformat is only partly typed.
# mypy: allow-untyped-calls, no-warn-return-any

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbformat import NotebookNode, v4

from tools.build import lint_headings, lint_lessons
from utils import lesson_source
from utils.lesson_source import Cell, Lesson, SourceError

Edition = Literal["notebooks", "solutions"]
EDITIONS: tuple[Edition, ...] = ("notebooks", "solutions")

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}

# matches "```{literalinclude} take_home/4_chat_page.py" and the closing fence
_INCLUDED = re.compile(r"^```\{literalinclude\} (.+)\n```$", re.MULTILINE)


class BuildError(Exception):
    """A lesson can't be built; the message says which one, and why."""


@dataclass(frozen=True)
class Built:
    """A lesson and its two editions, not yet executed."""

    root: Path
    lesson: Lesson
    editions: Mapping[Edition, NotebookNode]

    @property
    def stem(self) -> str:
        return Path(self.lesson.file).stem

    def path(self, edition: Edition) -> Path:
        return self.root / edition / f"{self.stem}.ipynb"

    def stored(self, edition: Edition) -> NotebookNode | None:
        """Return an edition's stored notebook; None if it is missing or unreadable."""
        path = self.path(edition)
        if not path.is_file():
            return None
        try:
            return nbformat.read(path, as_version=4)
        except nbformat.reader.NotJSONError:
            return None  # truncated by an interrupted build

    def save(self, edition: Edition, notebook: NotebookNode) -> None:
        nbformat.validate(notebook)
        text = nbformat.writes(notebook).rstrip("\n") + "\n"
        self.path(edition).parent.mkdir(exist_ok=True)
        # written as bytes, so that line endings aren't converted on Windows
        self.path(edition).write_bytes(text.encode())


def make(path: Path) -> Built:
    """Build both editions without executing them; raise BuildError with a line for each problem."""
    try:
        lesson = lesson_source.load(path)
    except SourceError as error:
        raise BuildError(str(error)) from None
    root = path.parent.parent
    folder = root / "utils" / "checks" / f"lesson_{int(path.stem[:2])}"
    checks = [
        file.stem
        for file in sorted(folder.glob("*.py"))
        if re.search(r"^check = ", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    unchecked = lint_lessons.unchecked(lesson, checks, folder.relative_to(root).as_posix())
    if found := lint_lessons.problems(lesson) or list(unchecked):
        raise BuildError("\n".join(str(error) for error in found))
    named = list(zip(ids(lesson.cells), lesson.cells, strict=True))
    learner = [
        _node(cell, name, _with_files(cell.learner, cell.line, path))
        for name, cell in named
        if not cell.instructor
    ]
    solved = [_node(cell, name, _with_files(cell.solved, cell.line, path)) for name, cell in named]
    return Built(root, lesson, {"notebooks": _notebook(learner), "solutions": _notebook(solved)})


def _with_files(text: str, line: int, lesson: Path) -> str:
    """Return the text with each `literalinclude` replaced by the script that it names."""

    def script(found: re.Match[str]) -> str:
        try:
            return f"```python\n{(lesson.parent / found[1]).read_text('utf-8').rstrip()}\n```"
        except FileNotFoundError:
            raise BuildError(
                f"{lesson_source.name_of(lesson)}:{line + text.count(chr(10), 0, found.start())}: "
                f"there is no {found[1]} to include"
            ) from None

    return _INCLUDED.sub(script, text)


def _node(cell: Cell, name: str, text: str) -> NotebookNode:
    new_cell = v4.new_code_cell if cell.kind == "code" else v4.new_markdown_cell
    return new_cell(text, id=name, metadata={"tags": list(cell.tags)} if cell.tags else {})


def _notebook(cells: list[NotebookNode]) -> NotebookNode:
    return v4.new_notebook(cells=cells, metadata=METADATA)


def ids(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield an id for each cell: its section's heading and a number, such as `a-race-2`.

    The numbers start from 1 in each section, separately for instructors' cells, so that a new note
    doesn't change other ids.
    """
    section = "opening"
    used: set[str] = set()
    for cell in cells:
        for heading in lint_headings.headings(cell)[:1]:
            section = _slug(heading.title) or section
        stem = f"{section}-note" if cell.instructor else section
        number = 1
        while f"{stem}-{number}" in used:
            number += 1
        used.add(f"{stem}-{number}")
        yield f"{stem}-{number}"


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    while len(slug) > 48:  # drop words from the end; truncate a single word
        slug = slug.rpartition("-")[0] or slug[:48]
    return slug


def differences(expected: NotebookNode, stored: NotebookNode) -> list[str]:
    """Describe each difference in cells, cell order or metadata, ignoring outputs."""
    wanted = {cell.id: cell for cell in expected.cells}
    cells = enumerate(stored.cells, start=1)
    there = {cell.get("id", f"number {place}"): cell for place, cell in cells}
    found = [f"cell {name} is missing" for name in wanted if name not in there]
    found += [f"cell {name} is not in the lesson" for name in there if name not in wanted]
    found += [
        f"the {what} of cell {name} differs"
        for name in wanted
        if name in there
        for what in ("cell_type", "source", "metadata")
        if wanted[name][what] != there[name][what]
    ]
    if not found and list(wanted) != list(there):
        found.append("the cells are in a different order")
    if _comparable(stored.metadata) != _comparable(METADATA):
        found.append("the notebook's metadata differ")
    return found


def _comparable(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata with `language_info` replaced by the language's name.

    Jupyter changes the other fields of `language_info`.
    """
    language = metadata.get("language_info", {}).get("name")
    return {**metadata, "language_info": language}
