"""Lesson 5 as learners see it: the unmodified notebook in JupyterLab.

The tests of `Promises` also run here. All tests use the same notebook, `opened`, after *Run All*.
"""

from pathlib import Path

from tests.browser.lessons.promises import Lesson, Opened, Promises
from tests.browser.turns import Turns
from utils import lesson_source

SPINNER = ".course-progress:has([aria-label=Spinner])"
# Makes the exercise's solution wait for the test after each stage; `turns.code` defines `turn`.
IN_TURNS = """
solution = agent_stages

async def agent_stages(items):
    async for stage in solution(items):
        yield stage
        await turn("next")
"""


class TestPromises(Promises):
    lesson = Lesson(
        "05_streaming_patterns",
        live={
            "chat": ".course-chat .course-transcript",
            "spinner": f"{SPINNER} .course-progress-figures",
        },
        shown=(".course-status", ".course-card", ".course-chat:has(.course-turn + .course-turn)"),
    )

    def test_an_agents_stages_are_shown(self, opened: Opened, tmp_path: Path):
        nb, turns = opened.notebook, Turns(tmp_path)
        nb.run_new_cell(turns.code + lesson_source.solution("5.agent_stages") + IN_TURNS)
        nb.run_cell_with('StatusLine("Thinking", "Tool call"')
        for stage in ("Thinking", "Tool call", "Thinking", "Answer"):
            now = nb.page.locator(".course-status [aria-current=step]")
            now = now.filter(has=nb.page.get_by_text(stage, exact=True))
            now.wait_for()
            details = now.locator(".course-stage-detail").all_text_contents()
            assert details == (["order_status"] if stage == "Tool call" else [])
            clock = now.locator(".course-stage-time")
            clock.filter(has_not_text=clock.text_content()).wait_for()  # the clock keeps running
            turns.take("next")
        nb.wait_done()
        assert "Thinking → Tool call → Thinking → Answer\n" in nb.printed()
