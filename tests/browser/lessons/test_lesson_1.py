"""Lesson 1 as learners see it: the unmodified notebook, in JupyterLab, in a browser."""

from __future__ import annotations

import re

from tests.browser.lessons.promises import Lesson, Opened, Promises
from tools.browser.notebook_page import NotebookPage

INVOKE = ".course-race .course-lane:nth-child(1) .course-text"
STREAM = ".course-race .course-lane:nth-child(2) .course-text"


def start_race(lesson: NotebookPage) -> None:
    """Run the race again, and wait until its new panes have replaced the old ones."""
    lesson.run_cell_with("await race(")
    lesson.page.locator(".course-race .course-pane[data-phase=waiting]").first.wait_for()


class TestPromises(Promises):
    lesson = Lesson(
        "01_enabling_streaming",
        live={"stream": STREAM},
        pictures={"race": ".course-race", "prediction": ".course-prediction"},
    )

    def test_the_race_prints_a_line_for_each_lane(self, opened: Opened):
        told = r"^invoke: first words .*\nstream: first words "
        assert re.search(told, opened.notebook.printed(), re.MULTILINE)

    def test_one_pane_is_blank_while_text_grows_in_the_other(self, opened: Opened):
        lesson = opened.notebook
        lesson.sample(invoke=INVOKE, stream=STREAM)
        start_race(lesson)
        lesson.page.locator(STREAM, has_text="you were eating").wait_for()
        lesson.screenshot("lesson-1-race")
        lesson.wait_done()
        lesson.page.locator(INVOKE, has_text="a better question").wait_for()

        def the_stream_grows_while_the_other_pane_is_blank() -> bool:
            rows = [row for row in lesson.samples() if row["stream"]]
            return len({len(row["stream"]) for row in rows if not row["invoke"]}) > 3

        assert lesson.again_until(the_stream_grows_while_the_other_pane_is_blank, STREAM)
        lesson.page.locator(INVOKE, has_text="a better question").wait_for()
        both = [lesson.page.locator(pane).text_content() for pane in (INVOKE, STREAM)]
        assert both[0] == both[1], "both should end with the same reply"

    def test_stop_ends_the_race_and_the_notebook_continues(self, opened: Opened):
        lesson = opened.notebook
        start_race(lesson)
        lesson.page.locator(STREAM, has_text="waiters").wait_for()
        lesson.cells.get_by_role("button", name="Stop", disabled=False).click()
        lesson.wait_done()
        text = lesson.page.locator(STREAM).text_content()
        lesson.run_cell_with("blocking, streamed")
        lesson.wait_done()
        assert lesson.page.locator(STREAM).text_content() == text, (
            "the text should not grow any more"
        )
        assert re.search(r"stream: .*stopped", lesson.printed())
        assert lesson.errors() == []
