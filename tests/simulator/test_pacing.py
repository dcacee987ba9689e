"""Reply schedules (`plan`) and the timed delivery of items (`due`), tested with a fake clock."""

import asyncio
import random
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from utils.simulator.pacing import TimedBytes, due, plan
from utils.simulator.profiles import PROFILES


class FakeClock:
    """A clock that advances only in `until`, which always returns `late` seconds too late."""

    def __init__(self, late: float) -> None:
        self.now = 100.0
        self._late = late
        self.connected = True

    def __call__(self) -> float:
        return self.now

    async def until(self, moment: float) -> bool:
        self.now = max(self.now, moment) + self._late
        return self.connected


LAST = 1 + 99 * 0.02  # when the last item should be sent, in seconds after the start


def delivered(clock: FakeClock) -> AsyncIterator[list[TimedBytes]]:
    """Deliver 100 items: the first is due after 1 s, the others at intervals of 0.02 s."""
    items = (TimedBytes(1 + index * 0.02, b"%d " % index) for index in range(100))
    return due(items, start=100.0, speed=1.0, until=clock.until, clock=clock)


async def test_lateness_does_not_add_up() -> None:
    clock = FakeClock(late=0.004)
    times = [clock.now - 100 async for _ in delivered(clock)]
    assert len(times) == 100
    assert times[-1] == pytest.approx(LAST + 0.004)


async def test_overdue_items_are_sent_together() -> None:
    clock = FakeClock(late=0.05)
    batches = [batch async for batch in delivered(clock)]
    assert len(batches) < 50
    assert batches[-1][-1].data == b"99 "
    assert clock.now - 100 <= LAST + 0.05 + 1e-9


async def test_a_disconnect_is_noticed_though_all_items_are_overdue() -> None:
    clock = FakeClock(late=0.0)
    clock.now += 60
    asyncio.get_running_loop().call_soon(setattr, clock, "connected", False)
    assert sum([len(batch) async for batch in delivered(clock)]) < 100


@pytest.mark.parametrize("name", PROFILES)
def test_the_role_chunk_precedes_the_text_whose_median_ttft_is_the_profiles(name: str) -> None:
    rng = random.Random(1)
    plans = [plan(PROFILES[name], tokens=1, rng=rng) for _ in range(2001)]
    assert all(0 < schedule.opening < schedule.tokens[0] for schedule in plans)
    median = sorted(schedule.tokens[0] for schedule in plans)[1000]
    assert median == pytest.approx(PROFILES[name].ttft, rel=0.1)


def test_an_overloaded_server_stalls() -> None:
    times = plan(PROFILES["overloaded"], tokens=400, rng=random.Random(1)).tokens
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) > 20 * min(gaps) > 0


def test_reasoning_fills_the_wait_for_the_answer() -> None:
    schedule = plan(PROFILES["reasoning"], tokens=30, rng=random.Random(1), reasoning=20)
    plain = plan(PROFILES["reasoning"], tokens=10, rng=random.Random(1))
    assert schedule.tokens[20:] == plain.tokens
    gap = (schedule.tokens[20] - schedule.opening) / 21
    evenly = [schedule.opening + number * gap for number in range(1, 21)]
    assert list(schedule.tokens[:20]) == pytest.approx(evenly)
    others = [plan(PROFILES["seed"], 30, random.Random(1), reasoning) for reasoning in (0, 20)]
    assert others[0] == others[1]
