"""What the badge says, and when."""

from __future__ import annotations

import threading
from threading import Event

import pytest

from utils.timing import Piece, Recording
from utils.widgets import LatencyBadge
from utils.widgets.ticker import ticking


def test_it_counts_until_the_first_words_and_then_keeps_both_figures(wire, clock):
    badge = LatencyBadge(clock=clock)
    assert badge.text == "not started"
    badge.start()
    clock.now = 3.2
    badge.tick()
    assert badge.text == "waiting… 3.2 s"
    badge.words("")
    assert badge.phase == "waiting"
    badge.words("Hi")
    clock.now = 4.5
    badge.words(" there")
    badge.tick()
    assert badge.text == "first words 3.2 s · 4.5 s so far"
    clock.now = 10.0
    badge.finish()
    assert (badge.phase, badge.text) == ("done", "first words 3.2 s · done 10.0 s")


def test_a_tick_after_the_end_changes_nothing(wire, clock):
    badge = LatencyBadge(clock=clock)
    badge.start()
    badge.finish()
    said = badge.text
    clock.now = 5.0
    badge.tick()
    assert badge.text == said


def test_it_shows_the_figures_of_a_recording(wire):
    badge = LatencyBadge()
    pieces = (Piece(0.1, ""), Piece(0.2, "Hi"))
    badge.show(Recording("stream", pieces, 10.0))
    assert badge.text == "first words 0.2 s · done 10.0 s"
    badge.show(Recording("stream", (), 0.04, "failed"))
    assert (badge.phase, badge.text) == ("failed", "no words · failed 0.04 s")


def test_a_tick_is_one_small_message(wire, clock):
    badge = LatencyBadge(clock=clock)
    badge.start()
    wire.messages.clear()
    clock.now = 1.0
    badge.tick()
    (message,) = wire.sent_by(badge)
    assert message["state"] == {"text": "waiting… 1.0 s"}


def test_running_ticks_by_itself_and_finishes_with_the_block(wire):
    badge = LatencyBadge()
    ticked = Event()
    badge.observe(lambda change: ticked.set() if change["new"] > "waiting… " else None, "text")
    with badge.running():
        assert ticked.wait(30)
        badge.words("Hi")
    assert badge.phase == "done"


@pytest.mark.parametrize(
    ("raised", "phase"), [(ValueError, "failed"), (KeyboardInterrupt, "stopped")]
)
def test_running_tells_how_the_block_ended(wire, raised, phase):
    badge = LatencyBadge()
    with pytest.raises(raised), badge.running():
        raise raised
    assert badge.phase == phase


def test_a_ticker_ends_with_its_block():
    ticked = Event()
    with ticking(ticked.set, every=0.001):
        assert ticked.wait(30)
    assert "course-ticker" not in [thread.name for thread in threading.enumerate()]


def test_its_plain_text_is_the_same_every_time(wire):
    assert repr(LatencyBadge()) == repr(LatencyBadge()) == "LatencyBadge()"
