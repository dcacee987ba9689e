"""Every widget shows text in the direction of its language, and always shows code left to right."""

import re

from tests.browser.conftest import OpenNotebook

SETUP = """
import asyncio
from utils.widgets import *

HEBREW = "שלום עולם"
ONE, TWO, THREE, FOUR, FIVE, SIX = (f"{HEBREW} {number}" for number in range(1, 7))

async def stream(*items):
    for item in items:
        yield item
"""

# Numbers tell a widget's Hebrew strings apart. 'b', 'c' and 'd' aren't Hebrew, so they are ltr.
CELLS = {
    "live text": "LiveText(HEBREW).show([HEBREW, ' and English'])",
    "markdown": "LiveMarkdown(HEBREW).show([f'# {ONE}'])",
    "chunks": "ChunkTable(HEBREW).show([dict(content=HEBREW, response_metadata="
    "dict(finish_reason=TWO))])",
    "card": "JsonCard(HEBREW, [ONE]).show([{ONE: TWO, THREE: [FOUR, {FIVE: SIX}], 'n': 42}])",
    "timeline": "events = EventTimeline(HEBREW).show()\n"
    "events.add(ONE, TWO, THREE); events.add('b', 'c', 'd')\nevents.flush()",
    "status": "line = StatusLine(ONE, 'b').show(); line.to(ONE, HEBREW)\nline.fail(TWO)",
    "progress": "bar = Progress(3, HEBREW).show(); bar.advance(); bar.fail(ONE)",
    "prediction": "asked = Prediction(HEBREW, [Choice(ONE, TWO, right=True), Choice('b', 'c')])\n"
    "display(asked); asked.chosen = 0; asked.lock(); asked.reveal()",
    "heart": "heart = Heartbeat(HEBREW).show()",
    "race": "await race({HEBREW: lambda: stream(ONE), 'b': lambda: stream('c')})",
    "chat": "panel = ChatPanel(lambda _: stream(Status(ONE, TWO), THREE), title=HEBREW)\n"
    "await panel.ask(FOUR)",
}


def test_each_widget_shows_text_in_its_own_direction(notebook: OpenNotebook):
    nb = notebook(SETUP, *CELLS.values())
    nb.run()
    assert nb.errors() == []
    for number in range(1, len(CELLS) + 1):  # cell 0 is SETUP
        output = f".jp-Notebook .jp-Cell >> nth={number} >> .jp-OutputArea"
        nb.page.locator(output).get_by_text("שלום").first.wait_for()
    # Returns [class, text, direction] for each element that directly contains text.
    found = nb.page.evaluate(
        """() => {
          return [...document.querySelectorAll(".course-live *")].flatMap((element) => {
            const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
            const words = own.map(({ data }) => data).join("").trim();
            const name = element.className || element.tagName;
            return words ? [[name, words, getComputedStyle(element).direction]] : [];
          });
        }"""
    )
    # Allow a leading quote; skip text in which Hebrew follows another word.
    hebrew = [row for row in found if re.match("'?שלום", row[1])]
    assert len(hebrew) >= 30
    assert [(name, words) for name, words, direction in hebrew if direction != "rtl"] == []
    others = [row for row in found if "שלום" not in row[1]]
    assert [(name, words) for name, words, direction in others if direction != "ltr"] == []


MIXED = r'''
reply = """שלום `x = 1` עולם

An English paragraph.

- פריט ראשון
- a second item

> ציטוט

| שם | value |
| --- | --- |
| דנה | five |

```python
print("שלום")
```
"""
LiveMarkdown("x").show([reply])
'''


def test_each_markdown_paragraph_has_its_own_direction(notebook: OpenNotebook):
    nb = notebook(SETUP, MIXED)
    nb.run()
    nb.page.locator(".course-markdown pre").wait_for()
    found = nb.page.evaluate(
        """() => [...document.querySelectorAll(
          ".course-markdown :is(p, li, ul, blockquote, table, th, td, pre, code)")].map((element) =>
            [element.tagName.toLowerCase(), getComputedStyle(element).direction])"""
    )
    assert [tuple(row) for row in found] == [
        ("p", "rtl"), ("code", "ltr"), ("p", "ltr"),
        ("ul", "rtl"), ("li", "rtl"), ("li", "ltr"),
        ("blockquote", "rtl"), ("p", "rtl"),
        ("table", "rtl"), ("th", "rtl"), ("th", "ltr"), ("td", "rtl"), ("td", "ltr"),
        ("pre", "ltr"), ("code", "ltr"),
    ]  # fmt: skip


def test_each_line_of_live_text_has_its_own_direction(notebook: OpenNotebook):
    nb = notebook(SETUP, "LiveText('x').show(['English.\\n', HEBREW, '\\n', 'English again.'])")
    nb.run()
    nb.page.locator(".course-text", has_text="English again.").wait_for()
    sides = nb.page.evaluate(
        """() => {
          const text = document.querySelector(".course-text");
          const { left, right } = text.getBoundingClientRect();
          const words = text.firstChild;
          return words.data.split("\\n").map((line) => {
            const range = document.createRange();
            const start = words.data.indexOf(line);
            range.setStart(words, start);
            range.setEnd(words, start + line.length);
            const box = range.getBoundingClientRect();
            return box.left - left < right - box.right ? "left" : "right";
          });
        }"""
    )
    assert sides == ["left", "right", "left"]
