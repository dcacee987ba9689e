"""The latency badge: a clock while a reply is awaited, its two figures afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from time import perf_counter
from typing import Self

import traitlets
from anywidget import AnyWidget

from utils.timing import Recording
from utils.widgets.style import latency, scripts, seconds, stylesheet, when
from utils.widgets.ticker import ticking

_PHASES = {"streaming": "streaming", "finished": "done", "left": "stopped", "failed": "failed"}


class LatencyBadge(AnyWidget):
    """Says `waiting… 3.2 s`, then `first words 0.2 s · done 10.0 s`.

    In a loop of your own:

        badge = LatencyBadge()
        display(badge)
        with badge.running():
            for chunk in model.stream(prompt):
                badge.words(chunk.content)

    Attributes:
        text: What it says now.
        phase: "ready", "waiting", "streaming", "done", "stopped" or "failed".
    """

    _esm = scripts("badge")
    _css = stylesheet()

    text = traitlets.Unicode("not started").tag(sync=True)
    phase = traitlets.Unicode("ready").tag(sync=True)

    def __init__(self, *, first: str = "words", clock: Callable[[], float] = perf_counter) -> None:
        """Make a badge that has not started.

        Args:
            first: What it calls the first thing that a reader sees.
            clock: Seconds from any fixed point; for tests.
        """
        super().__init__()
        self._what = first
        self._clock = clock
        self._lock = RLock()  # a ticker's thread may write too
        self._start = 0.0
        self._first: float | None = None

    def __repr__(self) -> str:
        return "LatencyBadge()"

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    def start(self, at: float | None = None) -> None:
        """Start the clock, now or at an earlier reading of it."""
        with self._lock:
            self._start = self._clock() if at is None else at
            self._first = None
            self._write("waiting", "waiting…")

    def words(self, text: str, at: float | None = None) -> None:
        """Note that text arrived; the first that is not empty counts.

        Args:
            text: What arrived.
            at: Seconds from the start to its arrival, where they are known better than now.
        """
        with self._lock:
            if text and self.phase == "waiting":
                self._first = self.elapsed if at is None else at
                self._write("streaming", f"first {self._what} {seconds(self._first)}")

    def tick(self) -> None:
        """Write the seconds so far; call it every 100 ms."""
        with self._lock:
            if self.phase == "waiting":
                self._write("waiting", f"waiting… {self.elapsed:.1f} s")
            elif self.phase == "streaming":
                self._tell("streaming", self.elapsed)

    def finish(self, outcome: str = "finished", total: float | None = None) -> None:
        """Stop the clock.

        Args:
            outcome: "finished", "left" or "failed".
            total: Seconds from the start to the end, where it is known better than now.
        """
        with self._lock:
            self._tell(outcome, self.elapsed if total is None else total)

    def show(self, recording: Recording) -> None:
        """Stop the clock and show a recording's figures."""
        with self._lock:
            self._write(_PHASES[recording.outcome], latency(recording))

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Start, tick from a thread while the block runs, and finish with it."""
        self.start()
        outcome = "failed"
        try:
            with ticking(self.tick):
                yield self
            outcome = "finished"
        except KeyboardInterrupt:
            outcome = "left"
            raise
        finally:
            self.finish(outcome)

    def _tell(self, outcome: str, total: float) -> None:
        self._write(_PHASES[outcome], when(self._first, total, outcome, self._what))

    def _write(self, phase: str, text: str) -> None:
        with self.hold_sync():  # one message for both
            self.phase, self.text = phase, text
