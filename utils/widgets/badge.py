"""The latency badge: a clock while a reply is awaited, its two figures afterwards.

The page counts the seconds by itself (`clock.js`); the kernel tells it when to start and to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Self

import traitlets

from utils.timing import Recording
from utils.widgets.base import CourseWidget, as_text
from utils.widgets.style import latency, scripts, seconds, stylesheet, when

_PHASES = {"streaming": "streaming", "finished": "done", "left": "stopped", "failed": "failed"}


class LatencyBadge(CourseWidget):
    """Says `waiting… 3.2 s`, then `first words 0.2 s · done 10.0 s`.

    In a loop of your own:

        badge = LatencyBadge()
        display(badge)
        with badge.running():
            for chunk in model.stream(prompt):
                badge.words(chunk.content)

    Attributes:
        title: What it belongs to, shown before it.
        text: What it says, but for seconds that are still counted.
        phase: "ready", "waiting", "streaming", "done", "stopped" or "failed".
        counted: What it says while it counts, with {} in place of the seconds; empty while it
            doesn't.
        age: Seconds since the start, where a page asks for them.
    """

    _esm = scripts("clock", "badge")
    _css = stylesheet()

    title = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode("not started").tag(sync=True)
    phase = traitlets.Unicode("ready").tag(sync=True)
    counted = traitlets.Unicode().tag(sync=True)
    age = traitlets.Float(0.0).tag(sync=True, to_json=lambda _, badge: badge.elapsed)

    def __init__(
        self,
        title: str = "",
        *,
        first: str = "words",
        clock: Callable[[], float] = perf_counter,
        **look: Any,
    ) -> None:
        """Make a badge that has not started.

        Args:
            title: Shown before it.
            first: What it calls the first thing that a reader sees.
            clock: Seconds from any fixed point; for tests.
            **look: Passed on to ipywidgets, such as `layout`.
        """
        self._what = as_text(first, "word for what comes first")
        self._clock = clock
        self._start: float | None = None
        self._first: float | None = None
        super().__init__(title=as_text(title, "title"), **look)

    def __repr__(self) -> str:
        return "LatencyBadge()"

    @property
    def elapsed(self) -> float:
        """Seconds since the start; 0 before."""
        return 0.0 if self._start is None else self._clock() - self._start

    def start(self, at: float | None = None) -> None:
        """Start the clock, now or at an earlier reading of it."""
        self._start = self._clock() if at is None else at
        self._first = None
        self._write("waiting", "waiting…", "waiting… {}")

    def words(self, text: str, at: float | None = None) -> None:
        """Note that text arrived; the first that is not empty counts.

        Args:
            text: What arrived.
            at: Seconds from the start to its arrival, where they are known better than now.
        """
        if text and self.phase == "waiting":
            self._first = self.elapsed if at is None else at
            begun = f"first {self._what} {seconds(self._first)}"
            self._write("streaming", begun, f"{begun} · {{}} so far")

    def finish(self, outcome: str = "finished", total: float | None = None) -> None:
        """Stop the clock.

        Args:
            outcome: "finished", "left" or "failed".
            total: Seconds from the start to the end, where it is known better than now.
        """
        total = self.elapsed if total is None else total
        self._write(_PHASES[outcome], when(self._first, total, outcome, self._what))

    def show(self, recording: Recording) -> None:
        """Stop the clock and show a recording's figures."""
        self._write(_PHASES[recording.outcome], latency(recording))

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Start, count while the block runs, and finish with it."""
        self.start()
        outcome = "failed"
        try:
            yield self
            outcome = "finished"
        except KeyboardInterrupt:
            outcome = "left"
            raise
        finally:
            self.finish(outcome)

    def _write(self, phase: str, text: str, counted: str = "") -> None:
        with self.hold_sync():  # one message for all
            self.phase, self.text, self.counted, self.age = phase, text, counted, self.elapsed
