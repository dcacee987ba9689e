"""`EventTimeline`: events that are drawn as they happen."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from threading import Event as Signal
from threading import Thread
from uuid import UUID

import pytest

from utils.widgets import EventTimeline


def items_sent(wire, timeline):
    return [
        item
        for data in wire.sent_by(timeline)
        if data["method"] == "custom"
        for item in data["content"]["items"]
    ]


def test_events_count_from_the_first_one(wire, clock):
    clock.now = 70.0
    timeline = EventTimeline("Life", clock=clock)
    clock.now = 75.0
    timeline.add("start", "Hello")
    clock.now = 75.5
    timeline.add("token", " moon", run="A")
    first, second = timeline.events
    assert (first.name, first.detail, first.run, first.at) == ("start", "Hello", "", 0.0)
    assert (second.name, second.detail, second.run, second.at) == ("token", " moon", "A", 0.5)


def test_the_summary_counts_names_in_the_order_of_their_first(wire):
    timeline = EventTimeline()
    assert timeline.summary() == "no events"
    timeline.add("on_chat_model_start")
    for _ in range(35):
        timeline.add("on_llm_new_token")
    timeline.add("on_llm_end")
    expected = "on_chat_model_start × 1 · on_llm_new_token × 35 · on_llm_end × 1"  # noqa: RUF001
    assert timeline.summary() == expected


def test_details_and_runs_may_be_any_objects(wire):
    timeline = EventTimeline()
    run = UUID(int=7)
    timeline.add("on_llm_error", ValueError("no"), run)
    (event,) = timeline.events
    assert (event.detail, event.run) == ("no", str(run))


def test_an_event_can_not_be_changed(wire):
    timeline = EventTimeline()
    timeline.add("a")
    with pytest.raises(FrozenInstanceError):
        timeline.events[0].name = "b"


def test_a_thousand_quick_events_take_few_messages_and_lose_none(wire):
    timeline = EventTimeline()
    wire.messages.clear()
    for number in range(1000):
        timeline.add("token", number)
    timeline.flush()
    assert len(wire.sent_by(timeline)) < 50
    assert [detail for _, _, _, detail in items_sent(wire, timeline)] == [
        str(number) for number in range(1000)
    ]


def test_the_last_event_leaves_by_itself(wire):
    late = Signal()
    wire.on_message = lambda data: late.set() if "last" in str(data) else None
    timeline = EventTimeline()
    timeline.add("first")
    timeline.add("last")
    assert late.wait(240)


def test_several_threads_lose_no_event_and_keep_their_order(wire):
    timeline = EventTimeline()

    def work(run):
        for number in range(200):
            timeline.add("token", number, run)

    threads = [Thread(target=work, args=(run,)) for run in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    timeline.flush()
    times = [event.at for event in timeline.events]
    assert times == sorted(times)
    for run in "0123":
        details = [event.detail for event in timeline.events if event.run == run]
        assert details == [str(number) for number in range(200)]
    assert len(items_sent(wire, timeline)) == 800


def test_a_long_detail_is_kept_whole_but_shown_short(wire):
    timeline = EventTimeline()
    timeline.add("prompt", "x" * 10_000)
    timeline.flush()
    assert len(timeline.events[0].detail) == 10_000
    ((_, _, _, shown),) = items_sent(wire, timeline)
    assert len(shown) < 500


def test_cleared_it_starts_at_zero_again(wire, clock):
    timeline = EventTimeline(clock=clock)
    timeline.add("a")
    clock.now = 9.0
    timeline.clear()
    assert timeline.events == []
    timeline.add("b")
    assert timeline.events[0].at == 0
    timeline.flush()
    assert [name for name, *_ in timeline.whole] == ["b"]


def test_showing_it_returns_it(wire, monkeypatch):
    shown = []
    monkeypatch.setattr("utils.widgets.base.course_widget.display", shown.append)
    timeline = EventTimeline("Life")
    assert timeline.show() is timeline
    assert shown == [timeline]


def test_its_plain_text_is_the_same_before_and_after(wire):
    timeline = EventTimeline("Life")
    timeline.add("a")
    assert repr(timeline) == repr(EventTimeline("Life")) == "EventTimeline('Life')"
