"""What browser tests share: one JupyterLab for all, one browser for each module."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright

from tests.browser.lab import (
    NO_BROWSER,
    NOTEBOOK_WIDTH,
    Lab,
    NotebookPage,
    browser_path,
    launch,
    serve,
)


@pytest.fixture(scope="session")
def browser_file() -> str:
    """Where the browser is; without one, these tests are skipped before anything is started."""
    with sync_playwright() as playwright:
        path = browser_path(playwright)
    if path is None:
        pytest.skip(NO_BROWSER)
    return path


@pytest.fixture(scope="session")
def lab(browser_file: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab that serves an empty folder; its kernels can import the course."""
    root, state = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("state")
    with serve(root, state) as running:
        yield running


@pytest.fixture(scope="module")  # not longer: an open sync Playwright blocks other async tests
def browser(browser_file: str) -> Iterator[Browser]:
    """Chromium or Chrome, without a window."""
    with sync_playwright() as playwright:
        chromium = launch(playwright, browser_file)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Pages of one visitor: JupyterLab's own files are fetched once."""
    visitor = browser.new_context()
    yield visitor
    visitor.close()


OpenNotebook = Callable[..., NotebookPage]


@pytest.fixture
def notebook(
    request: pytest.FixtureRequest, context: BrowserContext, lab: Lab
) -> Iterator[OpenNotebook]:
    """Write a notebook of some cells and open it: `notebook("cell", "cell", viewport=…)`."""
    opened: list[NotebookPage] = []

    def write_and_open(*cells: str, viewport: ViewportSize = NOTEBOOK_WIDTH) -> NotebookPage:
        name = "".join(sign if sign.isalnum() else "-" for sign in request.node.name)
        page = context.new_page()
        page.set_viewport_size(viewport)
        opened.append(NotebookPage.open(page, lab.url(lab.write(f"{name}.ipynb", *cells))))
        return opened[-1]

    yield write_and_open
    for page in opened:
        page.close()
