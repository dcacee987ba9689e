"""`Lane`: one reply on the page, in any kind of view."""

from __future__ import annotations

from utils.timing import Recording
from utils.widgets.base.throttle import timer_thread
from utils.widgets.live_text.widget import TextPanel
from utils.widgets.stream_view.lane import Lane


def test_latency_counts_from_the_request_and_not_from_the_display(wire, clock):
    lane = Lane("reply", TextPanel("Reply"), clock=clock)
    lane.begin(timer_thread)
    clock.now = 3.5  # 3.5 s after the display, and 3.0 s after the request
    lane.add("Hi", 3.0)
    lane.end(Recording("reply", (), 4.0))
    assert lane.line() == "reply: first words 3.0 s · done 4.0 s"


def test_everything_is_repeated_for_a_page_that_lost_messages(wire, clock):
    pane = TextPanel("Reply")
    lane = Lane("reply", pane, clock=clock)
    lane.begin(timer_thread)
    sent: list[float] = []
    for number in range(100):  # ten seconds, one word every tenth of a second
        clock.now = 2.0 + number / 10
        lane.add(f"word{number} ", clock.now)
        (last, *before) = reversed([data for data in wire.sent_by(pane) if "content" in data])
        if number and last["content"]["at"] == 0:
            sent.append(round(clock.now - 2.0, 1))
            assert last["content"]["items"] == pane.whole
            assert last["content"]["seq"] == before[0]["content"]["seq"]
    lane.end(Recording("reply", (), 12.0))
    assert sent == [1.0, 2.0, 4.0, 8.0]
    states = [data["state"] for data in wire.sent_by(pane) if "state" in data]
    assert {"phase": "streaming", "counted": "", "age": 3.0, "note": ""} in states
