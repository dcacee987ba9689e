"""The page of lesson 4's take-home script, served by a separate process and opened in a browser.

`page_server` runs the script, whose model is on the simulator `server`; `STALLS` names a model that
stalls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.lessons.test_take_home import STALLS, Script, page_server, script, server

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page


__all__ = ["script", "server"]  # fixtures that pytest should find here


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    tab = context.new_page()
    tab.set_default_timeout(240_000)
    yield tab
    tab.close()


def ask(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Question").fill("Name a river.")
    page.get_by_role("button", name="Ask").click()


@pytest.mark.parametrize(
    ("fault", "note"), [("", "Complete: "), (":drop@5", "The reply is incomplete.")]
)
def test_a_question_is_sent_once_and_the_end_is_shown(page: Page, script: Script, fault, note):
    with page_server(script, f"sim-fast{fault}") as url:
        with script.server.watch() as seen:
            ask(page, url)
            page.get_by_role("status").filter(has_text=note).wait_for()
        assert (page.locator("#reply").text_content() or "").startswith("The Danube. It rises")
        assert page.evaluate("source.readyState") == 2  # CLOSED: the EventSource won't reconnect
        assert len(seen) == 1


def test_stop_closes_the_connection_and_stops_the_model(page: Page, script: Script):
    with page_server(script, STALLS) as url:
        with script.server.watch() as seen:
            ask(page, url)
            page.locator("#reply", has_text="The Danube.").wait_for()
            page.get_by_role("button", name="Stop").click()
            page.get_by_text("Stopped.").wait_for()
        (request,) = seen
        assert request.ended == "client left"
        assert request.tokens_unsent > 0
        assert page.locator("#reply").text_content() == "The Danube."
