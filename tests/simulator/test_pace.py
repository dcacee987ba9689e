"""The times at which a reply's pieces reach `ChatOpenAI`, measured in virtual time."""

import asyncio
from contextlib import aclosing, closing
from itertools import islice
from typing import Any

import openai
import pytest

from tests.simulator.virtual import VirtualSimulator
from utils.simulator.content import prepared_replies
from utils.simulator.profiles import PROFILES
from utils.timing import Recording, record, record_call

PROMPT = "How does a rainbow form?"
RAINBOW = prepared_replies.answer("rainbow")


def streamed(virtual: VirtualSimulator, name: str) -> Recording:
    run = record(virtual.chat(name).stream(PROMPT), clock=virtual.clock)
    list(run)
    return run.recording


# Seconds until the role chunk, the first token and the end of a reply from `sim-seed`.
ROLE, FIRST, END = pytest.approx(0.12), pytest.approx(0.2), pytest.approx(10.0)
LATE = pytest.approx(10.0, abs=0.1)  # seconds until buffered text arrives


def test_a_stream_has_its_profiles_pace(virtual: VirtualSimulator) -> None:
    seed = streamed(virtual, "sim-seed")
    assert (seed.text, seed.ttfb, seed.ttft, seed.e2e) == (RAINBOW, ROLE, FIRST, END)
    assert seed.gaps == pytest.approx([seed.tpot] * (len(seed.gaps)))


@pytest.mark.parametrize("name", ["fast", "chat", "frontier", "laptop"])
def test_tokens_arrive_at_the_profiles_rate(virtual: VirtualSimulator, name: str) -> None:
    run = streamed(virtual, f"sim-{name}")
    (request,) = virtual.requests()
    assert (run.ttft, run.tpot) == pytest.approx((request.planned_ttft, 1 / PROFILES[name].rate))


def test_a_reply_that_is_not_streamed_takes_as_long(virtual: VirtualSimulator) -> None:
    model = virtual.chat("sim-seed")
    assert record_call(model.invoke, PROMPT, clock=virtual.clock)[1].e2e == END


def test_the_speed_divides_all_times() -> None:
    virtual = VirtualSimulator(speed=10)
    run = streamed(virtual, "sim-seed")
    virtual.close()
    assert (run.ttft, run.e2e) == pytest.approx((0.02, 1.0))


def test_buffered_text_arrives_at_the_end(virtual: VirtualSimulator) -> None:
    run = streamed(virtual, "sim-seed:buffered")
    assert (run.text, run.ttft, run.e2e) == (RAINBOW, LATE, LATE)
    assert max(run.gaps) < 0.01


def test_a_stall_lengthens_one_gap(virtual: VirtualSimulator) -> None:
    plain, stalled = streamed(virtual, "sim-seed"), streamed(virtual, "sim-seed:stall@5,7")
    gaps = list(plain.gaps)
    gaps[4] += 7  # the gap after the fifth token
    assert stalled.gaps == pytest.approx(gaps)


@pytest.mark.parametrize(
    ("fault", "error"), [("drop@8", openai.APIConnectionError), ("error@8", openai.APIError)]
)
def test_a_reply_fails_when_its_next_token_is_due(
    virtual: VirtualSimulator, fault: str, error: type[Exception]
) -> None:
    whole = streamed(virtual, "sim-seed")
    run = record(virtual.chat(f"sim-seed:{fault}").stream(PROMPT), clock=virtual.clock)
    with pytest.raises(error):
        list(run)
    assert run.recording.e2e == pytest.approx(0.2 + sum(whole.gaps[:8]))
    assert virtual.requests()[-1].ended == "failed"


def test_generation_stops_when_the_client_disconnects(virtual: VirtualSimulator) -> None:
    with closing(virtual.chat("sim-seed").stream(PROMPT)) as stream:
        texts = (chunk.text for chunk in stream if chunk.text)
        assert len(list(islice(texts, 3))) == 3
        virtual.sleep(2)
    (request,) = virtual.requests()
    whole = len(streamed(virtual, "sim-seed").pieces)
    generated = 3 + int(2 / request.planned_gap)
    assert (request.ended, request.tokens_sent) == ("client left", generated)
    assert generated + request.tokens_unsent == virtual.requests()[1].tokens_sent <= whole
    third_token = 0.2 + 2 * request.planned_gap
    assert request.ended_at - request.first_byte == pytest.approx(third_token - 0.12 + 2)


def test_a_timeout_ends_a_reply_that_is_not_streamed(virtual: VirtualSimulator) -> None:
    with pytest.raises(openai.APITimeoutError):
        virtual.chat("sim-seed", timeout=1.5).invoke(PROMPT)
    (request,) = virtual.requests()
    assert (request.ended, request.tokens_sent) == ("client left", 0)
    assert request.ended_at - request.received == pytest.approx(1.5)
    assert request.tokens_unsent > 0


def test_cancelling_a_task_ends_its_reply(virtual: VirtualSimulator) -> None:
    async def read() -> None:
        async with aclosing(virtual.chat("sim-seed").astream(PROMPT)) as stream:
            async for _ in stream:
                pass

    async def cancelled() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(read(), 4)

    virtual.run(cancelled())
    (request,) = virtual.requests()
    assert request.ended == "client left"
    assert request.ended_at - request.received == pytest.approx(4)


def test_concurrent_replies_take_as_long_as_one(virtual: VirtualSimulator) -> None:
    async def crowd() -> list[Any]:
        model = virtual.chat("sim-seed")
        return await asyncio.gather(*(model.ainvoke(f"Question {n}") for n in range(20)))

    began = virtual.clock()
    assert len(virtual.run(crowd())) == 20
    assert virtual.clock() - began == END


def test_two_streams_read_in_turn_do_not_delay_each_other(virtual: VirtualSimulator) -> None:
    began = virtual.clock()
    for _ in zip(*(virtual.chat("sim-seed").stream(PROMPT) for _ in "ab"), strict=True):
        pass
    # The second stream starts after the first one's role chunk, which arrives after 0.12 s.
    assert virtual.clock() - began == pytest.approx(10 + 0.12)


def test_retries_wait_as_long_as_the_server_requests(virtual: VirtualSimulator) -> None:
    began = virtual.clock()
    virtual.run(virtual.chat("sim-seed:429@2,3", max_retries=2).ainvoke(PROMPT))
    assert virtual.clock() - began == pytest.approx(10 + 2 * 3, rel=0.01)
    assert [request.status for request in virtual.requests()] == [429, 429, 200]
