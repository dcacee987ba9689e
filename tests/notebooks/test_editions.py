"""Every lesson has both editions; only the instructor's has outputs, from one complete run."""

import pytest

from tests.notebooks import editions
from tests.notebooks.editions import LESSONS, ROOT


@pytest.mark.parametrize("edition", ["solutions", "notebooks"])
def test_every_lesson_has_its_notebook_and_no_notebook_is_without_a_lesson(edition: str) -> None:
    assert LESSONS, "no lesson was found"
    assert sorted(path.stem for path in (ROOT / edition).glob("*.ipynb")) == LESSONS


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_stored_solutions_are_a_run_from_top_to_bottom(lesson: str) -> None:
    assert list(editions.faults_of_solutions(lesson, editions.read("solutions", lesson))) == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_learners_notebook_has_no_outputs(lesson: str) -> None:
    assert list(editions.faults_of_notebooks(editions.read("notebooks", lesson))) == []


def test_the_list_of_cells_that_are_not_compared_names_cells_that_exist() -> None:
    for lesson, ids in editions.NOT_COMPARED.items():
        cells = editions.read("solutions", lesson).cells
        assert ids <= {cell.id for cell in cells if editions.is_not_compared(cell)}
