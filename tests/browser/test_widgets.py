"""Live text, races and predictions in JupyterLab, used with mouse and keyboard.

The fixture `notebook` opens a notebook with the given cells. `Turns` makes the kernel wait in
`turn("name")` until the test calls `turns.take("name")`.
"""

import re
from itertools import pairwise
from pathlib import Path

from tests.browser.conftest import OpenNotebook
from tests.browser.readability import misfits
from tests.browser.turns import Turns
from tools.browser.notebook_page import NotebookPage
from tools.browser.server import NARROW, NOTEBOOK_WIDTH, PROJECTOR

SETUP = """
import asyncio
from utils.widgets import Choice, LiveText, Prediction, race

async def stream(words=40, gap=0.05):
    await asyncio.sleep(0.2)
    for number in range(words):
        yield f"word{number} "
        await asyncio.sleep(gap)

async def whole(seconds=3):
    await asyncio.sleep(seconds)
    return "The whole reply at once."
"""
PREDICTION = """
question = Prediction(
    "When does `model.stream(prompt)` send <b>the request</b>?",
    [
        Choice("At the <i>call</i>", "A generator runs only when someone pulls."),
        Choice("At the first `next()`", "Nothing is sent before someone pulls.", right=True),
        Choice("Never", "Somebody has to ask."),
    ],
)
question
"""
FIRST = ".course-lane:nth-child(1) .course-text"
SECOND = ".course-lane:nth-child(2) .course-text"
TEXT = ".course-text"


def wait_for_text(notebook: NotebookPage, selector: str, words: str) -> None:
    notebook.page.locator(selector, has_text=words).first.wait_for()


def test_text_grows_in_one_pane_while_the_other_is_blank(notebook: OpenNotebook, tmp_path: Path):
    turns = Turns(tmp_path)
    nb = notebook(
        SETUP + turns.code,
        """
async def late():
    await turn("late")
    return "The whole reply at once."

async def in_two():
    for number in range(6):
        yield f"word{number} "
        await turn("seen")

recordings = await race({"invoke": late, "stream": in_two})
""",
    )
    nb.sample(invoke=FIRST, stream=SECOND, note=".course-lane:nth-child(1) .course-note")
    nb.run_all()
    for number in range(6):
        wait_for_text(nb, SECOND, f"word{number}")
        turns.take("seen")
    nb.wait_until_seen("note", "waiting… ", times=4)  # the pane's clock keeps running
    turns.take("late")
    nb.wait_done()
    wait_for_text(nb, FIRST, "The whole reply at once.")
    # A pane's text is None until the pane is on the page.
    while_blank = {row["stream"] for row in nb.samples() if row["invoke"] == ""} - {"", None}
    assert len(while_blank) > 3, "the stream's pane should grow while the other is blank"
    assert (nb.page.locator(SECOND).text_content() or "").endswith("word5 ")


def test_a_plain_loop_shows_text_before_its_cell_ends(notebook: OpenNotebook, tmp_path: Path):
    turns = Turns(tmp_path)
    nb = notebook(
        SETUP + turns.code,
        """
def slow():
    for number in range(5):
        yield f"word{number} "
        turn_of_a_thread("seen")

text = LiveText("Reply").show(slow())
""",
    )
    nb.sample(text=TEXT)
    nb.run_all()
    for number in range(5):
        wait_for_text(nb, TEXT, f"word{number}")
        assert "Reply:" not in nb.printed(), "the text should be seen while the cell still runs"
        turns.take("seen")
    nb.wait_done()
    assert all(later.startswith(earlier) for earlier, later in pairwise(nb.seen("text")))


def test_stop_by_keyboard_ends_the_reply_and_keeps_its_text(notebook: OpenNotebook):
    nb = notebook(
        SETUP,
        'live = LiveText("Reply")\ntext = await live.run(stream(words=2000))',
        "print(live.recording.outcome, live.stopped, text == live.text)",
    )
    nb.run_all()
    wait_for_text(nb, TEXT, "word10")
    nb.cells.get_by_role("button", name="Stop").press("Enter")
    nb.page.locator(".course-pane[data-phase=stopped]").wait_for()
    nb.wait_done()
    nb.sample(text=TEXT)
    nb.page.wait_for_function("() => window.courseSamples.length > 10")  # half a second of samples
    assert len(nb.seen("text")) == 1, "text grew after Stop"
    assert "left True True" in nb.printed()
    assert nb.cells.get_by_role("button", name="Stop").is_disabled()
    assert nb.errors() == []


def test_interrupting_the_kernel_leaves_the_notebook_usable(notebook: OpenNotebook):
    nb = notebook(SETUP, 'live = LiveText("Reply")\nawait live.run(whole(600))')
    nb.run_all()
    nb.page.locator(".course-pane:not([data-phase=ready])").wait_for()
    nb.interrupt()
    nb.page.locator(".course-pane[data-phase=stopped]").wait_for()
    nb.wait_done()
    assert any("Cancelled" in error or "Interrupt" in error for error in nb.errors())
    nb.run_new_cell("print('still', live.stopped)")
    assert "still True" in nb.printed()


def test_text_is_never_markup(notebook: OpenNotebook):
    hostile = "<img src=x onerror=\\'window.hacked = true\\'><b>&amp;"
    nb = notebook(SETUP, f"LiveText('<b>T</b>').show(['{hostile}'])", PREDICTION)
    nb.run()
    wait_for_text(nb, TEXT, "amp")
    assert nb.page.locator(TEXT).text_content() == hostile.replace("\\", "")
    assert nb.page.locator(".course-title").text_content() == "<b>T</b>"
    legend = nb.page.locator(".course-prediction legend")
    assert legend.text_content() == "When does model.stream(prompt) send <b>the request</b>?"
    assert legend.locator("code").text_content() == "model.stream(prompt)"
    assert nb.page.evaluate("() => window.hacked") is None


def test_new_text_does_not_move_a_reader_who_scrolled_up(notebook: OpenNotebook):
    stream = "await live.run(stream(words=9999, gap=0.01))"
    nb = notebook(SETUP, 'live = LiveText("Reply")\nlive', stream)
    pane = nb.page.locator(TEXT)
    nb.run_cell_with("import asyncio")
    nb.wait_done()
    nb.run_cell_with("LiveText(")
    # Wait for the pane: a busy kernel can't resend updates that the pane missed.
    pane.wait_for(state="attached")
    nb.wait_done()
    nb.run_cell_with(stream)
    nb.page.wait_for_function("() => document.querySelector('.course-text')?.scrollTop > 200")
    before = pane.evaluate("(pane) => { pane.scrollTop = 0; return pane.textContent.length; }")
    nb.page.wait_for_function(
        "(before) => document.querySelector('.course-text').textContent.length > before + 500",
        arg=before,
    )
    assert pane.evaluate("(pane) => pane.scrollTop") == 0
    nb.interrupt()


def test_a_race_ends_at_the_top_unless_a_reader_scrolled(notebook: OpenNotebook, tmp_path: Path):
    turns = Turns(tmp_path)
    long_replies = """
async def long_whole():
    await asyncio.sleep(1)
    return "word " * 600

async def long_stream():
    for name in ("seen", "end"):
        async for word in stream(words=300, gap=0.005):
            yield word
        await turn(name)

r = await race({"invoke": long_whole, "stream": long_stream})
"""
    nb = notebook(SETUP + turns.code, long_replies)
    pane = nb.page.locator(SECOND)
    nb.run_all()
    wait_for_text(nb, SECOND, "word0")
    turns.take("seen")
    nb.page.wait_for_function(f"() => document.querySelector('{SECOND}').scrollTop > 200")
    turns.take("end")
    nb.wait_done()
    nb.page.wait_for_function(f"() => document.querySelector('{SECOND}').scrollTop === 0")
    assert nb.page.locator(FIRST).evaluate("(pane) => pane.scrollTop") == 0

    nb.run_cell_with("long_whole")
    nb.page.locator(".course-pane[data-phase=streaming]").wait_for()  # the second race has begun
    turns.take("seen")
    pane.get_by_text(re.compile("word299 .*word299 ")).wait_for()
    down = pane.evaluate("(pane) => pane.scrollTop")
    pane.hover()
    nb.page.mouse.wheel(0, -150)
    nb.page.wait_for_function(
        f"down => document.querySelector('{SECOND}').scrollTop < down", arg=down
    )
    turns.take("end")
    nb.wait_done()
    place = pane.evaluate("(pane) => pane.scrollTop")
    assert place > 0
    nb.sample(text=SECOND)
    nb.page.wait_for_function("() => window.courseSamples.length > 10")  # half a second of samples
    assert pane.evaluate("(pane) => pane.scrollTop") == place


class TestPrediction:
    def test_by_mouse(self, notebook: OpenNotebook):
        nb = notebook(SETUP, PREDICTION, "print(question.choice)")
        nb.run()
        lock = nb.cells.get_by_role("button", name="Lock in my answer")
        compare = nb.cells.get_by_role("button", name="Compare with what happened")
        group = nb.cells.get_by_role("group", name="When does model.stream(prompt) send")
        assert lock.is_disabled()
        assert compare.is_disabled()
        group.get_by_role("radio", name="At the <i>call</i>").check()
        advice = nb.cells.get_by_role("status").filter(has_text="Run on until you see it, then")
        assert advice.count() == 0
        lock.click()
        advice.wait_for()
        compare.click()
        feedback = nb.cells.get_by_role("status", name="").filter(has_text="Not this time")
        feedback.wait_for()
        assert "A generator runs only when someone pulls." in feedback.text_content()
        assert all(radio.is_disabled() for radio in group.get_by_role("radio").all())
        assert advice.count() == 0
        own = group.get_by_role("radio", name="At the <i>call</i> your answer", exact=True)
        assert own.is_checked()
        assert group.get_by_role("radio", name="At the first next() right answer").is_visible()
        assert group.get_by_role("radio", name="Never", exact=True).is_visible()

    def test_by_keyboard(self, notebook: OpenNotebook):
        nb = notebook(SETUP, PREDICTION)
        nb.run()
        nb.cells.get_by_role("radio").first.focus()
        nb.page.keyboard.press("Space")
        nb.page.keyboard.press("ArrowDown")
        nb.page.locator(".course-lock:enabled").wait_for()
        nb.page.keyboard.press("Tab")
        nb.page.keyboard.press("Enter")
        nb.page.locator(".course-compare:focus").wait_for()  # the focus moves without Tab
        nb.page.keyboard.press("Enter")
        feedback = nb.page.locator(".course-feedback[data-right=true]")
        feedback.wait_for()
        assert "Nothing is sent before someone pulls." in feedback.text_content()
        assert nb.page.locator(".course-mark").all_text_contents() == ["✓ your answer, right"]


def test_lanes_are_side_by_side_or_stacked(notebook: OpenNotebook):
    race = 'r = await race({"invoke": lambda: whole(0.2), "stream": lambda: stream(9)})'
    nb = notebook(SETUP, race)
    nb.only_the_notebook()
    nb.run()
    for viewport, side_by_side in ((NARROW, False), (NOTEBOOK_WIDTH, True), (PROJECTOR, True)):
        nb.page.set_viewport_size(viewport)
        nb.page.wait_for_function(  # JupyterLab may lay out the page some time after a resize
            """(sideBySide) => {
              const lanes = [...document.querySelectorAll(".course-lane")];
              const [a, b] = lanes.map((lane) => lane.getBoundingClientRect());
              return (a?.y === b?.y) === sideBySide && Math.abs(a?.width - b?.width) < 2;
            }""",
            arg=side_by_side,
        )
        assert misfits(nb.page, ".course-race") == []
