"""Check for `text_until`: return the text that arrives before Stop is pressed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.run import RIVERS, Case, Run
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import BEGIN, SOON
from utils.checks.lesson_5.given import LONG

_SLACK = 0.1 + SOON  # seconds allowed after Stop; enough for answers that poll every 0.1 s
_LATER = 200.0  # seconds until Stop is pressed if the whole reply is to be read


@dataclass(frozen=True, kw_only=True)
class Press(Case):
    """A reply, and the time when Stop is pressed, in seconds after the call."""

    at: float = _LATER

    @property
    def whole(self) -> bool:
        return super().whole and self.at == _LATER


@dataclass(kw_only=True)
class Seen(Run):
    case: Press
    late: float  # seconds from Stop until the answer returned; negative if it returned earlier
    arrived: Sequence[float]  # seconds from the call until each piece was taken


def observe(answer: Any, case: Press) -> Seen:
    reply = case.reply()
    stop = asyncio.Event()

    def press() -> None:
        if case.at:
            asyncio.get_running_loop().call_later(case.at, stop.set)
        else:
            stop.set()

    args = (stop, case.model(reply), case.prompt)
    run = run_async("text_until", answer, case, reply, *args, before=press)
    if not case.at:
        run = replace(run, model=None, models=())  # the answer needn't call the model
    arrived = [at - BEGIN for reading in reply.readings for at in reading.arrived]
    due = "".join(reply.pieces[: sum(at <= case.at - SOON for at in arrived)])
    # accept further text from the reply, and any output after an error or a cancellation
    more = run.output.startswith(due) and reply.text.startswith(run.output)
    expected = run.output if more or run.error or run.cancelled else due
    return Seen.of(run, expected=expected, late=run.seconds - case.at, arrived=arrived)


def _in_a_group(error: BaseException | None) -> bool:
    """Whether an error is an exception group that wasn't created by `except*`."""
    # before Python 3.11.4, `except*` wraps a new exception in a group of one, without a message
    if not isinstance(error, BaseExceptionGroup):
        return False
    return error.message != "" or len(error.exceptions) > 1


FIRST: Mistakes[Seen] = {
    "ends by a cancellation": lambda s: (
        isinstance(s.error, asyncio.CancelledError) and s.case.cancel_after is None
    ),
    "error in a group": lambda s: s.lost and _in_a_group(s.error),
}
MISTAKES: Mistakes[Seen] = {
    "waits for Stop": lambda s: s.case.at == _LATER and s.late > -SOON,
    "misses an early Stop": lambda s: not s.case.at and s.late > _SLACK,
    "stops at the next piece": lambda s: (
        s.late > _SLACK and any(at > s.case.at for at in s.arrived)
    ),
    "stops late": lambda s: s.late > _SLACK,
    **TEXT,
}

check = Exercise(
    observe,
    cases=(
        Press(text=f" {RIVERS}\n", seed=71),
        Press(seed=72, silences={0: LONG, 5: LONG}, when="in a reply with long silences"),
        *(
            Press(seed=73, at=at, silences=silences, when=f"when Stop was pressed {when}")
            for at, silences, when in (
                (1.37, {0: LONG}, "in the silence before the first piece"),
                # three such cases, since an answer that polls too slowly may pass two by chance
                (1.27, {0: LONG}, "in the silence before the first piece"),
                (2.62, {0: LONG}, "in the silence before the first piece"),
                (5.13, {4: LONG}, "in a silence after some pieces"),
                (0.83, {}, "while pieces were arriving"),
                (0.03, {}, "before the first chunk"),
            )
        ),
        Press(seed=77, fails_after=4, when="when the connection was lost"),
        Press(seed=78, at=0.0, when="when Stop had been pressed before the call"),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    opts_out={"collected first": "nothing is passed on; `no text` reports it"},
)
