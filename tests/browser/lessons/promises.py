"""Browser tests that each unmodified lesson notebook must pass in JupyterLab.

Each lesson's test module subclasses `Promises`, sets `lesson`, and adds its own tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from nbformat import from_dict

from tests.browser.conftest import open_on
from tests.browser.readability import barriers, faint, misfits
from tests.notebooks.editions import unwanted_outputs
from tools.browser.notebook_page import NotebookPage
from tools.browser.server import NARROW, PROJECTOR, REPOSITORY, Lab

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Error, Page, ViewportSize

LONGEST_RUN = 600.0  # seconds per lesson


@dataclass(frozen=True)
class Lesson:
    """A lesson and what to check in it.

    Attributes:
        stem: The notebook's file name without its suffix.
        live: CSS selectors, keyed by name, of elements that must grow visibly during *Run All*.
        shown: CSS selectors of other elements that must appear.
        speed: The value of `COURSE_SPEED`.
    """

    stem: str
    live: Mapping[str, str]
    shown: tuple[str, ...] = ()
    speed: int = 10

    @property
    def file(self) -> str:
        """The path of the learner's edition in the course folder."""
        return f"notebooks/{self.stem}.ipynb"

    def calls(self, function: str) -> list[str]:
        """Return the IDs of the exercises or predictions that the code cells pass to `function`."""
        cells = json.loads((REPOSITORY / self.file).read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        found: list[str] = re.findall(rf'^{function}\("(P?[\d.]+)"', code, re.MULTILINE)
        return found


@dataclass(frozen=True)
class Opened:
    """The notebook after *Run All*, and the browser errors so far."""

    notebook: NotebookPage
    errors: list[str]


@pytest.mark.timeout(1200)  # lesson 4 takes 40 s, or longer on a busy machine
class Promises:
    """Base class for each lesson's `TestPromises`; the tests share one run of the notebook."""

    lesson: Lesson

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, page: Page, course: Lab) -> Iterator[Opened]:
        """Open the notebook, run all cells, and wait until the page shows the cells' widgets."""
        lesson = cls.lesson
        errors: list[str] = []

        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error" and is_ours(message):
                errors.append(message.text)

        def on_error(error: Error) -> None:
            errors.append(str(error))

        page.on("pageerror", on_error)
        page.on("console", on_console)
        notebook = open_on(page, course, lesson.file)
        page.set_default_timeout(LONGEST_RUN * 1000)
        notebook.only_the_notebook()
        notebook.run_unseen(f'import os; os.environ["COURSE_SPEED"] = "{lesson.speed}"')
        notebook.sample(**lesson.live)  # records text, to be read with `seen`
        notebook.run()
        # The page may render a result some time after the kernel's last message.
        page.locator(".course-prediction").nth(len(lesson.calls("predict")) - 1).wait_for()
        for selector in (*lesson.live.values(), *lesson.shown):
            page.locator(selector).first.wait_for()
        yield Opened(notebook, errors)
        notebook.close()
        page.remove_listener("pageerror", on_error)
        page.remove_listener("console", on_console)

    def test_run_all_raises_nothing_and_solves_nothing(self, opened: Opened):
        outputs = opened.notebook.outputs()
        assert list(unwanted_outputs([from_dict(output) for output in outputs])) == []
        data = [output["data"] for output in outputs if "data" in output]
        shown = ["".join(kinds.get("text/plain", "")) for kinds in data]
        attempts = [text for text in shown if text.startswith("Exercise")]
        assert len(attempts) == len(self.lesson.calls("check")) >= 4
        assert all("not attempted" in text for text in attempts)

    def test_live_elements_are_seen_growing(self, opened: Opened):
        nb = opened.notebook
        for name, selector in self.lesson.live.items():
            # A busy page may skip updates, so the cell is rerun until enough of them are seen.
            grows = nb.again_until(lambda name=name: len(set(nb.seen(name)) - {""}) > 2, selector)
            assert grows, f"{name} should be seen while it grows"

    def test_predictions_are_answered_independently(self, opened: Opened):
        predictions = opened.notebook.page.locator(".course-prediction")
        assert predictions.count() == len(self.lesson.calls("predict")) > 1
        both = [predictions.first, predictions.last]
        for question in both:
            question.get_by_role("radio").first.check()
            question.get_by_role("button", name="Lock in my answer").click()
            question.get_by_role("button", name="Compare with what happened").click()
            question.locator(".course-feedback[data-right]").wait_for()
        assert all(question.get_by_role("radio").first.is_checked() for question in both)

    @pytest.mark.parametrize(("theme", "viewport"), [("Light", PROJECTOR), ("Dark", NARROW)])
    def test_it_is_readable_and_accessible_in_both_themes_at_any_width(
        self, opened: Opened, theme: str, viewport: ViewportSize
    ):
        page = opened.notebook.page
        page.set_viewport_size(viewport)
        opened.notebook.theme(f"JupyterLab {theme}")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        assert faint(page) == []
        assert misfits(page) == []
        assert barriers(page) == []

    def test_the_browser_reported_no_errors(self, opened: Opened):
        assert opened.errors == []


def is_ours(message: ConsoleMessage) -> bool:
    """Return whether a console error may come from the course rather than from JupyterLab."""
    words = f"{message.text} {message.location.get('url', '')}".lower()
    return any(word in words for word in ("anywidget", "widget", "blob:", "course"))
