"""Check for `text_within`: return the text that arrives within a time limit."""

from dataclasses import dataclass, replace
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.reply import ROLE_AFTER, Reply
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON


@dataclass(frozen=True, kw_only=True)
class Timed(Case):
    """A reply and a time limit; without silences, pieces arrive after 0.6 s, 0.7 s and so on."""

    seconds: float  # the limit


@dataclass(kw_only=True)
class Seen(Run):
    """When the answer returned and when it should have, in virtual seconds since the call."""

    case: Timed
    due: float  # when the answer should return
    late: bool  # whether the answer returned more than `SOON` after `due`
    since_a_chunk: bool  # whether each chunk seems to restart the time limit
    at_a_piece: bool  # whether the answer returned exactly when a piece arrived


def observe(answer: Any, case: Timed) -> Seen:
    reply = case.reply()
    run = _run(answer, case, reply)
    arrivals = [reply.arrives(at) for at in range(run.total)]
    # arrival time of the last chunk before the limit; the empty first chunk is always included
    last_chunk = max([ROLE_AFTER, *(at for at in arrivals if at < case.seconds)])
    due = min(case.seconds, reply.lasts)
    pieces = zip(reply.pieces, arrivals, strict=True)
    return Seen.of(
        run,
        expected="".join(piece for piece, at in pieces if at <= case.seconds),
        due=due,
        late=run.error is None and run.seconds > due + SOON,
        since_a_chunk=abs(last_chunk + case.seconds - run.seconds) <= SOON,
        at_a_piece=any(abs(at - run.seconds) <= SOON for at in arrivals),
    )


def _run(answer: Any, case: Timed, reply: Reply) -> Run:
    args = (case.model(reply), case.prompt, case.seconds)
    return run_async("text_within", answer, case, reply, *args)


def _hides_timeouts(s: Seen) -> bool:
    """Whether the answer swallows a `TimeoutError` that the model raises."""
    case = replace(s.case, fails_after=3)
    return _run(s.answer, case, case.reply(error=TimeoutError("no chunk for 120 s"))).error is None


MISTAKES: Mistakes[Seen] = {
    "waits on": lambda s: s.late and s.due < s.case.seconds,
    "limit for each chunk": lambda s: s.late and s.since_a_chunk,
    "clock between chunks": lambda s: s.late and s.at_a_piece,
    "too late": lambda s: s.late,
    "too early": lambda s: s.seconds < s.due - SOON,
    **TEXT,
}

check = Exercise(
    observe,
    cases=(
        # this short silence keeps the end from arriving in step with an answer that polls
        Timed(text=HARBOUR, seed=43, silences={1: 0.003}, seconds=60.0),
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
        "timeout propagates": lambda s: (
            isinstance(s.error, TimeoutError) and s.error is not s.reply.error
        )
    },
    notes={"hides timeouts": _hides_timeouts},
    opts_out={
        "stops early": "a time limit stops the reply early",
        "stops at the first chunk": "`no text` and `too early` report it",
    },
)
