"""The `lab` command: runs JupyterLab on the loopback address until Ctrl-C.

The command starts `lab_supervisor`, which runs JupyterLab and later stops it.
"""

import argparse
import contextlib
import errno
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from tools.env_vars import clean_environ
from tools.environment import interpreter
from tools.programs import (
    ROOT,
    WINDOWS,
    Advice,
    end,
    folder_for_sockets,
    ignore_signals,
    responds,
    say,
    start,
    this_command,
    wait_for,
)
from utils.shadowing import other_utils

LESSON_1 = "notebooks/01_enabling_streaming.ipynb"
STARTING_SECONDS = 120.0
# These ports are below the ephemeral ports, which start at 32,768 on Linux and 49,152 elsewhere.
_PORTS = range(20_000, 30_000)
SERVER_SETTINGS = "jupyter_server_config.json"
RUNTIME = "run"  # subfolder of the settings folder, for JupyterLab's connections to its kernels
_LONGEST_PATH = 50  # maximum length of `RUNTIME`'s path in bytes; macOS limits socket paths
_TEXT_BROWSERS = {"browsh", "elinks", "links", "lynx", "w3m", "www-browser"}
_ENDING_SECONDS = 60.0  # seconds allowed for JupyterLab and its kernels to stop
# Environment variables that `lab` keeps: the learner may have set them for any Jupyter server.
_OWN_SETTINGS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_PLATFORM_DIRS",
    "JUPYTER_ALLOW_INSECURE_WRITES",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
)


def lab(arguments: argparse.Namespace) -> int:
    port = free_port(arguments.port)
    python = interpreter("lab", arguments.here)
    if problem := other_utils(str(ROOT / "notebooks")):
        say(problem)
    token = secrets.token_urlsafe(24)
    lesson = f"/tree/{LESSON_1}" if (ROOT / LESSON_1).exists() else ""
    address = f"http://127.0.0.1:{port}/lab{lesson}?token={token}"
    with tempfile.TemporaryDirectory(
        prefix="course-", dir=folder_for_sockets(), ignore_cleanup_errors=True
    ) as folder:
        write_jupyter_config(Path(folder), port, token)
        # JupyterLab stops when this process ends or is killed.
        server = start_jupyter(python, Path(folder))
        try:
            wait_until_it_answers(server, port, arguments.here)
            say("\nThe course is running. If your browser doesn't show it, open this address:\n")
            say(f"    {address}\n")
            say("Keep this window open while you work. To stop, save and then press Ctrl-C here.")
            if arguments.browser:
                open_in_browser(address)
            code = wait_for(server)
            say(f"JupyterLab exited on its own (exit code {code}).")
            return code
        except KeyboardInterrupt:
            with contextlib.suppress(OSError):  # the terminal may be gone
                say("\nStopping JupyterLab and its kernels.")
            return 0
        finally:
            shut_down(server)


def a_browser_can_open() -> bool:
    """Return whether a graphical browser can be opened from here.

    Without a display, Python would choose a browser that takes over this terminal.
    """
    has_own_windows = WINDOWS or sys.platform == "darwin"
    if not has_own_windows and not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & set(os.environ):
        return False
    try:
        found = webbrowser.get()
    except Exception:  # an invalid BROWSER can cause any exception
        return False
    return Path(found.name).name not in _TEXT_BROWSERS


def open_in_browser(address: str) -> None:
    """Open a page in a graphical browser, if any, without waiting for the browser to close."""
    if a_browser_can_open():
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def free_port(wanted: int | None = None) -> int:
    """Return a free port on the loopback address: `wanted`, or any free port if it is None or 0."""
    if not wanted:
        return free_ports(1)[0]
    problem = None
    if wanted not in range(1, 65_536):
        problem = "valid ports are 1 to 65535"
    elif failure := _binding_fails(wanted):
        known = {
            errno.EADDRINUSE: "another program is using it",
            errno.EACCES: "the system reserves it",
        }
        problem = known.get(failure.errno or 0, str(failure))
    if problem:
        raise Advice(
            f"Port {wanted} can't be used ({problem}): choose another, or omit --port to use any "
            "free one."
        )
    return wanted


def free_ports(count: int) -> list[int]:
    """Return free ports on the loopback address, none of them ephemeral.

    The caller binds them later. By then, the system could have given an ephemeral port to another
    program. Until this process ends, no other call, in any process, returns the same ports.

    Raises:
        Advice: If too few ports are free.
    """
    found: list[int] = []
    for port in secrets.SystemRandom().sample(_PORTS, len(_PORTS)):
        if not _binding_fails(port) and _reserve(port):
            found.append(port)
        if len(found) == count:
            return found
    raise Advice(
        f"{count} free ports are needed from {_PORTS[0]} on, but only {len(found)} are free."
    )


def _reserve(port: int) -> bool:
    """Reserve a port by binding the UDP port with the same number; return False if it is taken."""
    mark = socket.socket(type=socket.SOCK_DGRAM)
    try:
        mark.bind(("127.0.0.1", port))
    except OSError:
        mark.close()
        return False
    mark.detach()  # the socket stays open until this process ends
    return True


def _binding_fails(port: int) -> OSError | None:
    """Return the error, if any, that a server would get when binding a loopback port."""
    with socket.socket() as probe:
        if not WINDOWS:  # on Windows, this option lets two servers share a port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error
    return None


def write_jupyter_config(
    folder: Path, port: int, token: str, root: Path = ROOT, kernels: Sequence[str] = ()
) -> None:
    """Write the server settings to `folder`, which only this user can read.

    The token is in a file because other users can see command lines. JupyterLab's news prompt is
    turned off. The only kernels are JupyterLab's own Python and those in the `kernels` folders. The
    server connects to kernels through Unix domain sockets in `folder` if its path is short enough.
    Otherwise, it uses ports, which other users can see, and each kernel prints a warning.
    """
    server = {
        "ip": "127.0.0.1",
        "port": port,
        "port_retries": 0,
        "base_url": "/",
        "root_dir": str(root),
        "open_browser": False,
        "allow_root": True,
        "jpserver_extensions": {"jupyter_lsp": True, "jupyter_server_terminals": True},
    }
    config: dict[str, dict[str, object]] = {
        "Application": {"log_level": "ERROR"},
        "ServerApp": server,
        "IdentityProvider": {"token": token},
        "KernelSpecManager": {"kernel_dirs": list(kernels)},
        "LanguageServerManager": {"autodetect": False},  # autodetect would run npm at every start
    }
    if not WINDOWS and len(os.fsencode(folder / RUNTIME)) <= _LONGEST_PATH:
        config["KernelManager"] = {"transport": "ipc"}
    write_json(folder / SERVER_SETTINGS, config)
    overrides = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
    write_json(folder / "labconfig" / "default_setting_overrides.json", overrides)


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def start_jupyter(python: str, folder: Path) -> "subprocess.Popen[str]":
    """Start JupyterLab so that it doesn't get Ctrl-C, which would make it ask for confirmation."""
    own = {name: os.environ[name] for name in _OWN_SETTINGS if name in os.environ}
    command = [python, "-m", "tools.lab_supervisor", str(folder)]
    return start(command, ROOT, clean_environ(**own), None)


def wait_until_it_answers(server: "subprocess.Popen[str]", port: int, here: bool = False) -> None:
    """Wait until JupyterLab responds, or raise Advice; if `here`, it suggests `doctor --here`."""
    doing = "starting JupyterLab"
    if not responds(server, lambda: ask(port, "GET", "/api")[0] == 200, doing, STARTING_SECONDS):
        if server.poll() is not None:
            examining = this_command("doctor", *(["--here"] if here else []))
            raise Advice(
                f"JupyterLab exited while starting (exit code {server.returncode}). To find "
                f"out why, run {examining}."
            )
        raise Advice(
            f"JupyterLab did not respond within {STARTING_SECONDS:.0f} s: close other programs and "
            "try again."
        )


def ask(
    port: int, method: str, path: str, token: str = "", timeout: float = 5.0
) -> tuple[int, bytes]:
    """Send a request to JupyterLab, never through a proxy; return the status and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    with contextlib.closing(connection):
        connection.request(method, path, headers={"Authorization": f"token {token}"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def shut_down(server: "subprocess.Popen[str]") -> None:
    """Stop JupyterLab and its kernels, even if Ctrl-C is pressed again."""
    ignore_signals()
    assert server.stdin is not None
    server.stdin.close()  # the supervisor then stops JupyterLab
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(_ENDING_SECONDS)
    end(server)
