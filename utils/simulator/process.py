"""The server's process as its owner sees it: started, watched, brought back, ended.

Standard library only, as every notebook imports this. What notebooks call is `handle`; what runs
inside the process is `server`.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
KEY_VARIABLE = "SIMULATOR_KEY"
_ROOT = Path(__file__).resolve().parents[2]  # where `utils` can be imported from
_READY_SECONDS = 30.0
_END_SECONDS = 3.0
_LAST_LINES = 5
_VAIN_STARTS = 5  # in a row, before it is given up


class SimulatorError(RuntimeError):
    """The simulator could not be started or reached; the message says what to do."""


class ServerProcess:
    """A server in a process of its own, which lives as long as this process needs it.

    It ends when the pipe to its standard input closes. Only this process holds the other end, so
    the operating system closes it whatever ends this process. If the server dies first, a thread
    starts it again on the same port with the same key.
    """

    def __init__(self, speed: float, key: str) -> None:
        """Start the process; it gets ready in the background.

        Args:
            speed: How many times faster than real time replies are.
            key: The key that it asks its clients for.
        """
        self._speed = speed
        self._key = key
        self._owner = os.getpid()
        self._changed = threading.Condition()  # guards what follows
        self._port = 0
        self._answering = False
        self._failure: str | None = None
        self._stopping = threading.Event()
        self._process = self._spawn()
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
                "busy? Run the cell again."
            )

    def stop(self) -> None:
        """End the process. A process forked from the owner leaves it alone."""
        if not self._owned():
            return
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
            process = self._process
        _close(process.stdin)
        self._watchdog.join(_END_SECONDS)
        if self._watchdog.is_alive():
            process.kill()
            self._watchdog.join(_END_SECONDS)
        atexit.unregister(self.stop)

    def _decided(self) -> bool:
        """Return whether waiting is over: it answers, or it never will."""
        alive = not self._owned() or self._process.poll() is None
        return self.over or (self._answering and alive)

    def _owned(self) -> bool:
        return self._owner == os.getpid()

    def _forked(self) -> None:
        """In a forked child: let go of the pipe, so that the server ends with the parent."""
        self._changed = threading.Condition()  # some thread of the parent may have held it
        _close(self._process.stdin)

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Start the server; the first line that it prints is its port."""
        environment = os.environ | {KEY_VARIABLE: self._key}
        environment.pop("PYTHONSAFEPATH", None)  # it would hide `utils` in the working directory
        options = ["--host", HOST, "--port", str(self._port), "--speed", repr(self._speed)]
        apart: dict[str, Any]  # an interrupt of the kernel (■) goes to its group: stay out of it
        if sys.platform == "win32":
            apart = {
                "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
            }
        else:
            apart = {"start_new_session": True}
        return subprocess.Popen(
            [sys.executable, "-m", "utils.simulator", "--with-parent", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=_ROOT,
            env=environment,
            **apart,
        )

    def _watch(self) -> None:
        """Learn when the process answers and when it ends, and start it again if need be.

        Everything here blocks on a pipe or on the process; nothing polls.
        """
        vain = 0
        while True:
            answered, last_lines = self._live(self._process)
            vain = 0 if answered else vain + 1
            if not self._port or vain == _VAIN_STARTS:
                self._tell(failure=_why(last_lines))
                return
            if vain:
                self._stopping.wait(0.1 * 2**vain)
            with self._changed:
                if self._stopping.is_set():
                    return
                try:
                    self._process = self._spawn()
                except OSError as error:
                    self._failure = _why([str(error).encode()])
                    self._changed.notify_all()
                    return

    def _live(self, process: subprocess.Popen[bytes]) -> tuple[bool, list[bytes]]:
        """Follow one process to its end; return whether it ever answered, and its last words."""
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        if line:
            self._tell(port=int(line))
        last_lines = deque(process.stderr, _LAST_LINES)  # until it ends
        self._answering = False
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            _close(pipe)
        return bool(line), list(last_lines)

    def _tell(self, port: int = 0, failure: str | None = None) -> None:
        with self._changed:
            self._port = port or self._port
            self._answering = bool(port)
            self._failure = failure
            self._changed.notify_all()


def _close(pipe: Any) -> None:
    if pipe is not None:
        pipe.close()


def _why(last_lines: list[bytes]) -> str:
    said = b"".join(last_lines).decode(errors="replace").strip()
    return (
        "The simulator could not start. `python3 course.py doctor` says what is missing. "
        f"Its last words: {said.splitlines()[-1] if said else 'none'}"
    )
