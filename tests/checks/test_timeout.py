"""The time limit counts processor time if the code computes, and wall-clock time if it waits."""

import subprocess
import sys
import threading

import pytest

from tools.programs import ROOT
from utils.checks import evaluation
from utils.checks.engine import timeout

LIMIT = 5  # how long the code may run, in seconds


class Clocks:
    """Fake clocks for code that gets only a `share` of the processor's time.

    Each call to `monotonic` advances the time by a second; `done` is set after `ends` seconds.
    """

    def __init__(self, share: float, ends: float) -> None:
        self.now, self.share, self.ends = 0.0, share, ends
        self.done = threading.Event()

    def monotonic(self) -> float:
        self.now += 1
        if self.now > self.ends:
            self.done.set()
        return self.now

    def process_time(self) -> float:
        return self.now * self.share


def wait_for(done: threading.Event) -> bool:
    while not done.wait(0.01):
        pass  # the time limit can stop the code here, between two waits
    return True


def run(monkeypatch: pytest.MonkeyPatch, clocks: Clocks) -> bool:
    monkeypatch.setattr(timeout, "time", clocks)
    try:
        return timeout.within(LIMIT, lambda: wait_for(clocks.done))
    finally:
        clocks.done.set()


def test_computing_code_gets_its_time_on_a_busy_machine(monkeypatch):
    assert run(monkeypatch, Clocks(share=0.1, ends=12))


@pytest.mark.parametrize("share", [0.0, 0.001, 1.0, 2.0])
def test_code_that_waits_or_has_used_its_time_is_stopped(monkeypatch, share):
    clocks = Clocks(share, ends=7)
    with pytest.raises(timeout.OutOfTime) as stopped:
        run(monkeypatch, clocks)
    assert clocks.now <= 7
    waits, stack = stopped.value.args
    assert waits == (share < 0.02)
    assert "wait_for" in [frame.name for frame in stack]


def test_wall_clock_time_is_limited_too(monkeypatch):
    clocks = Clocks(share=0.1, ends=60)
    with pytest.raises(timeout.OutOfTime):
        run(monkeypatch, clocks)
    assert clocks.now <= LIMIT * 4 + 2  # four times the limit, plus two clock readings (1 s each)


@pytest.mark.parametrize(("waits", "cause"), [(True, "It was waiting"), (False, "It was running")])
def test_the_message_tells_waiting_from_running(monkeypatch, waits, cause):
    def stops(*_):
        raise timeout.OutOfTime(waits, [])

    monkeypatch.setattr(evaluation, "within", stops)
    message = evaluation.evaluate("1.1", stops).message
    assert f"after 5 s. {cause}" in message


def test_a_debugger_in_the_calling_thread_does_not_hang():
    code = """
import sys
from utils.checks.engine.timeout import OutOfTime, within
sys.settrace(lambda *_: None)
try:
    within(0.3, lambda: exec("while True: pass"))
except OutOfTime:
    print(within(60, lambda: "ended"))
"""
    command = [sys.executable, "-c", code]  # a hanging process can't be interrupted, only killed
    assert subprocess.check_output(command, cwd=ROOT, text=True, timeout=60) == "ended\n"
