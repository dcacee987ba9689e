"""A browser's EventSource and `utils.sse` interpret event streams the same way.

Tricky streams come from `tests/sse_streams.py`: some written by hand, some generated at random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sse_streams import BY_HAND, by_chance, types_named
from utils.sse import parse

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Route

# Reads a stream with `EventSource`; returns [type, data, ID] for each event.
READ = """([url, types]) => new Promise((resolve) => {
  const source = new EventSource(url), events = [];
  const note = (event) => {
    if (event instanceof MessageEvent) events.push([event.type, event.data, event.lastEventId]);
  };
  for (const type of types) source.addEventListener(type, note);
  source.addEventListener("error", (event) => {
    if (event instanceof MessageEvent) return;
    source.close();  // otherwise, the browser would reconnect after the stream's end
    resolve(events);
  });
})"""


def misread_by_chromium(stream: bytes) -> bool:
    """Return whether a stream starts with a BOM and a line ending; Chromium misreads those."""
    return stream.startswith((b"\xef\xbb\xbf\r", b"\xef\xbb\xbf\n"))


def test_our_reader_and_the_browsers_dispatch_the_same_events(context: BrowserContext):
    every = (*BY_HAND.values(), *by_chance())
    streams = [stream for stream in every if not misread_by_chromium(stream)]

    def answer(route: Route) -> None:
        number = route.request.url.rpartition("/")[2]
        if number == "page":
            route.fulfill(content_type="text/html")
        else:
            route.fulfill(body=streams[int(number)], content_type="text/event-stream")

    with context.new_page() as page:
        page.route("http://streams/*", answer)
        page.goto("http://streams/page")
        dispatched = 0
        for number, stream in enumerate(streams):
            ours = [[event.type, event.data, event.id] for event in parse(stream)]
            theirs = page.evaluate(READ, [f"/{number}", types_named(stream)])
            assert ours == theirs, stream
            dispatched += len(ours)
    assert dispatched > len(streams)  # more than one event per stream, on average
