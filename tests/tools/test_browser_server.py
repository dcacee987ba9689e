"""The JupyterLab server for browser tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import psutil
import pytest

from tools.browser.server import PATIENCE, REPOSITORY

SERVING = """
import sys
from pathlib import Path
from tools.browser.server import serve
with serve(*map(Path, sys.argv[1:])) as lab:
    print(lab.address, lab.token, flush=True)
    sys.stdin.read()
"""


def test_jupyterlab_and_its_kernels_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    folders = [tmp_path / "root", tmp_path / "state"]
    for folder in folders:
        folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", SERVING, *map(str, folders)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as serving:
        assert serving.stdout is not None
        address, token = serving.stdout.readline().split()
        asked = Request(
            f"{address}/api/kernels", b"{}", {"Authorization": f"token {token}"}, method="POST"
        )
        with urlopen(asked, timeout=PATIENCE) as answer:
            assert answer.status == 201
        family = psutil.Process(serving.pid).children(recursive=True)
        serving.kill()
    assert len(family) >= 2, "JupyterLab and a kernel"
    assert psutil.wait_procs(family, timeout=PATIENCE)[1] == []


HANGING = """
import signal
from tools import with_parent
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with_parent.ENDING_SECONDS = 0.1
with_parent._end_with_stdin(terminate=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM can't be ignored on Windows")
def test_a_server_that_ignores_sigterm_is_ended_after_a_while() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGING], cwd=REPOSITORY, stdin=subprocess.DEVNULL, timeout=PATIENCE
    )
    assert ended.returncode == 1
