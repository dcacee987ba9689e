"""Starts a browser, and JupyterLab with isolated settings, for tests and screenshots.

`serve` runs `tools.lab_supervisor`, which runs JupyterLab until the supervisor's input closes.
"""

# nbformat is only partly typed.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.lab import ask, free_port, write_json, write_jupyter_config
from tools.programs import folder_for_sockets, responds, start

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright, ViewportSize

REPOSITORY = Path(__file__).resolve().parents[2]
ARTIFACTS = REPOSITORY / "test-artifacts"

NOTEBOOK_WIDTH: ViewportSize = {"width": 1280, "height": 900}
PROJECTOR: ViewportSize = {"width": 1920, "height": 1080}
NARROW: ViewportSize = {"width": 620, "height": 1000}
ZOOMED: ViewportSize = {"width": 427, "height": 300}  # a window of 1280 x 900 at 300%

GET_ONE = (
    "Get one with `apt install chromium` (Debian and Ubuntu) or `python -m playwright install "
    "--with-deps chromium`, or name yours in the environment variable COURSE_BROWSER."
)
NO_BROWSER = f"No Chromium or Chrome found. {GET_ONE}"
_BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
_FLAGS = ("--disable-gpu", "--disable-background-networking", "--disable-component-update")
USUAL = "usual"  # the ordinary kernel's name if `python3` is a different kernel
PATIENCE = 240.0  # seconds allowed for each wait; long, because the machine may be busy


def browser_path(playwright: Playwright) -> str | None:
    """Return the path to a browser, if COURSE_BROWSER, Playwright or the system provides one."""
    named = os.environ.get("COURSE_BROWSER")
    own = playwright.chromium.executable_path
    return named or (own if Path(own).exists() else _system_browser())


def a_browser_is_found() -> bool:
    return bool(os.environ.get("COURSE_BROWSER") or _system_browser())


def _system_browser() -> str | None:
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def launch(playwright: Playwright, path: str) -> Browser:
    return playwright.chromium.launch(executable_path=path, args=[*_FLAGS, "--no-first-run"])


@dataclass(frozen=True)
class Lab:
    root: Path
    address: str  # the URL, without the token
    token: str

    def write(self, name: str, *cells: str, kernel: str = "python3") -> str:
        """Write a notebook with these code cells to the root folder; return the file name."""
        from nbformat import v4, write  # not installed yet when `course.py test` imports this file

        code = [v4.new_code_cell(cell, id=f"cell-{number}") for number, cell in enumerate(cells)]
        metadata = {"kernelspec": {"name": kernel, "display_name": kernel}}
        write(v4.new_notebook(cells=code, metadata=metadata), self.root / name)
        return name

    def url(self, notebook: str) -> str:
        """Return the URL that opens a notebook in a fresh workspace."""
        return f"{self.address}/lab/tree/{notebook}?reset&token={self.token}"


@contextmanager
def serve(
    root: Path,
    state: Path,
    environment: Mapping[str, str] | None = None,
    kernel: Sequence[str] | None = None,
) -> Iterator[Lab]:
    """Run JupyterLab as `lab` does, until the `with` block ends or this process is killed.

    Args:
        root: The folder to serve.
        state: A folder for settings and logs, created if missing; the user's settings are ignored.
        environment: Additional environment variables for the server and its kernels.
        kernel: A command for the kernel `python3`. The ordinary kernel is then named "usual".
    """
    usual = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    commands = {"python3": kernel, USUAL: usual} if kernel else {}
    for name, argv in commands.items():
        write_json(state / "kernels" / name / "kernel.json", {"argv": argv, "display_name": name})
    variables = {
        **os.environ,
        "JUPYTER_DATA_DIR": str(state / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(state / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(state / "workspaces"),
        "PYTHONPATH": str(REPOSITORY),
        **(environment or {}),
    }
    port, token = free_port(), secrets.token_hex(16)
    folder = tempfile.mkdtemp(prefix="lab-", dir=folder_for_sockets())  # deleted by the supervisor
    write_jupyter_config(Path(folder), port, token, root, [str(state / "kernels")])
    state.mkdir(exist_ok=True)
    log = state / "jupyterlab.log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "tools.lab_supervisor", folder]
        server = start(command, REPOSITORY, variables, output)
    try:
        if not responds(server, lambda: ask(port, "GET", "/api")[0] == 200, "", PATIENCE):
            raise RuntimeError(f"JupyterLab didn't start:\n{log.read_text(errors='replace')}")
        yield Lab(root, f"http://127.0.0.1:{port}", token)
    finally:
        assert server.stdin is not None
        server.stdin.close()  # makes the supervisor stop JupyterLab and its kernels
        server.wait(PATIENCE)
