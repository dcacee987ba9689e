"""Environment variables alone move every lesson to another OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.notebooks import editions
from tests.notebooks.editions import LESSONS, ROOT
from utils.simulator import Simulator

SPEED = 10.0


@pytest.fixture
def other_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A second server in a process of its own, which the kernels know by three variables."""
    server = Simulator(speed=SPEED)
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", server.api_key)
    monkeypatch.setenv("OPENAI_MODEL", "sim")  # no name of a simulator that a class shares
    yield server
    server.stop()


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_same_cells_are_answered_by_the_provider_of_the_environment(
    lesson: str, other_server: Simulator, quick_kernel: Sequence[str] | None
):
    notebook = editions.read("solutions", lesson)
    cells = editions.code(notebook.cells)
    setup, *others = editions.run(cells, ROOT / "solutions", quick_kernel)
    told = "".join(output.get("text", "") for output in setup.outputs)
    address = other_server.base_url.removeprefix("http://").removesuffix("/v1")
    assert f"Cells will call the model sim at {address}:" in told
    assert other_server.api_key not in "".join(map(str, [setup, *others]))
    asked = other_server.requests()
    assert {request.model for request in asked} == {"sim"}
    assert any(request.stream for request in asked)


def test_a_simulator_for_all_answers_each_cell_at_the_pace_that_the_lesson_says(
    other_server: Simulator, quick_kernel: Sequence[str] | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_MODEL", "sim-chat")
    cells = editions.code(editions.read("solutions", LESSONS[0]).cells)
    setup, *_ = editions.run(cells, ROOT / "solutions", quick_kernel)
    told = "".join(output.get("text", "") for output in setup.outputs)
    assert "Cells will call the shared simulator at " in told
    assert {"sim-seed", "sim-fast"} <= {request.model for request in other_server.requests()}
