"""Our patch of anywidget: widgets work even if their script loads after anywidget's timeout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import OpenNotebook
from tests.browser.turns import Turns
from tools.browser.notebook_page import NotebookPage

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Until `patient()` is called, anywidget's two-second timeout for loading a script expires
# immediately, and each widget script is delayed by half a second.
IMPATIENT = """() => {
  const { timeout } = AbortSignal, { createObjectURL } = URL;
  const wait500 = "await new Promise((resolve) => setTimeout(resolve, 500));\\n";
  window.timeouts = 0;
  AbortSignal.timeout = (milliseconds) => {
    if (milliseconds !== 2000) return timeout.call(AbortSignal, milliseconds);
    const over = new AbortController();
    queueMicrotask(() => over.abort());
    window.timeouts += 1;
    return over.signal;
  };
  URL.createObjectURL = (blob) => createObjectURL.call(
    URL, blob.type === "text/javascript" ? new Blob([wait500, blob], { type: blob.type }) : blob);
  window.patient = () => {
    Object.assign(AbortSignal, { timeout });
    Object.assign(URL, { createObjectURL });
  };
}"""
SETUP = """
import asyncio
from utils.widgets import Choice, ChunkTable, JsonCard, LiveText, Prediction

async def reply(make, gap=0.02):
    for number in range(50):
        await asyncio.sleep(gap)
        yield make(number)
"""


@pytest.fixture
def impatient(notebook: OpenNotebook, page: Page) -> Iterator[OpenNotebook]:
    """Return a function that opens a notebook whose scripts load after anywidget's timeout."""

    def opened(*cells: str) -> NotebookPage:
        nb = notebook(*cells)
        nb.page.evaluate(IMPATIENT)
        return nb

    yield opened
    page.evaluate("() => window.patient()")


def test_whole_streams_are_shown(impatient: OpenNotebook):
    nb = impatient(
        SETUP,
        "live, table, card = LiveText('Reply'), ChunkTable('Chunks'), JsonCard('Count')\n"
        "results = await asyncio.gather(\n"
        "    live.run(reply('word{} '.format)),\n"
        "    table.run(reply(str)),\n"
        "    card.run(reply(lambda number: {'number': number})),\n)",
    )
    nb.sample(text=".course-text")
    nb.run()
    nb.page.locator(".course-text", has_text="word49 ").wait_for()
    nb.page.locator("td.course-col-number", has_text="50").wait_for()
    nb.page.locator(".course-mark", has_text="final").wait_for()
    nb.page.locator(".course-badge", has_text="done").nth(2).wait_for()
    assert nb.page.evaluate("() => window.timeouts") > 3  # more than one per widget, on average
    assert nb.page.locator(".course-text").text_content() == "".join(
        f"word{number} " for number in range(50)
    )
    assert nb.again_until(lambda: len(nb.seen("text")) > 3, ".course-text"), "it should grow"


def test_messages_sent_before_the_script_loads_are_requested(impatient: OpenNotebook):
    nb = impatient(SETUP, "LiveText('Reply').show(f'word{number} ' for number in range(50))")
    nb.run()
    nb.page.locator(".course-text", has_text="word49 ").wait_for()
    nb.page.locator(".course-pane[data-phase=done]").wait_for()


def test_lost_messages_are_resent_while_the_kernel_is_busy(impatient: OpenNotebook, tmp_path: Path):
    turns = Turns(tmp_path)  # its code defines `waiting`, which yields until `take` is called
    nb = impatient(
        SETUP + turns.code,
        "import time\n"
        "def words():\n"
        "    yield 'once '\n"
        "    for _ in waiting('page'):\n"
        "        time.sleep(0.01)\n"
        "        yield 'more '\n"
        "text = LiveText('Reply').show(words())",
    )
    nb.run_all()
    nb.page.locator(".course-text", has_text="once more ").wait_for()
    nb.page.locator(".course-pane[data-phase=streaming]").wait_for()
    nb.page.locator(".course-badge", has_text="so far").wait_for()
    turns.take("page")
    nb.wait_done()
    nb.page.locator(".course-badge", has_text="done").wait_for()
    nb.run_new_cell("print('whole:', text.count('more'), text.count('once'))")
    (whole,) = [line for line in nb.printed().splitlines() if line.startswith("whole:")]
    shown = nb.page.locator(".course-text").text_content() or ""
    assert whole == f"whole: {shown.count('more')} {shown.count('once')}"


def test_a_prediction_is_answered(impatient: OpenNotebook):
    nb = impatient(
        SETUP, "Prediction('Which?', [Choice('This', 'Yes.', right=True), Choice('That', 'No.')])"
    )
    nb.run()
    # The widget's script loads late here: the state that it requests may arrive after the click
    # and undo it. The kernel's echo of the click arrives last and restores it.
    nb.cells.get_by_role("radio", name="This").click()
    nb.cells.get_by_role("radio", name="This", checked=True).wait_for()
    nb.cells.get_by_role("button", name="Lock in my answer").click()
    nb.cells.get_by_role("button", name="Compare with what happened").click()
    nb.page.locator(".course-feedback[data-right=true]").wait_for()
