"""`race` shows several replies side by side, one per lane, timed by one clock."""

import asyncio

import pytest

from tests.widgets.doubles import Tap, find, find_all, stream
from utils.widgets import race
from utils.widgets.base.stream_reader import StopButton
from utils.widgets.live_text.widget import PlainText
from utils.widgets.race.widget import Race


@pytest.fixture
def shown(monkeypatch) -> list[Race]:
    races: list[Race] = []
    monkeypatch.setitem(race.__globals__, "display", races.append)
    return races


async def whole(text: str) -> str:
    return text


async def test_it_returns_recordings_in_order_and_prints_a_line_each(shown, clock, capsys):
    async def timed():
        clock.now = 0.2
        yield "x"
        yield "y"
        clock.now = 10.0

    recordings = await race({"b": timed, "a": lambda: whole("whole")}, clock=clock)
    assert list(recordings) == ["b", "a"]
    assert [recording.text for recording in recordings.values()] == ["xy", "whole"]
    assert [recording.label for recording in recordings.values()] == ["b", "a"]
    assert capsys.readouterr().out.startswith("b: first words 0.20 s · done 10.0 s\na: ")


async def test_one_panel_grows_while_the_other_waits(shown):
    tap, reply = Tap(), asyncio.get_running_loop().create_future()
    running = asyncio.create_task(race({"invoke": lambda: reply, "stream": lambda: tap}))
    await tap.put("A river")
    waiting, growing = find_all(shown[0], PlainText)
    assert (waiting.phase, waiting.text) == ("waiting", "")
    assert (growing.phase, growing.text) == ("streaming", "A river")
    reply.set_result("A river never hurries.")
    await tap.put(" never hurries.")
    assert (waiting.at_rest, growing.at_rest) == (False, False)
    tap.end()
    await running
    assert (waiting.at_rest, growing.at_rest) == (True, True)


async def test_a_failing_lane_shows_its_error_and_the_others_continue(shown):
    async def broken():
        yield "Half"
        raise ConnectionError("The server left.")

    def unreachable():
        raise OSError("No such host.")

    recordings = await race(
        {
            "broken": broken,
            "unreachable": unreachable,
            "synchronous": lambda: iter("ab"),
            "sound": lambda: stream("all", " of it"),
        }
    )
    outcomes = [recording.outcome for recording in recordings.values()]
    assert outcomes == ["failed", "failed", "failed", "finished"]
    assert recordings["sound"].text == "all of it"
    assert find_all(shown[0], PlainText)[0].note == "ConnectionError: The server left."


@pytest.mark.parametrize("way", ["button", "interrupt"])
async def test_stop_or_an_interrupt_ends_all_lanes(shown, way):
    first, second = Tap(), Tap()
    running = asyncio.create_task(
        race({"first": lambda: first, "second": lambda: second, "done": lambda: stream("end")})
    )
    await first.put("a")
    await second.put("b")
    if way == "button":
        find(shown[0], StopButton).click()
        outcomes = [recording.outcome for recording in (await running).values()]
        assert outcomes == ["left", "left", "finished"]
    else:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert first.closed
    assert second.closed


async def test_a_race_without_lanes_or_with_a_stream_as_a_lane_is_refused(shown, tap):
    with pytest.raises(TypeError, match="write `lambda: …`"):
        await race({"stream": tap})
    with pytest.raises(ValueError, match="at least one lane"):
        await race({})
