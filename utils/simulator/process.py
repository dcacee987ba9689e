"""The simulator as seen from a notebook: a process of its own, its handle, and its request log.

Standard library only, as every notebook imports this. The server itself is `server`.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import secrets
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from .records import Request, Requests

HOST = "127.0.0.1"
KEY_VARIABLE = "SIMULATOR_KEY"
SPEED_VARIABLE = "COURSE_SPEED"
_ROOT = Path(__file__).resolve().parents[2]  # where `utils` can be imported from
_READY_SECONDS = 30.0
_READ_SECONDS = 15.0  # the server itself waits 5 s at most for replies to end
_END_SECONDS = 3.0
_LAST_LINES = 5
_VAIN_STARTS = 5  # in a row, before it is given up


class SimulatorError(RuntimeError):
    """The simulator could not be started or reached; the message says what to do."""


class Seen(Requests):
    """The requests of a `watch()` block: `now()` inside the block, a list after it."""

    def __init__(self, read: Callable[[bool], Requests]) -> None:
        super().__init__()
        self._read = read

    def now(self) -> Requests:
        """Return the requests received since the block began, however far they are."""
        return self._read(False)

    def fill(self) -> None:
        """Hold what was received since the block began, once no reply is on its way any more."""
        settled = self._read(True)
        self._requests, self.settled = tuple(settled), settled.settled


class Simulator:
    """A running simulator. `start()` gives the one that all cells of a notebook share.

    It ends with this process, even when that is killed: it watches a pipe that only this process
    holds. If it dies first, a thread starts it again on the same port with the same key.
    """

    def __init__(self, speed: float | None = None) -> None:
        """Start the process; it gets ready in the background.

        Args:
            speed: How many times faster than real time replies are; None means `COURSE_SPEED`.

        Raises:
            SimulatorError: If the speed is not a number above 0.
        """
        self.speed = _environment_speed() if speed is None else _checked(speed, "speed")
        self.api_key = secrets.token_urlsafe(24)
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

    def __repr__(self) -> str:
        return f"<Simulator at speed {self.speed:g}>"

    @property
    def base_url(self) -> str:
        """The address for an OpenAI client; waits until it answers."""
        self.wait()
        return f"http://{HOST}:{self._port}/v1"

    @property
    def pid(self) -> int:
        """The process id of the server; waits until it answers."""
        self.wait()
        return self._process.pid

    @property
    def stopped(self) -> bool:
        """Whether `stop()` was called."""
        return self._stopping.is_set()

    def wait(self) -> None:
        """Wait until requests are answered.

        Raises:
            SimulatorError: If the simulator was stopped or can't start.
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

    def _decided(self) -> bool:
        return (
            self._stopping.is_set()
            or self._failure is not None
            or (self._answering and (not self._owned() or self._process.poll() is None))
        )

    def requests(self, settled: bool = True) -> Requests:
        """Return the requests that the simulator received, oldest first.

        Args:
            settled: Wait until no reply is on its way any more, 5 s at most; whether that came
                true is the result's `settled`. False reads the log as it is now.

        Raises:
            SimulatorError: If the simulator can't be reached.
        """
        return self._read(settled)[1]

    @contextmanager
    def watch(self) -> Iterator[Seen]:
        """Collect the requests received inside a `with` block.

        Yields:
            A list that is filled when the block ends; inside the block ask its `now()`.

        Raises:
            SimulatorError: If the simulator can't be reached.
        """
        mark = self._read(settled=False)[0]
        seen = Seen(lambda settled: self._read(settled, mark)[1])
        try:
            yield seen
        finally:
            seen.fill()

    def stop(self) -> None:
        """End the process. A process forked from the notebook's leaves it alone."""
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

    # The request log, over HTTP

    def _read(self, settled: bool, since: str = "") -> tuple[str, Requests]:
        """Return a mark of now, and the requests since the mark `since`."""
        query = {"since": since} | ({"settled": "1"} if settled else {})
        try:
            answer = self._get(f"/simulator/requests?{urlencode(query)}")
        except OSError:  # it died just now: once it is back, its log is empty but can be read
            answer = self._get(f"/simulator/requests?{urlencode(query)}")
        records = (Request(**fields) for fields in answer["requests"])
        return answer["mark"], Requests(records, answer["settled"])

    def _get(self, path: str) -> dict[str, Any]:
        from http.client import HTTPConnection, HTTPException  # 20 ms that setup need not wait for

        self.wait()
        connection = HTTPConnection(HOST, self._port, timeout=_READ_SECONDS)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.api_key}"})
            body: dict[str, Any] = json.load(connection.getresponse())
        except HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        return body

    # The process

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Start the server; the first line that it prints is its port."""
        environment = os.environ | {KEY_VARIABLE: self.api_key}
        environment.pop("PYTHONSAFEPATH", None)  # it would hide `utils` in the working directory
        options = ["--host", HOST, "--port", str(self._port), "--speed", repr(self.speed)]
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
            process = self._process
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            if line:
                vain = 0
                self._tell(port=int(line))
            last_lines = deque(process.stderr, _LAST_LINES)  # until it ends
            self._answering = False
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                _close(pipe)
            if not line:
                vain += 1
                if not self._port or vain == _VAIN_STARTS:
                    self._tell(failure=_why(last_lines))
                    return
                self._stopping.wait(0.1 * 2**vain)
            with self._changed:
                if self._stopping.is_set():
                    return
                self._process = self._spawn()

    def _tell(self, port: int = 0, failure: str | None = None) -> None:
        with self._changed:
            self._port = port or self._port
            self._answering = bool(port)
            self._failure = failure
            self._changed.notify_all()

    def _owned(self) -> bool:
        return self._owner == os.getpid()

    def _forked(self) -> None:
        """In a forked child: let go of the pipe, so that the simulator ends with the parent."""
        self._changed = threading.Condition()  # some thread of the parent may have held it
        _shared.lock = threading.Lock()
        _close(self._process.stdin)


def _close(pipe: Any) -> None:
    if pipe is not None:
        pipe.close()


def _why(last_lines: deque[bytes]) -> str:
    said = b"".join(last_lines).decode(errors="replace").strip()
    return (
        "The simulator could not start. `python3 course.py doctor` says what is missing. "
        f"Its last words: {said.splitlines()[-1] if said else 'none'}"
    )


def _environment_speed() -> float:
    return _checked(os.environ.get(SPEED_VARIABLE) or 1.0, SPEED_VARIABLE)


def _checked(value: float | str, name: str) -> float:
    try:
        speed = float(value)
    except ValueError:
        speed = math.nan
    if not (speed > 0 and math.isfinite(speed)):
        raise SimulatorError(
            f"{name} is {value!r}. Set it to a number above 0: 1 is real time, 10 ten times faster."
        )
    return speed


class _Shared:
    """The one simulator of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.simulator: Simulator | None = None


_shared = _Shared()


def start(speed: float | None = None, *, wait: bool = True) -> Simulator:
    """Return this notebook's simulator; the first call starts it.

    Args:
        speed: How many times faster than real time replies are; None means `COURSE_SPEED`, or
            whatever the running one has.
        wait: Wait until it answers. False returns at once, and what needs it waits later.

    Raises:
        SimulatorError: If it can't start, or already runs at another speed.
    """
    with _shared.lock:
        simulator = _shared.simulator
        if simulator is None or simulator.stopped:
            simulator = _shared.simulator = Simulator(speed)
    if speed is not None and speed != simulator.speed:
        raise SimulatorError(
            f"The simulator runs at speed {simulator.speed:g} already. Call `stop()` on it first."
        )
    if wait:
        simulator.wait()
    return simulator
