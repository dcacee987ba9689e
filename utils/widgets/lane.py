"""One reply on the page: a title, a badge, and a pane; fed by `reading` or by `LiveText.show`."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from threading import RLock
from time import perf_counter

import ipywidgets as widgets  # type: ignore[import-untyped]

from utils.timing import Recording
from utils.widgets.badge import LatencyBadge
from utils.widgets.coalesce import Coalescer, Later
from utils.widgets.pane import Pane
from utils.widgets.style import latency


class Lane:
    """Shows one reply from sending to its end.

    Attributes:
        label: Its name on the page and in the printed line.
        head: The widgets above the text: title and badge.
        pane: The text.
        recording: The last run's, None before one has ended.
    """

    def __init__(self, label: str, *, clock: Callable[[], float] = perf_counter) -> None:
        """Lay out a lane that has not started.

        Args:
            label: Its name; may be empty.
            clock: Seconds from any fixed point; for tests.
        """
        self.label = label
        self.clock = clock
        self.badge = LatencyBadge(clock=clock)
        self.pane = Pane(f"Reply of {label}" if label else "Reply")
        title = widgets.HTML(escape(label)).add_class("course-title")
        self.head: list[widgets.Widget] = [title, self.badge] if label else [self.badge]
        self.recording: Recording | None = None
        self._lock = RLock()  # a ticker's thread may write too
        self._outbox: Coalescer | None = None

    def begin(self, later: Later, at: float | None = None) -> None:
        """Empty the pane and start the clock, now or at an earlier reading of it."""
        with self._lock:
            if self.pane.whole:
                self.pane.clear()
            self._outbox = Coalescer(self.pane.append, later, clock=self.clock)
            self.recording = None
            self.badge.start(at)
            self._write("waiting", "waiting…")

    def add(self, text: str) -> None:
        """Show more text, within 50 ms."""
        if text and self._outbox is not None:
            with self._lock:
                if self.pane.phase == "waiting":
                    self._write("streaming", "")
                    self.badge.words(text)
            self._outbox.add(text)

    def tick(self) -> None:
        """Move the clock on the page; call it every 100 ms."""
        with self._lock:
            self.badge.tick()
            if self.pane.phase == "waiting":
                self.pane.note = self.badge.text

    def end(self, recording: Recording, error: str = "") -> None:
        """Show the last text, the figures, and what went wrong if anything did."""
        if self._outbox is not None:
            self._outbox.flush()
        with self._lock:
            self.recording = recording
            self.badge.show(recording)
            self._write(self.badge.phase, error or _remark(recording))

    def line(self) -> str:
        """The run in one line of plain text, for after the widget has gone."""
        if self.recording is None:
            return f"{self.label or 'reply'}: did not run"
        return f"{self.label or 'reply'}: {latency(self.recording)}"

    def _write(self, phase: str, note: str) -> None:
        with self.pane.hold_sync():  # one message for both
            self.pane.phase, self.pane.note = phase, note


def close_below(box: widgets.Box) -> None:
    """Remove all that a box is made of from every page; the library closes the box alone."""
    for child in box.children:
        if isinstance(child, widgets.Box):
            close_below(child)
        child.close()


def _remark(recording: Recording) -> str:
    if recording.outcome == "left":
        return "Stopped. What had arrived stays." if recording.text else "Stopped before any text."
    return "" if recording.text else "The reply has no text."
