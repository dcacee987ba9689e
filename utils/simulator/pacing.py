"""`plan` schedules a reply for `compose`; `due` yields its bytes on time for `response`.

Each deadline is relative to the arrival of the request. Sleeping for one gap after each token
instead would accumulate delays: gaps of 20 ms would become 21.6 ms.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from itertools import accumulate
from typing import Literal, NamedTuple

from .profiles import Profile

Clock = Callable[[], float]
SLACK = 0.0005  # seconds; a deadline this close counts as reached: timer resolution is 1 ms
# maximum number of items sent before backpressure from a slow client is noticed
_MAX_BATCH = 32


class Plan(NamedTuple):
    """The schedule of one reply. Times are in seconds since the request arrived, at speed 1."""

    opening: float  # when a stream's first event, which has no text, is sent
    tokens: tuple[float, ...]  # when each token is generated
    end: float  # when the reply is complete


def plan(profile: Profile, tokens: int, rng: random.Random, reasoning: int = 0) -> Plan:
    """Return a random schedule for a reply of `tokens` tokens.

    The TTFT is log-normally distributed around the profile's median. Later tokens follow at the
    profile's rate, with random stalls. If `profile.thinks`, the first `reasoning` tokens are
    spread evenly between the opening and the answer.
    """
    ttft = profile.ttft * rng.lognormvariate(0, profile.spread)
    opening = profile.opening * ttft
    before = reasoning if profile.thinks else 0  # number of tokens before the answer
    step = (ttft - opening) / (before + 1)
    reasoning_times = [opening + (index + 1) * step for index in range(before)]
    gap = profile.gap(tokens)
    chance = profile.stall_chance
    # seconds of stall before each token of the answer; the first has none
    stalls = [
        profile.stall if index and chance and rng.random() < chance else 0.0
        for index in range(tokens - before)
    ]
    times = [ttft + index * gap + stalled for index, stalled in enumerate(accumulate(stalls))]
    last = times[-1] if times else ttft
    return Plan(opening, (*reasoning_times, *times), max(last, profile.total or 0.0))


class Piece(NamedTuple):
    """A fragment of a reply: the content of one chunk."""

    at: float  # when to send the piece, in seconds since the request arrived, at speed 1
    part: int  # index of the reply part that the piece belongs to
    text: str
    tokens: int = 1  # number of tokens in the text


class TimedBytes(NamedTuple):
    """Bytes, and when to send them."""

    at: float  # when to send the bytes, in seconds since the request arrived, at speed 1
    data: bytes
    tokens: int = 0  # number of reply tokens in the bytes
    # how a failed reply ends after these bytes: the response completes ("failed"), or the
    # connection is reset ("reset")
    ends: Literal["", "failed", "reset"] = ""


async def due(
    items: Iterable[TimedBytes],
    start: float,
    speed: float,
    until: Callable[[float], Awaitable[bool]],
    clock: Clock,
) -> AsyncIterator[list[TimedBytes]]:
    """Yield bytes at their deadlines, `start + at / speed`; stop when the client disconnects.

    Items that are on time are yielded one by one. Overdue items are yielded together, so that a
    busy server catches up instead of falling further behind. `until` waits for a deadline and
    returns False if the client disconnects first.
    """
    ready: list[TimedBytes] = []
    for item in items:
        deadline = start + item.at / speed
        if deadline - clock() > SLACK or len(ready) == _MAX_BATCH:
            if ready:
                yield ready
                ready = []
            await asyncio.sleep(0)  # so that a disconnect can be detected
            if not await until(deadline):
                return
        ready.append(item)
    yield ready
