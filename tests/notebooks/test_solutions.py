"""The stored solutions of every lesson are a true run from top to bottom, on a fresh kernel."""

import pytest
from nbformat import NotebookNode

from tests.notebooks import editions
from tests.notebooks.editions import LESSONS, ROOT


@pytest.fixture(scope="module", params=LESSONS)
def solved(request: pytest.FixtureRequest) -> tuple[str, NotebookNode, list[NotebookNode]]:
    """A lesson, its stored solutions, and their code cells executed on a fresh kernel."""
    lesson: str = request.param
    notebook = editions.read("solutions", lesson)
    return lesson, notebook, editions.run(editions.code(notebook.cells), ROOT / "solutions")


@pytest.mark.timeout(1800)
def test_the_solutions_are_a_true_run_from_top_to_bottom(
    solved: tuple[str, NotebookNode, list[NotebookNode]],
) -> None:
    faults = list(editions.faults_of_solutions(*solved))
    assert not faults, "\n".join(faults)
