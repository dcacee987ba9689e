"""`LatencyBadge`: a clock while a reply is pending, then the reply's TTFT and E2E latency.

A `Lane` shows one above each reply. The page counts the seconds (`base/clock.js`); the kernel sends
updates only at the start, at the first words and at the end.
"""

from collections.abc import Callable
from time import perf_counter

import traitlets

from utils.formatting import in_seconds
from utils.widgets.base.course_widget import CourseWidget, as_text
from utils.widgets.base.theme import script, stylesheet

# final phases of the badge, keyed by outcome; "left" means that the reader stopped the stream
PHASES = {"finished": "done", "left": "stopped", "failed": "failed"}


class LatencyBadge(CourseWidget):
    """A badge that shows `waiting… 3.2 s`, then `first words 3.4 s · done 10.0 s`.

    To use it in your own loop:

        badge = LatencyBadge()
        display(badge)
        badge.start()
        for chunk in model.stream(prompt):
            badge.words(chunk.content)
        badge.finish()
    """

    _esm = script("latency_badge/latency_badge.js")
    _css = stylesheet("base/badge.css")

    title = traitlets.Unicode().tag(sync=True)  # shown before the text
    text = traitlets.Unicode("not started").tag(sync=True)  # excludes the running time
    # "ready", "waiting", "streaming", "done", "stopped" or "failed"
    phase = traitlets.Unicode("ready").tag(sync=True)
    # seconds since the start; computed when a page requests the state
    age = traitlets.Float(0.0).tag(sync=True, to_json=lambda _, badge: badge.elapsed)

    def __init__(
        self, title: str = "", *, first: str = "words", clock: Callable[[], float] = perf_counter
    ) -> None:
        """`title` precedes the text; `first` names what arrives first, such as "words"."""
        self._what = as_text(first, "word for what comes first")
        self._clock = clock
        self._start: float | None = None
        self._first: float | None = None  # seconds from the start to the first words
        super().__init__(title=as_text(title, "title"))

    def __repr__(self) -> str:
        return "LatencyBadge()"

    @property
    def elapsed(self) -> float:
        """Seconds since the start; 0 before the start."""
        return 0.0 if self._start is None else self._clock() - self._start

    def start(self, at: float | None = None) -> None:
        """Start the clock, counting from now or from the time `at`."""
        self._start = self._clock() if at is None else at
        self._first = None
        self._write("waiting", "waiting…")

    def words(self, text: str, at: float | None = None) -> None:
        """Record that text arrived `at` seconds after the start; only the first arrival counts."""
        if text and self.phase == "waiting":
            self._first = self.elapsed if at is None else at
            self._write("streaming", first_words(self._first, self._what))

    def finish(self, outcome: str = "finished", total: float | None = None) -> None:
        """Stop the clock.

        Args:
            outcome: "finished", "left" or "failed".
            total: The duration in seconds; by default, the time since the start.
        """
        phase, duration = PHASES[outcome], in_seconds(self.elapsed if total is None else total)
        self._write(phase, f"{first_words(self._first, self._what)} · {phase} {duration}")

    def _write(self, phase: str, text: str) -> None:
        with self.hold_sync():  # sends all traits in one message
            self.phase, self.text, self.age = phase, text, self.elapsed


def first_words(first: float | None, what: str = "words") -> str:
    """Format the time to the first words: `first words 0.21 s`, or `no words`."""
    return f"no {what}" if first is None else f"first {what} {in_seconds(first)}"
