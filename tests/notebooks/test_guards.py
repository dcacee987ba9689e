"""The notebook tests themselves: they find faults, and ignore differences between correct runs."""

import re

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell
from nbval.plugin import get_sanitize_patterns

from tests.notebooks import editions
from tests.notebooks.editions import ROOT

RULES = ROOT / "tools" / "build" / "nbval_sanitize.cfg"


def sanitized(text: str) -> str:
    for pattern, word in get_sanitize_patterns(RULES.read_text(encoding="utf-8")):
        text = re.sub(pattern, word, text)
    return text


# --- What nbval's sanitizing rules ignore, and what they keep


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
def test_differences_between_correct_runs_are_ignored(stored, fresh):
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
def test_conclusions_of_a_lesson_are_compared_exactly(stored, fresh):
    assert sanitized(stored) != sanitized(fresh)


# --- Faults in outputs


@pytest.mark.parametrize(
    ("output", "faults"),
    [
        ({"output_type": "stream", "name": "stdout", "text": "1"}, []),
        (
            {"output_type": "stream", "name": "stderr", "text": "careful"},
            ["wrote to stderr: careful"],
        ),
        ({"output_type": "error", "ename": "E", "evalue": ""}, ["raised E"]),
        (
            {"output_type": "stream", "name": "stdout", "text": "in /home/someone/course"},
            ["contains a path on this machine: '/home/someone/course'"],
        ),
    ],
)
def test_a_fault_in_an_output_is_reported(output, faults):
    assert list(editions.unwanted_outputs([nbformat.from_dict(output)])) == faults


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
def test_an_exception_in_a_cell_or_a_task_is_reported(source, tmp_path):
    with pytest.raises(CellExecutionError):
        editions.run([new_code_cell(source)], tmp_path)
