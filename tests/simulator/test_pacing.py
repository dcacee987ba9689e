import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from utils.simulator.pacing import Plan, TimedBytes, due, plan
from utils.simulator.profiles import PROFILES, UnknownProfileError, profile_named


class FakeClock:
    """A clock that advances only while waiting, optionally a little too far."""

    def __init__(self, late: float = 0.0) -> None:
        self.now = 100.0
        self._late = late

    def __call__(self) -> float:
        return self.now

    async def until(self, moment: float) -> bool:
        self.now = max(self.now, moment) + self._late
        return True


def parcels(count: int, gap: float) -> Iterator[TimedBytes]:
    return (TimedBytes(1 + index * gap, b"%d " % index, tokens=1) for index in range(count))


async def deliveries(
    clock: FakeClock, source: Iterator[TimedBytes], speed: float = 1.0
) -> list[float]:
    return [clock.now - 100 async for _ in due(source, 100.0, speed, clock.until, clock)]


async def test_lateness_does_not_add_up() -> None:
    clock = FakeClock(late=0.004)
    times = await deliveries(clock, parcels(100, 0.02))
    assert len(times) == 100
    assert times[-1] == pytest.approx(1 + 99 * 0.02 + 0.004)


async def test_what_is_overdue_leaves_together() -> None:
    clock = FakeClock(late=0.05)
    batches = [batch async for batch in due(parcels(100, 0.02), 100.0, 1.0, clock.until, clock)]
    assert len(batches) < 50
    assert b"".join(parcel.data for batch in batches for parcel in batch).split()[-1] == b"99"
    assert clock.now - 100 <= 1 + 99 * 0.02 + 0.05 + 1e-9


async def test_speed_divides_every_wait() -> None:
    slow = await deliveries(FakeClock(), parcels(10, 0.5))
    fast = await deliveries(FakeClock(), parcels(10, 0.5), speed=10)
    assert fast == pytest.approx([time / 10 for time in slow])


async def test_nothing_is_made_once_the_client_has_left() -> None:
    made = []

    def model() -> Iterator[TimedBytes]:
        for parcel in parcels(100, 0.02):
            made.append(parcel)
            yield parcel

    clock = FakeClock()

    async def until_left(moment: float) -> bool:
        return await clock.until(moment) and len(made) < 10

    sent = [batch async for batch in due(model(), 100.0, 1.0, until_left, clock)]
    assert len(sent) == 9
    assert len(made) == 10


@pytest.mark.parametrize("length", [1, 2, 40, 400])
def test_a_seed_reply_takes_ten_seconds_whatever_its_length(length: int) -> None:
    schedule = plan(PROFILES["seed"], length, random.Random(1))
    assert schedule.tokens[0] == 0.2
    assert schedule.end == pytest.approx(10.0)


@pytest.mark.parametrize("name", PROFILES)
def test_the_role_chunk_leaves_before_the_first_text(name: str) -> None:
    schedule = plan(PROFILES[name], 10, random.Random(1))
    assert 0 < schedule.opening < schedule.tokens[0]


@pytest.mark.parametrize("name", ["fast", "chat", "frontier", "reasoning", "laptop"])
def test_tokens_follow_at_the_profiles_rate(name: str) -> None:
    times = plan(PROFILES[name], 101, random.Random(1)).tokens
    assert (times[-1] - times[0]) / 100 == pytest.approx(1 / PROFILES[name].rate)


@pytest.mark.parametrize("name", PROFILES)
def test_the_median_ttft_is_the_profiles(name: str) -> None:
    rng = random.Random(1)
    drawn = sorted(plan(PROFILES[name], 1, rng).tokens[0] for _ in range(2001))
    assert drawn[1000] == pytest.approx(PROFILES[name].ttft, rel=0.1)


def test_an_overloaded_server_stalls() -> None:
    times = plan(PROFILES["overloaded"], 400, random.Random(1)).tokens
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) > 20 * min(gaps)


def test_the_same_seed_draws_the_same_plan() -> None:
    draws = [plan(PROFILES["overloaded"], 50, random.Random(7)) for _ in range(2)]
    assert draws[0] == draws[1]


def test_a_plan_that_is_cut_ends_with_its_last_token() -> None:
    schedule = Plan(0.1, (0.2, 0.3, 0.4), 0.4)
    assert schedule.cut(2) == Plan(0.1, (0.2, 0.3), 0.3)
    assert schedule.cut(3) == schedule
    assert schedule.cut(0).tokens == ()


def test_a_plan_tells_how_much_was_generated_by_then() -> None:
    schedule = Plan(0.1, (0.2, 0.3, 0.4), 0.4)
    assert [schedule.generated(moment) for moment in (0.1, 0.2, 0.35, 9)] == [0, 1, 2, 3]


def test_a_model_that_thinks_fills_the_wait_for_its_answer_with_thoughts() -> None:
    schedule = plan(PROFILES["reasoning"], 30, random.Random(1), reasoning=20)
    plain = plan(PROFILES["reasoning"], 10, random.Random(1))
    assert schedule.tokens[20:] == plain.tokens
    assert schedule.opening < schedule.tokens[0] < schedule.tokens[19] < schedule.tokens[20]


def test_an_unknown_profile_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(UnknownProfileError, match=r"slow.*seed, fast, chat"):
        profile_named("slow")
