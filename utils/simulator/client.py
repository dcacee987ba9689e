"""The notebooks' interface to the simulator: URL, key and request log.

It imports only the standard library, so that every notebook can import it quickly.
"""

import asyncio
import json
import math
import os
import secrets
import threading
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlencode

from .process.server_process import HOST, ServerProcess, SimulatorError
from .request_log import Request, Requests

SPEED_VARIABLE = "COURSE_SPEED"
_SETTLE_SECONDS = 5.0  # timeout when waiting for replies to end
_READ_SECONDS = 15.0  # timeout when reading the log


class Seen(Requests):
    """The requests received during a `watch()` block, available after the block.

    Inside the block, `now()` returns the requests so far.
    """

    def __init__(self, read: Callable[..., tuple[str, Requests]]) -> None:
        super().__init__()
        self._read = read

    def __enter__(self) -> Self:
        self._mark, _ = self._read(settled=False)  # position in the log at the start of the block
        return self

    def __exit__(self, *_: object) -> None:
        _mark, seen = self._read(settled=True, since=self._mark)
        self[:] = seen
        self.settled = seen.settled

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.__exit__)

    def now(self) -> Requests:
        """Return the requests received so far in the block, without waiting for replies to end."""
        _mark, seen = self._read(settled=False, since=self._mark)
        return seen


class Simulator(ServerProcess):
    """A running simulator. `start()` returns the simulator that all cells of a notebook share.

    Attributes:
        speed: Factor by which replies are faster than real time.
        api_key: The key for an OpenAI client, generated for this simulator.
    """

    def __init__(self, speed: float | None = None) -> None:
        """Start the server process without waiting until it is ready.

        Raises:
            SimulatorError: If the speed isn't a positive number, or the process can't be started.
        """
        if speed is None:
            speed = _checked(os.environ.get(SPEED_VARIABLE) or 1.0, SPEED_VARIABLE)
        super().__init__(_checked(speed, "speed"), secrets.token_urlsafe(24))

    def __repr__(self) -> str:
        return f"<Simulator at speed {self.speed:g}>"

    @property
    def base_url(self) -> str:
        """The URL for an OpenAI client; waits until the simulator is ready."""
        return f"http://{HOST}:{self.port}/v1"

    def requests(self, settled: bool = True) -> Requests:
        """Return the requests that the simulator received, oldest first.

        Args:
            settled: Whether to wait up to 5 s for all replies to end. If the wait times out, the
                result's `settled` is False.

        Raises:
            SimulatorError: If the simulator can't be reached.
        """
        _mark, seen = self._read(settled)
        return seen

    def watch(self) -> Seen:
        """Return a context manager that collects the requests received during its block.

        At its end, the block waits up to 5 s for all replies to end. In async code, use
        `async with`, so that the event loop can close connections in the meantime.

        Raises:
            SimulatorError: At the start or end of the block, if the simulator can't be reached.
        """
        return Seen(self._read)

    def _read(self, settled: bool, since: str = "") -> tuple[str, Requests]:
        """Return the current log position, and the requests received after position `since`."""
        query = {"since": since}
        if settled:
            query["settled"] = str(_SETTLE_SECONDS)
        path = f"/simulator/requests?{urlencode(query)}"
        try:
            answer = self._get(path)
        except OSError as error:
            raise SimulatorError(
                f"Could not read the simulator's log ({error}). Run the cell again."
            ) from error
        records = (Request(**fields) for fields in answer["requests"])
        return answer["mark"], Requests(records, answer["settled"])

    def _get(self, path: str) -> dict[str, Any]:
        from http.client import HTTPConnection, HTTPException  # imported late to save 20 ms

        connection = HTTPConnection(HOST, self.port, timeout=_READ_SECONDS)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.api_key}"})
            body: dict[str, Any] = json.load(connection.getresponse())
        except HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        return body


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
    """Holds this process's shared simulator; thread-safe and fork-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.simulator: Simulator | None = None
        if hasattr(os, "register_at_fork"):  # another thread may hold the lock during a fork
            os.register_at_fork(after_in_child=self._unlock)

    def _unlock(self) -> None:
        self._lock = threading.Lock()

    def get(self) -> Simulator:
        """Return the simulator; start one if there is none, or if the last one has ended."""
        with self._lock:
            if self.simulator is None or self.simulator.over:
                self.simulator = Simulator()
            return self.simulator


shared = Shared()


def start(*, wait: bool = True) -> Simulator:
    """Return this notebook's simulator; the first call starts it, at the speed in `COURSE_SPEED`.

    Args:
        wait: Whether to wait until the simulator is ready.

    Raises:
        SimulatorError: If the speed is invalid, or the simulator can't start.
    """
    simulator = shared.get()
    if wait:
        simulator.wait()
    return simulator
