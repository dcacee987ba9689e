"""The verdict on each framework's app, which must match the table in apps/README.md."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.apps.frameworks.conftest import EACH
from tests.apps.frameworks.judging import failed, verdict
from tools.app import APPS
from tools.running_app import Site, served

NOT_PASSED = {
    "django": ["Stop stops the model"],  # not tried: its page stops a reply by disconnecting
    "streamlit": [],
    "chainlit": ["leaving stops the model, or readers can rejoin"],
}


@pytest.fixture(params=EACH)
def judged(request: pytest.FixtureRequest) -> Iterator[tuple[str, Site]]:
    chosen = APPS[request.param]
    if not chosen.is_set_up():
        pytest.skip(f"The packages of the {chosen.name} app aren't installed; see the first lines.")
    with served(chosen, str(chosen.python)) as site:
        yield chosen.name, site


def test_each_app_passes_the_lines_named_in_the_readme(judged: tuple[str, Site]) -> None:
    name, site = judged
    assert failed(verdict(site, name, site.url)) == NOT_PASSED[name]
