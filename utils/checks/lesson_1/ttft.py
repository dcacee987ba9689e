"""Check for 1.ttft: order six changes to a request by TTFT in the simulator's prefill model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.lesson_1.order import letters_in
from utils.simulator.prefill import ModelServer
from utils.simulator.profiles import PROFILES

_PROMPT = range(20_000)  # the first request's prompt, as tokens
_REPLY = 2.0  # seconds from a reply's first token to its last
_LATER = 60.0  # seconds from the first request to the changed requests


@dataclass(frozen=True)
class _Change:
    prompt: Sequence[int]  # tokens
    clients: int = 1


_CHANGES: Mapping[str, _Change] = {  # negative numbers are tokens that aren't in the first prompt
    "A": _Change([-1, *_PROMPT[1:]]),  # a different first token
    "B": _Change(_PROMPT, clients=20),  # the same prompt, from 20 concurrent clients
    "C": _Change([*_PROMPT[:-20], *range(-20, 0)]),  # a different end
    "D": _Change(range(-200_000, 0)),  # a different prompt, ten times as long
    "E": _Change([*_PROMPT[:10_000], *range(-10_000, 0)]),  # a different second half
    "F": _Change(_PROMPT[15_000:]),  # without the first three quarters
}


def _ttft(change: _Change) -> float:
    """Return a changed request's TTFT in seconds; with several clients, the last client's."""
    profile = PROFILES["prefill"]
    assert profile.capacity
    server, ttft = ModelServer(profile.capacity), 0.0
    requests = [(_PROMPT, 0.0)] + [(change.prompt, _LATER)] * change.clients
    for prompt, now in requests:
        place = server.admit(prompt, now)  # the request's wait and prefill times, in seconds
        ttft = place.wait + profile.ttft + place.prefill
        place.hold(ttft + _REPLY)  # occupies one of the server's slots until the reply ends
    return ttft


@dataclass(frozen=True)
class Seen:
    answer: Any
    ttfts: Mapping[str, float]  # each change's TTFT in seconds
    letters: str  # the letters of the order, without separators
    unknown: str  # the first letter that doesn't name a change; "" if there is none
    repeated: str  # the first letter that appears more than once; "" if there is none
    missing: Sequence[str]  # the changes missing from the order

    def too_early(self, letter: str) -> str:
        """Return the first change that follows `letter` but should precede it; "" if none does."""
        after = self.letters[self.letters.index(letter) + 1 :]
        return next((other for other in after if self.ttfts[other] < self.ttfts[letter]), "")


def observe(answer: Any, _: None) -> Seen:
    ttfts = {letter: _ttft(change) for letter, change in _CHANGES.items()}
    read = letters_in(answer, ttfts)
    missing = [letter for letter in ttfts if letter not in read["letters"]]
    return Seen(answer, ttfts, missing=missing, **read)


MISTAKES: Mistakes[Seen] = {
    "no string": lambda s: not isinstance(s.answer, str | list | tuple),
    "no such change": lambda s: bool(s.unknown),
    "repeats a change": lambda s: bool(s.repeated),
    "leaves one out": lambda s: bool(s.missing),
    "largest first": lambda s: (
        s.letters == "".join(sorted(s.ttfts, key=s.ttfts.__getitem__, reverse=True))
    ),
    "length against newness": lambda s: s.too_early("E") == "F",
    "any change empties the cache": lambda s: "C" in s.letters[s.letters.index("E") + 1 :],
    "cached by line": lambda s: bool(s.too_early("A")),
    "cached at any position": lambda s: s.too_early("F") == "C",
    "no queue": lambda s: bool(s.too_early("B")),
    "length is free": lambda s: bool(s.too_early("D")),
}

check = Exercise(observe, cases=(None,), mistakes=MISTAKES)
