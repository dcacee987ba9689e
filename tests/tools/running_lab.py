"""Helpers that run a real `course.py lab` and stop it in several ways."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from jupyter_client.blocking.client import BlockingKernelClient

from tests.simulator.orphans import PATIENCE, ROOT, stream
from tests.tools.run_course import COURSE
from tools import lab

CTRL_C = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT)

# A script that makes standard input its controlling terminal, then replaces itself with `lab`. When
# the test closes the terminal's other end, `lab` gets SIGHUP, even if the tests run under `nohup`.
_ON_A_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class Lab:
    """A running `course.py lab --no-browser`, in the environment that runs the tests.

    Attributes:
        process: The `course.py` process.
        address: The printed address, with the token.
        printed: The lines printed up to and including the address.
    """

    def __init__(self, way: str = "", variables: Mapping[str, str] | None = None) -> None:
        """Start the command so that `end(way)` can stop it; wait until it prints the address."""
        command = [str(COURSE), "lab", "--no-browser", "--here"]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self._terminal: int | None = None
        if way == "a closed terminal":
            self._terminal, inner = os.openpty()
            streams = dict.fromkeys(streams, inner)
            command = ["-c", _ON_A_TERMINAL, *command]
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, **(variables or {})},
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            start_new_session=self._terminal is not None,
            text=True,
            **streams,
        )
        self.printed: list[str] = []
        lines = self.process.stdout
        if self._terminal is not None:
            os.close(inner)
            lines = os.fdopen(self._terminal, closefd=False)
        for line in lines or ():
            self.printed.append(line)
            if found := re.search(r"http://\S+", line):
                self.address = urllib.parse.urlsplit(found[0])
                return
        raise AssertionError("".join(self.printed))

    @property
    def token(self) -> str:
        return self.address.query.removeprefix("token=")

    def ask(self, method: str, path: str, token: str | None = None) -> tuple[int, bytes]:
        assert self.address.port is not None
        return lab.ask(self.address.port, method, path, token or self.token, PATIENCE)

    def family(self) -> list[psutil.Process]:
        """Return the command's running child processes and their descendants."""
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def connection_files(self) -> list[str]:
        """Return the paths of running kernels' connection files."""
        commands = []
        for process in self.family():
            # The process may have exited by now; psutil also raises this for a zombie.
            with suppress(psutil.NoSuchProcess):
                commands.append(process.cmdline())
        # A kernel's command line is `python -m ipykernel_launcher -f FILE`.
        return [words[words.index("-f") + 1] for words in commands if "-f" in words]

    def interrupt(self) -> tuple[int, str]:
        """Send Ctrl-C; return the exit code and the output printed after the address."""
        self.process.send_signal(CTRL_C)
        printed = self.process.communicate(timeout=PATIENCE)[0]
        return self.process.returncode, printed

    def end(self, way: str) -> None:
        """Stop the command in one of `WAYS`, and wait until its own process has exited."""
        if way == "SIGTERM":
            self.process.terminate()
        elif way == "a closed terminal":
            assert self._terminal is not None
            os.close(self._terminal)
        else:
            self.process.kill()
        self.process.wait(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


# Ways of stopping `lab` other than Ctrl-C. Windows can't deliver SIGTERM or SIGHUP.
WAYS = ["kill -9"] if sys.platform == "win32" else ["kill -9", "SIGTERM", "a closed terminal"]


@contextmanager
def kernel(running: Lab) -> Iterator[BlockingKernelClient]:
    before = set(running.connection_files())
    assert running.ask("POST", "/api/kernels")[0] == 201
    (file,) = set(running.connection_files()) - before
    client = BlockingKernelClient(connection_file=file)
    client.load_connection_file()
    client.start_channels()
    try:
        _wait_until_ready(client)
        yield client
    finally:
        client.stop_channels()


def _wait_until_ready(client: BlockingKernelClient) -> None:
    """Wait until a kernel is ready; retry if a missed heartbeat is reported as a crash."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return client.wait_for_ready(timeout=PATIENCE)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise


def left_after(way: str) -> list[str]:
    """Start `lab`, stop it in one of `WAYS` during a reply, and return what it left behind."""
    running = Lab(way)
    ended = False
    try:
        with kernel(running) as client:
            simulators_port, simulators_pid = stream(client)  # makes the kernel read a reply
            family = running.family()
            assert simulators_pid in [process.pid for process in family]
            assert len(family) >= 4, "JupyterLab, its supervisor, a kernel, a simulator"
            folder = Path(running.connection_files()[0]).parents[1]
            running.end(way)
            ended = True
        left = [str(process) for process in psutil.wait_procs(family, timeout=PATIENCE)[1]]
        left += [
            f"port {port}" for port in (running.address.port, simulators_port) if listens(port)
        ]
        return left + ([str(folder)] if folder.exists() else [])
    finally:
        if not ended:
            running.end("kill -9")


def listens(port: int | None) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port or 0)) == 0
