"""Lesson 4 as learners see it: the unmodified notebook in JupyterLab.

The tests of `Promises` also run here. All tests use the same notebook, `opened`, after *Run All*.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.lessons.promises import Lesson, Opened, Promises
from tests.browser.turns import Turns
from tools.browser.notebook_page import NotebookPage
from utils import lesson_source

if TYPE_CHECKING:
    from playwright.sync_api import Page

HEARTS = ".course-heartbeat"  # the widgets that show whether the event loop is blocked
LAST = ".jp-CodeCell:last-child"
STALLING_PAGE = """
stalling = chat_model("seed", delivery="stall@20,600", simulated=True)
await show_page(post_app(stalling), post_page, "stalling page")
"""
# A model that pauses after twenty pieces until the test calls `take("reloaded")`. The test first
# runs `turns.code`, which defines `turn`.
WAITING = """
class Waiting:
    async def astream(self, question):
        async with aclosing(chat_model("seed", simulated=True).astream(question)) as chunks:
            pieces = 0
            async for chunk in chunks:
                yield chunk
                pieces += bool(chunk.content)
                if pieces == 20:
                    await turn("reloaded")
"""
LASTING_PAGE = """
lasting_app = create_lasting_app({model})
lasting_app.get("/", response_class=HTMLResponse)(lambda: lasting_page)
print("The page:", (await serve(lasting_app, "lasting page")).url)
before = len(simulator().requests())
"""
TWENTY = "still climbed its"  # the last words of the first twenty pieces
CUT_OFF = "A rainbow needs two things: sunl"  # the text sent before the model fails


def lasting_page(nb: NotebookPage, model: str) -> Page:
    """Open the page from exercise 4.rejoin in a new tab, press Ask, and wait for twenty pieces."""
    nb.run_new_cell(lesson_source.solution("4.rejoin") + LASTING_PAGE.format(model=model))
    tab = nb.page.context.new_page()
    tab.goto(re.findall(r"The page: (\S+)", nb.printed())[-1])
    tab.get_by_role("button", name="Ask").click()
    tab.locator("#reply", has_text=TWENTY).wait_for()
    return tab


def marks(nb: NotebookPage, place: int) -> int:
    """Return the number of heartbeats drawn in the heartbeat widget at index `place`."""
    drawn = nb.page.locator(f"{HEARTS} .course-marks").nth(place).get_attribute("d") or ""
    return drawn.count("M")


class TestPromises(Promises):
    lesson = Lesson(
        "04_async_streaming",
        live={"reply": ".jp-OutputArea-child:nth-child(2) .course-text"},
        shown=(
            HEARTS,
            ":nth-match(.jp-RenderedImage img, 2)",
            ":nth-match(.jp-RenderedHTML iframe, 3)",
        ),
        speed=5,  # at the default of 10, the heartbeat freezes too briefly to be noticed
    )

    def test_one_heartbeat_freezes_and_the_other_continues(self, opened: Opened):
        nb = opened.notebook
        frozen = nb.page.locator(HEARTS).first
        frozen.locator(".course-badge", has_text=re.compile("^froze for ")).wait_for()
        frozen.scroll_into_view_if_needed()
        gap = frozen.locator(".course-gap")
        assert gap.count() == 1
        assert (gap.bounding_box() or {"width": 0})["width"] > 200, "the gap should span the reply"
        assert marks(nb, 1) > 2 * marks(nb, 0)

    def test_a_failure_mid_reply_causes_no_second_request_and_text_is_kept(self, opened: Opened):
        nb = opened.notebook
        nb.run_unseen("before = len(simulator().requests())")
        naive, fixed = (nb.cells.locator("iframe").nth(place).content_frame for place in (0, 1))
        fixed.get_by_role("button", name="Ask").click()
        fixed.get_by_text("The reply is incomplete: the model failed.").wait_for()
        assert fixed.locator("#reply").text_content() == CUT_OFF
        # The naive page reconnects three times; meanwhile, the fixed page must not reconnect.
        naive.get_by_role("button", name="Ask").click()
        naive.locator("#count", has_text="4").wait_for()
        assert (naive.locator("#reply").text_content() or "").count("The Danube") >= 3
        assert fixed.locator("#count").text_content() == "1"
        assert fixed.locator("#reply").text_content() == CUT_OFF
        nb.run_new_cell(
            "asked = [request.prompt for request in simulator().requests()[before:]]\n"
            "print({prompt: asked.count(prompt) for prompt in sorted(set(asked))})"
        )
        counted = "{'Explain how a rainbow forms.': 1, 'Name a river.': 4}\n"
        assert nb.printed().endswith(counted)

    def test_a_page_shows_the_whole_reply_and_that_it_is_complete(self, opened: Opened):
        nb = opened.notebook
        nb.run_new_cell('await show_page(built_in_app(chatty), page, "page")')
        shown = nb.page.locator(LAST).locator("iframe").content_frame
        shown.get_by_role("button", name="Ask").click()
        shown.get_by_text("Complete.").wait_for()
        text = shown.locator("#reply").text_content()
        nb.run_new_cell("print((await chatty.ainvoke('Explain how a rainbow forms.')).text)")
        assert nb.printed().endswith(f"{text}\n")

    def test_stop_aborts_the_request_and_the_model(self, opened: Opened):
        nb = opened.notebook
        nb.run_new_cell(STALLING_PAGE)
        shown = nb.page.locator(LAST).locator("iframe").content_frame
        shown.get_by_role("button", name="Ask").click()
        shown.locator("#reply", has_text=TWENTY).wait_for()
        text = shown.locator("#reply").text_content()
        shown.get_by_role("button", name="Stop").click()
        shown.get_by_text("Stopped.").wait_for()
        assert shown.locator("#reply").text_content() == text
        nb.run_new_cell(
            "last = simulator().requests()[-1]\nprint(last.ended, last.tokens_unsent > 0)"
        )
        assert nb.printed().endswith("client left True\n")

    def test_a_reload_rejoins_the_reply_which_continues(self, opened: Opened, tmp_path: Path):
        nb, turns = opened.notebook, Turns(tmp_path)
        nb.run_unseen(turns.code + WAITING)
        tab = lasting_page(nb, "Waiting()")
        before = tab.locator("#reply").text_content()
        tab.reload()
        tab.locator("#reply", has_text=TWENTY).wait_for()
        assert tab.locator("#reply").text_content() == before
        turns.take("reloaded")
        tab.get_by_text("Complete.").wait_for()
        nb.run_new_cell(
            "seen = simulator().requests()[before:]\n"
            "whole = await chat_model('seed', simulated=True).ainvoke(seen[0].prompt)\n"
            "print(len(seen), seen[0].ended, whole.text, sep='|')"
        )
        assert nb.printed().endswith(f"1|finished|{tab.locator('#reply').text_content()}\n")
        tab.close()

    def test_stop_in_another_tab_ends_the_reply_in_both(self, opened: Opened):
        nb = opened.notebook
        tab = lasting_page(nb, 'chat_model("seed", delivery="stall@20,600", simulated=True)')
        text = tab.locator("#reply").text_content()
        other = nb.page.context.new_page()
        other.goto(tab.url)
        other.locator("#reply", has_text=TWENTY).wait_for()
        other.get_by_role("button", name="Stop").click()
        for each in (other, tab):
            each.get_by_text("Stopped.").wait_for()
            assert each.locator("#reply").text_content() == text
            each.close()
        nb.run_new_cell(
            "seen = simulator().requests()[before:]\n"
            "print(len(seen), seen[0].ended, seen[0].tokens_unsent > 0)"
        )
        assert nb.printed().endswith("1 client left True\n")
