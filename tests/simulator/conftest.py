"""A simulator in its own process, 20 times as fast as real time, and an `openai` client for it."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from utils.simulator import Simulator


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    simulator = Simulator(speed=20)
    yield simulator
    simulator.stop()


@pytest.fixture(scope="module")
def client(server: Simulator) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0) as client:
        yield client
