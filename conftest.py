"""Setup for all tests, and for notebooks under nbval, however pytest is started.

No test calls a real provider. The simulator runs faster than real time, and the developer's own
settings don't affect the tests.
"""

import gc
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tools.env_vars import suite_environ
from tools.programs import folder_for_sockets, provide_home

# Environment variables to remove, since tests compare other programs' output as plain text.
COLOURS = ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "CLICOLOR", "CLICOLOR_FORCE")

# Kernels are forked from a process with preloaded modules; this variable holds its address.
KERNEL_FORKER = "QUICK_KERNELS"

# A test file that is split between workers: its tests are long and share nothing.
SPLIT_FILE = "tests/notebooks/test_unlike_the_simulator.py"

# The longest tests start first, so that none of them is still running alone at the end.
FIRST = (
    "tests/browser/lessons/",
    "tests/browser/test_",
    SPLIT_FILE,
    "tests/browser/pages/",
    "tests/tools/test_lab.py",
    "solutions/",
    "tests/notebooks/",
    "tests/lessons/test_take_home.py",
    "tests/checks/test_answers.py",
    "tests/verdict/",
    "tests/hub/test_hub.py",
    "tests/test_no_completion.py",
    "tests/test_errors.py",
    "tests/widgets/test_chat_faults.py",
)


@pytest.hookimpl(trylast=True)  # after pytest has read its own settings
def pytest_configure(config: pytest.Config) -> None:
    """Set the same environment variables as `course.py test`; on Linux, provide fast kernels.

    This happens before tests are imported, so no test sees the developer's API keys or proxies.
    """
    # Thousands of test items stay in memory, and every full collection would scan them.
    gc.set_threshold(100_000, 50, 50)
    folder = tempfile.mkdtemp(prefix="kernels-", dir=folder_for_sockets())
    config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))
    provide_home(Path(folder))  # only if there is no home folder, as in some containers
    environ = {name: value for name, value in suite_environ().items() if name not in COLOURS}
    environ["IPYTHONDIR"] = str(Path(folder, "ipython"))  # not the developer's own
    for name in set(os.environ) - set(environ):
        del os.environ[name]
    os.environ.update(environ)
    find_nbval_settings(config)
    if sys.platform == "linux":
        use_unix_sockets_for_kernels(folder)
        give_nbval_quick_kernels(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first."""

    def place(item: pytest.Item) -> int:
        places = (at for at, name in enumerate(FIRST) if item.nodeid.startswith(name))
        return next(places, len(FIRST))

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist, nothing calls this hook
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile`, run files that share a browser on one worker; split `SPLIT_FILE`."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:  # tests of the same scope share a worker
            file = super()._split_scope(nodeid)
            if file == SPLIT_FILE:
                return nodeid
            # The test file of lesson 4 takes as long as those of all other lessons together.
            share = file.startswith("tests/browser/") and not file.endswith("/test_lesson_4.py")
            return file.rpartition("/")[0] if share else file

    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def kernels() -> str | None:
    """Return the address of the process that forks kernels; None except on Linux."""
    return os.environ.get(KERNEL_FORKER)


def find_nbval_settings(config: pytest.Config) -> None:
    """Make the path of nbval's settings absolute, since pytest may start in another folder."""
    if getattr(config.option, "nbval_sanitize_with", None):  # only nbval has this option
        path = config.rootpath / config.option.nbval_sanitize_with
        config.option.nbval_sanitize_with = str(path)


def give_nbval_quick_kernels(config: pytest.Config) -> None:
    """Start the process that forks kernels, once for all workers, and make nbval use it."""
    from nbval.kernel import NbvalKernelspecManager  # type: ignore[import-untyped]

    from tests.notebooks.preloaded import command, preloaded

    if KERNEL_FORKER not in os.environ:
        running = ExitStack()
        config.add_cleanup(running.close)
        os.environ[KERNEL_FORKER] = running.enter_context(preloaded()) or ""
        config.add_cleanup(partial(os.environ.pop, KERNEL_FORKER))
    get_kernel_spec = NbvalKernelspecManager.get_kernel_spec

    def get_quick(self: Any, name: str) -> Any:
        spec = get_kernel_spec(self, name)
        spec.argv = command(os.environ[KERNEL_FORKER])
        return spec

    NbvalKernelspecManager.get_kernel_spec = get_quick


def use_unix_sockets_for_kernels(folder: str) -> None:
    """Make the kernels that tests start, including nbval's, listen on sockets in `folder`.

    By default, five free ports are chosen for each kernel, which binds them half a second later. If
    another test's connection takes one of these ports in the meantime, the kernel dies.
    """
    from jupyter_client.manager import KernelManager

    init = KernelManager.__init__

    def init_with_ipc(self: KernelManager, *args: Any, **settings: Any) -> None:
        if "transport" not in settings:
            settings |= {"transport": "ipc", "ip": f"{folder}/{uuid4().hex}"}
        init(self, *args, **settings)

    KernelManager.__init__ = init_with_ipc  # type: ignore[method-assign]
