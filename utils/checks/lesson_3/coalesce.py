"""Check for `coalesce`: coalesce pieces of text, yielding at most once per interval."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import inf
from operator import ge, gt
from typing import Any, NamedTuple

from utils.checks.engine import virtual_time
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.run import Case, Run
from utils.checks.engine.stream_runner import call
from utils.checks.lesson_3.given import HERON, UNREAD


@dataclass(frozen=True, kw_only=True)
class Pace(Case):
    """A stream of pieces, and the clock passed to the answer."""

    gaps: Sequence[float]  # the seconds before each piece
    begins: float = 100.0  # the clock's time at the start of the run, in seconds
    # the interval; like the gaps, exact in binary, so that sums have no rounding errors
    seconds: float = 0.25


class Passed(NamedTuple):
    """A yielded string, and how many non-empty pieces had arrived when it was yielded."""

    text: str
    taken: int


# Pads the shorter of two lists, the yielded and the expected strings. Its `taken` exceeds any real
# one: a missing string counts as yielded too late, and an extra one as yielded too soon.
_NOTHING = Passed("", 1000)


@dataclass(kw_only=True)
class Seen(Run):
    case: Pace
    due: Sequence[Passed]  # the strings that should have been yielded
    clock_calls: int
    passed: Sequence[Passed]  # the strings that were yielded
    wrong: Passed  # the first yielded string that differs from the one due
    wanted: Passed  # the string due in its place; both are `_NOTHING` if all are right
    slept: float  # how long the answer itself slept, in virtual seconds
    missing: str  # the first piece missing from the output; "" if there is none


def observe(answer: Any, case: Pace) -> Seen:
    reply = case.reply(first_after=0.0, gap=0.0, silences=dict(enumerate(case.gaps)))
    clock_times: list[float] = []

    def clock() -> float:
        clock_times.append(virtual_time.now() - virtual_time.BEGIN + case.begins)
        return clock_times[-1]

    run = call("coalesce", answer, case, reply, reply.stream, case.seconds, clock, streams=True)
    due = list(_due(case))
    passed = list(map(Passed, run.items, run.taken))
    pairs = zip_longest(passed, due, fillvalue=_NOTHING)
    wrong, wanted = next((pair for pair in pairs if pair[0] != pair[1]), (_NOTHING, _NOTHING))
    return Seen.of(
        run,
        due=due,
        clock_calls=len(clock_times),
        passed=passed,
        wrong=wrong,
        wanted=wanted,
        slept=run.seconds - sum(case.gaps),
        missing=next((each for each in reply.pieces if each.strip() not in run.text), ""),
    )


def _due(
    case: Pace, *, debounce: bool = False, enough: Callable[[float, float], bool] = ge
) -> Iterator[Passed]:
    """Yield the correct strings or, with `debounce` or `enough=gt`, what a wrong answer yields."""
    now, last = 0.0, -inf  # virtual seconds
    waiting, taken = "", 0
    for piece, gap in zip(case.pieces or (), case.gaps, strict=True):
        now += gap
        waiting += piece
        taken += bool(piece)
        ready = waiting and enough(now - last, case.seconds)
        if ready:
            yield Passed(waiting, taken)
            waiting = ""
        if ready or debounce:
            last = now
    if waiting:
        yield Passed(waiting, taken)


MISTAKES: Mistakes[Seen] = {
    **UNREAD,
    "waits": lambda s: s.slept > 0,
    # short streams are excluded, because a late first piece looks the same there
    "collected first": lambda s: (
        s.total > 4 and s.due[0].taken < s.due[-1].taken and s.taken[:1] == [s.due[-1].taken]
    ),
    "never looks at the clock": lambda s: s.total > 1 and not s.clock_calls,
    "loses pieces": lambda s: bool(s.missing) and not s.expected.startswith(s.output),
    **TEXT,
    "empty string": lambda s: "" in s.items,
    "first piece late": lambda s: s.passed[:1] != s.due[:1] and s.taken[0] > s.due[0].taken,
    "debounces": lambda s: s.passed != s.due and s.passed == list(_due(s.case, debounce=True)),
    "longer than the interval": lambda s: (
        s.passed != s.due and s.passed == list(_due(s.case, enough=gt))
    ),
    "too soon": lambda s: s.wrong.taken < s.wanted.taken,
    "skips white space": lambda s: s.wanted.text.isspace() and s.wrong.taken > s.wanted.taken,
    "too late": lambda s: s.wrong.taken > s.wanted.taken,
    "not all waiting text": lambda s: s.wrong != s.wanted,
}

_WORDS = tuple(f"{word} " for word in HERON.split() * 2)
_STREAMS = (  # for each stream: a description, the pieces, and the seconds before each piece
    ("in bursts", _WORDS[1:11], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0625, 0.0625, 0.125, 0.0, 0.0]),
    ("with a piece every 1.0 s", _WORDS[3:6], [1.0] * 3),
    ("with a piece every 0.125 s", _WORDS[5:10], [0.125] * 5),
    ("of one piece", _WORDS[:1], [0.0]),
    (
        "whose first piece is empty",
        ("", "The ", "heron ", "stands ", "still."),
        [0.0, 0.0625, 0.125, 0.125, 0.125],
    ),
    ("that ends in empty pieces", ("One ", "heron", "", ""), [0.0, 1.0, 1.0, 1.0]),
    (
        "with pieces that are only white space",
        ("One.", "\n\n", "Two", " ", "herons.", "\n"),
        [0.0, 0.125, 0.125, 0.5, 0.0, 0.25],
    ),
    ("that repeats a piece", ("One ", "ha", "ha", "!"), [0.0, 0.125, 0.125, 0.125]),
    ("that ends in a line break", ("One", " ", "\n"), [0.0, 1.0, 0.0625]),
    ("with pieces at irregular intervals", _WORDS[9:14], [0.0, 0.4375, 0.0625, 0.25, 0.1875]),
)

check = Exercise(
    observe,
    cases=(
        Pace(pieces=_WORDS[10:20], gaps=[0.0625, *[0.125] * 2, *[0.0625] * 4, 0.5, *[0.0625] * 2]),
        *(
            Pace(pieces=pieces, gaps=gaps, when=f"for a stream {what}")
            for what, pieces, gaps in _STREAMS
        ),
        Pace(pieces=(), gaps=(), when="for an empty stream"),
        Pace(
            pieces=_WORDS[6:10],
            gaps=[0.0, 0.0625, 0.125, 0.125],
            begins=0.0,
            when="if the clock begins at 0",
        ),
        Pace(pieces=_WORDS[2:8], gaps=[0.0, *[0.125] * 5], seconds=0.5, when="if `seconds` is 0.5"),
    ),
    mistakes=MISTAKES,
)
