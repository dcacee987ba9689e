"""The process that `lab` starts: runs JupyterLab and terminates it along with all its descendants.

`python -m tools.lab_supervisor FOLDER` runs JupyterLab with the settings in FOLDER. Standard input
is a pipe from `lab`; the operating system closes the pipe when `lab` ends, even if `lab` is killed.
JupyterLab, its kernels and everything they started are then terminated, and FOLDER is deleted.
JupyterLab itself is a child process that runs this module with `--serve`: with the course's server
settings, and the learner's own theme and shortcuts.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tools.lab import RUNTIME, SERVER_SETTINGS, ask
from tools.programs import SHUTDOWN_SECONDS, end, ignore_signals, provide_home, say
from utils.env_vars import PROXIES, hidden

_SETTLING_SECONDS = 3.0  # seconds allowed for interrupted cells to finish
_ROUNDS = 10  # limit on searches for processes to kill; new ones may start during a search


def supervise(folder: Path) -> int:
    """Run JupyterLab until it exits or standard input closes; return the exit code."""
    # `lab` receives the same signals and closes the pipe to this process, which stops JupyterLab
    ignore_signals()
    signal.signal(signal.SIGTERM, _exit)
    mark = new_mark()
    server = subprocess.Popen(
        [sys.executable, "-m", "tools.lab_supervisor", str(folder), "--serve"],
        stdin=subprocess.DEVNULL,
        env={**os.environ, mark: "1"},
        text=True,
    )
    try:
        watching = (server, folder / SERVER_SETTINGS)
        threading.Thread(target=_end_with_stdin, args=watching, daemon=True).start()
        return server.wait()
    finally:
        end_all(mark)
        shutil.rmtree(folder, ignore_errors=True)


def _exit(*_: object) -> None:
    """Handle SIGTERM by exiting normally, so that `supervise` cleans up."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(1)


def _end_with_stdin(server: "subprocess.Popen[str]", settings: Path) -> None:
    """Stop JupyterLab when standard input closes: ask it to shut down; kill it if it doesn't."""
    while os.read(0, 1024):  # blocks until the pipe closes
        pass
    try:
        config = json.loads(settings.read_text(encoding="utf-8"))
        port, token = config["ServerApp"]["port"], config["IdentityProvider"]["token"]
        with contextlib.suppress(Exception):  # if this fails, the server is killed below
            _interrupt_cells(port, token)
            ask(port, "POST", "/api/shutdown", token)  # a signal wouldn't work on Windows
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(SHUTDOWN_SECONDS)
    finally:
        end(server)


def _interrupt_cells(port: int, token: str) -> None:
    """Interrupt running cells: a kernel that is shut down mid-cell would print a long message."""
    deadline = time.monotonic() + _SETTLING_SECONDS
    interrupted: set[str] = set()
    while time.monotonic() < deadline:
        kernels = json.loads(ask(port, "GET", "/api/kernels", token)[1])
        busy = {kernel["id"] for kernel in kernels if kernel["execution_state"] == "busy"}
        if not busy:
            return
        for kernel in busy - interrupted:
            ask(port, "POST", f"/api/kernels/{kernel}/interrupt", token)
        interrupted |= busy
        time.sleep(0.05)  # poll, since JupyterLab offers no event to wait for


def new_mark() -> str:
    """Return a new name for an environment variable that marks a program and its descendants."""
    return f"COURSE_{secrets.token_hex(8)}"


def end_all(mark: str) -> None:
    """Kill the processes whose environment contains `mark`, in any session or process group."""
    for _ in range(_ROUNDS):
        found = list(marked(mark))
        if not found:
            return
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(found, timeout=1)


def marked(mark: str) -> Iterator[psutil.Process]:
    with contextlib.suppress(IndexError):  # from psutil, if `/proc` is empty
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if mark in process.environ():
                    yield process


def is_writable(folder: Path) -> bool:
    """Return whether a folder is writable or can be created."""
    existing = next(filter(os.path.exists, (folder, *folder.parents)))
    return existing.is_dir() and os.access(existing, os.W_OK)


def damaged_settings(settings: Path) -> Path | None:
    """Return a settings file that JupyterLab can't read, if there is one."""
    import json5

    for file in sorted(settings.rglob("*.jupyterlab-settings")):
        try:
            json5.loads(file.read_text(encoding="utf-8") or "{}")
        except (OSError, ValueError):
            return file
    return None


def serve(folder: Path) -> None:
    """Run JupyterLab, using only the server settings in `folder`.

    The learner's own theme, shortcuts, page layout and trusted notebooks are used. But if one
    of their folders isn't writable or contains a damaged settings file, JupyterLab couldn't save
    settings or open notebooks, so a temporary folder is used instead.
    """
    provide_home(folder)
    from jupyter_core.paths import jupyter_config_dir, jupyter_data_dir

    lab = Path(jupyter_config_dir(), "lab")
    own = {
        "JUPYTER_DATA_DIR": Path(jupyter_data_dir()),
        "JUPYTERLAB_SETTINGS_DIR": lab / "user-settings",
        "JUPYTERLAB_WORKSPACES_DIR": lab / "workspaces",
    }
    for name, usual in own.items():
        place = Path(os.environ.get(name) or usual)
        os.environ[name] = str(place if is_writable(place) else folder / name)
    if file := damaged_settings(Path(os.environ["JUPYTERLAB_SETTINGS_DIR"])):
        say(f"Your JupyterLab settings aren't used: {file} can't be read; correct or delete it.")
        os.environ["JUPYTERLAB_SETTINGS_DIR"] = str(folder / "settings")
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH"):
        os.environ[name] = str(folder)
    os.environ["JUPYTER_RUNTIME_DIR"] = str(folder / RUNTIME)
    os.environ["IPYTHONDIR"] = str(folder / "ipython")

    from jupyterlab import commands  # type: ignore[import-untyped]

    # Stops labapp from running Node.js on import, since only building JupyterLab needs Node.js.
    commands._yarn_config = lambda _: {"yarn config": {}}
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_server.serverapp import ServerApp

    class CourseServer(ServerApp):
        @property
        def config_file_paths(self) -> list[str]:  # the default also lists user and system paths
            return [str(folder)]

    KernelSpecManager.kernel_dirs.tag(config=True)  # makes it configurable
    # JupyterLab's extension manager raises an error if it can't use a proxy. Kernels started later
    # get these variables again.
    with hidden(PROXIES):
        from jupyterlab.labapp import LabApp  # type: ignore[import-untyped]

        LabApp.serverapp_class = CourseServer
        server = LabApp.initialize_server([])
    server.start()


if __name__ == "__main__":
    if sys.argv[2:] == ["--serve"]:
        serve(Path(sys.argv[1]))
    else:
        sys.exit(supervise(Path(sys.argv[1])))
