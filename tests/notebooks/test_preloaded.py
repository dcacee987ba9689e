"""A kernel from `preloaded.py` differs from any other kernel only in what it has imported."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tests.notebooks import editions
from tests.notebooks.editions import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")

LOADED = """\
import json, sys
print(json.dumps(sorted(sys.modules)))
"""
AROUND = """\
import json, os, sys, threading
names = sorted(name for name in globals() if not name.startswith("_"))
seen = os.environ.get("SEEN_BY_KERNELS")
around = dict(names=names, path=sys.path, program=sys.argv[0], folder=os.getcwd(), seen=seen)
print(json.dumps(around))
"""


def printed(cells: Sequence[NotebookNode]) -> str:
    return "".join(output.get("text", "") for cell in cells for output in cell.outputs)


def test_its_environment_is_that_of_any_kernel(quick_kernel, tmp_path, monkeypatch):
    monkeypatch.setenv("SEEN_BY_KERNELS", "yes")
    quick, plain = (
        json.loads(printed(editions.run([new_code_cell(AROUND)], tmp_path, command)))
        for command in (quick_kernel, None)
    )
    for around in (quick, plain):
        around["program"] = Path(around["program"]).stem  # a plain kernel's program is a full path
    assert quick == plain
    assert plain["folder"] == os.path.realpath(tmp_path)
    assert plain["seen"] == "yes"


def test_it_has_imported_what_lessons_import_and_nothing_else(quick_kernel, tmp_path):
    before = set(json.loads(printed(editions.run([new_code_cell(LOADED)], tmp_path, quick_kernel))))
    assert "langchain_openai" in before, "slow imports must be preloaded"
    assert not {name for name in before if name.split(".")[0] == "utils"}
    lesson = (
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nimport json",
        "from utils.provider import chat_model\nfrom utils.setup import ready",
        "import fastapi, utils.app_server, utils.charts.chart, utils.widgets",
        "ready()\nmodel = chat_model('fast')",
        "import io\nutils.charts.chart.Figure().savefig(io.BytesIO())",
        LOADED,
    )
    *_, after = editions.run([*map(new_code_cell, lesson)], tmp_path)
    assert before - set(json.loads(printed([after]))) == set()


def test_a_kernel_that_dies_is_reported(quick_kernel, tmp_path):
    with pytest.raises(DeadKernelError):
        editions.run([new_code_cell("import os\nos._exit(3)")], tmp_path, quick_kernel)
