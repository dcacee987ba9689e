"""The notebook checks detect the faults they are meant for."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbval.plugin import get_sanitize_patterns  # type: ignore[import-untyped]

from tests.notebooks import editions
from tests.notebooks.editions import ROOT

RULES = ROOT / "tools" / "build" / "nbval_sanitize.cfg"


def sanitized(text: str) -> str:
    for pattern, word in get_sanitize_patterns(RULES.read_text(encoding="utf-8")):
        text = re.sub(pattern, word, text)
    return text


def markdown(text: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(text)


def cell(source: str, *, printed: str = "", count: int = 1) -> NotebookNode:
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
    return nbformat.v4.new_code_cell(source, outputs=outputs, execution_count=count)


def notebook(*cells: NotebookNode) -> NotebookNode:
    return nbformat.v4.new_notebook(cells=list(cells))


# --- The sanitizing rules are narrow


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("invoke: first words 10.2 s · done 10.2 s", "invoke: first words 0.5 s · done 0.51 s"),
        ("back after  0.2 s", "back after 10.0 s"),
        ("TPOT 5.0 ms · first call 212 ms", "TPOT 12.1 ms · first call 9 ms"),
        (
            "lc_run--01997c1c-93b4-7aa2-8c3f-0123456789ab",
            "lc_run--01997c1c-ffff-7aa2-8c3f-abcdefabcdef",
        ),
        (
            '{"id": "chatcmpl-b3f6", "created": 1795341977}',
            '{"id": "chatcmpl-01", "created": 1695341977}',
        ),
        ("<object at 0x7f3a2c1d>", "<object at 0x10e5a2c1d0>"),
        ("http://127.0.0.1:43210/v1", "http://127.0.0.1:50001/v1"),
        ("6 tokens sent, 118 never generated", "9 tokens sent, 115 never generated"),
        ("97 chunks waited", "8 chunks waited"),
    ],
)
def test_differences_between_correct_runs_are_ignored(stored: str, fresh: str) -> None:
    assert sanitized(stored) == sanitized(fresh)


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("in under a tenth of the wait: True", "in under a tenth of the wait: False"),
        ("requests after next(): 1", "requests after next(): 2"),
        ("124 tokens", "125 tokens"),
        ("20 pieces", "1 pieces"),
        ("6 tokens sent, 118 never generated", "124 tokens sent, 0 never generated"),
        ("6 tokens sent, 118 never generated", "0 tokens sent, 124 never generated"),
        ("97 chunks waited", "0 chunks waited"),
        ("97 chunks", "98 chunks"),
        ("finished", "client left"),
        ("first words 10.2 s", "first words None"),
        ("finish_reason: stop", "finish_reason: None"),
        ("0.5 s", "0.5 ms"),
    ],
)
def test_conclusions_of_a_lesson_are_compared_exactly(stored: str, fresh: str) -> None:
    assert sanitized(stored) != sanitized(fresh)


# --- Faults of a stored solution, one at a time


def sound() -> NotebookNode:
    return notebook(cell("print(1)", printed="1\n"), cell("print(2)", printed="2\n", count=2))


def out_of_order(it: NotebookNode) -> None:
    it.cells[1].execution_count = 5


def never_executed(it: NotebookNode) -> None:
    it.cells[1].execution_count = None


def outputs_removed(it: NotebookNode) -> None:
    it.cells[1].outputs = []


def told_to_ignore_by_tag(it: NotebookNode) -> None:
    it.cells[0].metadata["tags"] = ["nbval-ignore-output"]


def told_to_ignore_by_comment(it: NotebookNode) -> None:
    it.cells[0].source = "# NBVAL_IGNORE_OUTPUT\nprint(1)"


def allowed_to_raise(it: NotebookNode) -> None:
    it.cells[0].metadata["tags"] = ["raises-exception"]


def runs_a_shell(it: NotebookNode) -> None:
    it.cells[0].source = "!false\nprint(1)"


def complains(it: NotebookNode) -> None:
    it.cells[0].outputs += [nbformat.v4.new_output("stream", name="stderr", text="careful")]


def shows_an_error(it: NotebookNode) -> None:
    it.cells[0].outputs += [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]


def shows_a_path(it: NotebookNode) -> None:
    it.cells[0].outputs[0].text = "/home/someone/course"


def stores_widgets(it: NotebookNode) -> None:
    it.metadata["widgets"] = {}


PLANTS: list[tuple[Callable[[NotebookNode], None], str]] = [
    (out_of_order, "was executed as 5, not as 2"),
    (never_executed, "was executed as None"),
    (outputs_removed, "has outputs in one run only"),
    (told_to_ignore_by_tag, "not on the short list"),
    (told_to_ignore_by_comment, "not on the short list"),
    (allowed_to_raise, "not on the short list"),
    (runs_a_shell, "a magic or a shell command"),
    (complains, "wrote to stderr"),
    (shows_an_error, "raised E"),
    (shows_a_path, "a path of a machine"),
    (stores_widgets, "stores widgets' state"),
]


def faults(it: NotebookNode) -> list[str]:
    stored = editions.faults_of_solutions("00_planted", it)
    return [*stored, *editions.faults_of_run(it.cells, sound().cells)]


def test_a_sound_solution_has_no_faults() -> None:
    assert faults(sound()) == []


@pytest.mark.parametrize(("plant", "told"), PLANTS)
def test_a_planted_fault_is_reported(plant: Callable[[NotebookNode], None], told: str) -> None:
    planted = sound()
    plant(planted)
    assert any(told in fault for fault in faults(planted))


def test_outputs_in_a_learners_notebook_are_reported() -> None:
    assert list(editions.faults_of_notebooks(sound()))
    assert not list(editions.faults_of_notebooks(notebook(markdown("## Title"))))


# --- Running cells


@pytest.mark.parametrize(
    "source",
    [
        "raise ValueError",
        "%no_such_magic\n1 + ",
        "import asyncio\nasync def lost(): assert False\ntask = asyncio.create_task(lost())",
        "import asyncio\nasync def lost(): assert False\nasyncio.create_task(lost()) and None",
    ],
    ids=["raises", "does not parse", "task that is kept", "task that is dropped"],
)
def test_an_exception_in_a_cell_or_a_task_is_reported(source: str, tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError):
        editions.run([cell(source)], tmp_path)


def test_a_notebook_has_its_sections_with_the_setup() -> None:
    setup = [markdown("# Lesson\n\n## Setup"), cell("ready = True")]
    one, two = [markdown("## One"), cell("1")], [markdown("Text\n\n## Two\n\nmore"), cell("2")]
    sections = editions.sections(notebook(*setup, *one, *two))
    assert [section.title for section in sections] == ["One", "Two"]
    assert [section.setup for section in sections] == [(setup[1],)] * 2
    assert [section.cells for section in sections] == [(one[1],), (two[1],)]


def test_nbval_compares_conclusions_but_ignores_measurements(tmp_path: Path) -> None:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    made = notebook(
        cell("print('took 0.5 s')", printed="took 10.2 s\n"),
        cell("print('it streams: True')", printed="it streams: True\n", count=2),
        cell("print('it streams: False')", printed="it streams: True\n", count=3),
    )
    made.metadata = nbformat.from_dict(kernel)
    nbformat.write(made, tmp_path / "made.ipynb")
    nbval = ["--nbval", "--nbval-current-env", f"--nbval-sanitize-with={RULES}"]
    pytest_here = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rf"]
    told = subprocess.run(
        [*pytest_here, *nbval, str(tmp_path / "made.ipynb")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "1 failed, 2 passed" in told.stdout
    assert "Cell 2" in told.stdout.split("short test summary")[1]
