"""Each section needs only the setup cell, so that a workshop can skip sections.

These tests use another OpenAI-compatible server, set only by environment variables; nbval runs
every whole notebook with the course's own simulator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.notebooks import editions
from tests.notebooks.editions import LESSONS, ROOT
from utils.simulator import Simulator

SPEED = 10.0


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    """Run a second server in a separate process."""
    running = Simulator(speed=SPEED)
    yield running
    running.stop()


@pytest.fixture
def other_server(server: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """Set three variables so that kernels use that server."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", server.api_key)
    monkeypatch.setenv("OPENAI_MODEL", "sim")  # not the name of a class's shared simulator
    return server


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_section_needs_the_setup_cell_alone_and_any_provider(
    lesson: str, other_server: Simulator, quick_kernel: Sequence[str] | None
) -> None:
    # The solved edition contains everything in the learner's, and the solutions.
    cells = editions.separately(editions.sections(editions.read("solutions", lesson)))
    fresh = editions.run(cells, ROOT / "solutions", quick_kernel)
    assert list(editions.faults_of_run(cells, fresh)) == []
    told = "".join(output.get("text", "") for output in fresh[0].outputs)
    address = other_server.base_url.removeprefix("http://").removesuffix("/v1")
    assert f"Cells will call the model sim at {address}:" in told
    assert other_server.api_key not in str(fresh)
    assert {request.model for request in other_server.requests()} == {"sim"}


def test_a_simulator_for_all_answers_each_cell_at_the_pace_that_the_lesson_says(
    other_server: Simulator, quick_kernel: Sequence[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "sim-chat")
    cells = editions.code(editions.read("solutions", LESSONS[0]).cells)
    setup, *_ = editions.run(cells, ROOT / "solutions", quick_kernel)
    told = "".join(output.get("text", "") for output in setup.outputs)
    assert "Cells will call the shared simulator at " in told
    asked = other_server.requests()
    assert {"sim-seed", "sim-fast"} <= {request.model for request in asked if request.stream}
