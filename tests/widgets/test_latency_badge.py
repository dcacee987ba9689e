"""`LatencyBadge`: its text over time."""

from __future__ import annotations

import pytest

from utils.timing import Piece, Recording
from utils.widgets import LatencyBadge


def test_it_keeps_the_time_of_the_first_words_and_of_the_end(wire, clock):
    badge = LatencyBadge(clock=clock)
    assert badge.text == "not started"
    badge.start()
    assert (badge.phase, badge.text) == ("waiting", "waiting…")
    clock.now = 3.2
    badge.words("")
    assert badge.phase == "waiting"
    badge.words("Hi")
    clock.now = 4.5
    badge.words(" there")
    assert (badge.phase, badge.text) == ("streaming", "first words 3.2 s")
    clock.now = 10.0
    badge.finish()
    assert (badge.phase, badge.text) == ("done", "first words 3.2 s · done 10.0 s")


def test_a_page_is_told_what_to_count_and_from_when(wire, clock):
    badge = LatencyBadge(clock=clock)
    clock.now = 100.0
    badge.start(at=99.9)
    (message,) = wire.sent_by(badge)
    assert message["state"] == {
        "phase": "waiting",
        "text": "waiting…",
        "counted": "waiting… {}",
        "age": pytest.approx(0.1),
    }
    clock.now = 103.1
    badge.words("Hi")
    assert wire.sent_by(badge)[-1]["state"] == {
        "phase": "streaming",
        "text": "first words 3.2 s",
        "counted": "first words 3.2 s · {} so far",
        "age": pytest.approx(3.2),
    }
    clock.now = 105.0
    assert badge.get_state()["age"] == pytest.approx(5.1)  # for a page opened at this moment
    badge.finish()
    assert wire.sent_by(badge)[-1]["state"]["counted"] == ""


def test_a_second_run_is_counted_from_its_own_start(wire, clock):
    badge = LatencyBadge(clock=clock)
    badge.start()
    clock.now = 10.0
    badge.finish()
    clock.now = 20.0
    badge.start()
    assert wire.sent_by(badge)[-1]["state"]["age"] == 0.0


def test_it_shows_the_figures_of_a_recording(wire):
    badge = LatencyBadge()
    pieces = (Piece(0.1, ""), Piece(0.2, "Hi"))
    badge.show(Recording("stream", pieces, 10.0))
    assert badge.text == "first words 0.20 s · done 10.0 s"
    badge.show(Recording("stream", (), 0.04, "failed"))
    assert (badge.phase, badge.text) == ("failed", "no words · failed 0.04 s")


def test_a_run_costs_three_messages_however_long_it_takes(wire, clock):
    badge = LatencyBadge(clock=clock)
    with badge.running():
        for clock.now in range(60):
            badge.words("word ")
    assert len(wire.sent_by(badge)) == 3
    assert badge.phase == "done"


@pytest.mark.parametrize(
    ("raised", "phase"), [(ValueError, "failed"), (KeyboardInterrupt, "stopped")]
)
def test_running_tells_how_the_block_ended(wire, raised, phase):
    badge = LatencyBadge()
    with pytest.raises(raised), badge.running():
        raise raised
    assert badge.phase == phase


def test_its_plain_text_is_the_same_every_time(wire):
    assert repr(LatencyBadge()) == repr(LatencyBadge()) == "LatencyBadge()"
