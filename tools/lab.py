"""The `lab` command: JupyterLab on the loopback address, from its start to its end.

What it starts is `lab_process`, which runs JupyterLab and ends it.
"""

import argparse
import contextlib
import errno
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from pathlib import Path

from tools.environment import interpreter
from tools.programs import (
    ROOT,
    WINDOWS,
    Advice,
    Progress,
    clean_environ,
    end,
    end_signals,
    say,
    stop_on_signals,
    this_command,
    wait_for,
)

LESSON_1 = "notebooks/01_enabling_streaming.ipynb"
STARTING_SECONDS = 120.0
_PORTS = range(20_000, 30_000)  # Linux gives out those from 32,768, others from 49,152
SERVER_SETTINGS = "jupyter_server_config.json"
RUNTIME = "run"  # where JupyterLab and its kernels meet, in the folder of its settings
_LONGEST = 50  # bytes of that folder's name; a socket's whole name has at most 104
_ENDING_SECONDS = 60.0  # for all of JupyterLab to end, a server that hangs included
# What a learner sets for Jupyter, and lab leaves to it: where to find what is a matter of taste.
_TASTE = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_PLATFORM_DIRS",
    "JUPYTER_ALLOW_INSECURE_WRITES",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
)


def lab(arguments: argparse.Namespace) -> int:
    """Open the course in JupyterLab and stay until Ctrl-C."""
    stop_on_signals()
    port = free_port(arguments.port)
    python = interpreter("lab", arguments.here)
    token = secrets.token_urlsafe(24)
    lesson = f"/tree/{LESSON_1}" if (ROOT / LESSON_1).exists() else ""
    address = f"http://127.0.0.1:{port}/lab{lesson}?token={token}"
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as folder:
        write_jupyter_config(Path(folder), port, token)
        server = start_jupyter(python, Path(folder))  # whatever ends this process ends it
        try:
            wait_until_it_answers(server, port, arguments.here)
            say("\nThe course is open. If your browser does not show it, copy this address:\n")
            say(f"    {address}\n")
            say("Leave this window open while you learn. Save your work, then Ctrl-C here ends it.")
            if arguments.browser and a_browser_can_open():
                webbrowser.open(address)
            code = wait_for(server)
            say(f"JupyterLab ended by itself (exit code {code}).")
            return code
        except KeyboardInterrupt:
            with contextlib.suppress(OSError):  # the terminal may be gone
                say("\nEnding JupyterLab and its kernels.")
            return 0
        finally:
            shut_down(server)


def a_browser_can_open() -> bool:
    """Whether a browser with a window of its own can be opened from here.

    Without a screen, Python would pick a browser that takes over this terminal.
    """
    has_own_windows = WINDOWS or sys.platform == "darwin"
    if not has_own_windows and not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & set(os.environ):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def free_port(wanted: int | None) -> int:
    """A free port of the loopback address: the one wanted, or any.

    Raises:
        Advice: the one wanted is taken or is no port, or none is free.
    """
    if not wanted:
        return free_ports(1)[0]
    problem = None
    if wanted not in range(1, 65_536):
        problem = "ports go from 1 to 65535"
    elif failure := _binding_fails(wanted):
        known = {
            errno.EADDRINUSE: "another program has it",
            errno.EACCES: "the system keeps it for itself",
        }
        problem = known.get(getattr(failure, "errno", None) or 0, str(failure))
    if problem:
        raise Advice(
            f"Port {wanted} can't be had ({problem}): choose another, or leave --port out and a "
            "free one is found."
        )
    return wanted


def free_ports(count: int) -> list[int]:
    """Free ports of the loopback address, none of which the system gives out by itself.

    Whoever gets one binds it a while later; among the system's own, a connection or a server
    of somebody else's may have it by then. They come at random, as two may ask at once.

    Raises:
        Advice: there are too few.
    """
    found: list[int] = []
    for port in secrets.SystemRandom().sample(_PORTS, len(_PORTS)):
        if not _binding_fails(port):
            found.append(port)
        if len(found) == count:
            return found
    raise Advice(f"{count} free ports are needed from {_PORTS[0]} on, and there are {len(found)}.")


def _binding_fails(port: int) -> OSError | OverflowError | None:
    """Why nobody can listen at a port of the loopback address, or None."""
    with socket.socket() as probe:
        if not WINDOWS:  # there, the option would let two servers share a port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            return error
    return None


def write_jupyter_config(folder: Path, port: int, token: str) -> None:
    """Write all settings of the server, in a folder that only this user can read.

    The token goes by file, as a command line shows to everyone on the machine. The question about
    news that JupyterLab asks at its first start is switched off for the course. The one kernel is
    the Python that JupyterLab runs on. Kernels are spoken to through files in that folder, where
    its name is short enough, and else through ports: those anybody on the machine can see, of which
    each kernel warns in the terminal.
    """
    server = {
        "ip": "127.0.0.1",
        "port": port,
        "port_retries": 0,
        "base_url": "/",
        "root_dir": str(ROOT),
        "open_browser": False,
        "allow_root": True,
        "jpserver_extensions": {"jupyter_lsp": True, "jupyter_server_terminals": True},
    }
    config: dict[str, dict[str, object]] = {
        "Application": {"log_level": "ERROR"},
        "ServerApp": server,
        "IdentityProvider": {"token": token},
        "KernelSpecManager": {"kernel_dirs": []},
    }
    if not WINDOWS and len(os.fsencode(folder / RUNTIME)) <= _LONGEST:
        config["KernelManager"] = {"transport": "ipc"}
    write_json(folder / SERVER_SETTINGS, config)
    overrides = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
    write_json(folder / "labconfig" / "default_setting_overrides.json", overrides)


def write_json(path: Path, value: object) -> None:
    """Write a JSON file, and its folder where that is missing."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def start_jupyter(python: str, folder: Path) -> "subprocess.Popen[str]":
    """Start JupyterLab out of reach of the terminal's Ctrl-C, which it would answer by asking."""
    taste = {name: os.environ[name] for name in _TASTE if name in os.environ}
    return subprocess.Popen(
        [python, "-m", "tools.lab_process", str(folder)],
        cwd=ROOT,
        env=clean_environ(**taste),
        stdin=subprocess.PIPE,
        start_new_session=not WINDOWS,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        text=True,
    )


def wait_until_it_answers(server: "subprocess.Popen[str]", port: int, here: bool = False) -> None:
    """Return when JupyterLab answers on its port.

    Args:
        server: JupyterLab.
        port: Its port.
        here: Whether it runs on the Python at hand, which is then the one to examine.

    Raises:
        Advice: it ended, or is still silent after two minutes.
    """
    deadline = time.monotonic() + STARTING_SECONDS
    with Progress("starting JupyterLab") as progress:
        while time.monotonic() < deadline:
            if server.poll() is not None:
                examining = this_command("doctor", *(["--here"] if here else []))
                raise Advice(
                    f"JupyterLab ended while starting (exit code {server.returncode}): "
                    f"{examining} tells what is wrong."
                )
            with contextlib.suppress(OSError, http.client.HTTPException):
                if ask(port, "GET", "/api")[0] == 200:
                    return
            progress.show()
            time.sleep(0.1)  # a server that is starting can only be asked again
    raise Advice("JupyterLab did not answer in two minutes: end other programs and try again.")


def ask(port: int, method: str, path: str, token: str = "") -> tuple[int, bytes]:
    """Ask JupyterLab on the loopback address, never through a proxy; returns status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        connection.request(method, path, headers={"Authorization": f"token {token}"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def shut_down(server: "subprocess.Popen[str]") -> None:
    """End JupyterLab with its kernels; a second Ctrl-C meanwhile does not leave them behind."""
    for number in end_signals():
        signal.signal(number, signal.SIG_IGN)
    assert server.stdin is not None
    server.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(_ENDING_SECONDS)
    end(server)
