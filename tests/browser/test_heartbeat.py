"""The heartbeat in JupyterLab: it freezes with the kernel, while the page keeps counting."""

import re
from pathlib import Path

import pytest

from tests.browser.conftest import OpenNotebook
from tests.browser.turns import Turns

SETUP = """
import asyncio, time
from utils.widgets import Heartbeat
"""
FREEZES = """
heart = Heartbeat("held").show()
async with heart:
    await asyncio.sleep(0.5)
    turn_of_a_thread("seen")  # blocks the kernel until the test calls `turns.take("seen")`
    await asyncio.sleep(0.5)
"""
FROZE = re.compile(r"froze for \d")
BADGE = ".course-heartbeat .course-badge"
# Counts how many times a screen reader would announce the badge.
COUNT = """(badge) => {
  window.courseAnnounced = 0;
  new MutationObserver(() => {
    if (badge.role === "status") window.courseAnnounced += 1;
  }).observe(badge, { childList: true, characterData: true, subtree: true });
}"""


def test_the_page_counts_while_the_kernel_is_blocked(notebook: OpenNotebook, tmp_path: Path):
    turns = Turns(tmp_path)
    nb = notebook(SETUP + turns.code, FREEZES, "print(heart.froze, heart.longest / heart.end)")
    nb.sample(badge=BADGE)
    nb.run_all()
    nb.wait_until_seen("badge", "no beat for ", times=20)
    nb.page.locator(BADGE).evaluate(COUNT)
    turns.take("seen")
    nb.wait_done()
    nb.page.locator(BADGE, has_text=FROZE).wait_for()
    assert nb.page.evaluate("() => window.courseAnnounced") == 1
    froze = nb.seen("badge")[-1]
    assert FROZE.match(froze)
    line, result = nb.printed().splitlines()
    assert line == f"held: {froze}"
    has_frozen, share = result.split()
    assert has_frozen == "True"
    gap, strip = nb.page.locator(".course-gap"), nb.page.locator(".course-strip")
    assert gap.count() == 1
    assert gap.inner_text() == froze.removeprefix("froze for ")
    drawn = gap.bounding_box()["width"] / strip.bounding_box()["width"]
    assert drawn == pytest.approx(float(share), abs=0.05)
    assert froze in (strip.get_attribute("aria-label") or "")


def test_a_late_view_shows_the_gap_and_a_second_block_clears_it(notebook: OpenNotebook):
    nb = notebook(
        SETUP + "late = Heartbeat('held', every=0.4)\nasync with late:\n    time.sleep(2.2)",
        "late",
        "async with late:\n    await asyncio.sleep(0.3)  # second",
    )
    nb.run_cell_with("import")
    nb.wait_done()
    nb.command("notebook:run-cell-and-select-next")  # runs the first cell again
    nb.wait_done()
    nb.command("notebook:run-cell")  # shows the widget
    nb.wait_done()
    nb.page.locator(".course-gap").wait_for()
    assert FROZE.match(nb.page.locator(BADGE).inner_text())
    nb.run_cell_with("second")
    nb.wait_done()
    nb.cells.get_by_role("status").filter(has_text="kept beating").wait_for()
    assert nb.page.locator(".course-gap").count() == 0
