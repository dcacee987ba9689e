"""Base class of `Progress` and `StatusLine`, which show the progress of a loop or an agent."""

from threading import RLock
from typing import Any, Literal

import traitlets

from utils.widgets.base.course_widget import CourseWidget, Showable, as_text
from utils.widgets.base.throttle import Throttle, timer_thread

RunOutcome = Literal["ready", "running", "done", "failed", "stopped"]


class RunWidget(Showable, CourseWidget):
    """Widget that shows a run. If the widget is displayed, it prints a summary at the end."""

    # Computed whenever the state is sent, so that a page opened late shows the current times.
    state = traitlets.Dict().tag(sync=True, to_json=lambda _, widget: widget.view())

    def __init__(self) -> None:
        self._changing = RLock()  # guards the run: one thread may change it while another sends it
        super().__init__()
        self._throttle = Throttle(lambda: self.send_state("state"), timer_thread)

    def done(self) -> None:
        """End the run successfully."""
        self._end("done")

    def fail(self, sentence: str) -> None:
        """End the run with a failure; `sentence` explains it to the reader."""
        self._end("failed", as_text(sentence, "sentence"))

    def stop(self) -> None:
        """End the run and mark it as stopped."""
        self._end("stopped")

    def line(self) -> str:
        """Describe the run in one line of plain text."""
        raise NotImplementedError

    def view(self) -> dict[str, Any]:
        """Return the run's state as JSON data for the page to draw."""
        raise NotImplementedError

    def _conclude(self, outcome: RunOutcome, note: str) -> bool:
        """End the run; return False if it has already ended."""
        raise NotImplementedError

    def _end(self, outcome: RunOutcome, note: str = "") -> None:
        with self._changing:
            if not self._conclude(outcome, note):
                return
        self._throttle.flush(always=True)
        if self._shown:
            print(self.line())
