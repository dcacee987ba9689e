"""When each piece of a reply leaves: the plan of a reply, and waiting for its deadlines.

Every deadline is absolute, counted from the request's arrival. A server that sleeps one gap after
each token drifts (21.6 ms for gaps of 20 ms); one that aims at `start + k * gap` does not.
What the pieces hold is `wire`; what happens to them on their way is `faults.delivery`.
"""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from .profiles import Profile

Clock = Callable[[], float]
_SLACK = 0.0005  # s; timers are no finer than a millisecond
_MOST_TOGETHER = 32  # parcels; between two such batches a client that doesn't read is waited for


@dataclass(frozen=True)
class Plan:
    """The schedule of one reply, in seconds of the profile's time since the request came.

    Attributes:
        opening: When the role-only chunk leaves.
        tokens: When each token is generated.
        end: When the reply is complete.
    """

    opening: float
    tokens: tuple[float, ...]
    end: float

    def cut(self, count: int) -> Plan:
        """Return the plan of the same reply, ended after `count` tokens."""
        if count >= len(self.tokens):
            return self
        kept = self.tokens[:count]
        return replace(self, tokens=kept, end=kept[-1] if kept else self.tokens[0])

    def delayed(self, after: int, seconds: float) -> Plan:
        """Return the plan of the same reply with a silence after `after` tokens."""
        times = [at + seconds if i >= after else at for i, at in enumerate(self.tokens)]
        return replace(self, tokens=tuple(times), end=self.end + seconds)

    def generated(self, seconds: float) -> int:
        """Return how many tokens exist `seconds` after the request came."""
        return bisect_right(self.tokens, seconds)


def plan(profile: Profile, tokens: int, rng: random.Random, thoughts: int = 0) -> Plan:
    """Draw the schedule of a reply of `tokens` tokens.

    TTFT is log-normal around the profile's median; the rest follows at the profile's rate, with
    its stalls. A profile that thinks fills the time before its first token of the answer with the
    `thoughts` tokens that come first; with any other, they are the first tokens.
    """
    ttft = profile.ttft * rng.lognormvariate(0, profile.spread) if profile.spread else profile.ttft
    opening = profile.opening * ttft
    before = thoughts if profile.thinks else 0
    gap = profile.gap(tokens - before)
    chance = profile.stall_chance
    stalls = [
        profile.stall if index and chance and rng.random() < chance else 0.0
        for index in range(tokens - before)
    ]
    step = (ttft - opening) / (before + 1)
    thinking = [opening + (index + 1) * step for index in range(before)]
    times = [ttft + index * gap + stalled for index, stalled in enumerate(accumulate(stalls))]
    last = times[-1] if times else ttft
    return Plan(opening, (*thinking, *times), max(last, profile.total or 0.0))


class Piece(NamedTuple):
    """What one chunk holds of a reply.

    Attributes:
        at: When it leaves, in seconds of the profile's time since the request came.
        part: Index of the part of the reply that it belongs to.
        text: What is said.
        tokens: How many tokens that is.
        also: What a recorded chunk of chat completions holds besides, as a part of a chunk.
    """

    at: float
    part: int
    text: str
    tokens: int = 1
    also: dict[str, Any] | None = None


class TimedBytes(NamedTuple):
    """Bytes that leave together.

    Attributes:
        at: When they leave, in seconds of the profile's time since the request came.
        data: The bytes.
        tokens: How many tokens of the reply they hold.
        ends: How the reply ends with them before its time: "failed" is a clean end of the
            response, "reset" a connection that breaks.
    """

    at: float
    data: bytes
    tokens: int = 0
    ends: Literal["", "failed", "reset"] = ""


class DisconnectWatcher:
    """Whether the client is still there, and waits that end at once when it leaves."""

    def __init__(self, receive: Callable[[], Awaitable[Any]], clock: Clock) -> None:
        self._clock = clock
        self._nap: asyncio.Future[None] | None = None
        self.left_at: float | None = None
        self._listener = asyncio.create_task(self._listen(receive))

    async def _listen(self, receive: Callable[[], Awaitable[Any]]) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left_at = self._clock()
        if self._nap is not None:
            _wake(self._nap)

    async def until(self, moment: float) -> bool:
        """Wait until the clock shows `moment`; return False if the client left instead."""
        loop = asyncio.get_running_loop()
        while self.left_at is None and (remaining := moment - self._clock()) > _SLACK:
            self._nap = loop.create_future()
            alarm = loop.call_later(remaining, _wake, self._nap)
            try:
                await self._nap
            finally:
                alarm.cancel()
                self._nap = None
        return self.left_at is None

    async def gone(self) -> None:
        """Wait until the client is gone."""
        await asyncio.wait([self._listener])

    def close(self) -> None:
        """Stop listening."""
        self._listener.cancel()


def _wake(nap: asyncio.Future[None]) -> None:
    if not nap.done():
        nap.set_result(None)


async def due(
    parcels: Iterable[TimedBytes],
    start: float,
    speed: float,
    until: Callable[[float], Awaitable[bool]],
    clock: Clock,
) -> AsyncIterator[list[TimedBytes]]:
    """Yield parcels at their deadlines, `start + at / speed`; stop when the client leaves.

    On time, each comes alone. What is overdue comes together: a busy server catches up by sending
    more at once, never by sending later and later.
    """
    ready: list[TimedBytes] = []
    for parcel in parcels:
        deadline = start + parcel.at / speed
        early = deadline - clock() > _SLACK
        if early or len(ready) == _MOST_TOGETHER:
            if ready:
                yield ready
                ready = []
            if not early:
                await asyncio.sleep(0)  # so that a client's leaving is noticed
            if not await until(deadline):
                return
        ready.append(parcel)
    if ready:
        yield ready
