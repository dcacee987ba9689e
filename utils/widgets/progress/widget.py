"""`Progress`: a bar if the total is known; otherwise a count and a clock."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, TypeVar

from utils.errors import sentence
from utils.formatting import in_seconds
from utils.widgets.base.course_widget import as_text
from utils.widgets.base.run_widget import RunOutcome, RunWidget
from utils.widgets.base.theme import script, stylesheet

T = TypeVar("T")


class Progress(RunWidget):
    """A progress bar.

        for page in Progress(len(pages), "Reading").over(pages): ...
        async for chunk in Progress(label="Reply").aover(model.astream(prompt)): ...

    With a total, it shows the percentage and an estimate of the time left. Without a total, it
    shows the count and the elapsed seconds. The bar reaches 100% only when `done` is called
    (`over` and `aover` call it). At the end, the widget prints a line, which stays in the notebook.
    """

    _esm = script("progress/progress.js")
    _css = stylesheet("progress/progress.css")

    def __init__(
        self,
        total: int | None = None,
        label: str = "",
        *,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """`total` is the expected number of items, if known; `label` precedes the numbers."""
        if total is not None and total < 0:
            raise ValueError(f"A total of {total} is negative; None means unknown.")
        self.total = total
        self.label = as_text(label, "label")
        self._clock = clock
        self._reset()
        super().__init__()

    def __repr__(self) -> str:
        return f"Progress({self.total!r}, {self.label!r})"

    def advance(self, n: int = 1) -> None:
        """Count `n` more items, in a new run if the previous one has ended."""
        with self._changing:
            self._begin()
            self.count += n
        self._throttle.request_push()

    def over(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items and count them; display the widget first if necessary.

        An item is counted when the loop requests the next one. Leaving the loop early stops the run
        and closes `items`. An exception from `items` is shown and propagates.
        """
        with self._running():
            try:
                for item in items:
                    yield item
                    self.advance()
            finally:
                if close := getattr(items, "close", None):
                    close()

    async def aover(self, items: AsyncIterable[T]) -> AsyncIterator[T]:
        """Async version of `over`."""
        with self._running():
            try:
                async for item in items:
                    yield item
                    self.advance()
            finally:
                if close := getattr(items, "aclose", None):
                    await close()

    @contextmanager
    def _running(self) -> Iterator[None]:
        if not self._shown:
            self.show()
        self.advance(0)
        try:
            yield
        except Exception as error:
            self.fail(sentence(error))
            raise
        except BaseException:  # the loop ended early or was interrupted
            self.stop()
            raise
        self.done()

    @property
    def elapsed(self) -> float:
        """The duration of the run so far, in seconds."""
        if self._start_at is None:
            return 0.0
        return (self._clock() if self._end_at is None else self._end_at) - self._start_at

    @property
    def percent(self) -> int | None:
        """The percentage, rounded down; 100 only after `done`, and None if `total` is None or 0."""
        if not self.total:
            return None
        share = int(100 * self.count / self.total)
        return min(share, 100 if self.phase == "done" else 99)

    @property
    def left(self) -> float | None:
        """Estimated seconds left at the average pace so far: (total - count) · elapsed / count.

        None if the total is unknown or has been reached, or if nothing has been counted yet.
        """
        if self.total is None or not 0 < self.count < self.total:
            return None
        return (self.total - self.count) * self.elapsed / self.count

    def line(self) -> str:
        """Describe the state in one line of plain text: `Reading: 12 of 40 · done 3.2 s`."""
        ending = "so far" if self.phase in ("ready", "running") else self.phase
        parts = [self._counted, f"{ending} {in_seconds(self.elapsed)}", self._note]
        details = " · ".join(part for part in parts if part)
        return f"{self.label}: {details}" if self.label else details

    def view(self) -> dict[str, Any]:
        """Return the run's state as JSON data for the page to draw."""
        with self._changing:
            return {
                "label": self.label,
                "phase": self.phase,
                "known": self.total is not None,
                "percent": self.percent,
                "counted": self._counted,
                "seconds": round(self.elapsed, 3),
                "left": None if self.left is None else round(self.left, 3),
                "note": self._note,
            }

    @property
    def _counted(self) -> str:
        if self.total is None:
            if self.count == 0:
                return ""
            return f"{self.count} so far" if self.phase == "running" else f"{self.count}"
        more = ", more than expected" if self.count > self.total else ""
        return f"{self.count} of {self.total}{more}"

    def _reset(self) -> None:
        self.count = 0
        self.phase: RunOutcome = "ready"
        self._note = ""
        self._start_at: float | None = None
        self._end_at: float | None = None

    def _begin(self) -> None:
        if self.phase not in ("ready", "running"):
            self._reset()
        if self._start_at is None:
            self._start_at = self._clock()
            self.phase = "running"

    def _conclude(self, outcome: RunOutcome, note: str) -> bool:
        if self.phase not in ("ready", "running"):
            return False
        self.phase, self._note, self._end_at = outcome, note, self._clock()
        return True
