"""Six changes to a request, ordered by its TTFT; the simulator's own model computes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.simulator.prefill import Server
from utils.simulator.profiles import PROFILES

_PROMPT = range(20_000)  # tokens
_REPLY = 2.0  # seconds from a reply's first token to its last
_LATER = 60.0  # seconds after the first request


@dataclass(frozen=True)
class _Change:
    prompt: Sequence[int]  # its tokens
    clients: int = 1


_CHANGES: Mapping[str, _Change] = {
    "A": _Change([-1, *_PROMPT[1:]]),
    "B": _Change(_PROMPT, clients=20),
    "C": _Change([*_PROMPT[:-20], *range(-20, 0)]),
    "D": _Change(range(-200_000, 0)),
    "E": _Change([*_PROMPT[:10_000], *range(-10_000, 0)]),
    "F": _Change(_PROMPT[15_000:]),
}


def _ttft(change: _Change) -> float:
    """Return the TTFT, in seconds, of the last client who sends the changed request."""
    profile = PROFILES["prefill"]
    assert profile.serving
    server, ttft = Server(profile.serving), 0.0
    for prompt, now in [(_PROMPT, 0.0), *[(change.prompt, _LATER)] * change.clients]:
        place = server.admit(prompt, now)
        ttft = place.wait + profile.ttft + place.prefill
        place.hold(ttft + _REPLY)
    return ttft


@dataclass(frozen=True)
class Seen:
    """An order, beside the TTFT of each change in seconds."""

    answer: Any
    letters: str  # without what separates them; "" if the answer has none
    ttfts: Mapping[str, float] = field(
        default_factory=lambda: {letter: _ttft(change) for letter, change in _CHANGES.items()}
    )

    @cached_property
    def right(self) -> str:
        """The right order."""
        return "".join(sorted(self.ttfts, key=self.ttfts.__getitem__))

    @property
    def unknown(self) -> str:
        """The first letter that names no change, or ""."""
        return next((letter for letter in self.letters if letter not in self.ttfts), "")

    @property
    def repeated(self) -> str:
        """The first letter that appears more than once, or ""."""
        return next((one for one in self.letters if self.letters.count(one) > 1), "")

    @property
    def missing(self) -> list[str]:
        """The changes that the order leaves out."""
        return [letter for letter in self.ttfts if letter not in self.letters]

    def too_early(self, letter: str) -> str:
        """Return the first change after this one that should come before it, or ""."""
        after = self.letters[self.letters.index(letter) + 1 :]
        return next((other for other in after if self.ttfts[other] < self.ttfts[letter]), "")

    @property
    def swapped(self) -> str:
        """The first change that comes too early, or ""."""
        return next((letter for letter in self.letters if self.too_early(letter)), "")


def observe(answer: Any, _: None) -> Seen:
    """Read the letters."""
    given = answer
    if isinstance(given, list | tuple):
        given = "".join(map(str, given))
    letters = given.upper() if isinstance(given, str) else ""
    return Seen(answer, "".join(letter for letter in letters if letter.isalnum()))


MISTAKES: Mistakes[Seen] = {
    "no string": lambda s: not isinstance(s.answer, str | list | tuple),
    "no such change": lambda s: bool(s.unknown),
    "repeats a change": lambda s: bool(s.repeated),
    "leaves one out": lambda s: bool(s.missing),
    "largest first": lambda s: s.letters == s.right[::-1],
    "cached by line": lambda s: bool(s.too_early("A")),
    "any change empties the cache": lambda s: "C" in s.letters[s.letters.index("E") + 1 :],
    "cached wherever it stands": lambda s: s.too_early("F") == "C",
    "no queue": lambda s: bool(s.too_early("B")),
    "length is free": lambda s: bool(s.too_early("D")),
    "swapped": lambda s: bool(s.swapped),
}

check = Exercise(observe, cases=(None,), mistakes=MISTAKES)
