"""`LiveText`: shows a stream's text as it arrives; `show` is synchronous, `run` is async.

`wire` records what widgets send to the page. `tap` is a stream that the test feeds item by item.
"""

import asyncio
from threading import Event

import pytest
from langchain_core.messages import AIMessageChunk as Chunk

from tests.widgets.doubles import find, stream
from utils.widgets import LatencyBadge, LiveText
from utils.widgets.base.stream_reader import StopButton
from utils.widgets.live_text.widget import PlainText


class TestShow:
    def test_text_is_returned_and_sent_as_it_is(self, wire):
        live = LiveText("Reply")
        assert live.show(iter(["<b>", "&amp;", " you"])) == "<b>&amp; you"
        assert "".join(wire.items_sent_by(find(live, PlainText))) == live.text == "<b>&amp; you"
        assert (live.stopped, live.recording.outcome) == (False, "finished")
        assert find(live, StopButton).layout.display == "none", "the kernel can't receive Stop"

    def test_text_is_sent_while_the_source_stalls(self, wire):
        flushed = Event()
        wire.on_message = lambda data: flushed.set() if "last" in str(data) else None

        def stalling():
            yield "first "
            yield "last"
            assert flushed.wait(240), "text waited for the source's next piece"

        assert LiveText().show(stalling()) == "first last"

    def test_an_interrupt_keeps_the_text_closes_the_source_and_propagates(self):
        closed = []

        def interrupted():
            try:
                yield "Half"
                raise KeyboardInterrupt
            finally:
                closed.append(True)

        live = LiveText()
        with pytest.raises(KeyboardInterrupt):
            live.show(interrupted())
        assert (live.text, live.stopped, closed) == ("Half", True, [True])
        assert find(live, PlainText).phase == "stopped"


class TestRun:
    async def test_text_appears_as_it_arrives(self, wire, tap):
        live = LiveText("Reply")
        running = asyncio.create_task(live.run(tap))
        await tap.put(Chunk("Hel"))
        assert wire.items_sent_by(find(live, PlainText)) == ["Hel"]
        flushed = asyncio.Event()
        wire.on_message = lambda data: flushed.set() if "lo" in str(data) else None
        await tap.put(Chunk("lo"))
        await asyncio.wait_for(flushed.wait(), 240)  # text is sent while the source stalls
        tap.end()
        assert await running == "Hello"

    async def test_the_page_counts_until_words_arrive(self, clock, tap):
        live = LiveText(clock=clock)
        pane, badge = find(live, PlainText), find(live, LatencyBadge)
        running = asyncio.create_task(live.run(tap))
        await asyncio.wait_for(tap.asked.wait(), 240)
        assert pane.phase == badge.phase == "waiting"
        clock.now += 7.0
        assert pane.get_state()["age"] == badge.get_state()["age"] == pytest.approx(7.0)
        await tap.put("Hi")
        assert pane.phase == badge.phase == "streaming"
        tap.end()
        await running

    async def test_a_whole_reply_is_shown_when_it_arrives(self):
        async def whole():
            return Chunk("All of it.")

        live = LiveText()
        assert await live.run(whole()) == "All of it."
        assert await live.run(stream()) == "", "a second reply should replace the first"
        assert find(live, PlainText).note == "The reply has no text."

    async def test_items_that_cannot_hold_text_are_named(self):
        live = LiveText()
        assert await live.run(stream((Chunk("All of it."), {}))) == ""  # agents stream such pairs
        note = "No text: the stream's items are of type tuple, not message chunks or strings."
        assert find(live, PlainText).note == note
        await live.run(stream())
        assert find(live, PlainText).note == "The reply has no text."

    async def test_a_synchronous_stream_is_refused_in_the_panel_too(self):
        live = LiveText()
        with pytest.raises(TypeError, match="synchronous stream"):
            await live.run(iter("abc"))
        assert "synchronous stream" in find(live, PlainText).note

    async def test_two_widgets_can_run_concurrently_but_not_one_twice(self, tap):
        first, second = LiveText("first"), LiveText("second")
        running = asyncio.create_task(first.run(tap))
        await tap.put("mine")
        with pytest.raises(RuntimeError, match="showing a reply already"):
            await first.run(tap)
        await second.run(stream("other"))
        tap.end()
        await running
        assert (first.text, second.text) == ("mine", "other")


def test_it_displays_itself_once(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "utils.widgets.stream_view.widget.display",
        lambda view: shown.append(view._repr_mimebundle_()),
    )
    live = LiveText()
    live.show(["a"])
    live.show(["b"])
    assert len(shown) == 1
