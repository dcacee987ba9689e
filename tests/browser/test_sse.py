"""A browser's EventSource and `utils.sse` interpret event streams in the same way.

One test sends raw streams to both, and compares the events. In the others, a browser connects to
lesson 4's endpoint, and to `/seed`, whose end event has no data and so never fires.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from tests.sse_streams import BY_HAND, by_chance, types_named
from utils.app_server import serving
from utils.provider import chat_model, simulator
from utils.sse import parse

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

PATIENCE = 240_000.0  # ms

READ = """([url, types]) => new Promise((resolve) => {
  const source = new EventSource(url), events = [];
  const note = (event) => {
    if (event instanceof MessageEvent) events.push([event.type, event.data, event.lastEventId]);
  };
  for (const type of types) source.addEventListener(type, note);
  source.addEventListener("error", (event) => {
    if (event instanceof MessageEvent) return;
    source.close();  // the stream is over; without this the browser asks for it again
    resolve(events);
  });
})"""
# A chat page's script, as in lesson 4: text is JSON, and the end event closes the connection.
CHAT = """(url) => {
  window.chat = { text: "", ends: 0, opened: 0 };
  const source = (window.source = new EventSource(url));
  source.onopen = () => (window.chat.opened += 1);
  source.onmessage = (event) => (window.chat.text += JSON.parse(event.data));
  source.addEventListener("end", () => {
    window.chat.ends += 1;
    source.close();
  });
}"""


# --- streams of bytes ----------------------------------------------------------------------------


class Streams(BaseHTTPRequestHandler):
    """Serves the streams at `/0`, `/1`, …; every other one is written byte by byte."""

    protocol_version = "HTTP/1.0"
    streams: list[bytes]

    def do_GET(self) -> None:
        number = self.path.removeprefix("/")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if number.isdecimal() else "text/html")
        self.end_headers()
        if number.isdecimal():
            stream = self.streams[int(number)]
            step = 1 if int(number) % 2 else max(1, len(stream))
            for at in range(0, len(stream), step):
                self.wfile.write(stream[at : at + step])

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def streams() -> Iterator[tuple[str, list[bytes]]]:
    every = [*BY_HAND.values(), *by_chance()]
    handler = type("Handler", (Streams,), {"streams": every})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", every
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    yield tab
    tab.close()


def misread_by_chromium(stream: bytes) -> bool:
    """Return whether a stream starts with a BOM and then a line end, which Chromium misreads."""
    return stream.startswith((b"\xef\xbb\xbf\r", b"\xef\xbb\xbf\n"))


def test_our_reader_and_the_browsers_dispatch_the_same_events(
    page: Page, streams: tuple[str, list[bytes]]
):
    url, every = streams
    page.goto(f"{url}/page")
    dispatched = 0
    for number, stream in enumerate(every):
        if misread_by_chromium(stream):
            continue
        ours = [[event.type, event.data, event.id] for event in parse(stream)]
        theirs = page.evaluate(READ, [f"{url}/{number}", types_named(stream)])
        assert ours == theirs, stream
        dispatched += len(ours)
    assert dispatched > len(every)  # more than one event per stream, on average


# --- the endpoint of lesson 4 --------------------------------------------------------------------


@dataclass
class Site:
    """Lesson 4's endpoint and related ones, served from a separate thread.

    Attributes:
        url: The server's URL.
        asked: The path of each chat request.
    """

    url: str = ""
    asked: list[str] = field(default_factory=list)

    def app(self, client: httpx2.AsyncClient) -> FastAPI:
        app = FastAPI()

        def answer(question: str, delivery: str = "") -> AsyncIterator[Any]:
            model = chat_model(
                "chat", delivery=delivery or None, simulated=True, http_async_client=client
            )
            return model.astream(question)

        @app.get("/", response_class=HTMLResponse)
        async def page() -> str:
            return "<!doctype html><title>chat</title>"

        @app.get("/chat", response_model=None)
        async def chat(question: str, delivery: str = "") -> StreamingResponse:
            self.asked.append("/chat")

            async def frames() -> AsyncIterator[str]:
                async with aclosing(answer(question, delivery)) as chunks:
                    async for chunk in chunks:
                        if chunk.text:
                            yield f"data: {json.dumps(chunk.text)}\n\n"
                yield "event: end\ndata: {}\n\n"

            return StreamingResponse(
                frames(),
                media_type="text/event-stream",
                headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
            )

        @app.get("/built-in", response_class=EventSourceResponse)
        async def built_in(question: str, delivery: str = "") -> AsyncIterator[Any]:
            self.asked.append("/built-in")
            async with aclosing(answer(question, delivery)) as chunks:
                async for chunk in chunks:
                    if chunk.text:
                        yield chunk.text
            yield ServerSentEvent(event="end", data={})

        @app.get("/seed", response_model=None)
        async def seed() -> StreamingResponse:
            self.asked.append("/seed")

            async def frames() -> AsyncIterator[str]:
                yield "data: Hello\n\n"
                yield "data: World\n\n"
                yield "event: close\n\n"

            return StreamingResponse(frames(), media_type="text/event-stream")

        return app


@contextmanager
def in_a_thread(work: Callable[[asyncio.Event, Callable[[], None]], Awaitable[None]]):
    """Run `work(over, ready)` on a new event loop in a thread while the block runs.

    `work` calls `ready` once it is ready for the block, and ends when `over` is set.
    """
    ready = threading.Event()
    handles: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        over = asyncio.Event()
        handles.append((asyncio.get_running_loop(), over))
        await work(over, ready.set)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert ready.wait(240)
        yield
    finally:
        loop, over = handles[0]
        loop.call_soon_threadsafe(over.set)
        thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    it = Site()

    async def work(over: asyncio.Event, ready: Callable[[], None]) -> None:
        async with httpx2.AsyncClient() as client, serving(it.app(client)) as it.url:
            ready()
            await over.wait()

    with in_a_thread(work):
        yield it


@pytest.mark.parametrize("path", ["chat", "built-in"])
@pytest.mark.parametrize(
    "question",
    [
        "Write a Python function that reverses a string.",
        "Show me some Unicode: accents, emoji, other scripts.",
        "Answer in Markdown, with a list, a table and a quote.",
    ],
)
def test_any_token_arrives_and_the_end_event_fires_once(
    page: Page, site: Site, path: str, question: str
):
    whole = chat_model("chat", simulated=True).invoke(question).text
    page.goto(site.url)
    page.evaluate(CHAT, f"{site.url}/{path}?question={question}")
    page.wait_for_function("() => window.chat.ends")
    chat = page.evaluate("() => window.chat")
    assert chat == {"text": whole, "ends": 1, "opened": 1}
    assert "\n" in whole or not whole.isascii()
    assert page.evaluate("() => source.readyState") == 2  # CLOSED: the EventSource won't reconnect
    assert site.asked == [f"/{path}"]


def test_closing_the_tab_stops_the_model(page: Page, site: Site):
    question = "Tell me a short story about a lighthouse."
    page.goto(site.url)
    with simulator().watch() as seen:
        page.evaluate(CHAT, f"{site.url}/chat?question={question}&delivery=stall@20,600")
        page.wait_for_function("() => window.chat.text.length > 20")
        page.close()
        # A busy browser takes seconds to close a connection. Each log request waits up to 5 s for
        # that, so six wait up to 30 s: much less than the stall, which lasts 120 s at speed 5.
        assert any(simulator().requests().settled for _ in range(6))
    (request,) = seen
    assert request.ended == "client left"
    assert request.tokens_unsent > 0


def test_the_seeds_end_event_never_fires_and_the_browser_reconnects(page: Page, site: Site):
    page.goto(site.url)
    page.evaluate(
        """(url) => {
          window.heard = [];
          const source = new EventSource(url);
          source.onmessage = (event) => window.heard.push(event.data);
          source.addEventListener("close", () => window.heard.push("the end"));
        }""",
        f"{site.url}/seed",
    )
    page.wait_for_function("() => window.heard.length === 4")
    assert page.evaluate("() => window.heard") == ["Hello", "World"] * 2
    assert site.asked == ["/seed"] * 2
