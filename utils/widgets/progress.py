"""`Progress`: how far something has come, where its length is known, and where it is not."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from threading import RLock
from time import perf_counter
from typing import Any, Literal, Self, TypeVar

import traitlets
from IPython.display import display

from utils.errors import sentence
from utils.widgets.base import CourseWidget, as_text
from utils.widgets.coalesce import Coalescer, timer_thread
from utils.widgets.style import scripts, seconds, stylesheet

T = TypeVar("T")
Phase = Literal["ready", "running", "done", "failed", "stopped"]


class Progress(CourseWidget):
    """A bar where the length is known; a count and a clock where it is not.

        for page in Progress(len(pages), "Reading").over(pages): ...
        async for chunk in Progress(label="Reply").aover(model.astream(prompt)): ...

    With a total it says how much of it has come and about how long the rest takes. Without one it
    shows that something moves, what has come, and the seconds: a percentage would be invented.
    It reaches 100 % only when `done` is called. At the end a line is printed, which stays.

    Attributes:
        total: How many there will be; None if nobody knows.
        count: How many have come.
        phase: "ready", "running", "done", "failed" or "stopped".
    """

    _esm = scripts("progress")
    _css = stylesheet("progress")

    # Read only when a page asks for it, so that one opened late gets the figures of that moment.
    state = traitlets.Dict().tag(sync=True, to_json=lambda _, progress: progress.view())

    def __init__(
        self,
        total: int | None = None,
        label: str = "",
        *,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Lay out progress that has not started.

        Args:
            total: How many there will be; None if nobody knows.
            label: What of, shown before the figures.
            clock: Seconds from any fixed point; for tests.

        Raises:
            ValueError: If the total is negative.
            TypeError: If the label is not a string.
        """
        if total is not None and total < 0:
            raise ValueError(f"A total of {total} is less than nothing; None means unknown.")
        self.total = total
        self.label = as_text(label, "label")
        self._clock = clock
        self._changing = RLock()  # a thread that works may report while another draws
        self._shown = False
        self._reset()
        super().__init__()
        self._outbox = Coalescer(lambda: self.send_state("state"), timer_thread)

    def __repr__(self) -> str:
        return f"Progress({self.total!r}, {self.label!r})"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self._shown = True
        return super()._repr_mimebundle_(**kwargs)

    def show(self) -> Self:
        """Display it, and return it, so that it can be made and shown in one line."""
        self._shown = True
        display(self)  # type: ignore[no-untyped-call]
        return self

    def advance(self, n: int = 1) -> None:
        """Say that `n` more have come; after an end, a new run begins."""
        with self._changing:
            self._begin()
            self.count += n
        self._outbox.ask()

    def done(self) -> None:
        """All that there was has come."""
        self._end("done")

    def fail(self, sentence: str) -> None:
        """Something went wrong.

        Args:
            sentence: What happened and what to do, for a reader.
        """
        self._end("failed", as_text(sentence, "sentence"))

    def stop(self) -> None:
        """Somebody stopped it before its end."""
        self._end("stopped")

    def over(self, items: Iterable[T]) -> Iterator[T]:
        """Pass the items on and count them; shows itself first, if nobody has.

        An item counts once the loop's body is through with it. Leaving the loop early says
        "stopped" and closes the items' stream; an exception of theirs is told, and passes.
        """
        self._start()
        try:
            for item in items:
                yield item
                self.advance()
        except Exception as error:
            self.fail(sentence(error))
            raise
        except BaseException:  # the loop was left, or interrupted
            self.stop()
            raise
        finally:
            if close := getattr(items, "close", None):
                close()
        self.done()

    async def aover(self, items: AsyncIterable[T]) -> AsyncIterator[T]:
        """The async twin of `over`."""
        self._start()
        try:
            async for item in items:
                yield item
                self.advance()
        except Exception as error:
            self.fail(sentence(error))
            raise
        except BaseException:  # the loop was left, or cancelled
            self.stop()
            raise
        finally:
            if close := getattr(items, "aclose", None):
                await close()
        self.done()

    @property
    def elapsed(self) -> float:
        """Seconds from the start to now, or to the end."""
        if self._start_at is None:
            return 0.0
        return (self._clock() if self._end_at is None else self._end_at) - self._start_at

    @property
    def percent(self) -> int | None:
        """How much of the total has come, rounded down: 100 only after `done`; None if unknown."""
        if not self.total:
            return None
        share = int(100 * self.count / self.total)
        return min(share, 100 if self.phase == "done" else 99)

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes if it goes on at the pace so far: (total - n) · elapsed / n.

        None where the total is unknown or reached, or nothing has come yet.
        """
        if self.total is None or not 0 < self.count < self.total:
            return None
        return (self.total - self.count) * self.elapsed / self.count

    def line(self) -> str:
        """How it stands in a line of plain text: `Reading: 12 of 40 · done 3.2 s`."""
        ending = "so far" if self.phase in ("ready", "running") else self.phase
        parts = [self._counted, f"{ending} {seconds(self.elapsed)}", self._note]
        told = " · ".join(part for part in parts if part)
        return f"{self.label}: {told}" if self.label else told

    def view(self) -> dict[str, Any]:
        """How it stands, as the page draws it."""
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
                return ""  # nobody counts, or not yet: a plain sign of life
            return f"{self.count} so far" if self.phase == "running" else f"{self.count}"
        more = ", more than expected" if self.count > self.total else ""
        return f"{self.count} of {self.total}{more}"

    def _reset(self) -> None:
        self.count = 0
        self.phase: Phase = "ready"
        self._note = ""
        self._start_at: float | None = None
        self._end_at: float | None = None

    def _begin(self) -> None:
        if self.phase not in ("ready", "running"):
            self._reset()
        if self._start_at is None:
            self._start_at = self._clock()
            self.phase = "running"

    def _start(self) -> None:
        if not self._shown:
            self.show()
        with self._changing:
            self._begin()
        self._outbox.ask()

    def _end(self, phase: Phase, note: str = "") -> None:
        with self._changing:
            if self.phase not in ("ready", "running"):
                return
            self._begin()
            self.phase, self._note, self._end_at = phase, note, self._clock()
        self._outbox.ask()
        self._outbox.flush()
        if self._shown:
            print(self.line())
