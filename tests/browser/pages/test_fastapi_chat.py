"""The FastAPI app in a real browser, with a simulator.

`site.behave` chooses the model's pace and faults: `stall@30,4` is 4 s of silence after 30 tokens.
`site.requests(mark)` returns the requests that the model received after `mark = site.mark()`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tools.app import FASTAPI
from tools.running_app import Site, served
from utils.simulator.content import prepared_replies

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, Browser, Page, Route

PATIENCE = 60_000  # ms
RAINBOW = "Explain how a rainbow forms."
ANSWER = prepared_replies.answer(RAINBOW)

CLOSED = 2  # the `readyState` of an EventSource that won't reconnect
# A script that makes the page record its EventSources, the IDs of their events and, after each
# change of the log, its status line and the length of its text.
RECORD = """() => {
  const log = document.getElementById("log");
  Object.assign(window, { lengths: [], statuses: [], sources: [], numbers: [] });
  new MutationObserver(() => {
    lengths.push(log.innerText.length);
    statuses.push(log.querySelector(".status")?.textContent);
  }).observe(log, { childList: true, subtree: true });
  window.EventSource = class extends EventSource {
    constructor(url) { super(url); sources.push(this); }
    addEventListener(name, act) {
      super.addEventListener(name, (event) => {
        numbers.push(Number(event.lastEventId));
        act(event);
      });
    }
  };
}"""


@pytest.fixture(scope="module")
def site(browser_file: str) -> Iterator[Site]:
    with served(FASTAPI, sys.executable) as running:
        yield running


@pytest.fixture
def tab(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 760, "height": 640})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(site.url)
    yield page
    context.close()


def send(page: Page, message: str) -> None:
    page.fill("#box", message)
    page.keyboard.press("Enter")


def ask(page: Page, message: str) -> None:
    """Send a message and wait until the page contains an element for its reply."""
    before = page.locator(".reply").count()
    send(page, message)
    page.locator(".reply").nth(before).wait_for(state="attached")


def wait_for_text(page: Page, text: str) -> None:
    page.wait_for_function("text => document.body.innerText.includes(text)", arg=text)


def wait_for_end(page: Page) -> None:
    page.wait_for_selector("#send:visible")


def reply(page: Page) -> str:
    return page.inner_text(".reply >> nth=-1").strip()


def test_text_grows_until_it_is_complete(site: Site, tab: Page) -> None:
    site.behave("sim-chat")
    tab.evaluate(RECORD)
    ask(tab, RAINBOW)
    wait_for_end(tab)
    assert reply(tab) == ANSWER
    lengths = tab.evaluate("window.lengths")
    assert len(set(lengths)) > 20


def test_the_tools_status_appears_while_it_runs(site: Site, tab: Page) -> None:
    site.behave("sim-chat")
    ask(tab, "Where is my order 4711?")
    wait_for_text(tab, "Calling order_status")
    wait_for_end(tab)
    assert "arrives on Thursday" in reply(tab)
    assert "Calling" not in reply(tab)


def test_a_dropped_connection_is_reported_and_the_model_called_once(site: Site, tab: Page) -> None:
    site.behave("sim-chat:drop@30")
    mark = site.mark()
    tab.evaluate(RECORD)
    ask(tab, RAINBOW)
    wait_for_end(tab)
    assert reply(tab).endswith("[The connection to the model failed.]")
    assert tab.evaluate("window.sources.map((source) => source.readyState)") == [CLOSED]
    assert len(site.requests(mark)) == 1
    assert tab.locator(".reply").count() == 1


def test_a_reload_mid_reply_loses_and_duplicates_nothing(site: Site, tab: Page) -> None:
    site.behave("sim-chat:stall@30,4")
    mark = site.mark()
    ask(tab, RAINBOW)
    wait_for_text(tab, ANSWER[:60])
    tab.reload()
    wait_for_text(tab, ANSWER[:60])
    wait_for_end(tab)
    assert reply(tab) == ANSWER
    assert tab.locator(".question").all_inner_texts() == [RAINBOW]
    (request,) = site.requests(mark)
    assert request.ended == "finished"


def test_a_connection_lost_mid_reply_is_reopened_automatically(site: Site, tab: Page) -> None:
    site.behave("sim-chat")
    mark = site.mark()

    def lose(route: Route) -> None:  # drops the connection after event 20
        head, last, _ = route.fetch().body().partition(b"id: 20\n")
        route.fulfill(body=head + last + b"\n", content_type="text/event-stream")

    tab.route("**/replies/*", lose, times=1)
    tab.evaluate(RECORD)
    ask(tab, RAINBOW)
    wait_for_end(tab)
    assert reply(tab) == ANSWER
    assert "Connection lost. Reconnecting…" in tab.evaluate("window.statuses")
    numbers = tab.evaluate("window.numbers")
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(site.requests(mark)) == 1


def test_earlier_turns_that_arrive_late_erase_nothing(site: Site, tab: Page) -> None:
    site.behave("sim-chat")
    held: list[tuple[Route, APIResponse]] = []
    tab.route("**/conversation", lambda route: held.append((route, route.fetch())))
    with tab.expect_request("**/conversation"):
        tab.evaluate("dispatchEvent(new Event('focus'))")
    ask(tab, RAINBOW)
    route, earlier = held.pop()
    route.fulfill(response=earlier)
    wait_for_text(tab, ANSWER[:60])
    wait_for_end(tab)
    assert reply(tab) == ANSWER
    assert tab.locator(".question").all_inner_texts() == [RAINBOW]


def test_stop_in_another_tab_ends_the_reply_and_its_generation(site: Site, tab: Page) -> None:
    site.behave("sim-chat:stall@30,600")
    mark = site.mark()
    ask(tab, RAINBOW)
    wait_for_text(tab, ANSWER[:60])
    other = tab.context.new_page()
    other.set_default_timeout(PATIENCE)
    other.goto(site.url)
    wait_for_text(other, ANSWER[:60])
    other.click("#stop")
    for page in (other, tab):
        wait_for_end(page)
        wait_for_text(page, "[Stopped.]")
    assert reply(other) == reply(tab)
    assert ANSWER.startswith(reply(tab).removesuffix("[Stopped.]").strip())
    (request,) = site.requests(mark)
    assert (request.ended, request.tokens_unsent > 50) == ("client left", True)


def test_a_refused_message_stays_in_the_box_and_the_reason_is_shown(site: Site, tab: Page) -> None:
    send(tab, "x" * 8_001)
    wait_for_text(tab, "8,000 characters at most")
    assert len(tab.input_value("#box")) == 8_001
    send(tab, "   ")
    wait_for_text(tab, "Type a message first.")
    tab.context.set_offline(True)
    send(tab, "hello")
    wait_for_text(tab, "The server can't be reached. Your message is still here.")
    assert tab.input_value("#box") == "hello"
    tab.context.set_offline(False)
    tab.route("**/chat", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    send(tab, "hello")
    wait_for_text(tab, "The server failed. Your message is still here.")


def test_a_refusal_is_shown_until_the_reply_in_progress_ends(site: Site, tab: Page) -> None:
    site.behave("sim-chat:stall@30,600")
    ask(tab, RAINBOW)
    send(tab, "hello")
    wait_for_text(tab, "A reply is still being written")
    tab.click("#stop")
    wait_for_end(tab)
    assert tab.inner_text("#problem") == ""
    assert tab.input_value("#box") == "hello"


def test_a_message_is_sent_once_however_often_enter_is_pressed(site: Site, tab: Page) -> None:
    site.behave("sim-fast")
    mark = site.mark()
    tab.fill("#box", RAINBOW)
    tab.evaluate("for (let n = 0; n < 3; n++) document.forms[0].requestSubmit()")
    wait_for_text(tab, ANSWER)
    assert tab.locator(".question").count() == 1
    assert len(site.requests(mark)) == 1


def test_the_send_button_passes_the_focus_on(site: Site, tab: Page) -> None:
    site.behave("sim-chat")
    tab.fill("#box", "hello")
    tab.focus("#send")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#stop:visible")
    assert tab.evaluate("document.activeElement.id") == "box"


def test_enter_that_ends_a_composition_sends_nothing(site: Site, tab: Page) -> None:
    site.behave("sim-fast")
    tab.fill("#box", "kon")
    ended = "new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229 })"  # as in Safari
    tab.evaluate(f"document.getElementById('box').dispatchEvent({ended})")
    ask(tab, RAINBOW)
    assert tab.locator(".question").all_inner_texts() == [RAINBOW]


def test_going_back_and_a_focused_window_keep_the_conversation_and_the_place(
    site: Site, tab: Page
) -> None:
    site.behave("sim-fast")
    tab.set_viewport_size({"width": 400, "height": 300})
    ask(tab, RAINBOW)
    wait_for_end(tab)
    tab.goto("about:blank")
    tab.go_back()
    wait_for_text(tab, ANSWER)
    old = "document.querySelector('.question').id = 'old'"
    tab.evaluate(f"{old}; document.getElementById('log').scrollTop = 7")
    tab.evaluate("dispatchEvent(new Event('focus'))")
    tab.wait_for_selector("#old", state="detached")  # the page shows the conversation again
    assert tab.evaluate("document.getElementById('log').scrollTop") == 7


def test_a_models_markdown_is_formatted_and_harmless(site: Site, tab: Page) -> None:
    site.behave("sim-chat")
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    ask(tab, "Show me Markdown with code and a table.")
    wait_for_end(tab)
    for tag in (":is(h1, h2)", "table", "pre", "strong", "a[href^=https]"):
        assert tab.locator(f".reply {tag}").count() >= 1, tag
    ask(tab, "<img src=x onerror=\"document.title='run'\"> hello")
    wait_for_end(tab)
    assert tab.title() == "Lamp shop support"
    assert errors == []
