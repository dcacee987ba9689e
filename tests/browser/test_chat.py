"""The chat panel as learners use it: in JupyterLab, with a real simulator and kernel.

All tests share one notebook and its kernel. Each test has its own panel, and selects the cells to
run by part of their source.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import open_on
from tools.browser.notebook_page import NotebookPage
from tools.browser.server import Lab

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SETUP = """
import os
os.environ["COURSE_SPEED"] = "0.2"  # a reply takes 50 s, so that a slow browser can still stop it
import asyncio
from utils.provider import chat_model, explain, simulator
from utils.widgets import ChatPanel

def reply(history):
    return chat_model("seed", simulated=True).astream(history)

async def words(name, count=40, gap=0.05):
    for number in range(count):
        yield f"{name}{number} "
        await asyncio.sleep(gap)
"""
STOP = """
simulator()
panel = ChatPanel(reply, title="Stop", explain=explain).show()
"""
LOG = """
for request in simulator().requests():
    print("log:", request.ended, request.tokens_sent > 0, request.tokens_unsent > 0)
print("states:", [turn.state for turn in panel.turns])
"""
INTERRUPT = """
held = ChatPanel(lambda history: words("held", 2000), title="Interrupt")
await held.ask("Count, please.")
"""
AFTER = 'print("after:", held.turns[0].state, held.busy)'
AWAITING = """
busy = ChatPanel(lambda history: words("typed", 5), title="Awaiting").show()
while not (busy.turns and busy.turns[0].state == "complete"):
    await asyncio.sleep(0.05)
print("received:", busy.turns[0].question)
"""
BROKEN = """
async def broken(history):
    if "FAIL" in history[-1].text:
        for piece in ("First paragraph.", "\\n\\n", "The fox sto"):
            yield piece
        raise ConnectionError("The connection broke.")
    for piece in ("ps. ", "It looks back.", "\\n\\n", "The end."):
        yield piece

failing = ChatPanel(broken, title="Failing", explain=str).show()
await failing.ask("FAIL")
"""

TWICE = """
twice = ChatPanel(lambda history: words("again", 3), title="Twice").show()
await twice.ask("Once")
twice
"""


@pytest.fixture(scope="module")
def nb(page: Page, lab: Lab) -> Iterator[NotebookPage]:
    cells = (SETUP, STOP, LOG, INTERRUPT, AFTER, AWAITING, BROKEN, TWICE)
    nb = open_on(page, lab, lab.write("chat.ipynb", *cells))
    nb.run_cell_with("COURSE_SPEED")
    nb.wait_done()
    yield nb
    nb.close()


def panel(nb: NotebookPage, title: str) -> Locator:
    found = nb.cells.locator(".course-chat").filter(has=nb.page.get_by_text(title, exact=True))
    found.wait_for()
    return found


def box(panel: Locator) -> Locator:
    return panel.get_by_role("textbox", name="Your message")


def button(panel: Locator, name: str) -> Locator:
    return panel.get_by_role("button", name=name, exact=True)


def ask(panel: Locator, words: str) -> None:
    box(panel).click()
    box(panel).press_sequentially(words)
    box(panel).press("Enter")


def foot(panel: Locator, phase: str) -> Locator:
    """Wait until the last turn is in this phase, and return its footer."""
    found = panel.locator(".course-turn").last.locator(f".course-foot[data-phase='{phase}']")
    found.wait_for()
    return found


# Records the length of the displayed reply whenever the length changes.
WATCH = """(panel) => {
  const log = panel.querySelector(".course-transcript");
  const size = () => [...log.querySelectorAll(".course-block")].map((b) => b.textContent).join("");
  const lengths = (window.courseLengths = []);
  new MutationObserver(() => {
    if (size().length !== lengths.at(-1)) lengths.push(size().length);
  }).observe(log, { subtree: true, childList: true, characterData: true });
}"""


def stop_it(nb: NotebookPage, panel: Locator, press: str) -> None:
    """Stop a reply with the mouse or a key; check that the text stops growing and never shrinks."""
    panel.evaluate(WATCH)
    nb.page.wait_for_function("() => window.courseLengths.length > 5")
    if press == "mouse":
        button(panel, "Stop").click()
    else:
        box(panel).press(press)
    foot(panel, "stopped")
    nb.sample(text=".course-chat .course-transcript")
    nb.page.wait_for_function("() => window.courseSamples.length > 10")  # half a second of samples
    assert len(nb.seen("text")) == 1, "text grew after Stop"
    lengths = nb.page.evaluate("() => window.courseLengths")
    assert all(later > earlier for earlier, later in pairwise(lengths))


def test_stop_by_mouse_and_by_key_ends_text_and_generation(nb: NotebookPage):
    nb.run_cell_with('title="Stop"')
    nb.wait_done()
    chat = panel(nb, "Stop")
    assert button(chat, "Stop").is_disabled()
    ask(chat, "Why does streaming feel faster?")
    chat.locator(".course-block").first.wait_for()
    assert button(chat, "Send").is_disabled()
    assert box(chat).input_value() == "", "the box should be empty for a new question"
    box(chat).press_sequentially("And then")
    box(chat).press("Enter")
    stop_it(nb, chat, "mouse")
    assert box(chat).input_value() == "And then", "text typed meanwhile should stay"
    assert button(chat, "Stop").is_disabled()

    button(chat, "Regenerate").click()
    foot(chat, "streaming")
    stop_it(nb, chat, "Escape")
    assert chat.locator(".course-turn").count() == 1

    nb.run_cell_with("simulator().requests()")
    nb.wait_done()
    assert nb.printed().count("log: client left True True") == 2
    assert "states: ['stopped']" in nb.printed()


def test_interrupting_the_cell_leaves_notebook_and_panel_usable(nb: NotebookPage):
    nb.run_cell_with('title="Interrupt"')
    chat = panel(nb, "Interrupt")
    chat.get_by_text("held5 ").wait_for()
    nb.interrupt()
    foot(chat, "stopped")
    nb.wait_done()
    assert any("Cancelled" in error or "Interrupt" in error for error in nb.errors())
    nb.run_cell_with("after:")
    nb.wait_done()
    assert "after: stopped False" in nb.printed()
    ask(chat, "Again?")
    chat.locator(".course-turn").nth(1).get_by_text("held5 ").wait_for()
    nb.interrupt()  # no cell is running, so the interrupt has no effect; only Stop ends the reply
    chat.locator(".course-turn").nth(1).get_by_text("held15 ").wait_for()
    button(chat, "Stop").click()
    foot(chat, "stopped")


def test_a_typed_question_arrives_while_a_cell_awaits(nb: NotebookPage):
    nb.run_cell_with("busy = ")
    chat = panel(nb, "Awaiting")
    ask(chat, "Are you there?")
    nb.wait_done()
    assert "received: Are you there?" in nb.printed()


def test_a_screen_reader_gets_the_whole_reply_despite_a_failure(nb: NotebookPage):
    nb.run_cell_with("failing = ")
    nb.wait_done()
    chat = panel(nb, "Failing")
    button(chat, "Continue").click()
    foot(chat, "done")
    announced = chat.locator(":scope > .course-heard > p").all_text_contents()
    assert [words for words in announced if not words.startswith("first words")] == [
        "First paragraph.",
        "The fox sto",
        "stops. It looks back.",
        "The end.",
    ]
    # These lines look like "first words 0.1 s · failed 0.2 s …".
    endings = [words.split(" · ")[1] for words in announced if words.startswith("first words")]
    assert [ending.split()[0] for ending in endings] == ["failed", "done"]


def test_a_second_view_works_like_the_first(nb: NotebookPage):
    nb.run_cell_with("twice = ")
    nb.wait_done()
    views = nb.cells.locator(".course-chat").filter(has_text="Twice")
    second = views.nth(1)
    foot(second, "done")
    assert button(second, "Stop").is_disabled()
    ask(second, "And again")
    for view in views.all():
        view.locator(".course-turn").nth(1).locator(".course-foot[data-phase=done]").wait_for()
    assert button(second, "Stop").is_disabled()
