"""Endpoints behind Debian's nginx, with buffering on and off, and what the verdict says of each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.apps.frameworks.nginx import (
    ALONE,
    BUFFERING,
    NGINX,
    behind_nginx,
    settings_in_the_readme,
)
from tests.apps.site import Site, served
from tools.verdict.__main__ import parser, shape_of
from tools.verdict.endpoint import Endpoint
from tools.verdict.lines import LINES, Case, Seen, judge
from tools.verdict.model import Model

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx isn't installed: see .ci/run."),
    pytest.mark.xdist_group("nginx"),
]

BUFFERED = {
    "first text long before the last",
    "not buffered on the way",
    "Stop stops the model",  # the page can't know what to stop before the first text
    "other visitors aren't blocked",
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served(ALONE, sys.executable) as running:
        yield running


def verdict(site: Site, url: str) -> dict[str, Seen]:
    """Judge the FastAPI app at an address."""

    def client() -> httpx2.AsyncClient:
        return httpx2.AsyncClient(timeout=None, trust_env=False)

    async def judged() -> dict[str, Seen]:
        shape = shape_of(parser().parse_args(["--preset", "fastapi", url]), 0)
        model = Model(site.model["OPENAI_BASE_URL"], site.model["OPENAI_API_KEY"], client)
        case = Case(Endpoint(shape, client), model, speed=2, hold=4, silence=2)
        return await judge(case, lambda *_: None)

    return asyncio.run(judged())


def failed(table: dict[str, Seen]) -> list[str]:
    assert list(table) == list(LINES)
    return [name for name, seen in table.items() if seen.verdict != "passed"]


def test_with_the_readmes_settings_every_line_passes(site: Site, tmp_path: Path) -> None:
    with behind_nginx(site.url, settings_in_the_readme(), tmp_path) as url:
        assert failed(verdict(site, url)) == []


def test_with_nginxs_own_settings_the_apps_header_turns_buffering_off(
    site: Site, tmp_path: Path
) -> None:
    with behind_nginx(site.url, "", tmp_path) as url:
        assert failed(verdict(site, url)) == []


def test_with_buffering_on_the_verdict_says_so(site: Site, tmp_path: Path) -> None:
    with behind_nginx(site.url, BUFFERING, tmp_path) as url:
        table = verdict(site, url)
    assert set(failed(table)) == BUFFERED
