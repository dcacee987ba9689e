"""The `verdict` command's results for the FastAPI app behind nginx, with buffering on and off."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.frameworks.judging import failed
from tools.running_app import Site, served
from tools.verdict.nginx import ALONE, BUFFERING, NGINX, behind_nginx, settings_in_the_readme

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx isn't installed: see .ci/run."),
    pytest.mark.xdist_group("nginx"),
]

BUFFERED = {  # the lines of the verdict table that a buffered app doesn't pass
    "first text long before the last",
    "not buffered on the way",
    "Stop stops the model",  # with buffering, the model finishes before any text appears
    "other visitors aren't blocked",
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    # with h11, as if only the app's own packages were installed
    with served(ALONE, sys.executable) as running:
        yield running


def test_every_line_passes_with_the_readmes_settings(site: Site, tmp_path: Path) -> None:
    with behind_nginx(settings_in_the_readme(), tmp_path, site.url) as url:
        assert failed(site, "fastapi", url) == []


def test_the_apps_header_turns_buffering_off(site: Site, tmp_path: Path) -> None:
    with behind_nginx("", tmp_path, site.url) as url:
        assert failed(site, "fastapi", url) == []


def test_the_verdict_reports_buffering(site: Site, tmp_path: Path) -> None:
    with behind_nginx(BUFFERING, tmp_path, site.url) as url:
        assert set(failed(site, "fastapi", url)) == BUFFERED
