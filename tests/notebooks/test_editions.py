"""The outputs stored in the instructor's edition; `build --check` checks everything else."""

import pytest

from tests.notebooks import editions
from tests.notebooks.editions import LESSONS


@pytest.mark.parametrize("lesson", LESSONS)
def test_stored_outputs_have_no_faults_and_are_all_compared(lesson):
    for cell in editions.code(editions.read("solutions", lesson).cells):
        assert list(editions.faults_of_outputs(cell.outputs)) == [], cell.id
        assert "nbval" not in cell.source.lower(), "nbval obeys comments such as NBVAL_SKIP"
