"""The command that builds `notebooks/` and `solutions/` from `lessons/`, or compares them."""

# nbformat is only partly typed.
# mypy: allow-untyped-calls, no-warn-return-any

import argparse
import itertools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from tools import execute, lint_headings
from tools.lessons import add_build_options, chosen, fill, table_problems
from tools.notebooks import EDITIONS, METADATA, BuildError, Built, make
from tools.programs import ROOT, Advice, counted, passing, say

REBUILD = "python3 course.py build"
SHOWN_DIFFERENCES = 5  # lines shown per notebook; after a forgotten build, many cells differ

_ORDINARY_NAME = re.compile(r"^\d\d_[a-z0-9_]+\.ipynb$")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Build the notebooks, or compare them with their lessons; return 1 if there are problems."""
    options = _parser().parse_args(arguments)
    try:
        built, errors = [], []
        for path in chosen(options.lesson, root / "lessons"):
            try:
                built.append(make(path))
            except BuildError as error:
                errors.append(str(error))
        if errors:
            raise BuildError("\n".join(errors))
        everything = not options.lesson
        if options.check:
            return _report(built, root, everything=everything)
        for one in built:
            _write(one, options)
        if everything:
            fill(root / "lessons", [one.lesson for one in built], write=True)
    except (BuildError, Advice) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


# --- Writing --------------------------------------------------------------------------------------


def _write(built: Built, options: argparse.Namespace) -> None:
    """Write both editions; write neither if the solutions need executing and that fails."""
    label = f"solutions/{built.stem}.ipynb"
    stored = built.stored("solutions")
    solved: NotebookNode | None = None
    current = stored is not None and not differences(built.editions["solutions"], stored)
    if stored is not None and current and not options.all and not _unexecuted(stored):
        if stored.metadata != METADATA:  # changed by saving it in Jupyter
            stored.metadata = nbformat.from_dict(METADATA)
            solved = stored
        done = f"{label}: unchanged, outputs kept (after a change in utils: --all)"
    else:
        solved = execute.executed(built)
        if stored is not None and not options.all:
            execute.keep_outputs(solved, stored)
        done = f"{label}: executed, {counted(len(solved.cells), 'cell')}"
    built.save("notebooks", built.editions["notebooks"])
    passing("")
    say(f"notebooks/{built.stem}.ipynb: {counted(len(built.editions['notebooks'].cells), 'cell')}")
    if solved is not None:
        built.save("solutions", solved)
    say(done)


# --- Comparing ------------------------------------------------------------------------------------


def _report(built: Sequence[Built], root: Path, everything: bool) -> int:
    """Print how the files differ from the lessons, and other problems; return 1 if any."""
    differing = [line for one in built for line in _outdated(one)]
    others = [line for one in built for line in _rejected(one)]
    if everything:
        differing += fill(root / "lessons", [one.lesson for one in built], write=False)
        others += _left_over(built, root)
    for line in (*_few(differing), *others):
        say(line)
    if differing:
        more = f" and {counted(len(others), 'other problem')}" if others else ""
        say(
            f"{counted(len(differing), 'difference')}{more}. `{REBUILD}` rebuilds the notebooks; "
            "changes belong in lessons/."
        )
    elif others:
        say(f"{counted(len(others), 'problem')} to fix.")
    else:
        say(f"notebooks/ and solutions/ match lessons/ ({counted(len(built), 'lesson')}).")
    return 1 if differing or others else 0


def _few(differing: Sequence[str]) -> Iterator[str]:
    """Yield the first lines about each notebook, and how many more there are."""
    for label, lines in itertools.groupby(differing, lambda line: line.partition(": ")[0]):
        told = list(lines)
        yield from told[:SHOWN_DIFFERENCES]
        if more := told[SHOWN_DIFFERENCES:]:
            yield f"{label}: and {len(more)} more"


def _rejected(built: Built) -> list[str]:
    """Return a message for each stored solution that a check rejects."""
    solved = built.stored("solutions")
    return execute.rejected(built, solved) if solved else []


def _left_over(built: Sequence[Built], root: Path) -> list[str]:
    """Return messages about notebooks without a lesson, and tables that don't match the lessons."""
    stems = {one.stem for one in built}
    found = [
        f"{edition}/{path.name}: there is no lesson of that name in lessons/: delete the file"
        for edition in EDITIONS
        for path in sorted((root / edition).glob("*.ipynb"))
        if _ORDINARY_NAME.match(path.name) and path.stem not in stems
    ]
    titles = {one.lesson.file: lint_headings.title(one.lesson) or "" for one in built}
    return found + table_problems(root, titles)


def _outdated(built: Built) -> list[str]:
    """Return the differences between the files and the lesson's source."""
    found: list[str] = []
    for edition in EDITIONS:
        label = f"{edition}/{built.stem}.ipynb"
        stored = built.stored(edition)
        if stored is None:
            found.append(f"{label}: missing or unreadable")
            continue
        found += [f"{label}: {each}" for each in differences(built.editions[edition], stored)]
        if edition == "notebooks":
            found += [
                f"{label}: cell {cell.id} has outputs; learners' notebooks have none"
                for cell in stored.cells
                if cell.get("outputs") or cell.get("execution_count")
            ]
        elif name := _unexecuted(stored):
            found.append(f"{label}: cell {name} was not executed in order on a fresh kernel")
    return found


def differences(expected: NotebookNode, stored: NotebookNode) -> list[str]:
    """Return messages about differing cells, order or metadata; outputs are not compared."""
    wanted = {cell.id: cell for cell in expected.cells}
    there = {cell.get("id", f"number {n}"): cell for n, cell in enumerate(stored.cells, start=1)}
    found = [f"cell {name} is missing" for name in wanted if name not in there]
    found += [f"cell {name} is not in the lesson" for name in there if name not in wanted]
    found += [
        f"cell {name} has a different {what}"
        for name in wanted
        if name in there
        for what in ("cell_type", "source", "metadata")
        if wanted[name][what] != there[name][what]
    ]
    if not found and list(wanted) != list(there):
        found.append("the cells are in a different order")
    if _without_jupyters_own(stored.metadata) != _without_jupyters_own(METADATA):
        found.append("the notebook's metadata differ")
    return found


def _without_jupyters_own(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata with `language_info` reduced to a name; Jupyter updates the rest on save."""
    language = metadata.get("language_info", {}).get("name")
    return {**metadata, "language_info": language}


def _unexecuted(notebook: NotebookNode) -> str | None:
    """Return the id of the first code cell not executed in order on a fresh kernel, or None."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    wrong = (cell.id for n, cell in enumerate(code, start=1) if cell.execution_count != n)
    return next(wrong, None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.build",
        description="Build notebooks/ and solutions/ from lessons/. A solutions notebook is "
        "executed if its lesson changed or its outputs are incomplete.",
    )
    add_build_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
