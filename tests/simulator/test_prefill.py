"""The timing of `sim-prefill`, compared with the formula in `utils/simulator/prefill.py`."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from tests.simulator.virtual import KEY, VirtualSimulator
from utils.simulator import prefill
from utils.simulator.prefill import Capacity, ModelServer
from utils.simulator.profiles import PROFILES
from utils.timing import Recording, arecord, record

PROFILE = PROFILES["prefill"]
FIRST, RATE, SLOTS = 0.2, 10_000, 4  # base TTFT in seconds, tokens/s, concurrent replies
QUESTION = "Name a river."


def manual(rules: int, first: str = "A", last: str = "Z") -> str:
    """Return this many rules, between a line that ends in `first` and one that ends in `last`."""
    lines = "".join(f"Rule {n}: check the date before any refund.\n" for n in range(rules))
    return f"Version {first}\n{lines}Version {last}"


@pytest.fixture
def exact() -> Iterator[VirtualSimulator]:
    """Run a simulator whose profile has no random spread, so that its times are predictable."""
    simulator = VirtualSimulator(profile=replace(PROFILE, spread=0.0))
    yield simulator
    simulator.close()


def ask(virtual: VirtualSimulator, system: str, name: str = "sim", **options: Any) -> Recording:
    messages = [("system", system), ("user", QUESTION)]
    run = record(virtual.chat(name, **options).stream(messages), clock=virtual.clock)
    list(run)
    return run.recording


def tokens(recording: Recording) -> tuple[int, int]:
    """Return the number of prompt tokens, and how many of them were reported as cached."""
    assert recording.usage
    details = recording.usage["input_token_details"]
    return recording.usage["input_tokens"], details["cache_read"]


def formula(prompt: int, cached: int = 0, wait: float = 0.0) -> Any:
    """Return the expected TTFT for a number of prompt tokens and a wait in the queue."""
    return pytest.approx(wait + FIRST + (prompt - cached) / RATE, rel=0.02)


@pytest.mark.parametrize(
    ("first", "last", "is_cached"),
    [("A", "Z", True), ("A", "Y", True), ("B", "Z", False)],
    ids=["the same prompt", "a changed last line", "a changed first line"],
)
def test_only_a_shared_prefix_is_cached(
    exact: VirtualSimulator, first: str, last: str, is_cached: bool
) -> None:
    ask(exact, manual(1000))
    again = ask(exact, manual(1000, first, last))
    prompt, cached = tokens(again)
    assert cached % prefill.BLOCK == 0
    assert (prompt - 2 * prefill.BLOCK < cached < prompt) if is_cached else cached == 0
    assert again.ttft == formula(prompt, cached)


def test_twenty_clients_wait_for_the_slots(exact: VirtualSimulator) -> None:
    async def client(number: int) -> Recording:
        messages = [("system", manual(200, first=f"{number:03}")), ("user", QUESTION)]
        model = exact.chat("sim", max_tokens=20)
        async with arecord(model.astream(messages), clock=exact.clock) as run:
            async for _ in run:
                pass
        return run.recording

    async def crowd() -> list[Recording]:
        return await asyncio.gather(*(client(number) for number in range(20)))

    replies = sorted(exact.run(crowd()), key=lambda reply: reply.ttft or 0)
    for place, reply in enumerate(replies):
        prompt, cached = tokens(reply)
        assert reply.usage
        assert (reply.usage["output_tokens"], cached) == (20, 0)
        service = FIRST + prompt / RATE + 19 / PROFILE.rate  # seconds for a whole reply
        assert reply.ttft == formula(prompt, wait=place // SLOTS * service)
        after_opening = (1 - PROFILE.opening) * FIRST  # seconds from role chunk to first token
        assert (reply.ttft or 0) - (reply.ttfb or 0) == pytest.approx(after_opening, rel=0.02)


def test_a_client_that_disconnects_frees_its_slot(exact: VirtualSimulator) -> None:
    model = exact.chat("sim")
    for _ in range(SLOTS):
        with closing(model.stream("How does a rainbow form?")) as stream:
            assert next(stream).content == ""
    last = ask(exact, "Be brief.")
    assert last.ttft == formula(tokens(last)[0])


@pytest.mark.parametrize(("ends_at", "wait"), [(1, 4), (6, 0)], ids=["queued", "in its slot"])
def test_a_request_that_ends_early_frees_only_its_own_time(ends_at: float, wait: float) -> None:
    server = ModelServer(Capacity(RATE, slots=1))
    first = server.admit("a", 0)
    first.hold(5)
    second = server.admit("b", 0)
    second.hold(second.wait + 5)
    first.leave(1)
    assert server.admit("c", 1).wait == 9
    second.leave(ends_at)
    assert server.admit("c", ends_at).wait == wait


def test_a_prompt_is_cached_once_its_prefill_has_ended() -> None:
    server = ModelServer(Capacity(RATE, SLOTS))
    prompt = range(20_000)  # numbers in place of tokens; the prefill takes 2 s
    places = [server.admit(prompt, now) for now in (0, 1.9, 2.1)]
    assert [place.cached for place in places] == [0, 0, 20_000 // prefill.BLOCK * prefill.BLOCK]
    assert server.admit([*range(5_000), *"changed" * 100], 9).cached == 4_992


@pytest.mark.parametrize(
    ("length", "cached"), [(1024, 0), (1025, 1024), (1152, 1024), (1153, 1152)]
)
def test_short_prompts_are_never_cached_and_long_ones_never_fully(length: int, cached: int) -> None:
    server = ModelServer(Capacity(RATE, SLOTS))
    server.admit(range(length), 0)
    assert server.admit(range(length), 9).cached == cached


def test_each_learner_has_a_server(exact: VirtualSimulator) -> None:
    runs = [ask(exact, manual(1000), api_key=f"{KEY}/{name}") for name in ("ada", "ben", "ada")]
    assert [tokens(run)[1] > 0 for run in runs] == [False, False, True]


def test_the_responses_api_reports_cached_tokens_too(exact: VirtualSimulator) -> None:
    client = exact.openai()
    for cached in (0, 1024):
        reply = client.responses.create(model="sim", instructions=manual(100), input=QUESTION)
        assert reply.usage
        assert reply.usage.input_tokens_details.cached_tokens == cached


def test_tools_precede_the_instructions(exact: VirtualSimulator) -> None:
    client = exact.openai()
    messages: list[Any] = [{"role": "system", "content": manual(200)}]
    messages.append({"role": "user", "content": QUESTION})

    def cached(*names: str) -> int:
        tools: list[Any] = [{"type": "function", "function": {"name": name}} for name in names]
        given: Any = {"tools": tools} if tools else {}
        reply = client.chat.completions.create(model="sim", messages=messages, **given)
        assert reply.usage
        assert reply.usage.prompt_tokens_details
        return reply.usage.prompt_tokens_details.cached_tokens or 0

    assert [cached(), cached("a"), cached("b")] == [0, 0, 0], "each prompt begins differently"
    assert cached("b") > 0


def test_other_profiles_have_no_queue_and_no_cache(virtual: VirtualSimulator) -> None:
    runs = [ask(virtual, manual(rules), "sim-seed") for rules in (1, 2000, 2000)]
    assert [run.ttft for run in runs] == pytest.approx([0.2] * 3)
    assert [tokens(run)[1] for run in runs] == [0, 0, 0]


def test_the_ttft_varies_reproducibly_around_the_formula() -> None:
    runs = []
    for _ in range(2):
        virtual = VirtualSimulator()
        runs.append([ask(virtual, "Be brief.", "sim-prefill").ttft for _ in range(5)])
        virtual.close()
    assert runs[0] == pytest.approx(runs[1])
    assert len(set(runs[0])) == 5
    assert all(0.17 < (ttft or 0) < 0.24 for ttft in runs[0])
