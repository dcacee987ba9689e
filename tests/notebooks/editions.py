"""Helpers that find, run and check an edition's notebooks. This file contains no tests.

The checks cover what nbval misses: text on stderr, and exceptions in tasks that are never awaited.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tools.build.execute import SLOWEST_CELL, strings
from tools.programs import ROOT

LESSONS = sorted(path.stem for path in (ROOT / "lessons").glob("[0-9][0-9]_*.md"))

# Matches part of a local path, such as /home/, C:\Users or site-packages.
MACHINE = re.compile(r"/(?:root|home|Users|tmp|work|private/var)/|[A-Z]:\\+Users|site-packages")

# Runs in the kernel, to collect exceptions in tasks that are never awaited.
WATCH_TASKS = """\
import asyncio, gc
_lost = []
_watch = lambda loop, context: _lost.append(context.get("exception") or context["message"])
asyncio.get_running_loop().set_exception_handler(_watch)
"""
# This code doesn't use `isinstance`, which would read each object's `__class__`: openai's lazy
# modules would then import everything. A task's `_log_traceback` is true if its exception was
# never retrieved.
RAISE_LOST_EXCEPTIONS = """\
await asyncio.sleep(0)
gc.collect()
_tasks = [it for it in gc.get_objects() if issubclass(type(it), asyncio.Task)]
_ended = [it for it in _tasks if it.done()]
_lost += [it.exception() for it in _ended if not it.cancelled() and it._log_traceback]
if _lost:
    raise RuntimeError(f"in a task that was never awaited: {_lost!r}")
"""


@dataclass(frozen=True)
class Section:
    """One `##` section of a notebook, with the setup cells that a learner runs before it."""

    title: str
    setup: tuple[NotebookNode, ...]
    cells: tuple[NotebookNode, ...]


def read(edition: str, lesson: str) -> NotebookNode:
    return nbformat.read(ROOT / edition / f"{lesson}.ipynb", as_version=4)


def code(cells: Sequence[NotebookNode]) -> list[NotebookNode]:
    return [cell for cell in cells if cell.cell_type == "code"]


def sections(notebook: NotebookNode) -> list[Section]:
    """Return the sections that contain code, in order, except `## Setup`."""
    found: dict[str, list[NotebookNode]] = {}
    title = ""
    for cell in notebook.cells:
        heading = re.search(r"^## (.+)$", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and heading is not None:
            title = heading[1].strip()
        found.setdefault(title, []).append(cell)
    setup = tuple(code(found.pop("Setup", [])))
    parts = ((title, tuple(code(cells))) for title, cells in found.items())
    return [Section(title, setup, cells) for title, cells in parts if cells]


def run(
    cells: Sequence[NotebookNode],
    folder: Path,
    command: Sequence[str] | None = None,
    once_more: Callable[[], bool] = lambda: False,
) -> list[NotebookNode]:
    """Execute copies of code cells in a fresh kernel, and return the copies.

    Args:
        cells: The cells to execute, in order.
        folder: The kernel's working directory.
        command: The command that starts the kernel, if not the default; see `preloaded`.
        once_more: Called after each cell; if it returns true, the cell is executed again after all
            others.

    Raises:
        CellExecutionError: If a cell, or a task that a cell started, raised an exception.
    """
    first, last = map(nbformat.v4.new_code_cell, (WATCH_TASKS, RAISE_LOST_EXCEPTIONS))
    notebook = nbformat.v4.new_notebook(cells=[first, *deepcopy(list(cells)), last])
    resources = {"metadata": {"path": str(folder)}}

    def executed(cell: NotebookNode, cell_index: int, **_: Any) -> None:
        if 0 < cell_index <= len(cells) and once_more():
            notebook.cells.insert(-1, deepcopy(cell))

    client = NotebookClient(
        notebook,
        timeout=SLOWEST_CELL,
        kernel_name="python3",
        resources=resources,
        shutdown_kernel="immediate",  # no need to wait for the kernel's last messages
        on_cell_executed=executed,
    )
    if command is not None:
        client.create_kernel_manager().kernel_spec.argv = list(command)
    client.execute()
    return list(notebook.cells[1:-1])


def unwanted_outputs(outputs: Sequence[NotebookNode]) -> Iterator[str]:
    """Yield the problems in a cell's outputs: errors, text on stderr, and absolute local paths."""
    for output in outputs:
        if output.output_type == "error":
            yield f"raised {output.ename}"
        if output.get("name") == "stderr":
            yield f"wrote to stderr: {output.text.strip()[:200]}"
        found = next(filter(None, map(MACHINE.search, strings(output))), None)
        if found is not None:
            yield f"contains a path on this machine: {found.string[found.start() :][:60]!r}"
