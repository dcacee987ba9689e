"""Lesson 1 as a learner meets it: the untouched notebook, in JupyterLab, in a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.lab import PROJECTOR, REPOSITORY, Lab, NotebookPage, serve

NOTEBOOK = "notebooks/01_enabling_streaming.ipynb"
INVOKE = ".course-race .course-lane:nth-child(1) .course-text"
STREAM = ".course-race .course-lane:nth-child(2) .course-text"
SPEED = "4"  # the race takes 2.5 s, long enough to be seen


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of the course, so that nothing is saved into the repository."""
    root, state = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("state")
    for folder in ("notebooks", "lessons", "utils"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    with serve(root, state, {"COURSE_SPEED": SPEED}) as running:
        yield running


@pytest.fixture
def lesson(context: BrowserContext, course: Lab) -> Iterator[NotebookPage]:
    """The untouched notebook, open at a projector's size."""
    page = context.new_page()
    page.set_viewport_size(PROJECTOR)
    notebook = NotebookPage.open(page, course.url(NOTEBOOK))
    yield notebook
    notebook.close()


def test_run_all_on_the_untouched_notebook_raises_nothing_and_solves_nothing(lesson: NotebookPage):
    problems: list[str] = []
    lesson.page.on("pageerror", lambda error: problems.append(str(error)))
    lesson.run()
    assert lesson.errors() == []
    assert problems == []
    data = [output["data"] for output in lesson.outputs() if "data" in output]
    shown = ["".join(kinds.get("text/plain", "")) for kinds in data]
    attempts = [text for text in shown if text.startswith("Exercise")]
    assert len(attempts) == 6
    assert all("not attempted" in text for text in attempts)
    assert "Why streaming?: first words" in lesson.printed()


def test_one_pane_is_blank_while_the_other_is_already_being_read(lesson: NotebookPage):
    lesson.sample(invoke=INVOKE, stream=STREAM)
    lesson.run_cell_with("ready()")
    lesson.wait_done()
    lesson.run_cell_with("await race(")
    lesson.page.locator(STREAM, has_text="you were eating").wait_for()
    lesson.screenshot("lesson-1-race")
    lesson.wait_done()
    lesson.page.locator(INVOKE, has_text="a better question").wait_for()
    rows = [row for row in lesson.samples() if row["stream"]]
    lengths_while_blank = {len(row["stream"]) for row in rows if not row["invoke"]}
    assert len(lengths_while_blank) > 5, "the stream should grow while the other pane is blank"
    both = [lesson.page.locator(pane).text_content() for pane in (INVOKE, STREAM)]
    assert both[0] == both[1], "both should end with the same reply"


def test_stop_ends_the_race_and_the_notebook_goes_on(lesson: NotebookPage):
    lesson.run_cell_with("ready()")
    lesson.wait_done()
    lesson.run_cell_with("await race(")
    lesson.page.locator(STREAM, has_text="waiters").wait_for()
    lesson.cells.get_by_role("button", name="Stop").click()
    lesson.wait_done()
    text = lesson.page.locator(STREAM).text_content()
    lesson.run_cell_with("blocking, streamed")
    lesson.wait_done()
    assert lesson.page.locator(STREAM).text_content() == text, "the text should not grow any more"
    assert re.search(r"stream: .*stopped", lesson.printed())
    assert lesson.errors() == []
