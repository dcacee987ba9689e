"""A caption that says how far a job is, and promises nothing it can't know."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import Case, Run
from utils.checks.engine.stream_runner import call


@dataclass(frozen=True, kw_only=True)
class Job(Case):
    """How far a job is, and the right caption."""

    done: int
    total: int | None
    seconds: float
    right: str


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """The caption that was returned, with its numbers beside the right ones."""

    case: Job

    @property
    def numbers(self) -> list[float]:
        """The numbers in it."""
        return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", self.returned)]

    @property
    def rights(self) -> list[float]:
        """The numbers that should be in it."""
        return [float(number) for number in re.findall(r"\d+", self.case.right)]

    @property
    def wrong(self) -> bool:
        """Whether it is another caption than the right one."""
        return bool(self.returned != self.case.right)

    @property
    def left(self) -> int:
        """How many items are left."""
        return (self.case.total or 0) - self.case.done

    @property
    def pace(self) -> float:
        """The seconds that one item took."""
        return self.case.seconds / self.case.done

    @property
    def wrong_estimate(self) -> bool:
        """Whether only the seconds that are left are wrong, and by more than rounding."""
        return (
            len(self.rights) == len(self.numbers) == 3
            and self.numbers[:2] == self.rights[:2]
            and abs(self.numbers[2] - self.rights[2]) > 1
        )

    @property
    def too_much(self) -> list[float]:
        """By how much each number is too high."""
        if len(self.numbers) != len(self.rights):
            return []
        return [one - other for one, other in zip(self.numbers, self.rights, strict=True)]

    def estimates(self, seconds: float) -> bool:
        """Whether it has this number of seconds in place of the right one, but for rounding."""
        return self.wrong_estimate and abs(self.numbers[2] - seconds) <= 1


def observe(answer: Callable[..., Any], case: Job) -> Seen:
    """Call it once."""
    args = (case.done, case.total, case.seconds)
    return Seen.of(call("caption", answer, case, case.reply(), *args))


def _job(done: int, total: int | None, seconds: float, right: str) -> Job:
    when = f"for `caption({done}, {total}, {seconds})`"
    return Job(done=done, total=total, seconds=seconds, right=right, when=when)


def _at_the_start(s: Seen) -> bool:
    return not s.case.done and bool(s.case.total)


MISTAKES: Mistakes[Seen] = {
    "shows None": lambda s: "None" in s.returned,
    "invents a total": lambda s: (
        s.case.total is None and bool(re.search(r"%|left| of ", s.returned))
    ),
    "estimates at the start": lambda s: _at_the_start(s) and "left" in s.returned,
    "unknown at the start": lambda s: _at_the_start(s) and "so far" in s.returned,
    "takes 0 for unknown": lambda s: s.case.total == 0 and "so far" in s.returned,
    "percentage": lambda s: "%" in s.returned,
    "no estimate at the end": lambda s: (
        s.case.done == s.case.total and s.wrong and len(s.numbers) < len(s.rights)
    ),
    "whole job": lambda s: s.wrong_estimate and s.estimates(s.pace * (s.left + s.case.done)),
    "time gone by": lambda s: s.estimates(s.case.seconds),
    "items left": lambda s: s.estimates(s.left),
    "rounded pace": lambda s: (
        s.wrong_estimate and s.numbers[2] in (round(s.pace) * s.left, int(s.pace) * s.left)
    ),
    "another estimate": lambda s: s.wrong_estimate,
    "fractions": lambda s: bool(re.search(r"\d\.\d", s.returned)),
    "one too many": lambda s: any(by == 1 for by in s.too_much),
    "one too few": lambda s: any(by == -1 for by in s.too_much),
    "spacing": lambda s: s.wrong and "".join(s.returned.split()) == "".join(s.case.right.split()),
    "other words": lambda s: s.wrong and s.numbers == s.rights,
    "another form": lambda s: s.wrong,
}

check = Exercise(
    observe,
    cases=(
        _job(10, 40, 4.0, "10 of 40, about 12 s left"),
        _job(12, None, 4.0, "12 so far, 4 s"),
        _job(500, None, 61.7, "500 so far, 62 s"),
        _job(0, 40, 0.0, "0 of 40"),
        _job(0, 40, 3.0, "0 of 40"),
        _job(40, 40, 16.0, "40 of 40, about 0 s left"),
        _job(3, 10, 7.0, "3 of 10, about 16 s left"),
        _job(3, 8, 7.0, "3 of 8, about 12 s left"),
        _job(3, 10, 61.7, "3 of 10, about 144 s left"),
        _job(0, None, 2.0, "0 so far, 2 s"),
        _job(0, 0, 1.0, "0 of 0"),
    ),
    mistakes=MISTAKES,
    opts_out={"swallows the error": "no reply is read, so no connection can be lost"},
)
