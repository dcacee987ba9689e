"""A lesson's stated minutes add up and agree with those computed by `tools.minutes`, a command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.build.notebooks import Built, make
from tools.minutes import CORE_END, minutes
from tools.programs import ROOT
from utils import lesson_source


@pytest.fixture(scope="module", params=lesson_source.paths(), ids=lambda path: path.stem)
def built(request) -> Built:
    path: Path = request.param
    return make(path)


def promised(opening: str) -> tuple[int, int]:
    """Return the two numbers in a line such as `**Time:** 60 minutes for the core, and 9 more`."""
    found = re.search(r"\*\*Time:\*\* (\d+) minutes.* (\d+) more", opening)
    assert found
    return int(found[1]), int(found[2])


def test_the_time_line_agrees_with_the_computed_minutes(built: Built):
    opening = built.editions["notebooks"].cells[0].source
    core, rest = promised(opening)
    computed_core, computed_rest = (sum(section.values()) for section in minutes(built))
    assert computed_core == pytest.approx(core, rel=0.1)
    assert computed_rest == pytest.approx(rest, rel=0.1, abs=0.5)


def test_the_core_ends_with_the_script_to_take_home_and_has_no_optional_parts(built: Built):
    texts = [cell.source for cell in built.editions["notebooks"].cells]
    end = texts.index(next(text for text in texts if CORE_END in text))
    headings = re.findall(r"^## (.+)$", "\n".join(texts[: end + 1]), re.MULTILINE)
    assert set(headings[-2:]) == {"Recap", "Take it home"}
    assert not any("*optional*" in text.lower() for text in texts[1:end])
    assert not any(heading.startswith("Optional") for heading in headings)
    _, rest = promised(texts[0])
    parts = re.findall(r"(?<![(\d])(\d+) minutes", texts[end])  # skips minutes in parentheses
    assert sum(map(int, parts)) == rest


def test_an_instructors_note_that_lists_the_minutes_adds_up(built: Built):
    texts = [cell.source for cell in built.editions["solutions"].cells]
    note = next(text for text in texts if text.startswith("**Instructor note: the time.**"))
    # For example: "Core: heartbeat 1 min · take it home 3 · recap 1. Second sitting: clinic 7."
    parts = [
        sum(map(int, re.findall(r"(?<!\S)(\d+)(?= min\b| ·|[.,] )", part)))
        for part in re.split(r"[Ss]econd sitting:", note)
    ]
    without_minutes = parts == [0]
    assert without_minutes or parts == pytest.approx(promised(texts[0]), abs=1)


def test_a_reader_that_wants_only_the_first_line_causes_no_traceback():
    reading, writing = os.pipe()
    command = [sys.executable, "-u", "-m", "tools.minutes", "1", "2"]
    child = subprocess.Popen(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert os.read(reading, 10_000).startswith(b"01_enabling_streaming.md, core: ")
    os.close(reading)
    assert child.communicate()[1] == b""


def test_an_unknown_lesson_is_reported_in_one_sentence():
    command = [sys.executable, "-m", "tools.minutes", "9"]
    done = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert done.stderr.startswith("There is no lesson 9; there are 01_enabling_streaming, ")
