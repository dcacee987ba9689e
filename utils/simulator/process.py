"""The server's process as its owner sees it: started, watched, brought back, ended.

Standard library only, as every notebook imports this. What notebooks call is `handle`; what runs
inside the process is `server`.
"""

from __future__ import annotations

import atexit
import contextlib
import hmac
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
_LOOPBACK = "127.0.0.1"  # where a child reports
KEY_VARIABLE = "SIMULATOR_KEY"
_REPORT_VARIABLE = "COURSE_REPORT_TO"  # where a child reports its port, and its token for that
_ROOT = Path(__file__).resolve().parents[2]  # where `utils` can be imported from
_READY_SECONDS = 30.0
_END_SECONDS = 3.0
_GLANCE_SECONDS = 0.05  # between two looks at whether a process that has yet to report has ended
_REPORT_SECONDS = 1.0  # for a connection to say who it is
_WORDS_KEPT = 4_000  # bytes of what a process printed last
_WORDS_SHOWN = 300  # characters of it in a message
_VAIN_STARTS = 5  # in a row, before it is given up
# A child gets the variables that say where Python finds things, and none that change how it runs:
# with PYTHONINSPECT a failed start would wait for input, with PYTHONWARNINGS=error imports fail.
_WHERE_PYTHON_LOOKS = {
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONPLATLIBDIR",
    "PYTHONUSERBASE",
    "PYTHONNOUSERSITE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONDONTWRITEBYTECODE",
}


class SimulatorError(RuntimeError):
    """The simulator could not be started or reached; the message says what to do."""


class Child:
    """A module of the course in a Python process of its own, which ends when this process ends.

    It reports its port over a loopback connection made for that alone, since site hooks may print
    anything into any Python, or close its stdout. The connection stays open until the process ends.
    Both outputs are read until they end, so that a full pipe never blocks the process, and what it
    printed last is kept for error messages.

    It ends when the pipe to its standard input closes. Only this process holds the other end, so
    the operating system closes it whatever ends this process.
    """

    def __init__(
        self, module: str, options: Sequence[str] = (), variables: Mapping[str, str] | None = None
    ) -> None:
        """Start the process; it gets ready in the background.

        Args:
            module: What to run, as after `python -m`.
            options: Its command line.
            variables: More environment variables for it.

        Raises:
            OSError: If it could not be started at all.
        """
        self._printed = b""
        self._token = secrets.token_hex(16)
        self._listener = socket.create_server((_LOOPBACK, 0))
        self._line: socket.socket | None = None  # on which it has reported
        address = f"{self._listener.getsockname()[1]}:{self._token}"
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PYTHON") or name in _WHERE_PYTHON_LOOKS
        }
        environment |= {"PYTHONUTF8": "1", _REPORT_VARIABLE: address, **(variables or {})}
        apart: dict[str, Any]  # an interrupt of the kernel (■) goes to its group: stay out of it
        if sys.platform == "win32":
            apart = {
                "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
            }
        else:
            apart = {"start_new_session": True}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                cwd=_ROOT,
                env=environment,
                **apart,
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
        """Whether the process has not ended yet."""
        return self._process.poll() is None

    def port(self, seconds: float | None = None) -> int | None:
        """Wait for the port that the process reports; None if it ended or time ran out before.

        Args:
            seconds: How long to wait; None waits until the process reports or ends.
        """
        until = None if seconds is None else time.monotonic() + seconds
        self._listener.settimeout(_GLANCE_SECONDS)
        with self._listener:
            while self.running and (until is None or time.monotonic() < until):
                try:
                    connection, _ = self._listener.accept()
                except TimeoutError:
                    continue
                except OSError:  # closed by `end`, in another thread
                    break
                if port := self._reported(connection):
                    self._line = connection
                    return port
                connection.close()
        return None

    def _reported(self, connection: socket.socket) -> int | None:
        """Return the port that a connection reports; None where somebody else has connected."""
        connection.settimeout(_REPORT_SECONDS)
        try:
            with connection.makefile("rb") as report:
                token, port = report.readline(100).split()
                return int(port) if hmac.compare_digest(token, self._token.encode()) else None
        except (OSError, ValueError):
            return None

    def wait_for_hangup(self) -> None:
        """Wait until a process that has reported ends.

        `running` can be asked meanwhile. While a thread blocks in `Popen.wait`, it would be true.
        """
        assert self._line is not None
        self._line.settimeout(None)
        with self._line, contextlib.suppress(OSError):
            self._line.recv(1)  # nothing is sent: it returns when the other end is closed

    def wait(self) -> None:
        """Wait until the process has ended."""
        self._process.wait()

    def let_go(self) -> None:
        """Close the pipe, upon which the process ends; in a fork, leave it to the parent."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def end(self) -> None:
        """End the process, and wait until it has ended."""
        self.let_go()
        self._listener.close()
        if self._line is not None:
            self._line.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()

    def last_words(self) -> str:
        """What it printed last, or how it ended where it printed nothing; a sentence's end."""
        code = self._process.poll()
        if code is not None:
            self._reader.join(_REPORT_SECONDS)  # its own children may hold the pipe
        printed = self._printed.decode(errors="replace").rstrip().rpartition("\n")[2]
        if printed:
            return f"Its last words: {''.join(filter(str.isprintable, printed))[:_WORDS_SHOWN]}"
        ended = "It runs" if code is None else f"It ended with exit code {code}"
        return f"{ended}, and has printed nothing."

    def _read(self) -> None:
        """Keep the end of what the process prints, until nobody holds the pipe any more."""
        assert self._process.stdout is not None
        with self._process.stdout as printed:
            while part := printed.read(65_536):
                self._printed = (self._printed + part)[-_WORDS_KEPT:]


_lines: list[socket.socket] = []  # stay open until this process ends


def report(port: int) -> None:
    """In a child: report the port to the process that started it, where that is a `Child`."""
    address, _, token = os.environ.pop(_REPORT_VARIABLE, "").partition(":")
    if not address:
        return
    line = socket.create_connection((_LOOPBACK, int(address)), timeout=_READY_SECONDS)
    line.sendall(f"{token} {port}\n".encode())
    _lines.append(line)


def end_with_stdin() -> None:
    """In a child: end this process as soon as its standard input is closed.

    Its file descriptor is read, not `sys.stdin`, which a site hook may have replaced, and whose
    lock would hinder a normal exit.
    """
    try:
        os.fstat(0)
    except OSError:
        sys.exit("its standard input was closed, perhaps by a sitecustomize or a .pth file")

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os._exit(0)  # nothing to save, and nothing may delay it

    threading.Thread(target=wait, name="end with parent", daemon=True).start()


class ServerProcess:
    """A simulator in a process of its own, which lives as long as this process needs it.

    If it dies first, a thread starts it again on the same port with the same key.
    """

    def __init__(self, speed: float, key: str) -> None:
        """Start the process; it gets ready in the background.

        Args:
            speed: How many times faster than real time replies are.
            key: The key that it asks its clients for.

        Raises:
            SimulatorError: If no process can be started here.
        """
        self._speed = speed
        self._key = key
        self._owner = os.getpid()
        self._changed = threading.Condition()  # guards what follows
        self._port = 0
        self._answering = False
        self._failure: str | None = None
        self._stopping = threading.Event()
        try:
            self._process = self._spawn()
        except OSError as error:
            raise SimulatorError(_why(f"The system says: {error}")) from None
        self._watchdog = threading.Thread(target=self._watch, name="simulator", daemon=True)
        self._watchdog.start()
        if hasattr(os, "register_at_fork"):  # not on Windows, which doesn't fork
            os.register_at_fork(after_in_child=self._forked)
        atexit.register(self.stop)

    @property
    def port(self) -> int:
        """The port that it listens on; waits until it answers."""
        self.wait()
        return self._port

    @property
    def pid(self) -> int:
        """The process id; waits until it answers."""
        self.wait()
        return self._process.pid

    @property
    def over(self) -> bool:
        """Whether it was stopped, or given up after it would not start."""
        return self._stopping.is_set() or self._failure is not None

    def wait(self) -> None:
        """Wait until requests are answered.

        Raises:
            SimulatorError: If it was stopped or can't start.
        """
        with self._changed:
            decided = self._changed.wait_for(self._decided, _READY_SECONDS)
        if self._stopping.is_set():
            raise SimulatorError("This simulator was stopped. Call `start()` for a new one.")
        if self._failure is not None:
            raise SimulatorError(self._failure)
        if not decided:
            raise SimulatorError(
                f"The simulator was not ready after {_READY_SECONDS:.0f} s. Is this machine very "
                f"busy? Run the cell again. {self._process.last_words()}"
            )

    def stop(self) -> None:
        """End the process. A process forked from the owner leaves it alone."""
        if not self._owned():
            return
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
            process = self._process
        process.let_go()
        self._watchdog.join(_END_SECONDS)
        if self._watchdog.is_alive():
            process.kill()
            self._watchdog.join(_END_SECONDS)
        atexit.unregister(self.stop)

    def _decided(self) -> bool:
        """Return whether waiting is over: it answers, or it never will."""
        alive = not self._owned() or self._process.running
        return self.over or (self._answering and alive)

    def _owned(self) -> bool:
        return self._owner == os.getpid()

    def _forked(self) -> None:
        """In a forked child: let go of the pipe, so that the server ends with the parent."""
        self._changed = threading.Condition()  # some thread of the parent may have held it
        self._process.let_go()

    def _spawn(self) -> Child:
        options = ["--host", HOST, "--port", str(self._port), "--speed", repr(self._speed)]
        return Child("utils.simulator", ["--with-parent", *options], {KEY_VARIABLE: self._key})

    def _watch(self) -> None:
        """Learn when the process answers and when it ends, and start it again if need be."""
        vain = 0
        while True:
            answered, last_words = self._live(self._process)
            vain = 0 if answered else vain + 1
            if not self._port or vain == _VAIN_STARTS:
                self._tell(failure=_why(last_words))
                return
            if vain:
                self._stopping.wait(0.1 * 2**vain)
            with self._changed:
                if self._stopping.is_set():
                    return
                try:
                    self._process = self._spawn()
                except OSError as error:
                    self._failure = _why(f"The system says: {error}")
                    self._changed.notify_all()
                    return

    def _live(self, process: Child) -> tuple[bool, str]:
        """Follow one process to its end; return whether it ever answered, and its last words."""
        port = process.port()
        if port is not None:
            self._tell(port=port)
            process.wait_for_hangup()
        self._answering = False
        process.wait()
        process.let_go()
        return port is not None, process.last_words()

    def _tell(self, port: int = 0, failure: str | None = None) -> None:
        with self._changed:
            self._port = port or self._port
            self._answering = bool(port)
            self._failure = failure
            self._changed.notify_all()


def _why(last_words: str) -> str:
    return (
        "The simulator could not start. `python3 course.py doctor` says what is missing. "
        f"{last_words}"
    )
