"""What holds for every test: the simulator alone answers, faster than real, on a direct line."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from tools.suite import suite_environ

if TYPE_CHECKING:
    from tests.simulator.virtual import VirtualSimulator


def pytest_configure(config: pytest.Config) -> None:
    """Give tests the variables of `course.py test`, however pytest was started.

    Before anything is imported, so that no developer's key or proxy reaches a test by an import.
    """
    environ = suite_environ()
    for name in set(os.environ) - set(environ):
        del os.environ[name]
    os.environ.update(environ)
    if sys.platform == "linux":
        folder = tempfile.mkdtemp(prefix="kernels-")
        config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))
        speak_to_kernels_through_files(folder)


def speak_to_kernels_through_files(folder: str) -> None:
    """Let the kernels that tests start, nbval's among them, listen at sockets in `folder`.

    By default each looks up five free ports, and takes them half a second later: among tests that
    open hundreds of connections in that time, one finds a port taken now and then, and dies.
    """
    from jupyter_client.manager import KernelManager

    begin = KernelManager.__init__

    def begin_by_file(self: KernelManager, *args: Any, **settings: Any) -> None:
        if "transport" not in settings:
            settings |= {"transport": "ipc", "ip": f"{folder}/{uuid4().hex}"}
        begin(self, *args, **settings)

    KernelManager.__init__ = begin_by_file  # type: ignore[method-assign]


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
