"""What holds for every test and for every notebook under nbval, however pytest was started.

The simulator alone answers, faster than real, and nothing that a developer has set reaches a test.
"""

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

from tools.test_command import folder_for_sockets, suite_environ

# Pytest itself may be coloured. What tests read of other programs may not.
COLOURS = ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "CLICOLOR", "CLICOLOR_FORCE")

KERNELS = "QUICK_KERNELS"  # where quick kernels can be had: see `preloaded`

# What takes longest begins first, so that no worker is at it when the others have nothing to do.
FIRST = (
    "tests/browser/",
    "tests/test_lab.py",
    "tests/notebooks/",
    "tests/test_take_home.py",
    "tests/checks/test_answers.py",
    "tests/test_class_test.py",
    "tests/verdict/",
    "tests/test_hub.py",
    "tests/test_no_completion.py",
    "tests/test_errors.py",
)


@pytest.hookimpl(trylast=True)  # after pytest has read its own
def pytest_configure(config: pytest.Config) -> None:
    """Give tests the variables of `course.py test`, and quick kernels.

    Before anything is imported, so that no developer's key or proxy reaches a test by an import.
    """
    environ = {name: it for name, it in suite_environ().items() if name not in COLOURS}
    folder = tempfile.mkdtemp(prefix="kernels-", dir=folder_for_sockets())
    config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))
    environ["IPYTHONDIR"] = str(Path(folder, "ipython"))  # not the developer's own
    for name in set(os.environ) - set(environ):
        del os.environ[name]
    os.environ.update(environ)
    if sys.platform == "linux":
        speak_to_kernels_through_files(folder)
        let_nbval_have_quick_kernels(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest."""

    def place(item: pytest.Item) -> int:
        return next((at for at, it in enumerate(FIRST) if item.nodeid.startswith(it)), len(FIRST))

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)  # without the plugin xdist, nothing calls it
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker whole files, and all files that share a JupyterLab to one of them."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            if not file.startswith("tests/browser/"):
                return file
            return "lessons" if "/test_lesson_" in file else "widgets"

    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def kernels() -> str | None:
    """Where quick kernels can be had; None, where the system has none."""
    return os.environ.get(KERNELS)


def let_nbval_have_quick_kernels(config: pytest.Config) -> None:
    """Start what forks kernels, once for all workers, and let nbval's be such."""
    from nbval.kernel import NbvalKernelspecManager  # type: ignore[import-untyped]

    from tests.notebooks.preloaded import command, preloaded

    if KERNELS not in os.environ:
        running = ExitStack()
        config.add_cleanup(running.close)
        os.environ[KERNELS] = running.enter_context(preloaded()) or ""
        config.add_cleanup(partial(os.environ.pop, KERNELS))
    get = NbvalKernelspecManager.get_kernel_spec

    def get_quick(self: Any, name: str) -> Any:
        found = get(self, name)
        found.argv = command(os.environ[KERNELS])
        return found

    NbvalKernelspecManager.get_kernel_spec = get_quick


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
