"""`Heartbeat`, a widget whose beats stop while the event loop is blocked."""

import asyncio

import pytest

from tests.widgets.doubles import until
from utils.widgets import Heartbeat

QUICK = 0.001  # seconds between beats, short so that tests don't wait


async def test_it_does_not_beat_while_the_loop_is_blocked(wire, clock):
    heart = Heartbeat(every=QUICK, clock=clock)
    async with heart:
        wire.messages.clear()
        clock.now = 2.0  # simulates an event loop blocked for two seconds
        assert (heart.phase, heart.beats, heart.longest, heart.froze) == ("beating", 1, 2.0, True)
    (message,) = wire.sent_by(heart)
    assert message["state"] == {"phase": "over", "end": 2.0, "text": "froze for 2.0 s"}


async def test_the_longest_gap_may_be_between_any_two_beats(clock):
    heart = Heartbeat(clock=clock, every=0.1)
    async with heart:
        for now in (0.1, 0.2, 1.4, 1.5):
            clock.now = now
            await beat_once_more(heart)
        clock.now = 1.6
    assert heart.longest == pytest.approx(1.2)
    assert heart.froze


async def beat_once_more(heart):
    """Make `heart` beat now: its own timer ignores the test's clock."""
    heart._task.cancel()
    await asyncio.gather(heart._task, return_exceptions=True)
    heart._task = asyncio.create_task(heart._beat())
    await asyncio.sleep(0)


async def test_a_gap_of_more_than_half_a_second_is_a_freeze(clock):
    for blocked, froze in ((0.5, False), (0.6, True)):
        heart = Heartbeat(clock=clock)
        async with heart:
            clock.now += blocked
        assert heart.froze is froze


def test_before_the_first_block_there_are_no_beats():
    heart = Heartbeat()
    assert (heart.beats, heart.longest, heart.froze) == (0, 0.0, False)
    assert heart.line() == "Heartbeat: has not beaten yet"


async def test_each_block_starts_over_and_prints_a_line(clock, capsys):
    heart = Heartbeat("stream", clock=clock)
    async with heart:
        clock.now = 2.1
    async with heart:
        clock.now = 2.2
    assert capsys.readouterr().out.splitlines() == [
        "stream: froze for 2.1 s",
        "stream: kept beating, longest gap 0.10 s",
    ]
    assert heart.text == "kept beating, longest gap 0.10 s"


async def test_it_stops_when_the_block_fails_or_is_cancelled():
    heart = Heartbeat(every=QUICK)
    for error in (ValueError, asyncio.CancelledError):
        with pytest.raises(error):
            async with heart:
                raise error
        assert heart.phase == "over"
    await asyncio.sleep(0)  # a cancelled task ends in the next event loop iteration
    assert "_beat" not in str(asyncio.all_tasks())


async def test_a_second_block_at_the_same_time_is_refused():
    heart = Heartbeat(every=QUICK)
    async with heart:
        with pytest.raises(RuntimeError, match=r"beating already\. Make a second Heartbeat"):
            async with heart:
                pass
        assert heart.phase == "beating"


async def test_each_beat_is_sent_immediately_in_its_own_message(wire):
    heart = Heartbeat(every=QUICK)
    async with heart:
        wire.messages.clear()
        await until(lambda: heart.beats >= 6)
        sent = [content["items"] for content in wire.contents_sent_by(heart)]
        assert sent == [[beat] for beat in heart.whole[1:]]


async def test_missed_beats_are_skipped(clock, monkeypatch):
    waits = []
    takes = iter([0.1, 2.53])  # the duration of each sleep, in seconds; the last is too long

    async def note(seconds):
        waits.append(round(seconds, 3))
        if len(waits) > 2:
            raise asyncio.CancelledError
        clock.now += next(takes)

    heart = Heartbeat(clock=clock)
    monkeypatch.setattr("utils.widgets.heartbeat.widget.asyncio.sleep", note)
    with pytest.raises(asyncio.CancelledError):
        await heart._beat()
    assert waits == [0.1, 0.1, 0.07]  # the last wait ends at 2.7 s, a multiple of 0.1 s
    assert heart.beats == 3
