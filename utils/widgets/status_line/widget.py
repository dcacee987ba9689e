"""`StatusLine`: the stages of a run as a row, such as "Thinking → Tool call → Answer"."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Self

from utils.widgets.base.course_widget import as_text
from utils.widgets.base.run_widget import RunOutcome, RunWidget
from utils.widgets.base.theme import script, stylesheet
from utils.widgets.status_line.stages import Stages, Step


class StatusLine(RunWidget):
    """A row of stages, with the seconds spent in each.

        status = StatusLine("Thinking", "Tool call", "Answer").show()
        status.to("Thinking")
        status.to("Tool call", "get_weather(Oslo)")
        status.to("Answer")
        status.done()

    A stage that was passed over is shown as skipped. A stage may be entered again. The page counts
    the seconds, even while a cell keeps the kernel busy. At the end, the widget prints a line that
    stays in the notebook. Calling `to` after the end starts a new run.

    Without names, `StatusLine()` accepts any stage.
    """

    _esm = script("status_line/status_line.js")
    _css = stylesheet("status_line/status_line.css")

    def __init__(self, *stages: str, clock: Callable[[], float] = perf_counter) -> None:
        stages = tuple(as_text(stage, "name of a stage") for stage in stages)
        if len(set(stages)) < len(stages):
            raise ValueError(f"Two stages have the same name: {', '.join(map(repr, stages))}.")
        self._names = stages
        self._clock = clock
        self._stages = Stages(stages, clock)
        super().__init__()

    def __repr__(self) -> str:
        return f"StatusLine({', '.join(map(repr, self._names))})"

    def show(self) -> Self:
        """Display the widget, start its clock, and return the widget."""
        with self._changing:
            self._stages.begin()
        return super().show()

    def to(self, stage: str, detail: str = "") -> None:
        """Enter a stage, ending the previous one; `detail` is shown after the stage name."""
        stage, detail = as_text(stage, "stage"), as_text(detail, "detail")
        with self._changing:
            if self.outcome in ("done", "failed", "stopped"):
                self._stages = Stages(self._names, self._clock)
            self._stages.to(stage, detail)
        self._throttle.request_push()

    @property
    def history(self) -> tuple[Step, ...]:
        """The steps of this run so far, timed from the first call to `show` or `to`."""
        with self._changing:
            return tuple(self._stages.history)

    @property
    def outcome(self) -> RunOutcome:
        """The state of the run: "ready", "running", "done", "failed" or "stopped"."""
        return self._stages.outcome

    def line(self) -> str:
        """Describe the run in one line: `Thinking 0.40 s → Tool call (search) 1.2 s`."""
        with self._changing:
            return self._stages.line()

    def view(self) -> dict[str, Any]:
        """Return the state of the run as JSON data for the page to draw."""
        with self._changing:
            return {
                "stages": self._stages.view(),
                "outcome": self._stages.outcome,
                "note": self._stages.note,
            }

    def _conclude(self, outcome: RunOutcome, note: str) -> bool:
        return self._stages.end(outcome, note)
