"""One reply on the page: a title, a badge, and a panel; fed by `reading` or by `Viewer`."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped]

from utils.timing import Recording
from utils.widgets.badge import LatencyBadge
from utils.widgets.base import as_text
from utils.widgets.coalesce import Coalescer, Later
from utils.widgets.pane import Panel

_STATE = ("phase", "counted", "age")  # which a badge and a panel both have


class Lane:
    """Shows one reply from sending to its end.

    Attributes:
        label: Its name on the page and in the printed line.
        badge: Its title and its figures, above the panel.
        panel: Shows what arrives.
        recording: The last run's, None before one has ended.
    """

    def __init__(
        self,
        label: str,
        panel: Panel,
        *,
        first: str = "words",
        clock: Callable[[], float] = perf_counter,
        **look: Any,
    ) -> None:
        """Lay out a lane that has not started.

        Args:
            label: Its name; may be empty.
            panel: Shows what arrives.
            first: What the badge calls the first thing that a reader sees.
            clock: Seconds from any fixed point; for tests.
            **look: What the badge passes on to ipywidgets, such as `layout`.
        """
        self.label = as_text(label, "title")
        self.clock = clock
        self.badge = LatencyBadge(label, first=first, clock=clock, **look)
        self.panel = panel
        panel.elapsed = lambda: self.badge.elapsed
        self.recording: Recording | None = None
        self._outbox: Coalescer | None = None

    def begin(self, later: Later, at: float | None = None) -> None:
        """Empty the panel and start the clock, now or at an earlier reading of it."""
        self.panel.clear()
        self._outbox = Coalescer(self.panel.push, later, repeat=self._repeat, clock=self.clock)
        self.recording = None
        self.badge.start(at)
        self._write("waiting", "waiting…", "waiting… {}")

    def add(self, item: object, at: float) -> None:
        """Show the stream's next item, within 50 ms.

        Args:
            item: As the stream gave it.
            at: Seconds from sending to its arrival.
        """
        if self._outbox is None:
            raise RuntimeError("A lane takes items only after `begin`.")
        words = self.panel.take(item, at)
        if words is None:
            return
        if self.panel.phase == "waiting":
            self._write("streaming", "")
        self.badge.words(words, at)
        self._outbox.ask()

    def end(self, recording: Recording, error: str = "") -> None:
        """Show the last items, the figures, and what went wrong if anything did."""
        remark = self.panel.end(recording)
        if self._outbox is not None:
            self._outbox.ask()
            self._outbox.flush()
        self.recording = recording
        failure = error or self.panel.failure
        self.badge.finish("failed" if failure else recording.outcome, recording.e2e)
        self._write(self.badge.phase, failure or remark)

    def line(self) -> str:
        """The run in one line of plain text, for after the widget has gone."""
        if self.recording is None:
            return f"{self.label or 'reply'}: did not run"
        return f"{self.label or 'reply'}: {self.badge.text}"

    def _repeat(self) -> None:
        self.panel.repeat()
        self.panel.send_state(["note", *_STATE])
        self.badge.send_state(["text", *_STATE])

    def _write(self, phase: str, note: str, counted: str = "") -> None:
        panel = self.panel
        with panel.hold_sync():  # one message for all
            panel.phase, panel.note, panel.counted = phase, note, counted
            panel.age = self.badge.elapsed


def close_below(box: widgets.Box) -> None:
    """Remove all that a box is made of from every page; the library closes the box alone."""
    for child in box.children:
        if isinstance(child, widgets.Box):
            close_below(child)
        child.close()
