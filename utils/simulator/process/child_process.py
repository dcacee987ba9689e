"""Both ends of a child process that runs a server: the simulator, or lesson 4's `utils.crowd`.

The parent uses `Child`; in the child, the server calls `end_with_stdin` and `report`.
"""

import contextlib
import hmac
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_LOOPBACK = "127.0.0.1"
_REPORT_VARIABLE = "COURSE_REPORT_TO"  # environment variable with the port and token for `report`
_ROOT = Path(__file__).resolve().parents[3]  # the folder that contains `utils`
_CONNECT_SECONDS = 30.0
_END_SECONDS = 3.0  # seconds that a child may take to exit before it is killed
_POLL_SECONDS = 0.05  # seconds between checks on a child while waiting for its port
_REPORT_SECONDS = 1.0  # seconds that a connection may take to send its token
_OUTPUT_KEPT = 4_000  # bytes
_OUTPUT_SHOWN = 300  # characters
# The PYTHON… variables that a child inherits. Others could break it: with PYTHONINSPECT, a failed
# start would wait for input; with PYTHONWARNINGS=error, imports would fail.
_PATH_VARIABLES = {
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONPLATLIBDIR",
    "PYTHONUSERBASE",
    "PYTHONNOUSERSITE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONDONTWRITEBYTECODE",
}


class Child:
    """A Python process that runs a module and exits when this process exits.

    The child reports its port over a separate loopback connection, since site hooks may print to
    stdout or close it. The connection stays open until the child exits. Stdout and stderr are read
    continuously, so that a full pipe never blocks the child; the last output is kept for error
    messages.

    The module must call `end_with_stdin`, so that the child exits when the pipe to its standard
    input closes. Only this process has the pipe's other end, so the operating system closes the
    pipe even if this process is killed.
    """

    def __init__(
        self, module: str, variables: Mapping[str, str], options: Sequence[str] = ()
    ) -> None:
        """Start the process without waiting for it to be ready.

        Raises:
            OSError: If the process can't be started.
        """
        self._printed = b""
        self._token = secrets.token_hex(16)
        self._listener = socket.create_server((_LOOPBACK, 0))
        self._connection: socket.socket | None = None  # set when the child reports its port
        address = f"{self._listener.getsockname()[1]}:{self._token}"
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PYTHON") or name in _PATH_VARIABLES
        }
        environment |= {"PYTHONUTF8": "1", _REPORT_VARIABLE: address, **variables}
        # a separate process group, since a kernel interrupt (■) signals the kernel's whole group
        group: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
            group = {"creationflags": flags}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                cwd=_ROOT,
                env=environment,
                **group,
            )
        except OSError:
            self._listener.close()
            raise
        self._reader = threading.Thread(target=self._read, name=module, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is still running."""
        return self._process.poll() is None

    def port(self) -> int | None:
        """Wait for the process to report its port; return None if the process exits first."""
        self._listener.settimeout(_POLL_SECONDS)
        with self._listener:
            while self.running:
                try:
                    connection, _ = self._listener.accept()
                except TimeoutError:
                    continue
                except OSError:  # `end` closed the listener in another thread
                    break
                if port := self._reported(connection):
                    self._connection = connection
                    return port
                connection.close()
        return None

    def _reported(self, connection: socket.socket) -> int | None:
        """Read the port sent by `report`; return None if the connection isn't from the child."""
        connection.settimeout(_REPORT_SECONDS)
        try:
            with connection.makefile("rb") as report:
                token, port = report.readline(100).split()
                return int(port) if hmac.compare_digest(token, self._token.encode()) else None
        except (OSError, ValueError):
            return None

    def wait_for_hangup(self) -> None:
        """Wait until the process exits; call this only after it has reported its port.

        Unlike `Popen.wait` in another thread, this doesn't keep `running` from noticing the exit.
        """
        assert self._connection is not None
        with self._connection, contextlib.suppress(OSError):  # raised if another thread calls `end`
            self._connection.settimeout(None)
            self._connection.recv(1)  # the child sends nothing more, so this returns when it exits

    def wait(self) -> None:
        """Wait until the process has exited, then close the pipe to its standard input."""
        self._process.wait()
        self.close_pipe()

    def close_pipe(self) -> None:
        """Close the pipe to the child, which then exits unless a fork still has the pipe open."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def end(self) -> None:
        """Stop the process, and wait until it has exited."""
        self.close_pipe()
        self._listener.close()
        if self._connection is not None:
            self._connection.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_output(self) -> str:
        """Return a sentence for an error message: the last line of output, or the process state."""
        code = self._process.poll()
        if code is not None:
            self._reader.join(_REPORT_SECONDS)  # times out if grandchildren keep the pipe open
        printed = self._printed.decode(errors="replace").rstrip().rpartition("\n")[2]
        if printed:
            return f"Its last output: {''.join(filter(str.isprintable, printed))[:_OUTPUT_SHOWN]}"
        state = "It is running" if code is None else f"It ended with exit code {code}"
        return f"{state} and has printed nothing."

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            while part := output.read(65_536):
                self._printed = (self._printed + part)[-_OUTPUT_KEPT:]


def report(port: int) -> None:
    """Report the port to the parent process, if this process was started as a `Child`."""
    address, _, token = os.environ.pop(_REPORT_VARIABLE, "").partition(":")
    if not address:
        return
    connection = socket.create_connection((_LOOPBACK, int(address)), timeout=_CONNECT_SECONDS)
    connection.sendall(f"{token} {port}\n".encode())
    connection.detach()  # keeps the socket open until this process exits


def end_with_stdin() -> None:
    """Make this process exit when its standard input closes.

    This reads the file descriptor instead of `sys.stdin`, which a site hook may have replaced and
    whose lock would block a normal exit.
    """
    try:
        os.fstat(0)
    except OSError:
        sys.exit("its standard input was closed, perhaps by a sitecustomize or a .pth file")

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os._exit(0)  # skips cleanup: there is nothing to save

    threading.Thread(target=wait, name="end with parent", daemon=True).start()
