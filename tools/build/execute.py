"""Executes the instructor's edition of a lesson and chooses which outputs to store."""

# nbformat is only partly typed.
# mypy: allow-untyped-calls, no-warn-return-any

import asyncio
import os
import re
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tools.build.notebooks import BuildError, Built
from tools.env_vars import simulated_environ
from tools.programs import ROOT, show_transient

SLOWEST_CELL = 240  # seconds until a cell times out on a busy machine, as in pyproject.toml
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
VARYING = Path(__file__).parent / "nbval_sanitize.cfg"  # patterns for text that varies between runs

_KEYS = (  # patterns for keys, such as sk-…, `Bearer …` and `api_key: "…"`
    re.compile(r"\bsk-[A-Za-z0-9_-]{12,}"),
    re.compile(r"(?i)\bbearer\s+[A-Za-z0-9._~+/-]{12,}"),
    re.compile(r"(?i)\b(?:api[_-]?key|secret|password)['\"]?\s*[:=]\s*['\"]?[A-Za-z0-9_-]{12,}"),
)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop in which the first signal raises KeyboardInterrupt, and others do nothing.

    The handlers that nbclient adds would end the kernel, and nbclient would fail because it ended.
    """

    interrupted = False

    def add_signal_handler(self, number: int, *_: object) -> None:
        super().add_signal_handler(number, self._interrupt)

    def _interrupt(self) -> None:
        if not self.interrupted:
            self.interrupted = True
            raise KeyboardInterrupt


def executed(built: Built) -> NotebookNode:
    """Execute the instructor's edition on a fresh kernel that runs this Python.

    Raises:
        BuildError: If a cell fails, prints a local path or a key, or has a solution that its check
            rejects.
    """
    notebook = nbformat.from_dict(built.editions["solutions"])
    file, folder = built.lesson.file, built.path("solutions").parent
    folder.mkdir(exist_ok=True)
    lines = {
        node.id: cell.line
        for node, cell in zip(notebook.cells, built.lesson.cells, strict=True)
        if cell.kind == "code"
    }
    started: list[str] = []

    def progress(cell: NotebookNode, **_: Any) -> None:
        if cell.id in lines:
            started.append(cell.id)
            show_transient(f"  {built.stem}: {len(started)}/{len(lines)} {cell.id}")

    def failure(problem: str) -> BuildError:
        if not started:
            return BuildError(f"{file}: failed before the first cell: {problem}")
        return BuildError(f"{file}:{lines[started[-1]]}: cell {started[-1]} failed: {problem}")

    manager = AsyncKernelManager(
        kernel_name="python3",
        # With no folders to search, "python3" is this interpreter, whatever kernels are installed.
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
    )
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=SLOWEST_CELL,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],  # hides a warning that kernels print on startup
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        on_cell_start=progress,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as empty:
            environ = simulated_environ(IPYTHONDIR=empty)  # without the user's IPython settings
            environ.pop("COURSE_SPEED", None)  # run at real speed, as in a learner's first run
            with asyncio.Runner(loop_factory=_Loop) as runner:
                loop = runner.get_loop()
                task = loop.create_task(client.async_execute(env=environ, cleanup_kc=True))
                try:
                    loop.run_until_complete(task)
                except KeyboardInterrupt:
                    if manager.provisioner is not None:
                        # without an interrupt, which would make the kernel print a traceback
                        loop.run_until_complete(manager.provisioner.kill())
                    task.cancel()
                    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
                    raise
    except CellExecutionError as error:
        raise failure(f"{error.ename}: {error.evalue}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise failure(str(error).strip()) from None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for output in cell.outputs:
                # Without a kernel, a widget view shows "model not found". Keep the other formats.
                if set(output.get("data", ())) - {WIDGET_VIEW}:
                    output.data.pop(WIDGET_VIEW, None)
    if found := [*_private(file, notebook), *rejected(built, notebook)]:
        raise BuildError("\n".join([*found, f"Nothing of {built.stem} was written."]))
    return notebook


def rejected(built: Built, notebook: NotebookNode) -> list[str]:
    """Return a message for each exercise whose check rejected the solution.

    A check's output is text such as `Exercise 1.2: correct. …`.
    """
    found: list[str] = []
    for number, cell in built.lesson.exercises.items():
        nodes = [it for it in notebook.cells if f"exercise-{number}" in it.metadata.get("tags", ())]
        outputs = [output for node in nodes for output in node.get("outputs", ())]
        for output in outputs:
            text = output.get("data", {}).get("text/plain", "")
            if text.startswith("Exercise ") and not text.startswith(f"Exercise {number}: correct."):
                where = f"{built.lesson.file}:{cell.line}"
                found.append(f"{where}: the check rejects the solution. {text}")
    return found


def keep_outputs(notebook: NotebookNode, stored: NotebookNode) -> None:
    """Restore a cell's stored outputs if only text that varies between runs has changed.

    The setup cell and all code so far in the section must be unchanged. Images aren't compared,
    since they depend only on that code.
    """
    before = {cell.id: cell for cell in stored.cells if cell.cell_type == "code"}
    setup_is_old = section_is_old = True
    in_setup = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            if heading := re.search(r"^## (.*)$", cell.source, re.MULTILINE):
                in_setup = heading[1].strip() == "Setup"
                section_is_old = setup_is_old
            continue
        old = before.get(cell.id)
        section_is_old = section_is_old and old is not None and old.source == cell.source
        if in_setup:
            setup_is_old = section_is_old
        if section_is_old and old is not None and _steady(cell.outputs) == _steady(old.outputs):
            cell.outputs = old.outputs
            for output in cell.outputs:
                if "execution_count" in output:  # a new cell above changes the count
                    output.execution_count = cell.execution_count


def _steady(value: Any) -> Any:
    """Return outputs without execution counts and images, and with varying text replaced."""
    if isinstance(value, str):
        for pattern, word in _varying():
            value = pattern.sub(word, value)
    elif isinstance(value, Mapping):
        value = {
            key: None if str(key).startswith("image/") and isinstance(item, str) else _steady(item)
            for key, item in value.items()
            if key != "execution_count"
        }
    elif isinstance(value, list):
        value = [_steady(item) for item in value]
    return value


@cache
def _varying() -> list[tuple[re.Pattern[str], str]]:
    """Return the nbval rules: patterns for varying text, each with its replacement."""
    rules = re.findall(r"^regex: (.*)\nreplace: *(.*)$", VARYING.read_text("utf-8"), re.MULTILINE)
    return [(re.compile(pattern), word) for pattern, word in rules]


def _private(file: str, notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        for text in strings(cell.get("outputs", ())):
            for path in machine_paths():
                if path in text:
                    yield f"{file}: cell {cell.id} prints a path of this machine: {path}"
            if any(pattern.search(text) for pattern in _KEYS):
                yield f"{file}: cell {cell.id} prints something like a key or password"


def machine_paths() -> list[str]:
    """Return paths on this machine that published outputs must not contain."""
    places = {
        str(ROOT),
        str(Path.home()) + os.sep,
        tempfile.gettempdir() + os.sep,
        sys.prefix + os.sep,
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("purelib"),
    }
    return sorted(place for place in places if place.strip("/\\"))  # except the file system root


def strings(value: Any) -> Iterator[str]:
    """Yield all strings in outputs, except base64 images, which could match a pattern by chance."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not str(key).startswith("image/") or key == "image/svg+xml":
                yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
