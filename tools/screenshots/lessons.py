"""Screenshots of the lessons mid-stream, for the README: `python -m tools.screenshots.lessons`.

Lesson 1's screenshot includes JupyterLab; the others show only widgets. Maintainers run this
script after changing a widget's appearance.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, ViewportSize

from tools.browser.notebook_page import NotebookPage
from tools.browser.server import Lab, serve
from tools.lab import write_json
from tools.programs import ROOT
from tools.screenshots import a_browser, opened, save, without_outputs
from utils import lesson_source

WINDOW: ViewportSize = {"width": 1200, "height": 720}
PAGE: ViewportSize = {"width": 800, "height": 1000}
APART = 24  # pixels between screenshots
SETUP = "sys.path.insert"  # code in the setup cell

# Checks whether an element contains the words. If so, immediately replaces the `shown` elements
# with static copies, since more tokens would arrive while the screenshot is taken.
_FREEZE = """([where, words, shown]) => {
  const there = [...document.querySelectorAll(where)].some((e) => e.textContent.includes(words));
  for (const live of there ? document.querySelectorAll(shown) : []) {
    const places = [...live.querySelectorAll("*")].map(({ scrollTop }) => scrollTop);
    const copy = live.cloneNode(true);
    live.replaceWith(copy);
    copy.querySelectorAll("*").forEach((part, at) => (part.scrollTop = places[at]));
  }
  return there;
}"""


@dataclass(frozen=True)
class Portrait:
    """Which cells of a lesson to run, and when to take the screenshot."""

    # for each code cell to run after the setup cell, a string that occurs in it; the screenshot is
    # taken while the last of these cells is running
    cells: tuple[str, ...]
    where: str  # a CSS selector for the element to watch
    words: str  # the screenshot is taken when the `where` element contains this text
    shown: str  # a CSS selector for the elements to capture and stack vertically
    around: bool = False  # whether to include JupyterLab, with the learner's edition open in it


PORTRAITS = {
    1: Portrait(
        cells=("await race(",),
        where=".course-lane:nth-child(2) .course-text",
        words="knows its first",
        shown=".course-race",
        around=True,
    ),
    2: Portrait(
        cells=("class Draw(", "timeline = EventTimeline("),
        where=".course-text",
        words="were eating",
        shown=".course-live",
    ),
    3: Portrait(
        cells=("class Person(", "request = ", "card = JsonCard("),
        where=".course-field:nth-child(3)",
        words="john@ex",
        shown=".course-live",
    ),
    4: Portrait(
        cells=('Heartbeat(".stream()")', 'Heartbeat(".astream()")'),
        where=".course-badge",
        words="kept beating",
        shown=".course-heartbeat",
    ),
    5: Portrait(
        cells=("from functools import partial", "def support(", "desk = ChatPanel("),
        where=".course-turn:nth-child(2)",
        words="Turn the dimmer",
        shown=".course-chat",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Take a screenshot of each lesson mid-stream.")
    parser.add_argument(
        "lesson", nargs="*", type=int, choices=[[], *PORTRAITS], help="default: all"
    )
    chosen = parser.parse_args().lesson or PORTRAITS
    with a_browser() as browser, tempfile.TemporaryDirectory(prefix="course-") as folder:
        root = Path(folder, "root")
        root.mkdir()
        with serve(root, Path(folder, "state"), {"COURSE_SPEED": "1"}) as lab:
            for number in chosen:
                _take(number, lab, browser)


def _take(number: int, lab: Lab, browser: Browser) -> None:
    portrait = PORTRAITS[number]
    file = f"{lesson_source.paths()[number - 1].stem}.ipynb"
    stored = ROOT / ("notebooks" if portrait.around else "solutions") / file
    write_json(lab.root / file, without_outputs(json.loads(stored.read_bytes())))
    size = WINDOW if portrait.around else PAGE
    page = browser.new_page(viewport=size, device_scale_factor=1 if portrait.around else 2)
    open_page = NotebookPage.open(page, lab.url(file))
    open_page.theme("JupyterLab Light")
    open_page.only_the_notebook()
    for words in (SETUP, *portrait.cells[:-1]):
        open_page.run_cell_with(words)
        open_page.wait_done()
    open_page.run_cell_with(portrait.cells[-1])
    page.wait_for_function(_FREEZE, arg=[portrait.where, portrait.words, portrait.shown])
    page.locator(portrait.shown).first.scroll_into_view_if_needed()
    shown = [page] if portrait.around else page.locator(portrait.shown).all()
    shot = _stacked([one.screenshot() for one in shown])
    save(shot, ROOT / "docs" / f"lesson-{number}.png")
    page.close()


def _stacked(pictures: Sequence[bytes]) -> Image.Image:
    parts = [opened(picture) for picture in pictures]
    height = sum(part.height for part in parts) + APART * (len(parts) - 1)
    whole = Image.new("RGB", (max(part.width for part in parts), height), "white")
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height + APART
    return whole


if __name__ == "__main__":
    main()
