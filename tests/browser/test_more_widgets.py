"""Timelines, chunk tables, JSON cards and live Markdown in JupyterLab; readability of all widgets.

The fixture `notebook` opens a notebook with the given cells. In a cell, `turn("begin")` waits for
the test's `turns.take("begin")`. The last test shows widgets in states that no lesson reaches.
"""

import re
from pathlib import Path

import pytest

from tests.browser.conftest import OpenNotebook
from tests.browser.readability import barriers, faint, misfits
from tests.browser.test_kernel_end import RESTART, end_kernel
from tests.browser.turns import Turns
from tools.browser.notebook_page import NotebookPage
from tools.browser.server import NARROW, NOTEBOOK_WIDTH, PROJECTOR, ZOOMED

HOSTILE = "<img src=x onerror='window.hacked = true'>"
SETUP = """
HOSTILE = "…"
import asyncio, time
from uuid import UUID
from langchain_core.messages import AIMessageChunk as Chunk
from utils.widgets import (
    ChatPanel, Choice, ChunkTable, EventTimeline, JsonCard, LatencyBadge, LiveMarkdown, LiveText,
    Prediction, Progress, Status, StatusLine,
)

def reply(words=("A heron ", "lifts off 🌙,", "\\n", "rings widen"), gap=0.05):
    yield Chunk("")
    for word in words:
        time.sleep(gap)
        yield Chunk(word)
    yield Chunk("", response_metadata={"finish_reason": "stop"})
    yield Chunk("", usage_metadata=dict(input_tokens=12, output_tokens=9, total_tokens=21))

def tool_call(gap=0.05):
    yield Chunk("", additional_kwargs={"reasoning_content": "I need the weather."})
    for name, args in (("get_weather", ""), (None, '{"city": '), (None, '"Oslo"}')):
        time.sleep(gap)
        yield Chunk("", tool_call_chunks=[dict(name=name, args=args, id=None, index=0)])
    yield Chunk("", response_metadata={"finish_reason": "tool_calls"})

def cut_short():
    yield {"name": "Ada"}
    raise ConnectionError("The server left.")

def person(gap=0.12):  # one field after another grows, at every other redraw
    value = {}
    for name, whole in (("name", "Ada Lovelace"), ("age", 36), ("skills", ["mathematics"])):
        for size in range(1, len(str(whole)) + 1):
            time.sleep(gap)
            value[name] = int(str(whole)[:size]) if name == "age" else whole[:size]
            yield dict(value)

MARKDOWN = '''# Streams

A **stream** sends [pieces](https://example.org) with `yield`:

```python
for chunk in stream:
    print(chunk)
```

| way | sent |
|---|---|
| naive | 11 MB |

''' + HOSTILE

def pieces(text=MARKDOWN, gap=0.02):
    for start in range(0, len(text), 4):
        time.sleep(gap)
        yield text[start : start + 4]

def life(timeline, words=12, gap=0.05, run="", end="on_llm_end"):
    timeline.add("on_chat_model_start", "Write about a lake.", run)
    for number in range(words):
        time.sleep(gap)
        timeline.add("on_llm_new_token", repr(f" word{number}"), run)
    timeline.add(end, HOSTILE, run)
""".replace('"…"', repr(HOSTILE))  # the first line assigns this string to HOSTILE
ROWS = ".course-chunks tbody tr"


def texts(notebook: NotebookPage, selector: str) -> list[str]:
    found: list[str] = notebook.page.locator(selector).all_text_contents()
    return found


def test_a_timeline_draws_a_mark_for_each_event(notebook: OpenNotebook):
    nb = notebook(
        SETUP,
        "one = EventTimeline('Life').show()\nlife(one, words=30)",
        "two = EventTimeline('Two runs').show()\nlife(two, run=UUID(int=1), words=3)\n"
        "life(two, run=UUID(int=2), words=3, end='on_llm_error')",
        "now = 0.0\nticks = EventTimeline(clock=lambda: now).show()\n"
        "for now in (0.0, 0.5, 1.0): ticks.add('tick')",
    )
    nb.run()
    nb.page.locator(".course-count", has_text=re.compile(r"^× 3$")).nth(2).wait_for()  # noqa: RUF001
    one, two, ticks = nb.page.locator(".course-timeline").all()

    marks = one.locator("[data-kind=delivered] .course-marks").get_attribute("d") or ""
    assert marks.count("M") == 30
    names = ["on_chat_model_start", "on_llm_new_token", "on_llm_end"]
    assert one.locator(".course-name").all_text_contents() == names

    details = one.locator(".course-detail").all_text_contents()
    assert details[1:] == ["' word29'", HOSTILE], "the latest detail, as text"

    runs = two.locator(".course-run")
    assert runs.all_text_contents() == ["run 1 (…000001)", "run 2 (…000002)"]
    assert all(run.is_visible() for run in runs.all())
    assert not one.locator(".course-run").is_visible(), "a single run needs no heading"
    assert two.locator("[data-kind=failed]").count() == 1

    label, mark = ticks.evaluate(
        """(timeline) => {
          const label = [...timeline.querySelectorAll(".course-axis span")]
            .find((span) => span.textContent === "0.4 s").getBoundingClientRect();
          const scale = timeline.querySelector(".course-track svg").getScreenCTM();
          return [label.left + label.width / 2, new DOMPoint(0.4, 0).matrixTransform(scale).x];
        }"""
    )
    assert label == pytest.approx(mark, abs=2), "marks should match the axis"
    assert nb.page.evaluate("() => window.hacked") is None


def test_a_chunk_table_grows_and_shows_the_content_of_chunks(notebook: OpenNotebook):
    nb = notebook(
        SETUP,
        'chunks = ChunkTable("Reply").show(reply(gap=0.3))',
        "chunks = ChunkTable().show(tool_call())",
        "chunks = ChunkTable().show(['word '] * 5000)",
        "async def endless():\n"
        "    while True:\n        await asyncio.sleep(0.02)\n        yield 'word '\n"
        "chunks = await ChunkTable().run(endless())",
    )
    nb.run_all()
    first, calls, many, endless = (nb.page.locator(".course-chunks").nth(at) for at in range(4))
    endless.locator("tbody tr").nth(20).wait_for()
    assert endless.evaluate("(box) => box.scrollTop") > 0, "it should follow new rows"
    endless.evaluate("(box) => (box.scrollTop = 0)")
    endless.locator("tbody tr").nth(40).wait_for()
    assert endless.evaluate("(box) => box.scrollTop") == 0, (
        "it should not move a reader who scrolled up"
    )
    nb.page.get_by_role("button", name="Stop").click()
    nb.wait_done()
    assert nb.printed().endswith("with usage · stopped\n")
    assert "7 chunks · 4 with text · 1 finish reason · 1 with usage\n" in nb.printed()

    words = ["''empty", "'A heron '", "'lifts off 🌙,'", "'\\n'", "'rings widen'"]
    assert first.locator("td.course-col-text").all_text_contents() == [*words, "''empty", "''empty"]
    columns = ["chunk", "seconds", "text", "finish reason", "tokens"]
    assert first.locator("th:visible").all_text_contents() == columns
    columns = ["chunk", "seconds", "text", "reasoning", "tool call", "finish reason"]
    assert calls.locator("th:visible").all_text_contents() == columns

    # 300 rows of chunks, and a row with the number of hidden chunks
    assert many.locator("tbody tr").count() == 301, "a long stream should not slow the page"
    assert many.locator("td.course-col-number").last.text_content() == "5000"
    note = "4,700 more chunks are not shown here; the list has them all."
    assert many.locator(".course-skipped").text_content() == note


def test_a_cards_bars_become_values_one_by_one(notebook: OpenNotebook, tmp_path: Path):
    turns = Turns(tmp_path)
    nb = notebook(
        SETUP + turns.code,
        "async def late():\n    await turn('begin')\n    for value in person():\n"
        "        yield value\n        await asyncio.sleep(0)\n"
        'value = await JsonCard("A person", ["name", "age", "skills"]).run(late())',
        "value = JsonCard().show([{HOSTILE: {'in': [HOSTILE]}}])",
    )
    nb.sample(card=".course-card", age=".course-field:nth-child(2) .course-value")
    nb.run_all()
    note, bars = nb.page.locator(".course-note", has_text="waiting… 1"), ".course-skeleton"
    note.wait_for()
    clock, last_bar = note.bounding_box(), nb.page.locator(bars).nth(2).bounding_box()
    assert last_bar["y"] + last_bar["height"] < clock["y"], "the clock should not hide the bars"
    turns.take("begin")
    nb.wait_done()
    nb.page.locator(".course-mark", has_text="final").nth(3).wait_for()
    assert [age for age in nb.seen("age") if age] == ["3", "36"]
    marked = [text.count("still arriving") for text in nb.seen("card")]
    assert max(marked) == 1
    assert marked[-1] == 0
    assert texts(nb, ".course-mark") == ["final"] * 4
    assert nb.page.locator(bars).count() == 0
    assert texts(nb, ".course-field .course-name")[-1] == HOSTILE
    assert texts(nb, ".course-value dd li") == [HOSTILE]
    assert nb.page.evaluate("() => window.hacked") is None


def test_markdown_is_formatted_block_by_block(notebook: OpenNotebook):
    nb = notebook(
        SETUP,
        "text = LiveMarkdown('Answer').show(pieces())\nprint(text == MARKDOWN)",
        "text = LiveMarkdown().show(pieces('First.\\n\\n' + 'word ' * 60))",
        "LiveMarkdown(repair=lambda text: None).show(pieces())",
    )
    nb.run_all()
    first, second, _ = (nb.page.locator(".course-markdown").nth(at) for at in range(3))
    second.locator(".course-block").nth(1).wait_for()
    second.locator(".course-block").first.evaluate("(block) => block.classList.add('mine')")
    nb.wait_done()
    assert first.locator("h1").text_content() == "Streams"
    assert first.locator("strong").text_content() == "stream"
    assert first.locator("td").all_text_contents() == ["naive", "11 MB"]
    assert HOSTILE in (first.text_content() or "")
    assert first.locator("img, script").count() == 0
    assert nb.page.evaluate("() => window.hacked") is None
    assert "True" in nb.printed()
    assert second.locator(".mine").count() == 1, "a block that does not change should be left alone"
    assert "has to return the text" in (nb.page.get_by_role("alert").text_content() or "")
    assert "TypeError" in nb.errors()[0]


def seconds_counted(nb: NotebookPage, more_than: float) -> float:
    """Wait until the last badge shows more than `more_than` seconds; return the number shown."""
    last = "[...document.querySelectorAll('.course-badge')].at(-1)"
    counted = f"parseFloat({last}?.textContent.split('… ')[1])"
    nb.page.wait_for_function(f"before => {counted} > before", arg=more_than)
    return float(nb.page.evaluate(f"() => {counted}"))


def test_a_reloaded_page_shows_everything_and_follows_new_content(notebook: OpenNotebook):
    nb = notebook(
        SETUP,
        "table, card = ChunkTable('Reply'), JsonCard('Person')\nlive = LiveMarkdown('Answer')\n"
        "timeline, text, badge = EventTimeline('Life'), LiveText('Plain'), LatencyBadge()\n"
        "display(table, card, live, timeline, text, badge)",
        """
async def slow(make, count=100):
    for number in range(count):
        await asyncio.sleep(0.05)
        timeline.add("tick")
        yield make(number)

badge.start()
results = await asyncio.gather(
    table.run(slow(str)),
    card.run(slow(lambda number: {"number": number})),
    live.run(slow(lambda number: f"{number} ")),
    text.run(slow(lambda number: f"{number} ")),
)
""",
        reloads=True,
    )
    nb.run_all()
    nb.page.locator(ROWS).nth(5).wait_for()
    before = seconds_counted(nb, 0.2)
    nb.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    nb.reload()
    nb.page.locator("td.course-col-number", has_text="100").wait_for()
    nb.page.locator(".course-mark", has_text="final").wait_for()
    nb.page.locator(".course-count", has_text="× 400").wait_for()  # noqa: RUF001
    assert nb.page.locator(f"{ROWS}:visible").count() == 100
    assert nb.page.locator(".course-value").text_content() == "99"
    whole = "".join(f"{number} " for number in range(100))
    assert (nb.page.locator(".course-block").text_content() or "").strip() == whole.strip()
    assert nb.page.locator(".course-text").last.text_content() == whole
    # No cell is running, so the kernel sends nothing: the page itself updates the counter.
    assert seconds_counted(nb, seconds_counted(nb, before)) > before
    nb.start_new_cell(
        "async def lines():\n"
        "    while True:\n        await asyncio.sleep(0.02)\n        yield 'word\\n'\n"
        "await text.run(lines())"
    )
    nb.page.wait_for_function(
        "() => [...document.querySelectorAll('.course-text')].at(-1).scrollTop > 200"
    )
    end_kernel(nb, RESTART)
    nb.page.locator(".course-badge").last.filter(has_text="kernel ended").wait_for()


def test_a_second_view_continues_the_clock_of_the_first(notebook: OpenNotebook):
    nb = notebook(
        SETUP,
        "bar, line = Progress(9).show(), StatusLine('Thinking').show()\n"
        "bar.advance()\nline.to('Thinking')",
        "display(bar, line)",
    )
    for cell in ("import asyncio", "Progress(9)"):
        nb.run_cell_with(cell)
        nb.wait_done()
    clocks = (".course-progress-figures", ".course-stage-time")
    two_seconds = re.compile(r"\b([2-9]|\d\d+)\.\d s")  # or more
    for clock in clocks:
        nb.page.locator(clock, has_text=two_seconds).wait_for()
    nb.run_cell_with("display(")
    for clock in clocks:
        nb.page.locator(clock).nth(1).wait_for()
        assert two_seconds.search(nb.page.locator(clock).nth(1).inner_text())


LOOK = """
async def weather(history):
    yield Status("Thinking")
    yield Status("Tool call", "get_weather(city='Oslo')")
    for piece in pieces(gap=0):
        yield piece
    if len(history) > 1:
        raise ConnectionError("The connection broke: ask again.")

chat = ChatPanel(weather, title="Look", explain=str).show()
status = StatusLine("Thinking", "Tool call", "Answer").show()
status.to("Tool call", "get_weather(Oslo)")
Progress(40, "Reading").show().advance(13)
Progress(label="Reply").show().advance(37)
await chat.ask("What is the weather in Oslo?")
await chat.ask("And this afternoon?")
status.fail("The tool did not answer: ask again.")
"""
LONG_WORDS = """
LONG = "Donaudampfschifffahrt" * 20
Progress(3, LONG).show().fail(LONG)
LiveText(LONG).show([LONG])
display(Prediction(f"{LONG} `{LONG}`", [Choice(LONG, LONG, right=True), Choice("a", "b")]))
timeline = EventTimeline(LONG).show()
for run in ("first", LONG):
    timeline.add("start", LONG, run)
StatusLine(LONG, "Answer").show().to(LONG, LONG)
JsonCard(LONG, [LONG]).show([{LONG: {LONG: [LONG]}}])
ChunkTable(LONG).show([Chunk(LONG, response_metadata={"finish_reason": LONG})])
LiveMarkdown(LONG).show([f"# {LONG}\\n- {LONG}\\n\\n> {LONG}\\n\\n| {LONG} |\\n|---|\\n| a |"])
timeline.add(LONG)

async def long_reply(history):
    yield Status(LONG, LONG)
    yield LONG
    raise ConnectionError(LONG)

long_chat = ChatPanel(long_reply, title=LONG, explain=str).show()
await long_chat.ask(LONG)
"""


def test_text_is_readable_in_both_themes_and_nothing_overflows(notebook: OpenNotebook):
    nb = notebook(
        SETUP,
        "timeline = EventTimeline('Two runs, one handler').show()\n"
        "life(timeline, run='first', gap=0.03)\n"
        "life(timeline, run='second', gap=0.03, end='on_llm_error')",
        "chunks = ChunkTable('One reply').show(reply())",
        "chunks = ChunkTable('A tool call').show(tool_call())",
        "value = JsonCard('A person', ['name', 'age', 'skills', 'email']).show(person(gap=0.01))",
        "try:\n    JsonCard('Cut short', ['name', 'age']).show(cut_short())\n"
        "except ConnectionError:\n    pass",
        LOOK,
        LONG_WORDS,
    )
    nb.page.set_viewport_size({"width": NOTEBOOK_WIDTH["width"], "height": 4300})
    nb.only_the_notebook()
    nb.run()
    nb.page.locator(".course-foot[data-phase=failed]").nth(1).wait_for()
    for theme in ("Light", "Dark"):
        nb.theme(f"JupyterLab {theme}")
        nb.page.locator("#jupyterlab-splash").wait_for(state="detached")
        assert faint(nb.page) == []
        assert barriers(nb.page) == []
    for viewport in (ZOOMED, NARROW, NOTEBOOK_WIDTH, PROJECTOR):
        nb.page.set_viewport_size(viewport)
        assert misfits(nb.page) == []
    nb.page.emulate_media(forced_colors="active")
    bar, fill = (nb.page.locator(part).first for part in (".course-bar", ".course-bar-fill"))
    colour = "(element) => getComputedStyle(element).backgroundColor"
    assert fill.evaluate(colour) != bar.evaluate(colour), "the bar should be visible"
    nb.page.emulate_media(forced_colors="none")
    code_to_text = nb.page.evaluate(
        """() => {
          const size = (element) => parseFloat(getComputedStyle(element).fontSize);
          const code = [...document.querySelectorAll(".course-block code")];
          return code.map((each) => size(each) / size(each.closest(".course-block")));
        }"""
    )
    assert code_to_text == pytest.approx([0.93] * 4), "code should grow with the text around it"
