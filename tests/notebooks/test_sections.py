"""Each section depends only on the setup cell, so that a workshop can skip sections."""

import ast
import dis
import json
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
from nbformat import NotebookNode

from tests.notebooks import editions
from tests.notebooks.editions import LESSONS, Section

# Sections that use a name from another section, by edition and lesson. Their text says which
# section to run first.
ALLOWED = {("solutions", "04_async_streaming"): {("A web server of your own", "frame")}}


def undefined(sections: Sequence[Section], folder: Path) -> set[tuple[str, str]]:
    """Return each undefined name in the sections, as (section title, name)."""
    for number, section in enumerate(sections):
        source = "\n\n".join(cell.source for cell in (*section.setup, *section.cells))
        (folder / f"{number}.py").write_text(source, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache"]
    found = subprocess.run(
        [*ruff, "--select=F405,F821", "--output-format=json", str(folder)],  # undefined names
        stdout=subprocess.PIPE,
        check=False,  # ruff exits with 1 if it finds violations
    )
    names = set()
    for violation in json.loads(found.stdout):
        section = sections[int(Path(violation["filename"]).stem)]
        names.add((section.title, violation["message"].split("`")[1]))  # the quoted name
    return names


def bound(cells: Collection[NotebookNode]) -> set[str]:
    """Return the names that cells bind outside functions and classes."""
    source = "\n".join(cell.source for cell in cells)
    code = compile(source, "cells", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_NAME"}


@pytest.mark.parametrize("edition", ["notebooks", "solutions"])
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_section_needs_only_the_setup_cell(lesson, edition, tmp_path):
    sections = editions.sections(editions.read(edition, lesson))
    assert len(sections) > 4
    assert undefined(sections, tmp_path) == ALLOWED.get((edition, lesson), set())
    for section in sections:  # rebinding a name from the setup would affect later sections
        assert "ready" in bound(section.setup)
        changed = bound(section.setup) & bound(section.cells)
        assert not changed, f"{section.title} rebinds the setup's {changed}"
