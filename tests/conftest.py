"""Fixtures for all tests, and Hypothesis's settings.

Settings that also apply to notebooks are in the root folder's `conftest.py`. That file sets
environment variables before the tests start, so fixtures import the course's modules only when
they run.
"""

import sys

import pytest
from hypothesis import HealthCheck, settings

# Slowness isn't a failure: it depends on the machine as much as on the code under test.
settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


@pytest.fixture(autouse=True)
def _no_connection_of_a_closed_loop():
    """Make the models in each test open new connections.

    Models share an HTTP client, whose idle connections belong to the event loop that opened them
    and would fail in the next test, which has its own loop.
    """
    for module, name in (
        ("langchain_openai.chat_models._client_utils", "_cached_async_httpx_client"),
        ("utils.provider", "_clients"),
    ):
        if module in sys.modules:
            getattr(sys.modules[module], name).cache_clear()


@pytest.fixture
def shared(monkeypatch):
    """Replace the process's shared simulator during the test; at first, none is running."""
    from utils.simulator import client

    fresh = client.Shared()
    monkeypatch.setattr(client, "shared", fresh)
    yield fresh
    if fresh.simulator is not None:
        fresh.simulator.stop()


@pytest.fixture
def virtual():
    """Yield a simulator that runs in this process, in virtual time."""
    from tests.simulator.virtual import VirtualSimulator

    simulator = VirtualSimulator()
    yield simulator
    simulator.close()
