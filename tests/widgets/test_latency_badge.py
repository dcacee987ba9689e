"""`LatencyBadge`: its text, and the `age` from which the page counts seconds."""

import pytest

from utils.widgets import LatencyBadge


def test_a_page_gets_the_text_and_the_seconds_so_far(wire, clock):
    badge = LatencyBadge(clock=clock)
    assert badge.text == "not started"
    clock.now = 100.0
    badge.start(at=99.9)
    (message,) = wire.sent_by(badge)
    assert message["state"] == {"phase": "waiting", "text": "waiting…", "age": pytest.approx(0.1)}
    clock.now = 103.1
    badge.words("")
    badge.words("Hi")
    assert wire.sent_by(badge)[-1]["state"] == {
        "phase": "streaming",
        "text": "first words 3.2 s",
        "age": pytest.approx(3.2),
    }
    clock.now = 105.0
    badge.words(" there")
    assert badge.get_state()["age"] == pytest.approx(5.1)  # a page opened now would get this age
    badge.finish()
    assert (badge.phase, badge.text) == ("done", "first words 3.2 s · done 5.1 s")
    assert len(wire.sent_by(badge)) == 3
    clock.now = 120.0
    badge.start()
    assert wire.sent_by(badge)[-1]["state"]["age"] == 0.0


def test_a_failure_without_words_is_shown(clock):
    badge = LatencyBadge(clock=clock)
    badge.start()
    badge.finish("failed", 0.04)
    assert (badge.phase, badge.text) == ("failed", "no words · failed 0.04 s")
