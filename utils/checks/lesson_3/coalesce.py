"""Pieces that arrive within a time, joined and passed on together."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from utils.checks.engine import virtual_time
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import Case, Run
from utils.checks.engine.stream_runner import loop_over
from utils.checks.lesson_3.given import HERON, UNREAD

SECONDS = 0.25  # this figure and the gaps are exact in binary, and so is "at least"


@dataclass(frozen=True, kw_only=True)
class Pace(Case):
    """A stream whose pieces arrive after `gaps`, in seconds, by a clock that starts at `begins`."""

    gaps: Sequence[float]
    begins: float = 100.0


@dataclass(frozen=True)
class Passed:
    """A string that was passed on: when, in seconds, and after how many pieces with text."""

    text: str
    at: float
    taken: int

    def same(self, other: "Passed") -> bool:
        """Whether the same text was passed on after the same piece."""
        return (self.text, self.taken) == (other.text, other.taken)


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What was passed on.

    Attributes:
        passed: It, in order.
        due: What should have been.
        debounced: What would have been if time were counted from the piece before.
        looked: How often the clock was called.
    """

    passed: Sequence[Passed]
    due: Sequence[Passed]
    debounced: Sequence[Passed]
    looked: int

    @property
    def waited(self) -> float:
        """For how many seconds it waited itself."""
        return self.seconds - sum(self.case.gaps) if isinstance(self.case, Pace) else 0.0

    @property
    def odd(self) -> int:
        """The number of the first string that isn't as it should be; -1 if all are."""
        pairs = enumerate(zip_longest(self.passed, self.due))
        return next((n for n, (got, due) in pairs if not (got and due and got.same(due))), -1)

    @property
    def got(self) -> Passed | None:
        """That string; None if it is missing, or all are right."""
        return self.passed[self.odd] if 0 <= self.odd < len(self.passed) else None

    @property
    def wanted(self) -> Passed | None:
        """What should have been passed on in its place."""
        return self.due[self.odd] if 0 <= self.odd < len(self.due) else None

    @property
    def missing(self) -> str:
        """The first piece that didn't come out, or ""."""
        pieces = (each for each in self.reply.pieces if each.strip())
        return next((each for each in pieces if each.strip() not in self.text), "")


def observe(answer: Callable[..., Any], case: Pace) -> Seen:
    """Loop over what one stream becomes, with a clock that counts its calls."""
    reply = case.reply(first_after=0.0, gap=0.0, silences=dict(enumerate(case.gaps)))
    looks: list[float] = []

    def clock() -> float:
        looks.append(virtual_time.now() - virtual_time.BEGIN + case.begins)
        return looks[-1]

    run = loop_over("coalesce", answer, case, reply, reply.stream, SECONDS, clock)
    passed = [Passed(*each) for each in zip(map(str, run.items), run.at, run.taken, strict=True)]
    return Seen.of(
        run,
        passed=passed,
        due=list(_due(reply.pieces, case.gaps)),
        debounced=list(_due(reply.pieces, case.gaps, from_piece=True)),
        looked=len(looks),
    )


def _due(
    pieces: Sequence[str], gaps: Sequence[float], *, from_piece: bool = False
) -> Iterator[Passed]:
    """What should be passed on, and when."""
    now, waiting, last, taken = 0.0, "", -SECONDS, 0
    for piece, gap in zip(pieces, gaps, strict=True):
        now, waiting, taken = now + gap, waiting + piece, taken + bool(piece)
        ready = waiting and now - last >= SECONDS
        if ready:
            yield Passed(waiting, now, taken)
            waiting = ""
        if ready or from_piece:
            last = now
    if waiting:
        yield Passed(waiting, now, taken)


def _wrong_text(s: Seen) -> bool:
    return s.text != s.reply.text


def _late(s: Seen) -> bool:
    return s.wanted is not None and (s.got is None or s.got.taken > s.wanted.taken)


def _early(s: Seen) -> bool:
    return s.got is not None and (s.wanted is None or s.got.taken < s.wanted.taken)


MISTAKES: Mistakes[Seen] = {
    **UNREAD,
    "waits": lambda s: s.waited > 0,
    "collected first": lambda s: (
        s.total > 4 and bool(s.passed) and s.passed[0].taken == s.due[-1].taken > s.due[0].taken
    ),
    "never looks at the clock": lambda s: s.total > 1 and not s.looked,
    "passes on nothing": lambda s: bool(s.reply.text) and not s.text,
    "loses the end": lambda s: _wrong_text(s) and s.reply.text.startswith(s.text),
    "repeats text": lambda s: (
        _wrong_text(s) and len(s.items) > 1 and s.items[1].startswith(s.items[0])
    ),
    "loses pieces": lambda s: _wrong_text(s) and bool(s.missing),
    "loses white space": lambda s: (
        _wrong_text(s)
        and len(s.text) < len(s.reply.text)
        and "".join(s.text.split()) == "".join(s.reply.text.split())
    ),
    "adds white space": lambda s: (
        _wrong_text(s) and "".join(s.text.split()) == "".join(s.reply.text.split())
    ),
    "another text": _wrong_text,
    "empty first piece": lambda s: bool(s.passed) and not s.passed[0].text,
    "empty string": lambda s: not all(each.text for each in s.passed),
    "first piece late": lambda s: _late(s) and s.odd == 0,
    "debounces": lambda s: s.odd >= 0 and list(s.passed) == list(s.debounced),
    "too soon": _early,
    "too late": _late,
    "not all of it": lambda s: s.odd >= 0,
}


def _words(gaps: Sequence[float], skip: int, when: str, **how: Any) -> Pace:
    """A stream of words; `skip` makes those of two streams differ."""
    words = (HERON.split() * 2)[skip : skip + len(gaps)]
    return Pace(pieces=tuple(f"{word} " for word in words), gaps=gaps, when=when, **how)


check = Exercise(
    observe,
    cases=(
        _words([0.0625] * 14, 0, "for a stream with a piece each 0.0625 s"),
        _words([0.0, 0.0, 0.0, 1.0, 0.0, 0.0625, 0.0625, 0.125, 0.0], 1, "for a stream in bursts"),
        _words([1.0, 1.0, 1.0], 2, "for a stream with a piece each second"),
        _words([0.125, 0.125, 0.125, 0.125, 0.0], 3, "for a stream with a piece each 0.125 s"),
        _words([0.0], 4, "for a stream of one piece"),
        Pace(pieces=(), gaps=(), when="for an empty stream"),
        _words([0.0, 0.0625, 0.125, 0.125], 6, "if the clock begins at 0", begins=0.0),
        Pace(
            pieces=("", "The ", "heron ", "stands ", "still."),
            gaps=(0.0, 0.0625, 0.125, 0.125, 0.125),
            when="for a stream whose first piece is empty",
        ),
        Pace(
            pieces=("One ", "heron", "", ""),
            gaps=(0.0, 1.0, 1.0, 1.0),
            when="for a stream that ends in empty pieces",
        ),
        Pace(
            pieces=("One.", "\n\n", "Two", " ", "herons.", "\n"),
            gaps=(0.0, 0.125, 0.125, 0.5, 0.0, 0.25),
            when="for a stream with pieces of white space alone",
        ),
        Pace(
            pieces=("One", " ", "\n"),
            gaps=(0.0, 1.0, 0.0625),
            when="for a stream that ends in a line break",
        ),
        _words([0.0, 0.4375, 0.0625, 0.25, 0.1875], 9, "for a stream with a piece now and then"),
    ),
    mistakes=MISTAKES,
)
