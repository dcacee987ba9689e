"""When each piece of a reply leaves: the plan of a reply, and waiting for its deadlines.

Every deadline is absolute, counted from the request's arrival. A server that sleeps one gap after
each token drifts (21.6 ms for gaps of 20 ms); one that aims at `start + k * gap` does not.
What the pieces hold is `wire`; in which company they travel is `delivery`.
"""

from __future__ import annotations

import asyncio
import random
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from .profiles import Profile

Clock = Callable[[], float]
_SLACK = 0.0005  # s; timers are no finer than a millisecond


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

    def generated(self, seconds: float) -> int:
        """Return how many tokens exist `seconds` after the request came."""
        return bisect_right(self.tokens, seconds)


def plan(profile: Profile, tokens: int, rng: random.Random) -> Plan:
    """Draw the schedule of a reply of `tokens` tokens.

    TTFT is log-normal around the profile's median; the rest follows at the profile's rate, with
    its stalls.
    """
    ttft = profile.ttft * rng.lognormvariate(0, profile.spread) if profile.spread else profile.ttft
    gap = profile.gap(tokens)
    chance = profile.stall_chance
    stalls = [
        profile.stall if index and chance and rng.random() < chance else 0.0
        for index in range(tokens)
    ]
    times = tuple(ttft + index * gap + stalled for index, stalled in enumerate(accumulate(stalls)))
    last = times[-1] if times else ttft
    return Plan(profile.opening * ttft, times, max(last, profile.total or 0.0))


@dataclass(frozen=True)
class Parcel:
    """Bytes that leave together.

    Attributes:
        at: When they leave, in seconds of the profile's time since the request came.
        data: The bytes.
        tokens: How many tokens of the reply they hold.
    """

    at: float
    data: bytes
    tokens: int = 0


class Presence:
    """Whether the client is still there, and waits that end at once when it leaves."""

    def __init__(
        self, receive: Callable[[], Awaitable[Any]], clock: Clock = time.perf_counter
    ) -> None:
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

    def close(self) -> None:
        """Stop listening."""
        self._listener.cancel()


def _wake(nap: asyncio.Future[None]) -> None:
    if not nap.done():
        nap.set_result(None)


async def due(
    parcels: Iterable[Parcel],
    start: float,
    speed: float,
    until: Callable[[float], Awaitable[bool]],
    clock: Clock = time.perf_counter,
) -> AsyncIterator[list[Parcel]]:
    """Yield parcels at their deadlines, `start + at / speed`; stop when the client leaves.

    On time, each comes alone. What is overdue comes together: a busy server catches up by sending
    more at once, never by sending later and later.
    """
    ready: list[Parcel] = []
    for parcel in parcels:
        deadline = start + parcel.at / speed
        if deadline - clock() > _SLACK:
            if ready:
                yield ready
                ready = []
            if not await until(deadline):
                return
        ready.append(parcel)
    if ready:
        yield ready
