"""Behaviour shared by all stream widgets, and `Lane`, which shows one reply."""

import asyncio

import pytest

from tests.widgets.doubles import find, stubborn, until
from utils.timing import Recording
from utils.widgets import ChunkTable, JsonCard, LiveMarkdown, LiveText
from utils.widgets.base import stream_reader
from utils.widgets.base.panel import STOPPED, Panel
from utils.widgets.base.stream_reader import StopButton
from utils.widgets.base.throttle import timer_thread
from utils.widgets.live_text.widget import PlainText
from utils.widgets.stream_view.lane import Lane

each_view = pytest.mark.parametrize("view", [LiveText, LiveMarkdown, ChunkTable, JsonCard])


@each_view
@pytest.mark.parametrize("text", ["Half", ""], ids=["midway", "before any text"])
@pytest.mark.parametrize("way", ["button", "interrupt"])
async def test_stop_keeps_the_content_and_closes_the_source(tap, capsys, view, text, way):
    live = view("Reply")
    panel, button = find(live, Panel), find(live, StopButton)
    running = asyncio.create_task(live.run(tap))
    await tap.asked.wait()
    if text:
        await tap.put(text)
    assert not button.disabled
    if way == "button":
        button.click()
        await running
    else:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert (live.stopped, live.recording.outcome, tap.closed) == (True, "left", True)
    assert (panel.phase, button.disabled, text in str(panel.whole)) == ("stopped", True, True)
    assert (panel.note == STOPPED) is bool(text)
    assert "stopped" in capsys.readouterr().out


async def test_a_stream_that_does_not_close_is_reported(monkeypatch):
    monkeypatch.setattr(stream_reader, "GRACE", 0.01)
    released = asyncio.Event()
    live = LiveText()
    running = asyncio.create_task(live.run(stubborn(released)))
    await until(lambda: live.text)
    find(live, StopButton).click()
    await running
    released.set()
    assert (live.text, live.recording.outcome) == ("Half", "left")
    assert "may go on generating" in find(live, Panel).note


@each_view
def test_an_error_is_shown_below_the_content_and_propagates(capsys, view):
    def broken():
        yield "Half"
        raise ConnectionError("The server left.")

    live = view("Reply")
    with pytest.raises(ConnectionError, match=r"The server left\."):
        live.show(broken())
    panel = find(live, Panel)
    assert (panel.phase, panel.note) == ("failed", "ConnectionError: The server left.")
    assert (live.recording.outcome, "Half" in str(panel.whole)) == ("failed", True)
    assert "failed" in capsys.readouterr().out


@each_view
def test_show_refuses_an_async_stream(view, tap):
    with pytest.raises(TypeError, match="Use `await"):
        view().show(tap)


@each_view
def test_a_second_stream_replaces_the_first(view):
    live = view()
    live.show(["one"])
    assert live.show(["two"]) in ("two", ["two"])
    assert "one" not in str(find(live, Panel).whole)
    assert "two" in str(find(live, Panel).whole)
    assert find(live, Panel).note == ""


def test_latency_counts_from_the_request_and_not_from_the_display(clock):
    lane = Lane("reply", PlainText(), clock=clock)
    lane.begin(timer_thread)
    clock.now = 3.5  # 3.5 s after the lane appeared, 3.0 s after the request
    lane.add("Hi", 3.0)
    lane.end(Recording("reply", pieces=(), e2e=4.0))
    assert lane.line() == "reply: first words 3.0 s · done 4.0 s"


def test_everything_is_repeated_for_a_page_that_lost_messages(wire, clock):
    pane = PlainText()
    lane = Lane("reply", pane, clock=clock)
    lane.begin(timer_thread)
    repeated: list[float] = []  # times of the repeats, in seconds since the first word
    for number in range(100):
        clock.now = 2.0 + number / 10
        lane.add(f"word{number} ", clock.now)
        messages = wire.contents_sent_by(pane)
        if number and "keep" not in messages[-1]:  # the whole text was sent again
            repeated.append(round(clock.now - 2.0, 1))
            assert messages[-1]["items"] == pane.whole
            assert messages[-1]["seq"] == messages[-2]["seq"]  # up-to-date pages ignore it
    lane.end(Recording("reply", pieces=(), e2e=12.0))
    assert repeated == [1.0, 2.0, 4.0, 8.0]
    states = [data["state"] for data in wire.sent_by(pane) if "state" in data]
    assert {"phase": "streaming", "age": 3.0, "note": ""} in states
