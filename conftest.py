"""What holds for every test and for every notebook under nbval, however pytest was started.

The simulator alone answers, faster than real, and nothing that a developer has set reaches a test.
"""

import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tools.test_command import folder_for_sockets, suite_environ

# Pytest itself may be coloured. What tests read of other programs may not.
COLOURS = ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "CLICOLOR", "CLICOLOR_FORCE")


@pytest.hookimpl(trylast=True)  # after pytest has read its own
def pytest_configure(config: pytest.Config) -> None:
    """Give tests the variables of `course.py test`.

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
