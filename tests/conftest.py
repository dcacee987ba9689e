"""Fixtures for all tests. The `conftest.py` in the root folder also applies to nbval."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.simulator.virtual import VirtualSimulator
    from utils.simulator.client import Shared

# How fast inputs are generated depends on the machine, not on the code under test.
settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


@pytest.fixture(autouse=True)
def _no_connection_of_a_closed_loop() -> None:
    """Make every test's models open new connections.

    Models share an HTTP client, whose idle connections belong to the event loop that made them:
    the next test has its own loop, on which they would fail.
    """
    for module, name in (
        ("langchain_openai.chat_models._client_utils", "_cached_async_httpx_client"),
        ("utils.provider", "_clients"),
    ):
        if module in sys.modules:
            getattr(sys.modules[module], name).cache_clear()


@pytest.fixture(scope="module")
def started() -> Iterator[Shared]:
    """Yield a separate `Shared` for a module's tests; stop its simulator, if any, after them."""
    yield from own_shared()


def own_shared() -> Iterator[Shared]:
    from utils.simulator.client import Shared  # imported after the variables are set

    shared = Shared()
    yield shared
    if shared.simulator is not None:
        shared.simulator.stop()


@pytest.fixture
def virtual() -> Iterator[VirtualSimulator]:
    """Run the simulator in this process, in virtual time."""
    from tests.simulator.virtual import VirtualSimulator  # imported after the variables are set

    simulator = VirtualSimulator()
    yield simulator
    simulator.close()
