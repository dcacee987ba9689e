"""The text that arrived until the reply ended or Stop was pressed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from utils.checks.engine import mistakes
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import RIVERS, Case, Run
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import BEGIN, SOON
from utils.checks.lesson_5.given import LONG

_QUICK = 0.1 + SOON  # seconds; looking for Stop ten times a second is quick enough
_NEVER_CALLS = "never calls the model"
_NEVER_READ = "never read"


@dataclass(frozen=True, kw_only=True)
class Press(Case):
    """A reply, and when Stop is pressed.

    Attributes:
        at: Seconds from the call to Stop; by default long after the reply has ended.
        silences: Further seconds before the piece of that number.
        tidy: Whether to look for a task that still waits for Stop: last, as the least mistake.
    """

    text: str = RIVERS
    at: float = 200.0
    silences: Mapping[int, float] = field(default_factory=dict)
    tidy: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What came back, and when."""

    case: Press

    @property
    def pressed(self) -> bool:
        """Whether Stop is pressed before the reply ends."""
        return self.case.at < self.reply.lasts

    @property
    def late(self) -> float:
        """For how many seconds Stop had been pressed when something came back."""
        return self.seconds - self.case.at if self.pressed and self.case.whole else 0.0

    @property
    def at_a_piece(self) -> bool:
        """Whether a piece was taken after Stop had been pressed."""
        arrived = [at for reading in self.reply.readings for at in reading.arrived]
        return any(at > BEGIN + self.case.at for at in arrived)

    @property
    def others(self) -> list[str]:
        """The tasks that were left, but for those that wait for Stop."""
        return [name for name in self.tasks if name != "Event.wait"]

    @property
    def due(self) -> str:
        """The text that must be there: all of it, or what had arrived before Stop was pressed."""
        if not self.pressed:
            return self.reply.text
        before = BEGIN + self.case.at - SOON
        arrived = [at for reading in self.reply.readings for at in reading.arrived]
        return "".join(self.reply.pieces[: sum(at <= before for at in arrived)])

    @property
    def wrong(self) -> bool:
        """Whether another text came back; a piece that arrives with Stop may be in it or not."""
        if self.error is not None or not self.case.whole:
            return False
        if not self.pressed:
            return bool(self.returned != self.due)
        whole = self.returned.startswith(self.due) and self.reply.text.startswith(self.returned)
        return not whole


def observe(answer: Callable[..., Any], case: Press) -> Seen:
    """Run it once, and press Stop."""
    reply = case.reply(silences=case.silences)
    stop = asyncio.Event()

    def press() -> None:
        if case.at:
            asyncio.get_running_loop().call_later(case.at, stop.set)
        else:
            stop.set()

    args = (stop, case.model(reply), case.prompt)
    return Seen.of(run_async("text_until", answer, case, reply, *args, before=press))


def _bare(text: str) -> str:
    return "".join(text.split())


def _in_a_group(error: BaseException | None) -> bool:
    """Whether it is a group; Python 3.11.2 makes a nameless one of what an `except*` raises."""
    return isinstance(error, BaseExceptionGroup) and bool(
        error.message or len(error.exceptions) > 1
    )


FIRST: Mistakes[Seen] = {
    "ends by a cancellation": lambda s: (
        isinstance(s.error, asyncio.CancelledError) and s.case.cancel_after is None
    ),
    "error in a group": lambda s: s.lost and _in_a_group(s.error),
}
MISTAKES: Mistakes[Seen] = {
    _NEVER_READ: lambda s: bool(s.case.at) and mistakes.FIRST[_NEVER_READ](s),
    _NEVER_CALLS: lambda s: bool(s.case.at) and mistakes.FIRST[_NEVER_CALLS](s),
    "stops at the end": lambda s: s.late > _QUICK and s.reply.ended,
    "stops at the next piece": lambda s: s.late > _QUICK and s.at_a_piece,
    "stops late": lambda s: s.late > _QUICK,
    "waits for Stop": lambda s: not s.pressed and s.seconds >= s.case.at - SOON,
    "stops early": lambda s: (
        s.case.whole and not s.pressed and s.error is None and not s.reply.ended
    ),
    "returns no text": lambda s: s.wrong and not s.returned and not s.pressed,
    "loses the text": lambda s: s.wrong and not s.returned,
    "lacks the end": lambda s: s.wrong and s.due.startswith(s.returned),
    "loses white space": lambda s: s.wrong and _bare(s.returned) == _bare(s.due),
    "another text": lambda s: s.wrong,
    "leaves a task": lambda s: bool(s.others),
    "still waits for Stop": lambda s: s.case.tidy and bool(s.tasks),
}

check = Exercise(
    observe,
    cases=(
        Press(seed=71),
        Press(seed=72, silences={0: LONG, 5: LONG}, when="in a reply with long silences"),
        *(
            Press(
                seed=73,
                at=at,
                silences={0: LONG},
                when="when Stop was pressed in the silence before the first piece",
            )
            for at in (1.37, 1.27, 2.62)  # odd moments: a slow poll misses some of them
        ),
        Press(
            seed=74,
            at=5.13,
            silences={4: LONG},
            when="when Stop was pressed in a silence after some pieces",
        ),
        Press(seed=75, at=0.83, when="when Stop was pressed while pieces were arriving"),
        Press(seed=76, at=0.0, when="when Stop was pressed before the call"),
        Press(seed=77, fails_after=4, when="when the connection was lost"),
        Press(seed=78, tidy=True),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    opts_out={
        "stops at the first chunk": "Stop may be pressed there; `stops early` looks further",
        "collected first": "nothing is passed on; `loses the text` reports it",
    },
)
