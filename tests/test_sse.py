"""`utils.sse` parses event streams as browsers do.

`tests/browser/pages/test_sse.py` compares it with a real browser.
"""

from contextlib import aclosing, nullcontext
from itertools import pairwise

import httpx2
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from hypothesis import given
from hypothesis import strategies as st

from tests.sse_streams import BY_HAND, StreamingApp, by_chance
from utils import sse
from utils.app_server import serving
from utils.sse import Event, NotAnEventStreamError, Reader, listen, parse


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        ("data: Hello\n\ndata: World\n\n", [Event("message", "Hello"), Event("message", "World")]),
        ("data: Hello\n\nevent: close\n\n", [Event("message", "Hello")]),  # no data, so no event
        ("event: close\ndata: {}\n\n", [Event("close", "{}")]),
        ("data: one\ntwo\n\n", [Event("message", "one")]),
        ("data: one\ndata: two\n\n", [Event("message", "one\ntwo")]),
        ("data: 1\n\ndata: 2\n", [Event("message", "1")]),
        (": keep-alive\n\ndata: 1\n\n", [Event("message", "1")]),
        (b"\xef\xbb\xbf\ndata: 1\n\n", [Event("message", "1")]),
        (
            "id: 7\nevent: end\ndata: 1\n\nid: \0\ndata: 2\n\n",
            [Event("end", "1", "7"), Event("message", "2", "7")],
        ),
        (BY_HAND["a byte order mark"], [Event("message", "1")]),
    ],
)
def test_a_stream_is_parsed_by_the_standards_rules(stream, events):
    assert parse(stream) == events


class Counted:
    """A regular expression that counts the characters it searches."""

    def __init__(self, pattern):
        self.pattern = pattern
        self.characters = 0

    def split(self, text):
        self.characters += len(text)
        return self.pattern.split(text)


@pytest.mark.parametrize(
    "stream",
    [
        b"data: " + b"x" * 50_000 + b"\n\n",
        b"data: x\n" * 5_000 + b"\n",
        b": " + b"x" * 50_000 + b"\n\n",
        b"data: " + "\u4f60\U0001f600".encode() * 5_000 + b"\r\n\r\n",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1460])
def test_each_byte_is_searched_once_however_the_stream_is_split(stream, size, monkeypatch):
    counted = Counted(sse._LINE_END)
    monkeypatch.setattr(sse, "_LINE_END", counted)
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert parse(pieces) == parse(stream)
    assert counted.characters <= 2 * len(stream)  # twice, since `parse` is called twice


def test_only_digits_set_the_reconnection_delay():
    reader = Reader()
    assert list(reader.feed("retry: 100\nretry: soon\nretry: ²\nretry:\n")) == []
    assert reader.retry == 100


def test_text_and_bytes_give_the_same_events():
    for stream in BY_HAND.values():
        text = stream.decode("utf-8", "replace")
        assert parse(text) == parse(stream)


@pytest.mark.parametrize("stream", [*BY_HAND.values(), *by_chance()])
def test_a_stream_may_be_split_at_any_point(stream):
    whole = parse(stream)
    assert parse(stream[at : at + 1] for at in range(len(stream))) == whole
    for cut in range(len(stream)):
        assert parse([stream[:cut], b"", stream[cut:]]) == whole


@given(st.text(), st.lists(st.integers(0, 60)))
def test_any_text_in_data_lines_is_read_back(text, cuts):
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    stream = "".join(f"data: {line}\n" for line in lines).encode() + b"\n"
    places = sorted({0, len(stream), *(cut % len(stream) for cut in cuts)})
    pieces = [stream[a:b] for a, b in pairwise(places)]
    assert [event.data for event in parse(pieces)] == ["\n".join(lines)]


async def test_listening_ends_with_the_block_and_closes_the_connection():
    streaming = StreamingApp("data: 1\n\n", "event: end\ndata: {}\n\n")
    async with serving(streaming.app) as url:
        received = []
        async with aclosing(listen(url)) as stream:
            async for event in stream:
                received.append(event)
                if event.type == "end":
                    break
        await streaming.closed.wait()
    assert received == [Event("message", "1"), Event("end", "{}")]


async def test_a_given_client_stays_open():
    streaming = StreamingApp("data: 1\n\n")
    async with serving(streaming.app) as url, httpx2.AsyncClient() as client:
        async with aclosing(listen(url, client)) as stream:
            assert (await anext(stream)).data == "1"
        assert not client.is_closed


@pytest.mark.parametrize(
    ("path", "words"),
    [("json", "status 200 and application/json"), ("late", "status 503 and application/json")],
)
async def test_a_response_that_is_not_an_event_stream_is_an_error(path, words):
    app = FastAPI()
    app.get("/json")(lambda: {"no": "stream"})
    app.get("/late")(lambda: JSONResponse({}, status_code=503))
    async with serving(app) as url:
        with pytest.raises(NotAnEventStreamError, match=words):
            await anext(listen(f"{url}/{path}"))


class Repeater:
    """An app that sends `retry: 0` and the request number, and can drop the connection."""

    def __init__(self, *, drops=False):
        self.last_ids: list[str | None] = []
        self.drops = drops
        self.app = FastAPI()
        self.app.get("/events", response_model=None)(self.reply)

    async def reply(self, request: Request):
        self.last_ids.append(request.headers.get("last-event-id"))
        return StreamingResponse(self.stream(), media_type="text/event-stream")

    async def stream(self):
        number = len(self.last_ids)
        yield f"retry: 0\nid: {number}\ndata: {number}\n\n"
        if self.drops:
            raise ConnectionError


@pytest.mark.parametrize("drops", [False, True])
async def test_a_stream_that_ends_is_requested_again(drops):
    repeater = Repeater(drops=drops)
    received = []
    async with serving(repeater.app) as url:
        with pytest.raises(httpx2.HTTPError) if drops else nullcontext():
            async for event in listen(f"{url}/events", reconnects=2):
                received.append(event.data)  # noqa: PERF401 (keep what arrived before an error)
    assert received == ["1", "2", "3"]
    assert repeater.last_ids == [None, "1", "2"]


async def test_a_redirect_is_followed_and_a_stream_is_requested_once_by_default():
    repeater = Repeater()
    async with serving(repeater.app) as url:  # FastAPI redirects /events/ to /events
        assert [event.data async for event in listen(f"{url}/events/")] == ["1"]
    assert repeater.last_ids == [None]
