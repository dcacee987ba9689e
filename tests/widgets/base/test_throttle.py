"""`Throttle`: how soon and how often it sends updates to the page."""

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.doubles import Clock
from utils.widgets.base.throttle import Throttle


class Timers:
    """Timers that fire when the test advances the clock with `move_to`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.pending: list[tuple[float, Callable[[], None]]] = []

    def later(self, delay: float, call: Callable[[], None]) -> Callable[[], object]:
        entry = (self.clock.now + delay, call)
        self.pending.append(entry)
        return lambda: self.pending.remove(entry) if entry in self.pending else None

    def move_to(self, now: float) -> None:
        for due, call in sorted(self.pending, key=lambda entry: entry[0]):
            if due <= now:
                self.clock.now = due
                call()
        self.clock.now = now


class Writer:
    """Writes text through a throttle and records what was sent, and when."""

    def __init__(self) -> None:
        self.timers = Timers(Clock())
        self.sent: list[tuple[float, str]] = []
        self.pending = ""
        self.throttle = Throttle(self.push, self.timers.later, clock=self.timers.clock)

    def add(self, text: str) -> None:
        self.pending += text
        self.throttle.request_push()

    def push(self) -> None:
        self.sent.append((self.timers.clock.now, self.pending))
        self.pending = ""


def test_text_within_the_interval_is_sent_together_at_its_end():
    writer = Writer()
    for text in "ABC":
        writer.add(text)
    writer.timers.move_to(3.0)
    writer.add("D")
    assert writer.sent == [(0.0, "A"), (0.05, "BC"), (3.0, "D")]


def test_a_flush_sends_pending_text_and_cancels_the_timer():
    writer = Writer()
    writer.add("A")
    writer.add("B")
    for _ in range(2):
        writer.throttle.flush()
    assert writer.sent == [(0.0, "A"), (0.0, "B")]
    assert writer.timers.pending == []


@given(st.lists(st.tuples(st.floats(0, 0.2), st.text(min_size=1, max_size=3)), max_size=40))
def test_no_text_is_lost_reordered_delayed_or_sent_too_often(steps):
    writer = Writer()
    added_at = []
    for pause, text in steps:
        writer.timers.move_to(writer.timers.clock.now + pause)
        writer.add(text)
        added_at += [writer.timers.clock.now] * len(text)
    writer.timers.move_to(writer.timers.clock.now + 1)
    assert "".join(text for _, text in writer.sent) == "".join(text for _, text in steps)
    left_at = [at for at, text in writer.sent for _ in text]
    # The limit is the interval of 0.05 s plus a tolerance for rounding.
    assert all(left - added <= 0.0501 for added, left in zip(added_at, left_at, strict=True))
    times = [at for at, _ in writer.sent]
    assert all(later - earlier >= 0.0499 for earlier, later in pairwise(times))


def test_everything_is_repeated_once_after_a_silence():
    timers, log = Timers(Clock()), list[float]()
    throttle = Throttle(
        lambda: None, timers.later, repeat=lambda: log.append(timers.clock.now), clock=timers.clock
    )
    for now in (0.0, 9.0, 9.1, 9.2):
        timers.move_to(now)
        throttle.request_push()
    assert log == [9.0]


def test_a_slow_push_is_followed_by_as_long_a_pause():
    clock, pushes = Clock(), []

    def push():
        pushes.append(clock.now)
        clock.now += 2.0  # simulates sending a huge update

    timers = Timers(clock)
    throttle = Throttle(push, timers.later, clock=clock)
    for _ in range(100):
        throttle.request_push()
        timers.move_to(clock.now + 0.1)
    assert all(later - earlier >= 4.0 for earlier, later in pairwise(pushes))
