"""`LiveText`: a reply that appears while it streams, from a synchronous or an async loop."""

from __future__ import annotations

import asyncio
from threading import Event

import ipywidgets
import pytest

from tests.widgets.doubles import find
from utils.widgets import LatencyBadge, LiveText
from utils.widgets.live_text.widget import TextPanel


class Chunk:
    """An object with a `content` attribute, like an AIMessageChunk."""

    def __init__(self, content):
        self.content = content


def stop_button(live):
    return find(live, ipywidgets.Button, description="Stop")


class TestShow:
    def test_the_whole_text_is_shown_and_returned(self, wire):
        live = LiveText("Reply")
        assert live.show(iter(["Hel", "lo", " you"])) == "Hello you"
        assert "".join(wire.appended_to(find(live, TextPanel))) == "Hello you"
        assert (live.text, live.stopped) == ("Hello you", False)
        assert live.recording.outcome == "finished"

    def test_a_thousand_quick_tokens_take_few_messages(self, wire):
        live = LiveText()
        live.show(["token "] * 1000)
        assert len(wire.appended_to(find(live, TextPanel))) < 50

    def test_chunks_with_text_or_blocks_are_understood(self, wire):
        blocks = [{"type": "text", "text": "b"}, {"type": "tool_call", "name": "x"}]
        assert LiveText().show([Chunk(""), Chunk("a"), Chunk(blocks), "c"]) == "abc"

    def test_text_is_flushed_while_the_source_stalls(self, wire):
        flushed = Event()
        wire.on_message = lambda data: flushed.set() if "last" in str(data) else None

        def stalling():
            yield "first "
            yield "last"
            assert flushed.wait(240), "text waited for the source's next piece"

        assert LiveText().show(stalling()) == "first last"

    def test_an_error_is_told_in_the_pane_after_the_text_and_raised_on(self, wire, capsys):
        def broken():
            yield "Half a "
            raise ConnectionError("The server left.")

        live = LiveText("Reply")
        with pytest.raises(ConnectionError, match=r"The server left\."):
            live.show(broken())
        pane = find(live, TextPanel)
        assert (pane.phase, pane.note) == ("failed", "ConnectionError: The server left.")
        assert (live.text, live.recording.outcome) == ("Half a ", "failed")
        assert "Reply: first words" in capsys.readouterr().out

    def test_an_interrupt_keeps_the_text_closes_the_source_and_is_raised_on(self, wire):
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
        assert find(live, TextPanel).phase == "stopped"

    def test_there_is_no_stop_button_that_could_not_be_heard(self, wire):
        live = LiveText()
        live.show(["a"])
        assert stop_button(live).layout.display == "none"

    def test_an_async_stream_is_refused_with_a_sentence(self, wire, tap):
        with pytest.raises(TypeError, match="async stream"):
            LiveText().show(tap)

    def test_an_empty_reply_says_so(self, wire):
        live = LiveText()
        assert live.show([]) == ""
        assert find(live, TextPanel).note == "The reply has no text."

    def test_a_second_reply_replaces_the_first(self, wire):
        live = LiveText()
        live.show(["one"])
        live.show(["two"])
        assert live.text == find(live, TextPanel).text == "two"

    def test_the_printed_line_stays_when_the_widget_has_gone(self, wire, clock, capsys):
        def timed():
            clock.now = 0.2
            yield "Hi"
            clock.now = 10.0

        LiveText("Haiku", clock=clock).show(timed())
        assert "Haiku: first words 0.20 s · done 10.0 s\n" in capsys.readouterr().out


class TestRun:
    async def test_text_appears_as_it_arrives(self, wire, tap):
        live = LiveText("Reply")
        running = asyncio.create_task(live.run(tap))
        await tap.put(Chunk("Hel"))
        assert wire.appended_to(find(live, TextPanel)) == ["Hel"]
        await tap.put(Chunk("lo"))
        tap.end()
        assert await running == "Hello"
        assert "".join(wire.appended_to(find(live, TextPanel))) == "Hello"

    async def test_text_is_flushed_while_the_source_stalls(self, wire, tap):
        flushed = asyncio.Event()
        wire.on_message = lambda data: flushed.set() if "last" in str(data) else None
        running = asyncio.create_task(LiveText().run(tap))
        await tap.put("first ")
        await tap.put("last")
        await asyncio.wait_for(flushed.wait(), 240)
        tap.end()
        await running

    async def test_the_page_counts_by_itself_until_words_arrive(self, wire, clock, tap):
        live = LiveText(clock=clock)
        pane, badge = find(live, TextPanel), find(live, LatencyBadge)
        waits = asyncio.Event()
        badge.observe(lambda _: waits.set(), "counted")
        running = asyncio.create_task(live.run(tap))
        await asyncio.wait_for(waits.wait(), 240)
        await asyncio.sleep(0)  # let the rest of this event loop cycle run
        assert pane.counted == badge.counted == "waiting… {}"
        clock.now += 7.0
        assert pane.get_state()["age"] == badge.get_state()["age"] == pytest.approx(7.0)
        await tap.put("Hi")
        assert pane.counted == ""
        assert badge.counted.endswith(" · {} so far")
        tap.end()
        await running
        assert badge.counted == ""

    async def test_stop_ends_it_closes_the_source_and_keeps_the_text(self, wire, tap):
        live = LiveText()
        running = asyncio.create_task(live.run(tap))
        await tap.put("Half")
        assert not stop_button(live).disabled
        stop_button(live).click()
        assert await running == "Half"
        assert (live.text, live.stopped, tap.closed) == ("Half", True, True)
        assert live.recording.outcome == "left"
        assert find(live, TextPanel).phase == "stopped"
        assert stop_button(live).disabled

    async def test_stop_works_before_the_first_token(self, wire, tap):
        live = LiveText()
        running = asyncio.create_task(live.run(tap))
        await tap.asked.wait()
        stop_button(live).click()
        assert await running == ""
        assert live.stopped
        assert tap.closed

    async def test_an_interrupted_cell_closes_the_source_and_is_raised_on(self, wire, tap):
        live = LiveText()
        cell = asyncio.create_task(live.run(tap))
        await tap.put("Half")
        cell.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cell
        assert (live.text, live.stopped, tap.closed) == ("Half", True, True)
        assert stop_button(live).disabled

    async def test_an_error_is_told_in_the_pane_and_raised_on(self, wire, tap):
        live = LiveText()
        running = asyncio.create_task(live.run(tap))
        await tap.put("Half")
        tap.end(ConnectionError("The server left."))
        with pytest.raises(ConnectionError):
            await running
        assert find(live, TextPanel).note == "ConnectionError: The server left."
        assert (live.text, tap.closed) == ("Half", True)

    async def test_a_whole_reply_is_shown_when_it_is_there(self, wire):
        async def whole():
            return Chunk("All of it.")

        assert await LiveText().run(whole()) == "All of it."

    async def test_a_sync_stream_is_refused_with_a_sentence_that_stays_in_the_pane(self, wire):
        live = LiveText()
        with pytest.raises(TypeError, match="synchronous stream"):
            await live.run(iter("abc"))
        assert "synchronous stream" in find(live, TextPanel).note

    async def test_a_second_run_at_once_is_refused(self, wire, tap):
        live = LiveText("Reply")
        running = asyncio.create_task(live.run(tap))
        await tap.put("a")
        with pytest.raises(RuntimeError, match="showing a reply already"):
            await live.run(tap)
        tap.end()
        await running

    async def test_it_can_run_again_after_stop(self, wire, tap):
        live = LiveText()
        running = asyncio.create_task(live.run(tap))
        await tap.put("Half")
        stop_button(live).click()
        await running

        async def again():
            yield "Whole"

        assert await live.run(again()) == "Whole"
        assert not live.stopped

    async def test_two_run_at_once_without_mixing(self, wire, tap):
        async def other():
            yield "other"

        first, second = LiveText("first"), LiveText("second")
        running = asyncio.create_task(first.run(tap))
        await tap.put("mine")
        await second.run(other())
        tap.end()
        await running
        assert (first.text, second.text) == ("mine", "other")

    async def test_stop_can_be_left_out(self, wire, tap):
        live = LiveText(stop=False)
        running = asyncio.create_task(live.run(tap))
        await tap.put("a")
        assert stop_button(live).layout.display == "none"
        tap.end()
        await running


def test_its_plain_text_is_the_same_before_and_after(wire):
    live = LiveText("Reply")
    before = repr(live)
    live.show(["a"])
    assert repr(live) == before == "LiveText('Reply')"


def test_it_shows_itself_once(wire, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "utils.widgets.stream_view.widget.display",
        lambda view: shown.append(view._repr_mimebundle_()),
    )
    live = LiveText()
    live.show(["a"])
    live.show(["b"])
    assert len(shown) == 1
    inside_another = LiveText(display=False)
    inside_another.show(["a"])
    assert len(shown) == 1


def test_closing_closes_all_its_parts(wire):
    live = LiveText("Reply")
    pane, badge = find(live, TextPanel), find(live, LatencyBadge)
    live.close()
    assert [live.comm, pane.comm, badge.comm] == [None, None, None]


def test_text_is_never_markup(wire):
    live = LiveText("Reply")
    live.show(["<b>&amp;"])
    assert wire.appended_to(find(live, TextPanel)) == ["<b>&amp;"]
    assert "innerHTML" not in str(find(live, TextPanel)._esm)
