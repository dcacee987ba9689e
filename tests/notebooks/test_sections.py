"""Each section runs right after the setup cell, so that a workshop can jump to it."""

from collections.abc import Sequence

import pytest

from tests.notebooks import editions
from tests.notebooks.editions import LESSONS, ROOT, Section

# The solved edition: it runs all that the learner's does, and the exercises' answers too.
SECTIONS = [
    pytest.param(section, id=f"{lesson}-{section.title}")
    for lesson in LESSONS
    if (ROOT / "solutions" / f"{lesson}.ipynb").exists()
    for section in editions.sections(editions.read("solutions", lesson))
]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_needs_the_setup_cell_alone(
    section: Section, quick_kernel: Sequence[str] | None
) -> None:
    assert section.setup, "there is no section `Setup` with code"
    editions.run([*section.setup, *section.cells], ROOT / "solutions", quick_kernel)
