"""Fixtures for browser tests: JupyterLab servers, a browser and its pages.

The root `conftest.py` assigns all files in a folder, except lesson 4's, to the same worker. Its
fixture `kernels` is the address of a process that starts kernels as forks, or None.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.notebooks.preloaded import command
from tools.browser.notebook_page import NotebookPage
from tools.browser.server import (
    ARTIFACTS,
    GET_ONE,
    NO_BROWSER,
    NOTEBOOK_WIDTH,
    REPOSITORY,
    USUAL,
    Lab,
    browser_path,
    launch,
    serve,
)

if TYPE_CHECKING:  # Playwright may be missing at run time; the tests are then skipped
    from playwright.sync_api import Browser, BrowserContext, Page

# Returns the notebook's path, its kernel's status, and the text of its outputs.
STATE = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  const kernel = panel?.sessionContext?.session?.kernel;
  const texts = [
    ...document.querySelectorAll(".course-text, .course-note, .course-badge, .jp-OutputArea"),
  ];
  return [
    `${panel?.context?.path}: kernel ${kernel?.status}, ${kernel?.connectionStatus}`,
    ...texts.map((text) => `${text.className}: ${text.textContent.slice(0, 200)}`),
  ].join("\\n");
}"""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """If a test fails, save a screenshot of each page, and add the page's state to the report."""
    report = yield
    if call.when == "setup" and isinstance(report.longrepr, tuple):
        # pytest's summary merges skips that have the same reason and location, so use one location.
        report.longrepr = (__file__, 0, report.longrepr[2])
    if call.when == "call" and report.failed:
        ARTIFACTS.mkdir(exist_ok=True)
        context = getattr(item, "funcargs", {}).get("context")
        for number, page in enumerate(context.pages if context else []):
            name = re.sub(r"\W+", "-", f"failed-{item.name}-{number}")
            try:
                page.screenshot(path=ARTIFACTS / f"{name}.png", timeout=10_000)
                report.sections.append((f"{name}.png", page.evaluate(STATE)))
            except Exception as error:  # a crashed page can't be captured
                report.sections.append((name, str(error)))
    return report


@pytest.fixture(scope="session")
def browser_file() -> str:
    """Return the browser's path. If no browser can run, skip the tests.

    The tests fail, rather than being skipped, if COURSE_BROWSER is set, as in CI.
    """
    problem = NO_BROWSER
    try:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            path = browser_path(playwright)
            if path is not None:
                launch(playwright, path).new_page().goto("about:blank")
                return path
    except Exception as error:  # for example, a library that Playwright or the browser lacks
        cause = str(error).partition("\n")[0] or type(error).__name__
        problem = f"No browser can run here ({cause}). {GET_ONE}"
    if os.environ.get("COURSE_BROWSER"):
        pytest.fail(problem)
    pytest.skip(problem)


@pytest.fixture(scope="session")
def lab(
    browser_file: str, tmp_path_factory: pytest.TempPathFactory, kernels: str | None
) -> Iterator[Lab]:
    """Run a JupyterLab server in an empty folder, with kernels that can import the course."""
    root, state = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("new") / "state"
    with serve(root, state, kernel=command(kernels) if kernels else None) as running:
        yield running


@pytest.fixture(scope="session")
def course(
    browser_file: str, tmp_path_factory: pytest.TempPathFactory, kernels: str | None
) -> Iterator[Lab]:
    """Run JupyterLab on a copy of the course, so that nothing is saved to the repository."""
    root, state = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("state")
    for folder in ("notebooks", "lessons", "utils"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    with serve(root, state, kernel=command(kernels) if kernels else None) as running:
        yield running


@pytest.fixture(scope="package")  # not "session": async tests fail while sync Playwright is open
def browser(browser_file: str) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = launch(playwright, browser_file)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Create one browser context for all tests, so that JupyterLab's files are fetched once."""
    opened = browser.new_context()
    yield opened
    opened.close()


@pytest.fixture(scope="package")
def page(context: BrowserContext) -> Page:
    return context.new_page()


def open_on(page: Page, lab: Lab, file: str) -> NotebookPage:
    """Open a notebook; load JupyterLab first, unless the page already shows it."""
    page.set_viewport_size(NOTEBOOK_WIDTH)
    if page.url.startswith(lab.address):
        return NotebookPage.open_next(page, file)
    opened = NotebookPage.open(page, lab.url(file))
    opened.theme("JupyterLab Light")  # a failed test may have left the dark theme on
    return opened


OpenNotebook = Callable[..., NotebookPage]


@pytest.fixture
def notebook(
    request: pytest.FixtureRequest, page: Page, lab: Lab, kernels: str | None
) -> Iterator[OpenNotebook]:
    """Write a notebook and open it: `notebook("first cell", "second cell")`.

    Each notebook has its own kernel. JupyterLab is loaded for the first notebook, and again after a
    test that failed or reloaded the page.
    """
    failed_before = request.session.testsfailed
    opened: list[NotebookPage] = []

    def write_and_open(*cells: str, reloads: bool = False) -> NotebookPage:
        assert not opened, "a test opens one notebook"
        name = re.sub(r"[\W_]", "-", request.node.name)
        # Forked kernels start fast, but a test that reloads its page needs an ordinary kernel.
        kernel = USUAL if reloads and kernels else "python3"
        file = lab.write(f"{name}.ipynb", *cells, kernel=kernel)
        opened.append(open_on(page, lab, file))
        return opened[0]

    yield write_and_open
    failed = request.session.testsfailed > failed_before
    if opened and not failed:
        opened[0].close()
    # Leave a reloaded page, too: it would later reopen the notebook in its URL.
    if failed or page.evaluate("performance.getEntriesByType('navigation')[0].type") == "reload":
        page.goto("about:blank")
