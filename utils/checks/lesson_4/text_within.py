"""The text that arrives within a time limit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.reply import ROLE_AFTER
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON

_QUICK = 0.1  # virtual seconds of tolerance, for answers that poll a clock


@dataclass(frozen=True, kw_only=True)
class Timed(Case):
    """A reply and a time limit; piece `n` arrives after 0.6 s + `n` · 0.1 s, plus silences."""

    seconds: float
    # additional seconds before a piece, by its index
    silences: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """The text that was returned, and when."""

    limit: float  # the limit in seconds
    hides_timeouts: bool  # whether the answer swallows a `TimeoutError` that the model raises

    @property
    def arrivals(self) -> list[float]:
        """When each piece arrives."""
        return list(map(self.reply.arrives, range(self.total)))

    @property
    def expected(self) -> str:
        """The text that arrives within the limit."""
        pairs = zip(self.reply.pieces, self.arrivals, strict=True)
        return "".join(piece for piece, at in pairs if at <= self.limit)

    @property
    def due(self) -> float:
        """When the answer should return."""
        return min(self.limit, self.reply.lasts)

    @property
    def late(self) -> bool:
        """Whether it returned after that."""
        return self.error is None and self.seconds > self.due + _QUICK

    @property
    def since_a_chunk(self) -> bool:
        """Whether it returned once the limit had passed since the last chunk before a silence."""
        arrivals = [ROLE_AFTER, *self.arrivals]
        latest = max(at for at in arrivals if at < max(self.limit, ROLE_AFTER + SOON))
        return abs(latest + self.limit - self.seconds) <= SOON

    @property
    def at_a_piece(self) -> bool:
        """Whether it returned when a piece arrived."""
        return any(abs(at - self.seconds) <= SOON for at in self.arrivals)


def observe(answer: Callable[..., Any], case: Timed) -> Seen:
    """Run the answer once, and once more with a model that raises a `TimeoutError`."""
    reply = case.reply(silences=case.silences)
    own = replace(case, fails_after=3).reply(error=TimeoutError("no chunk for 120 s"))
    run, its_own = (
        run_async("text_within", answer, case, each, case.model(each), case.prompt, case.seconds)
        for each in (reply, own)
    )
    return Seen.of(run, limit=case.seconds, hides_timeouts=its_own.error is None)


MISTAKES: Mistakes[Seen] = {
    "waits on": lambda s: s.late and s.due < s.limit,
    "limit for each chunk": lambda s: s.late and s.since_a_chunk,
    "clock between chunks": lambda s: s.late and s.at_a_piece,
    "too late": lambda s: s.late,
    "too early": lambda s: s.seconds < s.due - _QUICK,
    **TEXT,
}

check = Exercise(
    observe,
    cases=(
        Timed(text=HARBOUR, seed=43, seconds=60.0),
        Timed(text=RIVERS, seed=44, silences={4: 30.0}, seconds=1.9, when="in a stall"),
        Timed(
            text=HARBOUR,
            seed=45,
            silences={0: 20.0},
            seconds=3.0,
            prompt="Describe a harbour.",
            when="before the first text",
        ),
        Timed(text=RIVERS, seed=46, seconds=1.32, when="in the middle of the reply"),
        Timed(
            text=HARBOUR,
            seed=47,
            seconds=0.05,
            when="when not even the empty first chunk had arrived",
        ),
    ),
    mistakes=MISTAKES,
    first={
        "timeout comes out": lambda s: (
            isinstance(s.error, TimeoutError) and s.error is not s.reply.error
        )
    },
    notes={"hides timeouts": lambda s: s.hides_timeouts},
    opts_out={
        "stops early": "a time limit stops the reply early",
        "stops at the first chunk": "`no text` and `too early` report it",
    },
)
