"""A turn of a chat: a question and the reply to it, while it comes and afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from utils.timing import content_of
from utils.unicode import Joiner
from utils.widgets.chat_ending import Ending
from utils.widgets.chat_seam import Seam
from utils.widgets.pane import STOPPED
from utils.widgets.status_stages import Outcome, Stages, Status
from utils.widgets.style import seconds

State = Literal["streaming", "complete", "stopped", "cut off", "failed"]

_ENDS_STAGES: dict[State, Outcome] = {"complete": "done", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its reply, as they stood when the turn was asked for.

    Attributes:
        question: What was asked.
        reply: The reply's text as far as it came.
        state: "streaming", "complete", "stopped", "cut off" or "failed".
        ttft: Seconds from asking to the first text of the reply; None before there is any.
        e2e: Seconds spent on the reply so far. After `go_on` both of its streams count, and the
            time between them does not.
        note: A sentence on what a reader should know, such as what went wrong; mostly empty.
    """

    question: str
    reply: str
    state: State
    ttft: float | None
    e2e: float
    note: str


class Exchange:
    """A turn that can still change: what a `Turn` is a snapshot of.

    Attributes:
        question: What was asked.
        state: As of `Turn`.
        ttft: As of `Turn`.
        e2e: As of `Turn`.
        note: As of `Turn`.
        stalled: Whether nothing has come for long, while it streams.
        stages: What the stream said of its stages.
    """

    state: State
    note: str

    def __init__(self, question: str, *, stall: float, clock: Callable[[], float]) -> None:
        """Begin a turn, now.

        Args:
            question: What was asked.
            stall: Seconds of silence after which that is said.
            clock: Seconds from any fixed point.
        """
        self.question = question
        self._stall = stall
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """A reply is asked for: forget an earlier one and start the clock."""
        self._pieces: list[str] = []
        self.ttft: float | None = None
        self.e2e = 0.0
        self.stages = Stages(clock=self._clock)
        self._open()

    def resume(self) -> None:
        """The rest of the reply is asked for: keep what has come and let the clock go on."""
        self._open()

    def _open(self) -> None:
        self._before = self.e2e
        self._sent = self._last_text = self._last_sign = self._clock()
        self._ending = Ending()
        self._seam = Seam(self.reply)
        self._joiner = Joiner()
        self.state, self.note, self.stalled = "streaming", "", False

    @property
    def reply(self) -> str:
        """The reply's text as far as it came."""
        return "".join(self._pieces)

    @property
    def started(self) -> bool:
        """Whether any of the reply has come."""
        return bool(self._pieces)

    @property
    def can_go_on(self) -> bool:
        """Whether there is a part of a reply of which the rest can be asked for."""
        return self.started and self.state in ("stopped", "cut off", "failed")

    def take(self, item: object) -> None:
        """Keep the stream's next item: a chunk, a string or a `Status`."""
        if isinstance(item, Status):
            self.stages.to(item.stage, item.detail)
            self._last_sign = self._clock()
            return
        self._ending.see(item)
        text = self._joiner.join(content_of(item)[0])
        if text:
            self._last_text = self._last_sign = self._clock()
            self.stages.rest()
            self._keep(self._seam.join(text))

    def tick(self) -> None:
        """Move the clock on, and note a silence that has become long."""
        now = self._clock()
        self.e2e = self._before + now - self._sent
        self.stalled = now - self._last_sign >= self._stall
        self.note = f"no new text for {int(now - self._last_text)} s" if self.stalled else ""

    def end(self, state: State, note: str = "") -> None:
        """The stream is over.

        Args:
            state: How; "complete" stands only if nothing shows that the reply was cut off.
            note: What went wrong, where something did.
        """
        self._keep(self._seam.join(self._joiner.rest()))
        self._keep(self._seam.rest())
        self.e2e = self._before + self._clock() - self._sent
        if state == "complete" and self._ending.cut_off:
            state, note = "cut off", self._ending.cut_off
        if state == "failed" and self.started:  # Continue stands beside the note
            note = note.replace(": ask again.", ": continue, or ask again.")
        if not note and state == "stopped":
            note = STOPPED if self.started else "Stopped before any text."
        elif not self.started and state in ("complete", "cut off"):
            note = f"{note} The reply is empty.".lstrip()
        self.state, self.note, self.stalled = state, note, False
        self.stages.end(_ENDS_STAGES.get(state, "stopped"))

    @property
    def turn(self) -> Turn:
        """How it stands now."""
        return Turn(self.question, self.reply, self.state, self.ttft, self.e2e, self.note)

    @property
    def badge(self) -> str:
        """The latency in a few words: `first words 0.2 s · done 10.0 s`."""
        begun = "no words" if self.ttft is None else f"first words {seconds(self.ttft)}"
        if self.state == "streaming":
            if self.ttft is None:
                return f"waiting… {self.e2e:.1f} s"
            return f"{begun} · {self.e2e:.1f} s so far"
        ending = "done" if self.state == "complete" else self.state
        return f"{begun} · {ending} {seconds(self.e2e)}"

    def _keep(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            if self.ttft is None:
                self.ttft = self._before + self._clock() - self._sent
