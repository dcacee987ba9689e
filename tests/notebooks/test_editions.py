"""Stored outputs contain no errors, stderr or local paths, and nbval compares all of them."""

import pytest

from tests.notebooks import editions
from tests.notebooks.editions import LESSONS


@pytest.mark.parametrize("lesson", LESSONS)
def test_stored_outputs_are_clean_and_all_compared(lesson):
    for cell in editions.code(editions.read("solutions", lesson).cells):
        assert list(editions.unwanted_outputs(cell.outputs)) == [], cell.id
        assert "nbval" not in cell.source.lower(), "nbval obeys comments such as NBVAL_SKIP"
