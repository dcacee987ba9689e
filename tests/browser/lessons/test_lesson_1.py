"""Lesson 1 as learners see it: the unmodified notebook in JupyterLab.

The tests of `Promises` also run here. All tests use the same notebook, `opened`, after *Run All*.
"""

import re

from tests.browser.lessons.promises import Lesson, Opened, Promises

LANE = ".course-race .course-lane:nth-child"
STREAM = f"{LANE}(2) .course-text"
# At this speed, the race takes 100 s, so that however slow the browser is, it can still be stopped.
SLOW = """
from utils.simulator.client import Simulator, shared
usual, shared.simulator = shared.simulator, Simulator(0.1)
"""


class TestPromises(Promises):
    lesson = Lesson("01_enabling_streaming", live={"stream": STREAM})

    def test_the_race_prints_a_line_for_each_lane_and_both_show_the_same_text(self, opened: Opened):
        lesson = opened.notebook
        lines = r"^invoke: first words .*\nstream: first words "
        assert re.search(lines, lesson.printed(), re.MULTILINE)
        panes = [lesson.page.locator(f"{LANE}({place}) .course-text") for place in (1, 2)]
        for pane in panes:
            pane.filter(has_text="a better question").wait_for()  # the end of the reply
        assert panes[0].text_content() == panes[1].text_content()

    def test_stop_ends_the_race_and_the_notebook_continues(self, opened: Opened):
        lesson = opened.notebook
        lesson.run_unseen(SLOW)
        lesson.run_cell_with("await race(")
        # Wait until the new panes have replaced the old ones.
        lesson.page.locator(".course-race .course-pane[data-phase=waiting]").first.wait_for()
        lesson.page.locator(STREAM, has_text="waiters").wait_for()  # early in the reply
        lesson.cells.get_by_role("button", name="Stop", disabled=False).click()
        lesson.wait_done()
        lesson.run_unseen("shared.simulator = usual")
        text = lesson.page.locator(STREAM).text_content()
        lesson.run_cell_with("blocking, streamed")
        lesson.wait_done()
        assert lesson.page.locator(STREAM).text_content() == text, (
            "the text should not grow any more"
        )
        assert re.search(r"stream: .*stopped", lesson.printed())
        assert lesson.errors() == []

    def test_a_wrong_answer_a_hint_and_a_solution_are_shown(self, opened: Opened):
        opened.notebook.run_new_cell('check("1.1", 1)\nhint("1.1")\nsolution("1.1")')
        last = opened.notebook.page.locator(".jp-CodeCell").last
        status = last.get_by_role("status")
        status.filter(has_text="Exercise 1.1: not yet.").wait_for()
        status.filter(has_text="Exercise 1.1: hint 1 of").wait_for()
        last.locator("code", has_text=re.compile("def |=")).last.wait_for()  # the solution
