"""The simulator as notebooks use it: its URL, its key, and its request log.

Standard library only, as every notebook imports this.
"""

import asyncio
import json
import math
import os
import secrets
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from .process import HOST, ServerProcess, SimulatorError
from .request_log import Request, Requests

SPEED_VARIABLE = "COURSE_SPEED"
_SETTLE_SECONDS = 5.0  # time limit for replies to end
_READ_SECONDS = 15.0


class Seen(Requests):
    """The requests of a `watch()` block: `now()` inside the block, a list after it."""

    def __init__(self, read: Callable[[bool], Requests]) -> None:
        super().__init__()
        self._read = read

    def now(self) -> Requests:
        """Return the requests received so far in the block, without waiting for replies to end."""
        return self._read(False)

    def fill(self) -> None:
        """Store the requests received since the block began, once no reply is in progress."""
        settled = self._read(True)
        self._requests, self.settled = tuple(settled), settled.settled


class Watch:
    """The block of `Simulator.watch()`."""

    def __init__(self, read: Callable[..., tuple[str, Requests]]) -> None:
        self._read = read

    def __enter__(self) -> Seen:
        mark = self._read(settled=False)[0]
        self._seen = Seen(lambda settled: self._read(settled, mark)[1])
        return self._seen

    def __exit__(self, *_: object) -> None:
        self._seen.fill()

    async def __aenter__(self) -> Seen:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._seen.fill)


class Simulator:
    """A running simulator. `start()` returns the one that all cells of a notebook share.

    It ends with this process, even if that is killed, and restarts on the same port if it dies.

    Attributes:
        speed: How many times faster than real time replies are.
        api_key: The key for an OpenAI client, generated at start.
    """

    def __init__(self, speed: float | None = None) -> None:
        """Start the process, without waiting until it is ready.

        Args:
            speed: How many times faster than real time replies are; None uses `COURSE_SPEED`.

        Raises:
            SimulatorError: If the speed is not a number above 0, or the process can't be started.
        """
        self.speed = _environment_speed() if speed is None else _checked(speed, "speed")
        self.api_key = secrets.token_urlsafe(24)
        self._process = ServerProcess(self.speed, self.api_key)

    def __repr__(self) -> str:
        return f"<Simulator at speed {self.speed:g}>"

    @property
    def base_url(self) -> str:
        """The URL for an OpenAI client; waits until the simulator is ready."""
        return f"http://{HOST}:{self._process.port}/v1"

    @property
    def pid(self) -> int:
        """The server's process id; waits until the simulator is ready."""
        return self._process.pid

    @property
    def over(self) -> bool:
        """Whether it was stopped, or failed to start and won't be restarted."""
        return self._process.over

    def wait(self) -> None:
        """Wait until it is ready for requests.

        Raises:
            SimulatorError: If the simulator was stopped or can't start.
        """
        self._process.wait()

    def stop(self) -> None:
        """End the process, except in a process forked from the notebook's."""
        self._process.stop()

    def requests(self, settled: bool = True) -> Requests:
        """Return the requests that the simulator received, oldest first.

        Args:
            settled: Wait until no reply is in progress, at most 5 s; the result's `settled` is
                whether that is so. False reads the log immediately.

        Raises:
            SimulatorError: If the simulator can't be reached.
        """
        return self._read(settled)[1]

    def watch(self) -> Watch:
        """Collect the requests received inside a `with` block, or an `async with` block.

        The end of the block waits until no reply is in progress. `async with` doesn't block the
        event loop, which may have to close connections of async code.

        Returns:
            A context manager that yields a list, which is filled at the end of the block. Inside
            the block, call the list's `now()`.

        Raises:
            SimulatorError: By the block, if the simulator can't be reached.
        """
        return Watch(self._read)

    def _read(self, settled: bool, since: str = "") -> tuple[str, Requests]:
        """Return a mark of the log's current end, and the requests since the mark `since`."""
        query = {"since": since} | ({"settled": str(_SETTLE_SECONDS)} if settled else {})
        path = f"/simulator/requests?{urlencode(query)}"
        try:
            answer = self._get(path)
        except OSError:  # perhaps the server has died and is being restarted
            try:
                answer = self._get(path)
            except OSError as error:
                raise SimulatorError(
                    f"Could not read the simulator's log ({error}). Run the cell again."
                ) from error
        records = (Request(**fields) for fields in answer["requests"])
        return answer["mark"], Requests(records, answer["settled"])

    def _get(self, path: str) -> dict[str, Any]:
        from http.client import HTTPConnection, HTTPException  # here, to make setup 20 ms faster

        connection = HTTPConnection(HOST, self._process.port, timeout=_READ_SECONDS)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.api_key}"})
            body: dict[str, Any] = json.load(connection.getresponse())
        except HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        return body


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


class Shared:
    """The one simulator of this process, safe with threads and forks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.simulator: Simulator | None = None
        if hasattr(os, "register_at_fork"):  # a thread of the parent may hold the lock
            os.register_at_fork(after_in_child=self._unlock)

    def _unlock(self) -> None:
        self._lock = threading.Lock()

    def get(self, speed: float | None) -> Simulator:
        """Return the simulator; start one if there is none or it has ended."""
        with self._lock:
            if self.simulator is None or self.simulator.over:
                self.simulator = Simulator(speed)
            return self.simulator


shared = Shared()


def start(speed: float | None = None, *, wait: bool = True) -> Simulator:
    """Return this notebook's simulator; the first call starts it.

    Args:
        speed: How many times faster than real time replies are; None uses the speed of the running
            simulator, or else `COURSE_SPEED`.
        wait: Wait until it is ready. False returns immediately.

    Raises:
        SimulatorError: If it can't start, or is already running at a different speed.
    """
    simulator = shared.get(speed)
    if speed is not None and speed != simulator.speed:
        raise SimulatorError(
            f"The simulator is already running at speed {simulator.speed:g}. Call `stop()` first."
        )
    if wait:
        simulator.wait()
    return simulator
