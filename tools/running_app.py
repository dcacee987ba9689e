"""Runs an app with a simulator and drives its page, for tests and screenshots.

Tests of an app's HTTP interface use `Site`; tests of its page use `AppInBrowser`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2

from tools.app import App, simulator
from tools.env_vars import simulated_environ
from tools.lab import free_port
from utils.simulator import Request

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE = 60_000  # milliseconds; long enough for a busy machine


@dataclass
class Site:
    """The app and its simulator, each in its own process."""

    url: str
    model: dict[str, str]  # the environment variables for the app's model

    def behave(self, model: str) -> None:
        """Set the simulated model, such as `sim-chat:drop@8`, for the app's later requests."""
        self._simulator("PUT", "/simulator/sim", json={"model": model})

    def requests(self, since: str = "") -> list[Request]:
        """Wait up to 30 s for all replies to end; return the requests that the model received.

        `since` is a result of `mark`: earlier requests are left out.
        """
        log = self._simulator("GET", f"/simulator/requests?settled=30&since={since}")
        return [Request(**fields) for fields in log["requests"]]

    def mark(self) -> str:
        """Return the current end of the log, to be passed to `requests`."""
        return str(self._simulator("GET", "/simulator/requests")["mark"])

    def _simulator(self, method: str, path: str, **options: Any) -> Any:
        headers = {"authorization": f"Bearer {self.model['OPENAI_API_KEY']}"}
        address = self.model["OPENAI_BASE_URL"].removesuffix("/v1") + path
        with httpx2.Client(timeout=60, trust_env=False) as client:
            return client.request(method, address, headers=headers, **options).json()


@contextmanager
def served(app: App, python: str) -> Iterator[Site]:
    """Run an app with `python`, and a simulator whose model `sim` replies at double speed."""
    port = free_port()
    with (
        simulator(sys.executable, model="sim", speed="2") as model,
        app.served(python, port, simulated_environ(**model)),
    ):
        yield Site(f"http://127.0.0.1:{port}/", model)


@dataclass(frozen=True)
class Selectors:
    """Selectors for the parts of an app's page that tests use."""

    box: str
    stop: str
    log: str  # the element that contains the conversation
    send: str  # the button that is enabled once a typed message can be sent


SELECTORS = {
    "fastapi": Selectors(box="#box", stop="#stop", log="#log", send="#send"),
    "django": Selectors(box="#box", stop="#stop", log="#log", send="#send"),
    "streamlit": Selectors(
        box="textarea",
        stop="[data-testid=stChatInputStopButton]",
        log=".stMain",
        send="[data-testid=stChatInputSubmitButton]",
    ),
    "chainlit": Selectors(box="#chat-input", stop="#stop-button", log="#root", send="#chat-submit"),
}


@dataclass(frozen=True)
class AppInBrowser:
    """A running app, with methods for using its page as a visitor would."""

    name: str
    site: Site
    selectors: Selectors

    def open(self, page: Page) -> None:
        """Load the page and wait until a message can be typed."""
        page.set_default_timeout(PATIENCE)
        page.goto(self.site.url)
        page.wait_for_selector(self.selectors.box)

    def send(self, page: Page, message: str) -> None:
        page.click(self.selectors.box)
        page.keyboard.insert_text(message)
        page.wait_for_selector(f"{self.selectors.send}:enabled:visible")
        page.keyboard.press("Enter")

    def stop(self, page: Page) -> None:
        page.click(self.selectors.stop)

    def text(self, page: Page) -> str:
        return page.inner_text(self.selectors.log)

    def wait_for(self, page: Page, text: str) -> None:
        there = "([log, text]) => document.querySelector(log)?.innerText.includes(text)"
        page.wait_for_function(there, arg=[self.selectors.log, text])
