"""How each app's page is used: where a message is typed, and where the conversation is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.apps.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE = 60_000  # ms, for a machine that is busy


@dataclass(frozen=True)
class Face:
    """Where an app's page has what tests look for.

    Attributes:
        box: Where a message is typed.
        stop: The button.
        log: What holds the conversation.
        send: The button that is enabled once something is typed and can be sent.
    """

    box: str
    stop: str
    log: str
    send: str


FACES = {
    "fastapi": Face("#box", "#stop", "#log", "#send"),
    "django": Face("#box", "#stop", "#log", "#send"),
    "streamlit": Face(
        "textarea",
        "[data-testid=stChatInputStopButton]",
        ".stMain",
        "[data-testid=stChatInputSubmitButton]",
    ),
    "chainlit": Face("#chat-input", "#stop-button", "#root", "#chat-submit"),
}


@dataclass(frozen=True)
class Running:
    """An app that runs, and how its page is used.

    Attributes:
        name: The framework.
        site: Its address, and the simulator behind it.
        face: Where its page has what.
    """

    name: str
    site: Site
    face: Face

    def open(self, page: Page) -> None:
        """Load the page, and wait until a message can be typed."""
        page.set_default_timeout(PATIENCE)
        page.goto(self.site.url)
        page.wait_for_selector(self.face.box)

    def send(self, page: Page, message: str) -> None:
        page.click(self.face.box)
        page.keyboard.insert_text(message)
        page.wait_for_selector(f"{self.face.send}:enabled:visible")
        page.keyboard.press("Enter")

    def stop(self, page: Page) -> None:
        page.click(self.face.stop)

    def text(self, page: Page) -> str:
        """The conversation."""
        return page.inner_text(self.face.log)

    def wait_for(self, page: Page, text: str) -> None:
        """Wait until the conversation contains the text."""
        there = "([log, text]) => document.querySelector(log)?.innerText.includes(text)"
        page.wait_for_function(there, arg=[self.face.log, text])
