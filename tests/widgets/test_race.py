"""`race`: several replies side by side, timed by one clock."""

from __future__ import annotations

import asyncio

import ipywidgets
import pytest

from tests.widgets.doubles import Tap, find, walk
from utils.widgets import race
from utils.widgets.live_text.widget import TextPanel
from utils.widgets.race.widget import Race


@pytest.fixture
def shown(wire, monkeypatch) -> list[Race]:
    races: list[Race] = []
    monkeypatch.setitem(race.__globals__, "display", races.append)
    return races


def panes(view: Race) -> list[TextPanel]:
    return [widget for widget in walk(view) if isinstance(widget, TextPanel)]


async def words(*texts: str):
    for text in texts:
        yield text


async def whole(text: str) -> str:
    return text


async def test_it_returns_a_recording_for_each_lane_in_the_order_given(shown):
    recordings = await race({"b": lambda: words("x", "y"), "a": lambda: whole("whole")})
    assert list(recordings) == ["b", "a"]
    assert [recording.text for recording in recordings.values()] == ["xy", "whole"]
    assert [recording.label for recording in recordings.values()] == ["b", "a"]


async def test_one_pane_grows_while_the_other_waits(shown):
    stream, reply = Tap(), asyncio.get_running_loop().create_future()
    running = asyncio.create_task(race({"invoke": lambda: reply, "stream": lambda: stream}))
    await stream.put("A river")
    waiting, growing = panes(shown[0])
    assert (waiting.phase, waiting.text) == ("waiting", "")
    assert (growing.phase, growing.text) == ("streaming", "A river")
    stream.end()
    reply.set_result("A river never hurries.")
    await running


async def test_it_opens_with_few_messages_as_a_class_opens_many_at_once(wire):
    Race({"invoke": lambda: whole("x"), "stream": lambda: words("x")})
    assert (wire.opened, len(wire.messages)) == (12, 0)


async def test_panes_are_at_rest_only_when_every_lane_has_ended(shown):
    stream, reply = Tap(), asyncio.get_running_loop().create_future()
    running = asyncio.create_task(race({"invoke": lambda: reply, "stream": lambda: stream}))
    await stream.put("A river")
    reply.set_result("A river never hurries.")
    await stream.put(" never hurries.")
    assert [pane.at_rest for pane in panes(shown[0])] == [False, False]
    stream.end()
    await running
    assert [pane.at_rest for pane in panes(shown[0])] == [True, True]


async def test_all_lanes_are_sent_before_any_has_answered(shown):
    sent, gate = [], asyncio.Event()

    async def lane(name):
        sent.append(name)
        if len(sent) == 2:
            gate.set()
        await asyncio.wait_for(gate.wait(), 240)  # would time out if one lane waited for the other
        yield name

    recordings = await race({"a": lambda: lane("a"), "b": lambda: lane("b")})
    assert sent == ["a", "b"]
    assert {recording.outcome for recording in recordings.values()} == {"finished"}


async def test_a_failing_lane_shows_its_error_and_ends_no_other(shown):
    async def broken():
        yield "Half"
        raise ConnectionError("The server left.")

    recordings = await race({"broken": broken, "sound": lambda: words("all", " of it")})
    assert recordings["broken"].outcome == "failed"
    assert recordings["sound"].text == "all of it"
    assert panes(shown[0])[0].note == "ConnectionError: The server left."


async def test_a_lane_that_cannot_be_sent_fails_alone(shown):
    def unreachable():
        raise OSError("No such host.")

    recordings = await race({"bad": unreachable, "sync": lambda: iter("ab"), "good": words})
    assert [recording.outcome for recording in recordings.values()] == [
        "failed",
        "failed",
        "finished",
    ]


async def test_stop_ends_every_lane_that_still_runs(shown):
    first, second = Tap(), Tap()
    running = asyncio.create_task(
        race({"first": lambda: first, "second": lambda: second, "done": lambda: words("end")})
    )
    await first.put("a")
    await second.put("b")
    find(shown[0], ipywidgets.Button, description="Stop").click()
    recordings = await running
    assert [recording.outcome for recording in recordings.values()] == ["left", "left", "finished"]
    assert first.closed
    assert second.closed


async def test_an_interrupted_cell_closes_every_source(shown):
    first, second = Tap(), Tap()
    cell = asyncio.create_task(race({"first": lambda: first, "second": lambda: second}))
    await first.put("a")
    cell.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cell
    assert first.closed
    assert second.closed


async def test_a_line_for_each_lane_is_printed(shown, clock, capsys):
    async def timed():
        clock.now = 0.2
        yield "Hi"
        clock.now = 10.0

    await race({"stream": timed}, clock=clock)
    assert capsys.readouterr().out == "stream: first words 0.20 s · done 10.0 s\n"


async def test_a_lane_that_was_sent_too_early_is_refused(shown, tap):
    with pytest.raises(TypeError, match="write `lambda: …`"):
        await race({"stream": tap})


async def test_a_race_without_lanes_is_refused(shown):
    with pytest.raises(ValueError, match="at least one lane"):
        await race({})


async def test_its_plain_text_names_the_lanes(wire):
    assert repr(Race({"invoke": whole, "stream": words})) == "Race('invoke', 'stream')"
