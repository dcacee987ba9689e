"""Fixtures: `chosen` skips apps without packages; the others run an app, a simulator and a browser.

`course.py test --apps` installs the apps' packages in `build/apps/` and runs these tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import browser, browser_file
from tools.app import APPS, App
from tools.environment import Action
from tools.running_app import SELECTORS, AppInBrowser, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser", "browser_file"]  # fixtures that pytest should find here

# The apps with packages of their own. All tests of an app run in one worker and share a server.
EACH = [
    pytest.param(name, marks=pytest.mark.xdist_group(name))
    for name in ("django", "streamlit", "chainlit")
]

# Environment variables that frameworks read, but that may be meant for other programs.
SETTINGS = {
    "CI": "true",
    "WEB_CONCURRENCY": "2",
    "UVICORN_PORT": "1",
    "STREAMLIT_SERVER_PORT": "1",
    "CHAINLIT_ROOT_PATH": "/elsewhere",
}


@pytest.fixture(scope="session", autouse=True)
def foreign_settings() -> Iterator[None]:
    """Set the variables in `SETTINGS`, which must not affect any app."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module", params=EACH)
def chosen(request: pytest.FixtureRequest) -> App:
    """Return each app in turn; skip its tests if its packages aren't installed."""
    app = APPS[request.param]
    if app.needs("app")[0] is not Action.NOTHING:
        pytest.skip(
            f"The {app.name} app's packages aren't installed: see the output's first lines."
        )
    return app


@pytest.fixture(scope="module")
def app(chosen: App, browser_file: str) -> Iterator[AppInBrowser]:
    """Run the app and its simulator."""
    with served(chosen, str(chosen.python)) as site:
        yield AppInBrowser(chosen.name, site, SELECTORS[chosen.name])


Visit = Callable[[], "Page"]


@pytest.fixture
def visit(browser: Browser, app: AppInBrowser) -> Iterator[Visit]:
    visitors = []

    def opened() -> Page:
        visitors.append(browser.new_context(viewport={"width": 760, "height": 640}))
        page = visitors[-1].new_page()
        app.open(page)
        return page

    yield opened
    for visitor in visitors:
        visitor.close()
