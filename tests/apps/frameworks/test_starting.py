"""Starting and stopping each framework's app (the fixture `chosen`).

Ctrl-C leaves no process and no new file. A missing model is reported.
"""

import signal
import subprocess
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.apps.test_app_command import PATIENCE, served
from tools.app import App
from tools.env_vars import simulated_environ
from tools.lab import free_port
from tools.programs import ROOT, WINDOWS

MISSING = "Set OPENAI_MODEL to the name of a model, such as gpt-5-mini."
PRINT_ERRORS = """
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("streamlit_chat.py", default_timeout=60).run()
print([error.value for error in app.error])
"""


@pytest.mark.skipif(WINDOWS, reason="Windows has no SIGINT for one process; see test_app_command.")
def test_ctrl_c_leaves_no_process_and_no_file(chosen: App) -> None:
    port, before = free_port(), set((ROOT / "apps").iterdir())
    with served(port, chosen.name) as (process, started):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
            assert page.status == 200
        assert len(started) >= 2  # the app and the simulator
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        _, alive = psutil.wait_procs(started, timeout=PATIENCE)
        assert alive == []
    made = set((ROOT / "apps").iterdir()) - before
    assert {path.name for path in made} <= {"__pycache__"}


def test_a_missing_model_is_reported(chosen: App, tmp_path: Path) -> None:
    words = ["-m", *(word.replace("{port}", str(free_port())) for word in chosen.command)]
    if chosen.name == "streamlit":  # Streamlit shows errors only on its page
        words = ["-c", PRINT_ERRORS]
    more = {name: value.format(folder=tmp_path) for name, value in chosen.variables}
    done = subprocess.run(
        [str(chosen.python), *words],
        cwd=ROOT / chosen.place,
        env=simulated_environ(**more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert MISSING in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
