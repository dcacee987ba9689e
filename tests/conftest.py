"""What holds for every test: the simulator alone answers, faster than real, on a direct line."""

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

from tools.suite import suite_environ


def pytest_configure(config: pytest.Config) -> None:
    """Give tests the variables of `course.py test`, however pytest was started.

    Before anything is imported, so that no developer's key or proxy reaches a test by an import.
    """
    environ = suite_environ()
    for name in set(os.environ) - set(environ):
        del os.environ[name]
    os.environ.update(environ)


# How quickly inputs are made says something of the machine, and nothing of the code under test.
settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


@pytest.fixture(autouse=True)
def _no_connection_of_a_closed_loop() -> None:
    """Let every test's models connect anew.

    LangChain's models share an HTTP client, whose idle connections belong to the event loop that
    made them: the next test has a loop of its own, and fails on theirs.
    """
    utils = sys.modules.get("langchain_openai.chat_models._client_utils")
    if utils is not None:
        utils._cached_async_httpx_client.cache_clear()
