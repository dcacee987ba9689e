"""The `class` command on a real JupyterHub: a complete run, and a run ended with Ctrl-C."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hub.class_test.temporary_hub import NOT_DOWNLOADED
from tools.programs import ROOT

needs_npm = pytest.mark.skipif(
    importlib.util.find_spec("jupyterhub") is None
    or not (
        shutil.which("configurable-http-proxy") or (shutil.which("node") and shutil.which("npm"))
    ),
    reason="a hub needs JupyterHub and, for its proxy, Node.js with npm: apt install nodejs npm",
)


@pytest.fixture
def place(tmp_path_factory) -> Iterator[Path]:
    """Provide a temporary folder; afterwards, check that no folder or process is left behind."""
    place = tmp_path_factory.mktemp("class")
    yield place
    assert list(place.glob("course-class-*")) == []
    assert [
        process.info for process in psutil.process_iter(["cmdline"]) if at(process, place)
    ] == []


def at(process: psutil.Process, place: Path) -> bool:
    try:
        return str(place) in process.environ().get("HOME", "")  # a learner's home is in `place`
    except psutil.Error:
        return False


def start(place: Path) -> "subprocess.Popen[str]":
    """Start `course.py class` for 2 learners, with temporary files in the folder `place`."""
    command = [sys.executable, str(ROOT / "course.py"), "class", "--here", "--learners", "2"]
    return subprocess.Popen(
        command,
        env=os.environ | {"TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@needs_npm
def test_two_learners_go_through_lesson_1_on_a_real_hub(place):
    running = start(place)
    output, _ = running.communicate(timeout=480)
    if NOT_DOWNLOADED in output:
        pytest.skip(f"{NOT_DOWNLOADED}: there is no network, and no cache")
    assert "Failures     none" in output, output
    assert "getting ready: 2 of 2" in output
    assert "comparing: live text: 2 of 2" in output
    assert re.search(r"Ready        median \d+\.\d s, worst \d+\.\d s", output)
    assert re.search(r"Token lag .*: \d+\.\d ms for 99% of tokens, at most 100\]", output)
    assert re.search(
        r"MB for each learner \(server \d\d+ \+ kernel \d\d+ \+ simulator \d\d+\)", output
    )
    assert running.returncode == (1 if "MISSED" in output else 0)  # a busy machine may miss limits


@needs_npm
def test_ctrl_c_ends_everything_the_command_started(place):
    running = start(place)
    assert running.stdout is not None
    for line in running.stdout:
        if "getting ready" in line:
            break
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=240)
    assert "Traceback" not in rest
    assert running.returncode == 130, rest
