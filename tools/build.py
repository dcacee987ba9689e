"""Makes `notebooks/` and `solutions/` from `lessons/`; `python -m tools.build --help`.

nbclient runs them. Which text belongs to which edition is
`utils.source`'s to say, and how a lesson must be written is `tools.rules`'s.
"""

# nbformat is typed in part only:
# mypy: allow-untyped-calls, no-warn-return-any

import argparse
import itertools
import os
import re
import sys
import sysconfig
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tools import by_hand, links, rules, shape
from tools.lessons import add_build_options, chosen, table_problems
from tools.programs import Advice, counted, simulated_environ
from utils import source
from utils.source import Cell, Lesson, SourceError

ROOT = Path(__file__).resolve().parent.parent
REBUILD = "python3 course.py build"
SLOWEST_CELL = 180  # seconds; the seed's race takes 20
SHOWN_DIFFERENCES = 5  # of one notebook, for a forgotten build changes every cell

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
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

_KEYS = (
    re.compile(r"\bsk-[A-Za-z0-9_-]{12,}"),
    re.compile(r"(?i)\bbearer\s+[A-Za-z0-9._~+/-]{12,}"),
    re.compile(r"(?i)\b(?:api[_-]?key|secret|password)['\"]?\s*[:=]\s*['\"]?[A-Za-z0-9_-]{12,}"),
)
_ORDINARY_NAME = re.compile(r"^\d\d_[a-z0-9_]+\.ipynb$")


class BuildError(Exception):
    """A lesson that can't be built; the message says which and why."""


@dataclass(frozen=True)
class Built:
    """One lesson's two editions, before execution."""

    stem: str
    lesson: Lesson
    notebooks: NotebookNode
    solutions: NotebookNode


def main(arguments: Sequence[str] | None = None) -> int:
    """Build or compare; 0 if all is well, 1 if something needs a hand."""
    options = _parser().parse_args(arguments)
    try:
        built, errors = [], []
        for path in _chosen(options.lesson):
            try:
                built.append(build(path))
            except BuildError as error:
                errors.append(str(error))
        if errors:
            raise BuildError("\n".join(errors))
        if options.check:
            return _report(built, everything=not options.lesson)
        execute = False if options.no_execute else options.execute or None
        for one in built:
            _write(one, execute=execute)
    except (BuildError, Advice) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def build(path: Path) -> Built:
    """The two editions of the lesson at `path`, not executed.

    Raises:
        BuildError: If the source breaks a rule; one line for each breach.
    """
    file = source.name_of(path)
    try:
        text = source.read(path)
    except SourceError as error:
        raise BuildError(str(error)) from None
    if not re.match(r"---[ \t]*\n", text):
        raise BuildError(
            f"{file}:1: the header is missing: begin as the other lessons do, with the lines from "
            "`---` to `---` that tell editors what the file is"
        )
    try:
        lesson = source.parse(text, file)
    except SourceError as error:
        raise BuildError(str(error)) from None
    found = [*rules.problems(lesson), *_unchecked(path, lesson)]
    if found:
        raise BuildError("\n".join(str(error) for error in found))
    named = list(zip(_ids(lesson.cells), lesson.cells, strict=True))
    return Built(
        path.stem,
        lesson,
        notebooks=_notebook(
            _node(cell, name, cell.learner) for name, cell in named if not cell.instructor
        ),
        solutions=_notebook(_node(cell, name, cell.solved) for name, cell in named),
    )


def _unchecked(path: Path, lesson: Lesson) -> Iterator[SourceError]:
    """Exercises of a lesson without a check, and the other way round."""
    folder = ROOT / "utils" / "checks" / f"lesson_{int(path.stem[:2])}"
    checks = [
        file.stem
        for file in sorted(folder.glob("*.py"))
        if re.search(r"^check = ", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    return rules.unchecked(lesson, checks, folder.relative_to(ROOT).as_posix())


# --- Making notebooks -----------------------------------------------------------------------------


def _node(cell: Cell, name: str, text: str) -> NotebookNode:
    """A cell of a notebook; it is validated when it is saved."""
    node: dict[str, Any] = {"id": name, "cell_type": cell.kind, "source": text}
    node["metadata"] = {"tags": list(cell.tags)} if cell.tags else {}
    if cell.kind == "code":
        node |= {"execution_count": None, "outputs": []}
    return nbformat.from_dict(node)


def _notebook(cells: Iterator[NotebookNode]) -> NotebookNode:
    parts = {"cells": list(cells), "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return nbformat.from_dict(parts)


def _ids(cells: Sequence[Cell]) -> Iterator[str]:
    """Ids that stay when other sections change: the section's heading and a number within it.

    Instructors' cells count by themselves, so that a new note leaves the learner's ids alone.
    """
    section = "opening"
    used: set[str] = set()
    for cell in cells:
        if cell.kind == "markdown" and (heading := _heading(cell.source)):
            section = heading
        stem = f"{section}-note" if cell.instructor else section
        number = 1
        while f"{stem}-{number}" in used:
            number += 1
        used.add(f"{stem}-{number}")
        yield f"{stem}-{number}"


def _heading(text: str) -> str:
    """The slug of the first heading in a Markdown cell, or nothing."""
    outside = re.sub(r"^ {0,3}(`{3,}|~{3,}).*?^ {0,3}\1", "", text, flags=re.DOTALL | re.MULTILINE)
    found = re.search(r"^#{1,6} +(.+)$", outside, re.MULTILINE)
    if not found:
        return ""
    plain = unicodedata.normalize("NFKD", found[1]).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    while len(slug) > 48:  # whole words, unless there is but one
        slug = slug.rpartition("-")[0] or slug[:48]
    return slug


# --- Writing and executing ------------------------------------------------------------------------


def _write(built: Built, execute: bool | None) -> None:
    """Write both editions, or none if the solutions fail.

    `execute` None runs the solutions only if their sources changed.
    """
    path = _path("solutions", built)
    label = f"solutions/{path.name}"
    stored = _load(path)
    solved: NotebookNode | None = None
    current = stored is not None and not _differences(built.solutions, stored)
    if stored is not None and current and execute is not True and not _unexecuted(stored):
        if stored.metadata != METADATA:  # somebody saved it in Jupyter
            stored.metadata = nbformat.from_dict(METADATA)
            solved = stored
        said = f"{label}: unchanged, outputs kept (after a change in utils: --execute)"
    elif execute is False and current:
        said = f"{label}: unchanged, not executed"
    elif execute is False:
        solved = built.solutions
        said = f"{label}: written WITHOUT outputs; `{REBUILD}` executes it"
    else:
        path.parent.mkdir(exist_ok=True)
        solved = _executed(built, path.parent)
        said = f"{label}: executed, {counted(len(solved.cells), 'cell')}"
    _keep_what_was_changed(built)
    learner = _path("notebooks", built)
    _save(built.notebooks, learner)
    _say(f"notebooks/{learner.name}: {counted(len(built.notebooks.cells), 'cell')}")
    if solved is not None:
        _save(solved, path)
    _say(said)


def _keep_what_was_changed(built: Built) -> None:
    """Put aside what this build overwrites of somebody's work, and say so."""
    for edition, found in _changed_by_hand(built).items():
        path = _path(edition, built)
        if found:
            kept = by_hand.keep(path, ROOT / "build" / "kept").relative_to(ROOT).as_posix()
            _say(
                f"{edition}/{path.name}: was changed by hand ({_short(found)}) and is made anew; "
                f"as it was, it is kept as {kept}. Changes belong in {built.lesson.file}."
            )


def _changed_by_hand(built: Built) -> dict[Edition, list[str]]:
    return by_hand.changes(
        _load(_path("notebooks", built)),
        _load(_path("solutions", built)),
        {cell.id: cell.source for cell in built.notebooks.cells},
    )


def _short(found: Sequence[str]) -> str:
    return found[0] if len(found) == 1 else f"{found[0]}, and {len(found) - 1} more"


def _path(edition: Edition, built: Built) -> Path:
    return ROOT / edition / f"{built.stem}.ipynb"


def _executed(built: Built, folder: Path) -> NotebookNode:
    """The solutions' notebook after a run on a fresh kernel of this Python.

    Raises:
        BuildError: If a cell fails, shows what must not be published, or holds a solution that its
            check refuses.
    """
    notebook = nbformat.from_dict(built.solutions)
    lines = {
        node.id: cell.line
        for node, cell in zip(notebook.cells, built.lesson.cells, strict=True)
        if cell.kind == "code"
    }
    started: list[str] = []

    def progress(cell: NotebookNode, **_: Any) -> None:
        if cell.id in lines:
            started.append(cell.id)
            _say(f"  {built.stem}: {len(started)}/{len(lines)} {cell.id}", passing=True)

    def failure(problem: str) -> BuildError:
        if not started:
            return BuildError(f"{built.lesson.file}: failed before the first cell: {problem}")
        name = started[-1]
        return BuildError(f"{built.lesson.file}:{lines[name]}: cell {name} failed: {problem}")

    manager = AsyncKernelManager(
        kernel_name="python3",
        # No folders: "python3" is this interpreter, whatever kernels the machine has installed.
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
    )
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=SLOWEST_CELL,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],  # a kernel warns at each start, and all is local
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        on_cell_start=progress,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as own:
            client.execute(env=_environment(own), cleanup_kc=True)
    except CellExecutionError as error:
        raise failure(f"{error.ename}: {error.evalue}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise failure(str(error).strip()) from None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_cleaned(output) for output in cell.outputs]
            _refuse_private(built, cell)
    if refused := _refused(built, notebook):
        raise BuildError("\n".join([*refused, f"Nothing of {built.stem} was written."]))
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def _refused(built: Built, notebook: NotebookNode) -> list[str]:
    """The exercises whose solution their check calls anything but correct, and what it says."""
    return [
        f"{built.lesson.file}:{cell.line}: its solution isn't what the check wants. {verdict}"
        for number, cell in built.lesson.exercises.items()
        for node in notebook.cells
        if f"exercise-{number}" in node.metadata.get("tags", ())
        for output in node.get("outputs", ())
        if (verdict := output.get("data", {}).get("text/plain", "")).startswith("Exercise ")
        and not verdict.startswith(f"Exercise {number}: correct.")
    ]


def _environment(ipython: str) -> dict[str, str]:
    """Variables for a run like a learner's first: at real speed, by the simulator alone."""
    environ = simulated_environ(IPYTHONDIR=ipython)
    environ.pop("COURSE_SPEED", None)
    return environ


def _cleaned(output: NotebookNode) -> NotebookNode:
    """An output as it should stand in a file: no reference to a widget that is gone, no paths.

    A stored widget view shows "model not found" without its kernel; the widget's text stays.
    """
    if "data" in output and set(output.data) - {WIDGET_VIEW}:
        output.data.pop(WIDGET_VIEW, None)
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
    return output


def _refuse_private(built: Built, cell: NotebookNode) -> None:
    for text in _texts(cell.outputs):
        for path in _machine_paths():
            if path in text:
                raise BuildError(
                    f"{built.lesson.file}: cell {cell.id} prints a path of this machine: {path}"
                )
        if any(pattern.search(text) for pattern in _KEYS):
            raise BuildError(
                f"{built.lesson.file}: cell {cell.id} prints something like a key or password"
            )


def _machine_paths() -> list[str]:
    places = {
        str(ROOT),
        str(Path.home()) + os.sep,
        tempfile.gettempdir() + os.sep,
        sys.prefix + os.sep,
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("purelib"),
    }
    return sorted(place for place in places if place.strip("/\\"))


def _texts(value: Any) -> Iterator[str]:
    """All texts in outputs but pictures, which are base64 and match anything."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not str(key).startswith("image/") or key == "image/svg+xml":
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _save(notebook: NotebookNode, path: Path) -> None:
    nbformat.validate(notebook)
    text = nbformat.writes(notebook).rstrip("\n") + "\n"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())  # bytes, so that Windows writes the same line ends


def _load(path: Path) -> NotebookNode | None:
    if not path.is_file():
        return None
    try:
        return nbformat.read(path, as_version=4)
    except nbformat.reader.NotJSONError:
        return None  # half a file, from a build that was cut off: as good as none


# --- Comparing ------------------------------------------------------------------------------------


def _report(built: Sequence[Built], everything: bool) -> int:
    """Print what differs between the lessons and the files; 1 if anything does."""
    differing = [line for one in built for line in check(one)]
    others = [line for one in built for line in _not_the_builds(one)]
    others += _left_over(built) if everything else []
    for line in (*_few(differing), *(line for one in built for line in _undone_by_a_build(one))):
        print(line)
    for line in others:
        print(line)
    if differing:
        more = f" and {counted(len(others), 'other thing')} to mend" if others else ""
        print(
            f"{counted(len(differing), 'difference')}{more}. `{REBUILD}` makes the notebooks anew; "
            "changes belong in lessons/."
        )
    elif others:
        print(f"{counted(len(others), 'thing')} to mend.")
    if differing or others:
        return 1
    print(f"notebooks/ and solutions/ match lessons/ ({counted(len(built), 'lesson')}).")
    return 0


def _few(differing: Sequence[str]) -> Iterator[str]:
    """The first lines on each notebook, and how many more there are."""
    for label, lines in itertools.groupby(differing, lambda line: line.partition(": ")[0]):
        told = list(lines)
        yield from told[:SHOWN_DIFFERENCES]
        if more := told[SHOWN_DIFFERENCES:]:
            yield f"{label}: and {len(more)} more"


def _not_the_builds(built: Built) -> list[str]:
    """What only a person can mend in one lesson: links that lead nowhere, wrong solutions."""
    path = ROOT / built.lesson.file
    found = [line.replace(str(path), built.lesson.file) for line in links.problems(path)]
    solved = _load(_path("solutions", built))
    return found + (_refused(built, solved) if solved else [])


def _undone_by_a_build(built: Built) -> list[str]:
    """Changes by hand, each of which is among the differences, too."""
    return [
        f"{edition}/{built.stem}.ipynb: changed by hand ({_short(changes)}), which the next build "
        f"undoes: make the change in {built.lesson.file}"
        for edition, changes in _changed_by_hand(built).items()
        if changes
    ]


def _left_over(built: Sequence[Built]) -> list[str]:
    """What the course has of lessons that are gone, and lacks of those that are there."""
    stems = {one.stem for one in built}
    found = [
        f"{edition}/{path.name}: there is no lesson of that name in lessons/: delete the file"
        for edition in EDITIONS
        for path in sorted((ROOT / edition).glob("*.ipynb"))
        if _ORDINARY_NAME.match(path.name) and path.stem not in stems
    ]
    titles = {one.lesson.file: shape.title(one.lesson) or "" for one in built}
    return found + table_problems(ROOT, titles)


def check(built: Built) -> list[str]:
    """What in the files differs from the lesson's source; nothing if all is up to date."""
    found: list[str] = []
    for edition in EDITIONS:
        path = _path(edition, built)
        label = f"{edition}/{path.name}"
        stored = _load(path)
        if stored is None:
            found.append(f"{label}: missing or unreadable")
            continue
        expected = built.notebooks if edition == "notebooks" else built.solutions
        found += [f"{label}: {difference}" for difference in _differences(expected, stored)]
        if edition == "notebooks":
            found += [
                f"{label}: cell {cell.id} has outputs; learners' notebooks have none"
                for cell in stored.cells
                if cell.get("outputs") or cell.get("execution_count")
            ]
        elif name := _unexecuted(stored):
            found.append(f"{label}: cell {name} was not executed in order on a fresh kernel")
    return found


def _differences(expected: NotebookNode, stored: NotebookNode) -> list[str]:
    """Which cells differ in source, kind or metadata; outputs are not looked at."""
    wanted = {cell.id: cell for cell in expected.cells}
    there = {cell.get("id", f"number {n}"): cell for n, cell in enumerate(stored.cells, start=1)}
    found = [f"cell {name} is missing" for name in wanted if name not in there]
    found += [f"cell {name} is not in the lesson" for name in there if name not in wanted]
    for name in wanted:
        if name in there:
            for what in ("cell_type", "source", "metadata"):
                if wanted[name][what] != there[name][what]:
                    found.append(f"cell {name} has another {what}")
    if not found and list(wanted) != list(there):
        found.append("the cells stand in another order")
    if _without_jupyters_own(stored.metadata) != _without_jupyters_own(METADATA):
        found.append("the notebook's metadata differ")
    return found


def _without_jupyters_own(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A notebook's metadata without what Jupyter writes of its kernel whenever it saves."""
    language = metadata.get("language_info", {}).get("name")
    return {**metadata, "language_info": language}


def _unexecuted(notebook: NotebookNode) -> str | None:
    """The first code cell that was not executed in order on a fresh kernel, if any."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        if cell.execution_count != number:
            return str(cell.id)
    return None


# --- The command line -----------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.build",
        description="Make notebooks/ and solutions/ from lessons/. A solution is executed when "
        "its sources changed, or its outputs are not complete.",
    )
    add_build_options(parser)
    return parser


def _chosen(names: Sequence[str]) -> list[Path]:
    return chosen(names, ROOT / "lessons")


def _say(text: str, *, passing: bool = False) -> None:
    """Print a line; on a terminal, a `passing` one gives way to the next."""
    terminal = sys.stdout.isatty()
    start = "\r\x1b[K" if terminal else ""
    print(start + text, end="" if passing and terminal else "\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
