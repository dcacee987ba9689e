"""What tests share, beside what holds for notebooks under nbval, too: the `conftest.py` above."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.simulator.virtual import VirtualSimulator

# How quickly inputs are made says something of the machine, and nothing of the code under test.
settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


@pytest.fixture(autouse=True)
def _no_connection_of_a_closed_loop() -> None:
    """Let every test's models connect anew.

    Models share an HTTP client, whose idle connections belong to the event loop that made them:
    the next test has a loop of its own, and fails on theirs.
    """
    for module, name in (
        ("langchain_openai.chat_models._client_utils", "_cached_async_httpx_client"),
        ("utils.provider", "_clients"),
    ):
        if module in sys.modules:
            getattr(sys.modules[module], name).cache_clear()


@pytest.fixture
def virtual() -> Iterator[VirtualSimulator]:
    """The simulator in this process on virtual time."""
    from tests.simulator.virtual import VirtualSimulator  # after the variables are set

    simulator = VirtualSimulator()
    yield simulator
    simulator.close()
