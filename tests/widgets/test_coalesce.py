"""When text leaves for the page."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from threading import Event

from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.doubles import Clock
from utils.widgets.coalesce import Coalescer, timer_thread


class Timers:
    """Timers that ring when the test moves the clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.pending: list[tuple[float, Callable[[], None]]] = []

    def later(self, delay: float, call: Callable[[], None]) -> Callable[[], object]:
        entry = (self.clock.now + delay, call)
        self.pending.append(entry)
        return lambda: self.pending.remove(entry) if entry in self.pending else None

    def move_to(self, now: float) -> None:
        for entry in sorted(self.pending, key=lambda entry: entry[0]):
            if entry[0] <= now:
                self.clock.now = entry[0]
                entry[1]()
        self.clock.now = now


def a_coalescer() -> tuple[Coalescer, list[tuple[float, str]], Timers]:
    clock = Clock()
    timers = Timers(clock)
    sent: list[tuple[float, str]] = []
    coalescer = Coalescer(
        lambda text: sent.append((clock.now, text)), timers.later, interval=0.05, clock=clock
    )
    return coalescer, sent, timers


def test_the_first_text_leaves_at_once():
    coalescer, sent, _ = a_coalescer()
    coalescer.add("A")
    assert sent == [(0.0, "A")]


def test_text_that_follows_soon_leaves_together_when_the_interval_is_over():
    coalescer, sent, timers = a_coalescer()
    for text in "ABC":
        coalescer.add(text)
    timers.move_to(1.0)
    assert sent == [(0.0, "A"), (0.05, "BC")]


def test_text_after_a_silence_leaves_at_once_again():
    coalescer, sent, timers = a_coalescer()
    coalescer.add("A")
    timers.move_to(3.0)
    coalescer.add("B")
    assert sent == [(0.0, "A"), (3.0, "B")]


def test_a_flush_sends_what_is_pending_and_cancels_the_timer():
    coalescer, sent, timers = a_coalescer()
    coalescer.add("A")
    coalescer.add("B")
    coalescer.flush()
    assert sent == [(0.0, "A"), (0.0, "B")]
    assert timers.pending == []


def test_a_flush_of_nothing_sends_nothing():
    coalescer, sent, _ = a_coalescer()
    coalescer.flush()
    assert sent == []


@given(st.lists(st.tuples(st.floats(0, 0.2), st.text(min_size=1, max_size=3)), max_size=40))
def test_no_text_is_lost_reordered_held_back_or_sent_too_often(steps):
    coalescer, sent, timers = a_coalescer()
    added_at = []
    for pause, text in steps:
        timers.move_to(timers.clock.now + pause)
        coalescer.add(text)
        added_at += [timers.clock.now] * len(text)
    timers.move_to(timers.clock.now + 1)
    assert "".join(text for _, text in sent) == "".join(text for _, text in steps)
    left_at = [at for at, text in sent for _ in text]
    assert all(left - added <= 0.0501 for added, left in zip(added_at, left_at, strict=True))
    times = [at for at, _ in sent]
    assert all(b - a >= 0.0499 for a, b in pairwise(times))


def test_a_timer_thread_flushes_while_its_maker_is_blocked():
    late = Event()
    coalescer = Coalescer(lambda text: late.set() if text == "B" else None, timer_thread)
    coalescer.add("A")
    coalescer.add("B")
    assert late.wait(30)
