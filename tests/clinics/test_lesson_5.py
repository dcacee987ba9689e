"""Lesson 5's clinic: four programs with retries, distinguishable by their measurements."""

import pytest
import pytest_asyncio

from utils.clinics import retries
from utils.provider import _clients, chat_model

PROMPT = "Tell me a short story about a lighthouse."
FIRST = "The lighthouse at Carrow Point"


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def run_all():
    return {name: await program(PROMPT) for name, program in retries().items()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cases():
    # A cached HTTP client belongs to one event loop: clear the cache before and after these tests.
    _clients.cache_clear()
    yield await run_all()
    _clients.cache_clear()


async def test_each_program_can_be_told_by_its_figures(cases):
    whole = (await chat_model("fast", simulated=True).ainvoke(PROMPT)).content
    doubled, truncated, healthy, lost = (cases[name] for name in "ABCD")

    assert (healthy.shown, healthy.requests, healthy.finish) == (whole, 2, "stop")
    assert (doubled.requests, doubled.finish) == (2, "stop")
    assert doubled.shown.endswith(whole)
    assert doubled.shown.count(FIRST) == 2
    assert (truncated.requests, truncated.finish) == (1, None)
    assert whole.startswith(truncated.shown)
    assert truncated.shown.count(FIRST) == 1
    assert (lost.requests, lost.finish) == (2, "stop")
    assert lost.shown.count(FIRST) == 1, "its beginning should not give it away"
    assert lost.shown[-40:] == whole[-40:], "nor should its end"
    assert len(lost.shown) < len(whole)


async def test_the_programs_do_the_same_each_time(cases):
    assert await run_all() == cases
