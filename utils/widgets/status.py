"""`StatusLine`: what is going on, stage by stage, such as "Thinking → Tool call → Answer"."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from time import perf_counter
from typing import Any, Self

import traitlets
from IPython.display import display

from utils.widgets.base import CourseWidget, as_text
from utils.widgets.coalesce import Coalescer, timer_thread
from utils.widgets.status_stages import Outcome, Stages, Step
from utils.widgets.style import scripts, stylesheet


class StatusLine(CourseWidget):
    """A line of stages, of which the one that runs shows its seconds.

        status = StatusLine("Thinking", "Tool call", "Answer").show()
        status.to("Thinking")
        status.to("Tool call", "get_weather(Oslo)")
        status.to("Answer")
        status.done()

    A stage that is passed over shows as skipped; a stage may be reached again, as by a second tool
    call. The seconds tick in the page, so they go on while a cell keeps the kernel busy. At the end
    a line is printed, which stays when the widget has gone. `to` after an end begins a new run.

    Without names, `StatusLine()` takes any stage as it comes.
    """

    _esm = scripts("status_draw", "status")
    _css = stylesheet("status")

    # Read only when a page asks for it, so that one opened late gets the seconds of that moment.
    run = traitlets.Dict().tag(sync=True, to_json=lambda _, status: status.view())

    def __init__(self, *stages: str, clock: Callable[[], float] = perf_counter) -> None:
        """Draw the stages, none of them reached.

        Args:
            *stages: Their names, in the order in which they are drawn.
            clock: Seconds from any fixed point; for tests.

        Raises:
            ValueError: If a name stands there twice.
        """
        stages = tuple(as_text(stage, "name of a stage") for stage in stages)
        if len(set(stages)) < len(stages):
            raise ValueError(f"Two stages have the same name: {', '.join(map(repr, stages))}.")
        self._names = stages
        self._clock = clock
        self._stages = Stages(stages, clock)
        self._changing = RLock()  # a tool may report from a thread of its own
        self._shown = False
        super().__init__()
        self._outbox = Coalescer(lambda: self.send_state("run"), timer_thread)

    def __repr__(self) -> str:
        return f"StatusLine({', '.join(map(repr, self._names))})"

    def show(self) -> Self:
        """Display it, start its clock, and return it, so that one line makes and shows it."""
        display(self)  # type: ignore[no-untyped-call]
        self._shown = True
        with self._changing:
            self._stages.begin()
        return self

    def to(self, stage: str, detail: str = "") -> None:
        """Say that a stage is reached, now; the one before it ends.

        Args:
            stage: One of the names.
            detail: More about it, such as a tool's name and arguments.

        Raises:
            ValueError: If it is none of the names.
        """
        stage, detail = as_text(stage, "stage"), as_text(detail, "detail")
        with self._changing:
            if self.outcome in ("done", "failed", "stopped"):
                self._stages = Stages(self._names, self._clock)
            changed = self._stages.to(stage, detail)
        if changed:
            self._outbox.ask()

    def done(self) -> None:
        """All went well; stages that never came were skipped."""
        self._end("done")

    def fail(self, sentence: str) -> None:
        """Something went wrong in this stage.

        Args:
            sentence: What happened and what to do, for a reader.
        """
        self._end("failed", as_text(sentence, "sentence"))

    def stop(self) -> None:
        """Somebody stopped it."""
        self._end("stopped")

    @property
    def history(self) -> tuple[Step, ...]:
        """Every step of this run so far; their seconds count from `show()` or the first call."""
        with self._changing:
            return tuple(self._stages.history)

    @property
    def outcome(self) -> Outcome:
        """How it stands: "ready", "running", "done", "failed" or "stopped"."""
        return self._stages.outcome

    def line(self) -> str:
        """The run in one line: `Thinking 0.4 s → Tool call (get_weather) 1.2 s → Answer 3.0 s`."""
        with self._changing:
            return self._stages.line()

    def view(self) -> dict[str, Any]:
        """The run as the page draws it."""
        with self._changing:
            return {
                "stages": self._stages.view(),
                "outcome": self._stages.outcome,
                "note": self._stages.note,
            }

    def _end(self, outcome: Outcome, note: str = "") -> None:
        with self._changing:
            if self.outcome not in ("ready", "running"):
                return
            self._stages.end(outcome, note)
        self._outbox.ask()
        self._outbox.flush()
        if self._shown:
            print(self.line())
