"""Fixtures that run simulators in separate processes, faster than real time or at real speed."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from utils.simulator import Simulator

SPEED = 20.0


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    simulator = Simulator(speed=SPEED)
    yield simulator
    simulator.stop()


@pytest.fixture(scope="module")
def unhurried() -> Iterator[Simulator]:
    """Run a simulator at real speed, so that clients have time to disconnect during a reply."""
    simulator = Simulator(speed=1)
    yield simulator
    simulator.stop()


@pytest.fixture(scope="module")
def client(server: Simulator) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0) as client:
        yield client
