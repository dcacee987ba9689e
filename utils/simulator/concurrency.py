"""A shared server's limit on concurrent replies, and the line that shows its load.

A learner is identified by the name after the key (`our-class/ada`) or, without a name, by network
address.
"""

from collections import Counter

from . import errors
from .pacing import Clock

_WAITING = 5.0  # how long a learner counts as waiting after a refusal, in seconds


class ConcurrencyLimiter:
    """Limits concurrent replies and divides the limit fairly among learners.

    While others wait, a learner's share is the limit divided by the number of learners who are
    streaming or waiting. Otherwise, one learner may use the whole limit. Replies in progress are
    never interrupted.
    """

    def __init__(self, clock: Clock, limit: int | None = None) -> None:
        self._limit = limit
        self._clock = clock
        self._active: Counter[str] = Counter()  # number of replies in progress, by learner
        self._refused: dict[str, float] = {}  # when each learner was last refused
        # totals since the server started
        self.tokens = 0
        self.replies = 0
        self.refusals = 0

    def acquire(self, learner: str) -> None:
        """Admit a reply and count it as active until `release`.

        Raises:
            ApiError: 429 if the server is full, or if others are waiting and this learner already
                has a full share.
        """
        if self._limit is not None:
            now = self._clock()
            self._refused = {name: at for name, at in self._refused.items() if now - at <= _WAITING}
            waiting = self._refused.keys() - {learner}
            sharing = self._active.keys() | waiting | {learner}
            share = max(1, self._limit // len(sharing))
            own = self._active.get(learner, 0)
            if self._active.total() >= self._limit or (waiting and own >= share):
                self._refused[learner] = now
                self.refusals += 1
                raise errors.rate_limited(
                    f"This shared simulator sends at most {self._limit} replies at a time and is "
                    f"full; {own} of them are yours."
                )
            self._refused.pop(learner, None)
        self._active[learner] += 1
        self.replies += 1

    def release(self, learner: str) -> None:
        """Stop counting a reply as active."""
        self._active[learner] -= 1
        if not self._active[learner]:
            del self._active[learner]

    def count(self, tokens: int) -> None:
        """Add `tokens` to the total number of tokens sent."""
        self.tokens += tokens

    def active(self) -> dict[str, int]:
        """Return each learner's number of replies in progress, highest first."""
        return dict(self._active.most_common())


def live_line(limiter: ConcurrencyLimiter, tokens: float, width: int | None = None) -> str:
    """Return the load in at most `width` characters; `tokens` were sent in the last second."""
    active = limiter.active()
    busiest = ", ".join(f"{name} {count}" for name, count in list(active.items())[:3])
    line = f"{_count(sum(active.values()), 'reply', 'replies')} to {_count(len(active), 'learner')}"
    line += f" · {tokens:.0f} tokens/s · {_count(limiter.replies, 'reply', 'replies')} so far"
    if limiter.refusals:
        line += f", {limiter.refusals} refused"
    return (f"{line} · {busiest}" if busiest else line)[:width]


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
