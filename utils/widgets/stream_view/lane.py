"""One reply on the page: a title, a badge and a panel. Lanes shown side by side share a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from utils.errors import sentence
from utils.timing import AsyncRecorder, Outcome, Recording, arecord
from utils.widgets.base.course_widget import as_text
from utils.widgets.base.panel import Panel
from utils.widgets.base.stream_reader import LEFT_OPEN, StopButton, StreamReader, as_stream
from utils.widgets.base.throttle import Later, Throttle, call_later
from utils.widgets.latency_badge.widget import LatencyBadge


class Lane:
    """Shows one reply. Call `begin`, `add` and `end`; for an async stream, `reader` and `read`."""

    def __init__(self, label: str, panel: Panel, *, clock: Callable[[], float]) -> None:
        self.label = as_text(label, "title")  # shown on the page and in the printed line
        self.clock = clock
        self.badge = LatencyBadge(label, first=panel.first, clock=clock)
        self.panel = panel
        panel.label = f"{panel.content} of {label}" if label else panel.content
        panel.elapsed = lambda: self.badge.elapsed
        # the recording of the last run; None until that run has ended
        self.recording: Recording | None = None
        self._throttle: Throttle

    def reader(self, send: Callable[[], object], at: float) -> StreamReader:
        """Start the clock, counting from `at`, and return a reader that sends the request."""
        self.begin(call_later, at)
        # yields the stream's items and measures their latency; None until the request is sent
        self._recorder: AsyncRecorder[object] | None = None

        def opened() -> AsyncRecorder[object]:
            self._recorder = arecord(as_stream(send()), self.label, clock=self.clock)
            return self._recorder

        def take(item: object) -> None:
            assert self._recorder is not None
            self.add(item, self._recorder.elapsed)

        return StreamReader(opened, take)

    async def read(self, reader: StreamReader, at: float) -> None:
        """Show a reply until it ends or is stopped; a stopped reply's outcome is "left"."""
        try:
            await reader.run()
        finally:
            problem = sentence(reader.error) if reader.error is not None else ""
            if self._recorder is None:  # the request was never sent
                outcome: Outcome = "failed" if problem else "left"
                recording = Recording(self.label, (), 0.0, outcome, problem or None, sent=at)
            else:
                recording = self._recorder.recording
            if recording.outcome == "streaming":
                recording = replace(recording, outcome="left")
            self.end(recording, problem, "" if reader.closed else LEFT_OPEN)

    def begin(self, later: Later, at: float | None = None) -> None:
        """Clear the panel and start the clock at `at` (default: now); `later` schedules updates."""
        self._throttle = Throttle(self.panel.push, later, repeat=self._repeat, clock=self.clock)
        self.panel.clear()
        self.recording = None
        self.badge.start(at)
        self._write("waiting", "")

    def add(self, item: object, at: float) -> None:
        """Show the next item of the stream within 50 ms."""
        words = self.panel.take(item, at)
        if words is None:
            return
        if self.panel.phase == "waiting":
            self._write("streaming", "")
        self.badge.words(words, at)
        self._throttle.request_push()

    def end(self, recording: Recording, error: str = "", note: str = "") -> None:
        """Show the last items, the latency and a sentence: `error`, `note` or the panel's own."""
        if error and recording.outcome == "left":  # the panel raised the error
            recording = replace(recording, outcome="failed", error=error)
        remark = self.panel.end(recording)
        self._throttle.flush(always=True)
        self.recording = recording
        failure = error or self.panel.failure
        self.badge.finish("failed" if failure else recording.outcome, recording.e2e)
        self._write(self.badge.phase, failure or note or remark)

    def line(self) -> str:
        """Describe the run in one line of plain text."""
        if self.recording is None:
            return f"{self.label or 'reply'}: did not run"
        return f"{self.label or 'reply'}: {self.badge.text}"

    def _repeat(self) -> None:
        """Send everything again, for a page that may have missed updates."""
        self.panel.repeat()
        self.panel.send_state(["note", "phase", "age"])
        self.badge.send_state(["text", "phase", "age"])

    def _write(self, phase: str, note: str) -> None:
        panel = self.panel
        with panel.hold_sync():  # one message for all traits
            panel.phase, panel.note, panel.age = phase, note, self.badge.elapsed


async def read_together(
    lanes: Sequence[tuple[Lane, Callable[[], object]]], stop: StopButton
) -> list[StreamReader]:
    """Read several replies concurrently, timed by one clock, until all have ended or been stopped.

    Each lane is paired with the function that sends its request.

    Raises:
        asyncio.CancelledError: If the cell was interrupted. By then, the streams have had time
            to close.
    """
    first_lane, _ = lanes[0]
    start = first_lane.clock()
    readers = [lane.reader(send, start) for lane, send in lanes]
    stop.arm(readers)
    reading = (lane.read(reader, start) for (lane, _), reader in zip(lanes, readers, strict=True))
    try:
        results = await asyncio.gather(*reading, return_exceptions=True)
    finally:
        stop.arm(())
    for failure in filter(None, results):
        raise failure
    return readers
