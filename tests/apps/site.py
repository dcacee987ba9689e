"""An app and its simulator on real sockets, for tests in a browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from tools.app import App, simulator
from tools.lab import free_port
from tools.programs import simulated_environ
from utils.simulator import Request


@dataclass
class Site:
    """The app and its simulator, each in its own process.

    Attributes:
        url: The page.
        model: The variables that name the app's model.
    """

    url: str
    model: dict[str, str]

    def behave(self, model: str) -> None:
        """Set what the app's model does from the next request on."""
        self._simulator("PUT", "/simulator/sim", json={"model": model})

    def requests(self, since: str = "") -> list[Request]:
        """The requests that the model got, once none is on its way."""
        log = self._simulator("GET", f"/simulator/requests?settled=30&since={since}")
        return [Request(**fields) for fields in log["requests"]]

    def mark(self) -> str:
        """A mark of now, for `requests`."""
        return str(self._simulator("GET", "/simulator/requests")["mark"])

    def _simulator(self, method: str, path: str, **options: Any) -> Any:
        headers = {"authorization": f"Bearer {self.model['OPENAI_API_KEY']}"}
        address = self.model["OPENAI_BASE_URL"].removesuffix("/v1") + path
        with httpx2.Client(timeout=60, trust_env=False) as client:
            return client.request(method, address, headers=headers, **options).json()


@contextmanager
def served(app: App, python: str, **more: str) -> Iterator[Site]:
    """Run an app and a simulator that is twice as fast as real; the app's model is `sim`."""
    before, os.environ["COURSE_SPEED"] = os.environ.get("COURSE_SPEED"), "2"
    with simulator(sys.executable, "sim") as model:
        os.environ["COURSE_SPEED"] = before or "1"
        port = free_port(None)
        with app.served(python, port, simulated_environ(**model, **more)):
            yield Site(f"http://127.0.0.1:{port}/", model)
