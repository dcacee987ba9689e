"""`EventTimeline`: events drawn as they happen."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from uuid import UUID

import pytest

from utils.widgets import Event, EventTimeline


def test_seconds_count_from_the_first_event(clock):
    clock.now = 70.0
    timeline = EventTimeline("Life", clock=clock)
    clock.now = 75.0
    timeline.add("start", "Hello")
    clock.now = 75.5
    timeline.add("error", ValueError("no"), run=UUID(int=7))
    assert timeline.events == [
        Event("start", "Hello", "", 0.0),
        Event("error", "no", str(UUID(int=7)), 0.5),
    ]
    with pytest.raises(FrozenInstanceError):
        timeline.events[0].name = "b"


def test_several_threads_lose_no_event_and_keep_their_order(wire):
    timeline = EventTimeline()

    def work(run):
        for number in range(200):
            timeline.add("token", number, run)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    timeline.flush()
    times = [event.at for event in timeline.events]
    assert times == sorted(times)
    for run in "0123":
        details = [event.detail for event in timeline.events if event.run == run]
        assert details == [str(number) for number in range(200)]
    assert len(wire.items_sent_by(timeline)) == 800


def test_a_long_detail_is_kept_but_truncated_on_the_page(wire):
    timeline = EventTimeline()
    timeline.add("prompt", "x" * 10_000)
    timeline.flush()
    assert len(timeline.events[0].detail) == 10_000
    ((_name, _run, _at, shown),) = wire.items_sent_by(timeline)
    assert len(shown) < 500
