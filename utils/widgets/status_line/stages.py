"""The stages of a run, for the status line and the chat: which were reached, when, and how long."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from utils.formatting import in_seconds
from utils.widgets.base.run_widget import RunOutcome


@dataclass(frozen=True, slots=True)
class Status:
    """A stream item that names the stage that a chat reply has reached.

    The stage ends when text or another `Status` arrives.
    """

    stage: str  # such as "Tool call"
    detail: str = ""  # such as "get_weather(Oslo)"


@dataclass(frozen=True, slots=True)
class Step:
    """A stage that was reached."""

    name: str
    detail: str
    seconds: float  # from the beginning of the run until the stage was reached


@dataclass(slots=True)
class _Stage:
    name: str
    detail: str = ""
    times: int = 0  # how many times the stage has been entered
    spent: float = 0.0  # seconds spent in the stage, excluding a visit in progress


@dataclass
class Stages:
    """A run through stages: `to` enters a stage, and `end` ends the run. Stages may repeat.

    If `names` is empty, any name is accepted, and stages are drawn in the order they are first
    entered.
    """

    names: tuple[str, ...] = ()
    clock: Callable[[], float] = perf_counter
    outcome: RunOutcome = "ready"
    note: str = ""  # a sentence about a failure; usually empty
    history: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stages = {name: _Stage(name) for name in self.names}
        self._now: _Stage | None = None  # the current stage or, after the end, the last stage
        self._start: float | None = None
        self._entered = 0.0  # when the current stage was entered, in seconds since the start

    def begin(self) -> None:
        """Start the clock, unless it is already running."""
        if self._start is None:
            self._start = self.clock()

    def to(self, name: str, detail: str = "") -> None:
        """Enter a stage, unless it is already the current one, with the same detail."""
        if self.names and name not in self._stages:
            known = ", ".join(map(repr, self.names))
            raise ValueError(f"There is no stage {name!r}. The stages are {known}.")
        self.begin()
        stage = self._stages.setdefault(name, _Stage(name))
        if stage is self._now and stage.detail == detail:
            return
        self._leave()
        stage.times += 1
        stage.detail = detail
        self._now = stage
        self.outcome = "running"
        self.history.append(Step(name, detail, self._elapsed))

    def rest(self) -> None:
        """Leave the current stage, if there is one, without entering another."""
        if self.going_on:
            self._leave()
            self._now = None

    def end(self, outcome: RunOutcome, note: str = "") -> bool:
        """End the run. If it has already ended, change nothing and return False."""
        if self.outcome not in ("ready", "running"):
            return False
        self._leave()
        self.outcome, self.note = outcome, note
        return True

    def view(self) -> list[dict[str, Any]]:
        """Return the stages as JSON data for the page to draw."""
        return [
            {
                "name": stage.name,
                "detail": stage.detail,
                "state": self._state(place, stage),
                "times": stage.times,
                "seconds": round(self._spent(stage), 3),
            }
            for place, stage in enumerate(self._stages.values())
        ]

    def line(self) -> str:
        """Describe the run in one line, such as `Thinking 0.40 s → Tool call (search) 1.2 s`."""
        stages = " → ".join(
            self._words(place, stage) for place, stage in enumerate(self._stages.values())
        )
        ending: str = self.outcome if self.outcome in ("failed", "stopped") else ""
        if self.outcome == "failed" and self.note:
            ending = f"failed: {self.note}"
        return " · ".join(part for part in (stages, ending) if part)

    @property
    def going_on(self) -> bool:
        """Whether the run is currently in a stage."""
        return self._now is not None and self.outcome == "running"

    @property
    def _elapsed(self) -> float:
        return 0.0 if self._start is None else self.clock() - self._start

    def _leave(self) -> None:
        """Add the time spent in the current stage to its total."""
        now = self._elapsed
        if self._now is not None:
            self._now.spent += now - self._entered
        self._entered = now

    def _spent(self, stage: _Stage) -> float:
        running = stage is self._now and self.going_on
        return stage.spent + (self._elapsed - self._entered if running else 0.0)

    def _state(self, place: int, stage: _Stage) -> str:
        if stage is self._now:
            return "now" if self.outcome == "running" else self.outcome
        if stage.times:
            return "done"
        later = any(other.times for other in list(self._stages.values())[place + 1 :])
        return "skipped" if later or self.outcome == "done" else "ahead"

    def _words(self, place: int, stage: _Stage) -> str:
        if not stage.times:
            skipped = self._state(place, stage) == "skipped"
            return f"{stage.name} ({'skipped' if skipped else 'not reached'})"
        times = f" × {stage.times}" if stage.times > 1 else ""  # noqa: RUF001
        detail = f" ({stage.detail})" if stage.detail else ""
        return f"{stage.name}{times}{detail} {in_seconds(self._spent(stage))}"
