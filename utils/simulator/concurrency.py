"""Sharing one server with a class: who may stream, and who streams how much.

A learner is told apart by the name after the key (`our-class/ada`), else by network address.
"""

from __future__ import annotations

from collections import Counter

from . import errors
from .pacing import Clock

_REMEMBERED = 5.0  # s for which a refused learner counts as waiting
_RETRY_AFTER = 1.0  # s


class ConcurrencyLimiter:
    """Lets replies in, up to a limit, and no learner to more than a fair share of a full house.

    The share is the limit divided by the learners who are streaming or were refused just now. So
    one learner alone may take every seat, and gives them up as soon as others come.
    """

    def __init__(self, clock: Clock, limit: int | None = None) -> None:
        self._limit = limit
        self._clock = clock
        self._taken: Counter[str] = Counter()
        self._refused: dict[str, float] = {}
        self.tokens = 0
        self.answered = 0
        self.refusals = 0

    def acquire(self, learner: str) -> None:
        """Let a reply in.

        Raises:
            ApiError: 429 if the house is full, or the learner has a fair share and others wait.
        """
        if self._limit is not None:
            self._forget()
            waiting = self._refused.keys() - {learner}
            share = max(1, self._limit // len(self._taken.keys() | waiting | {learner}))
            own = self._taken.get(learner, 0)
            if self._taken.total() >= self._limit or (waiting and own >= share):
                self._refused[learner] = self._clock()
                self.refusals += 1
                raise errors.no_seat(self._limit, own, _RETRY_AFTER)
            self._refused.pop(learner, None)
        self._taken[learner] += 1
        self.answered += 1

    def release(self, learner: str) -> None:
        """Give a seat back."""
        self._taken[learner] -= 1
        if not self._taken[learner]:
            del self._taken[learner]

    def count(self, tokens: int) -> None:
        """Count tokens that were sent."""
        self.tokens += tokens

    def now(self) -> dict[str, int]:
        """Return how many replies each learner is getting, the busiest first."""
        return dict(self._taken.most_common())

    def _forget(self) -> None:
        now = self._clock()
        old = [name for name, at in self._refused.items() if now - at > _REMEMBERED]
        for name in old:
            del self._refused[name]


def live_line(limiter: ConcurrencyLimiter, tokens: float) -> str:
    """Return the line that tells who streams how much.

    Args:
        limiter: The limiter.
        tokens: Tokens per second of all streams together.
    """
    now = limiter.now()
    busiest = ", ".join(f"{name} {count}" for name, count in list(now.items())[:3])
    line = f"{_count(sum(now.values()), 'reply', 'replies')} to {_count(len(now), 'learner')}"
    line += f" · {tokens:.0f} tokens/s · {_count(limiter.answered, 'reply', 'replies')} so far"
    if limiter.refusals:
        line += f", {limiter.refusals} refused"
    return f"{line} · {busiest}" if busiest else line


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
