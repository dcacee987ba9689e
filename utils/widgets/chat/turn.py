"""A chat turn: a question and its reply.

An `Exchange` changes while its reply streams; a `Turn` is a snapshot of it, for notebooks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from utils.formatting import in_seconds
from utils.timing import content_of
from utils.timing.chunks import may_hold_text
from utils.unicode import Joiner
from utils.widgets.base.panel import ending_of_text, no_text
from utils.widgets.base.run_widget import RunOutcome
from utils.widgets.chat.continuation import Continuation
from utils.widgets.chat.truncation import Truncation
from utils.widgets.latency_badge.widget import first_words
from utils.widgets.status_line.stages import Stages, Status

State = Literal["streaming", "complete", "stopped", "truncated", "failed"]

# the outcome of a turn's stages, by the turn's state; "stopped" for all other states
_STAGES_OUTCOME: dict[State, RunOutcome] = {"complete": "done", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Turn:
    """Snapshot of a question and its reply."""

    question: str
    reply: str  # the text so far
    state: State
    ttft: float | None  # seconds from the question to the first text; None until then
    e2e: float  # duration of the reply so far, in seconds; excludes any pause before `go_on`
    note: str  # a sentence for the reader, such as the cause of a failure; usually empty


class Exchange:
    """A turn that can still change; see `Turn` for its attributes."""

    state: State
    note: str
    stalled: bool  # whether the stream has been silent for `stall` seconds or more

    def __init__(self, question: str, *, stall: float, clock: Callable[[], float]) -> None:
        self.question = question
        self._stall = stall
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Discard any earlier reply and start the clock."""
        self._pieces: list[str] = []
        self.ttft: float | None = None
        self.e2e = 0.0
        self.stages = Stages(clock=self._clock)
        self.resume()

    def resume(self) -> None:
        """Resume the clock, keeping the text received so far."""
        self._before = self.e2e  # total duration of this turn's earlier requests, in seconds
        self._sent = self._last_text = self._last_item = self._clock()  # clock readings
        self._truncation = Truncation()
        self._continuation = Continuation(self.reply)  # drops text that the model repeats
        self._joiner = Joiner()
        self._other = ""  # the type of the last item that can't contain text
        self.state, self.note, self.stalled = "streaming", "", False

    @property
    def reply(self) -> str:
        """The text of the reply so far."""
        return "".join(self._pieces)

    @property
    def started(self) -> bool:
        """Whether any text of the reply has arrived."""
        return bool(self._pieces)

    @property
    def can_go_on(self) -> bool:
        """Whether the reply is incomplete and the rest can be requested."""
        return self.started and self.state in ("stopped", "truncated", "failed")

    def take(self, item: object) -> None:
        """Add the next item of the stream: a chunk, a string or a `Status`."""
        if isinstance(item, Status):
            self.stages.to(item.stage, item.detail)
            self._last_item = self._clock()
            return
        if not may_hold_text(item):
            self._other = type(item).__name__
        self._truncation.see(item)
        text = self._joiner.join(content_of(item)[0])
        if text:
            self._last_text = self._last_item = self._clock()
            self.stages.rest()
            self._keep(self._continuation.join(text))

    def tick(self) -> None:
        """Update the elapsed time; report a stall if the stream has been silent for too long."""
        now = self._clock()
        self.e2e = self._before + now - self._sent
        self.stalled = now - self._last_item >= self._stall
        self.note = f"no new text for {int(now - self._last_text)} s" if self.stalled else ""

    def end(self, state: State, note: str = "") -> None:
        """Record the final state: "truncated" instead of "complete" if the reply was truncated."""
        self._keep(self._continuation.join(self._joiner.rest()))
        self._keep(self._continuation.rest())
        self.e2e = self._before + self._clock() - self._sent
        if state == "complete" and self._truncation.reason:
            state, note = "truncated", self._truncation.reason
        # the note from `provider.explain` doesn't mention that the reply can be continued
        if state == "failed" and self.started:
            note = note.replace(": ask again.", ": continue, or ask again.")
        if not note and state == "stopped":
            note = ending_of_text(self.reply, "left")
        elif not self.started and state in ("complete", "truncated"):
            note = f"{note} {no_text(self._other) or 'The reply is empty.'}".lstrip()
        self.state, self.note, self.stalled = state, note, False
        self.stages.end(_STAGES_OUTCOME.get(state, "stopped"))

    @property
    def turn(self) -> Turn:
        """A snapshot of this turn."""
        return Turn(self.question, self.reply, self.state, self.ttft, self.e2e, self.note)

    @property
    def badge(self) -> str:
        """The badge text, such as `first words 0.21 s · done 10.0 s`."""
        begun = first_words(self.ttft)
        if self.state == "streaming":
            waiting = self.ttft is None
            return f"waiting… {self.e2e:.1f} s" if waiting else f"{begun} · {self.e2e:.1f} s so far"
        ending = "done" if self.state == "complete" else self.state
        return f"{begun} · {ending} {in_seconds(self.e2e)}"

    def _keep(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            if self.ttft is None:
                self.ttft = self._before + self._clock() - self._sent
