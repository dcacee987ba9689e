"""`Heartbeat`: it beats unless the event loop is blocked."""

from __future__ import annotations

import asyncio
import time

import pytest

from utils.widgets import Heartbeat

QUICK = 0.001  # seconds between two beats, short so that tests don't wait


async def beats(heart, count):
    """Let the event loop run until there have been this many beats."""
    while heart.beats < count:  # noqa: ASYNC110 (a `Heartbeat` offers nothing to await)
        await asyncio.sleep(0)


def times_sent(wire, heart):
    return [
        item
        for data in wire.sent_by(heart)
        if data["method"] == "custom"
        for item in data["content"]["items"]
    ]


async def test_it_beats_by_itself_while_the_block_awaits(wire):
    heart = Heartbeat(every=QUICK)
    async with heart:
        assert heart.beats == 1, "the first beat comes with the block"
        await beats(heart, 5)
    assert heart.beats >= 5
    assert heart.phase == "over"


async def test_it_stands_still_while_the_loop_is_held(wire, clock):
    heart = Heartbeat(every=QUICK, clock=clock)
    async with heart:
        clock.now = 2.0  # the event loop doesn't run in between
    assert (heart.beats, heart.longest, heart.froze) == (1, 2.0, True)


async def test_the_longest_time_is_found_between_any_two_beats(wire, clock):
    heart = Heartbeat(clock=clock, every=0.1)
    async with heart:
        for now in (0.1, 0.2, 1.4, 1.5):
            clock.now = now
            await beats_once_more(heart, clock)
        clock.now = 1.6
    assert heart.longest == pytest.approx(1.2)
    assert heart.froze


async def beats_once_more(heart, clock):
    """Restart the beating task: it waits on the event loop's clock, not on the test's."""
    heart._task.cancel()
    await asyncio.gather(heart._task, return_exceptions=True)
    heart._task = asyncio.create_task(heart._beat())
    await asyncio.sleep(0)


async def test_half_a_second_is_where_a_freeze_begins(wire, clock):
    for held, froze in ((0.5, False), (0.6, True)):
        heart = Heartbeat(clock=clock)
        async with heart:
            clock.now += held
        assert heart.froze is froze


async def test_a_real_block_is_seen(wire):
    heart = Heartbeat(every=QUICK)
    async with heart:
        await beats(heart, 3)
        time.sleep(50 * QUICK)  # noqa: ASYNC251 (on purpose)
        await beats(heart, 5)
    assert heart.froze


async def test_each_block_begins_anew(wire, clock):
    heart = Heartbeat(clock=clock)
    async with heart:
        clock.now = 9.0
    assert heart.froze
    async with heart:
        clock.now = 9.1
    assert (heart.froze, heart.beats) == (False, 1)
    assert heart.longest == pytest.approx(0.1)


async def test_while_it_beats_the_figures_are_those_of_now(wire, clock):
    heart = Heartbeat(clock=clock)
    async with heart:
        clock.now = 3.0
        assert heart.longest == 3.0
        assert heart.phase == "beating"


def test_before_the_first_block_there_is_nothing_to_say(wire):
    heart = Heartbeat()
    assert (heart.beats, heart.longest, heart.froze) == (0, 0.0, False)
    assert heart.line() == "Heartbeat: has not beaten yet"


async def test_a_line_of_text_stays(wire, clock, capsys):
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


async def test_it_ends_with_a_block_that_fails_or_is_cancelled(wire):
    heart = Heartbeat(every=QUICK)
    for error in (ValueError, asyncio.CancelledError):
        with pytest.raises(error):
            async with heart:
                raise error
        assert heart.phase == "over"
    await asyncio.sleep(0)  # a cancelled task ends in the loop's next cycle
    assert "_beat" not in str(asyncio.all_tasks())


async def test_a_second_block_of_the_same_heart_is_refused_with_a_sentence(wire):
    heart = Heartbeat(every=QUICK)
    async with heart:
        with pytest.raises(RuntimeError, match=r"beating already\. Make a second Heartbeat"):
            async with heart:
                pass
        assert heart.phase == "beating"


async def test_two_hearts_beat_side_by_side(wire):
    one, two = Heartbeat("one", every=QUICK), Heartbeat("two", every=QUICK)
    async with one, two:
        await beats(one, 3)
        await beats(two, 3)
    assert min(one.beats, two.beats) >= 3


async def test_each_beat_is_one_small_message_sent_at_once(wire):
    heart = Heartbeat(every=QUICK)
    async with heart:
        wire.messages.clear()
        await beats(heart, 6)
        messages = [data for data in wire.sent_by(heart) if data["method"] == "custom"]
        assert len(messages) == heart.beats - 1
        assert times_sent(wire, heart) == heart.whole[1:]
    assert all(len(data["content"]["items"]) == 1 for data in messages)


async def test_a_page_learns_where_the_block_ended(wire, clock):
    heart = Heartbeat(clock=clock)
    async with heart:
        clock.now = 2.0
        wire.messages.clear()
    (message,) = wire.sent_by(heart)
    assert message["state"] == {"phase": "over", "end": 2.0, "text": "froze for 2.0 s"}


async def test_missed_beats_are_not_made_up_for(wire, clock, monkeypatch):
    waits = []

    async def note(seconds):
        waits.append(round(seconds, 3))
        if len(waits) > 2:
            raise asyncio.CancelledError
        clock.now += (0.1, 2.53)[len(waits) - 1]  # the second time, the loop is late

    heart = Heartbeat(clock=clock)
    monkeypatch.setattr("utils.widgets.heartbeat.widget.asyncio.sleep", note)
    with pytest.raises(asyncio.CancelledError):
        await heart._beat()
    assert waits == [0.1, 0.1, 0.07]
    assert heart.beats == 3


def test_showing_it_returns_it(wire, monkeypatch):
    shown = []
    monkeypatch.setattr("utils.widgets.base.course_widget.display", shown.append)
    heart = Heartbeat()
    assert heart.show() is heart
    assert shown == [heart]


async def test_its_plain_text_is_the_same_before_and_after(wire):
    heart = Heartbeat("stream", every=QUICK)
    before = repr(heart)
    async with heart:
        pass
    assert repr(heart) == before == "Heartbeat('stream')"
