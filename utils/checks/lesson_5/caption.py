"""Check for `caption`: describe a job's progress and, if possible, estimate the remaining time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import Case, Run
from utils.checks.engine.stream_runner import call

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class Job(Case):
    done: int
    total: int | None  # None if unknown
    seconds: float  # seconds since the job began
    right: str


@dataclass(kw_only=True)
class Seen(Run):
    case: Job
    off: Sequence[float]  # returned minus correct numbers; empty if there are too few or many


def observe(answer: Any, case: Job) -> Seen:
    args = (case.done, case.total, case.seconds)
    run = call("caption", answer, case, case.reply(), *args)
    got, right = _NUMBER.findall(str(run.returned)), _NUMBER.findall(case.right)
    pairs = zip(got, right, strict=True) if len(got) == len(right) else ()
    return Seen.of(run, off=[float(number) - float(due) for number, due in pairs])


def _job(done: int, total: int | None, seconds: float, right: str) -> Job:
    when = f"for `caption({done}, {total}, {seconds})`"
    return Job(done=done, total=total, seconds=seconds, right=right, when=when)


MISTAKES: Mistakes[Seen] = {
    "shows None": lambda s: "None" in s.returned,
    "invents a total": lambda s: (
        s.case.total is None and bool(re.search(r"%|left| of ", s.returned))
    ),
    "estimates at the start": lambda s: s.case.done == 0 and "left" in s.returned,
    "takes 0 for unknown": lambda s: s.case.total is not None and "so far" in s.returned,
    "fractions": lambda s: bool(re.search(r"\d\.\d", s.returned)),
    "rounding": lambda s: not any(s.off[:-1]) and s.off[-1:] in ([-1], [1]),
    "another estimate": lambda s: len(s.off) == 3 and bool(s.off[2]) and not any(s.off[:2]),
    "other numbers": lambda s: any(s.off),
    "other words": lambda s: s.returned != s.case.right and bool(s.off) and not any(s.off),
    "another form": lambda s: bool(s.returned != s.case.right),
}

check = Exercise(
    observe,
    cases=(
        _job(10, 40, 4.0, "10 of 40, about 12 s left"),
        _job(12, None, 4.0, "12 so far, 4 s"),
        _job(500, None, 61.7, "500 so far, 62 s"),
        _job(0, 40, 3.0, "0 of 40"),
        _job(40, 40, 16.0, "40 of 40, about 0 s left"),
        _job(3, 10, 7.0, "3 of 10, about 16 s left"),
        _job(3, 8, 7.0, "3 of 8, about 12 s left"),
        _job(3, 10, 61.7, "3 of 10, about 144 s left"),
        _job(0, None, 2.0, "0 so far, 2 s"),
        _job(0, 0, 1.0, "0 of 0"),
    ),
    mistakes=MISTAKES,
    opts_out={
        "swallows the error": "no reply is read, so no connection can be lost",
        "prints": "it looks for a printed reply, and no reply is read",
    },
)
