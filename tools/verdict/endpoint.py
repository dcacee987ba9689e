"""The endpoint under test: how it is asked, and a reader of what it streams."""

from __future__ import annotations

import asyncio
import codecs
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urljoin

import httpx2

from utils import sse

Format = Literal["sse", "jsonl", "text"]
TEXT_EVENTS = ("message", "text", "token", "delta", "chunk")
DONE = "[DONE]"
_PINGS = ("ping", "heartbeat", "keepalive", "keep-alive")
_ID = re.compile(r"\d{4}|[0-9a-f]{12}")  # in an id or a time, which is another in each reply


class EndpointError(Exception):
    """The endpoint can't be judged; the message says why."""


@dataclass(frozen=True)
class Shape:
    """How an endpoint is asked, and where its reply holds the text.

    In `url` and `body`, `{question}` stands for the question; in `then` and `stop`, names in braces
    stand for fields of the JSON objects that have come so far.

    Attributes:
        url: Where a question goes.
        method: The HTTP method.
        body: The request's JSON; None sends none.
        headers: More headers.
        then: The path that the reply is streamed from, where the first request only starts it.
        stop: The path that a POST to stops the reply; None if there is none.
        rejoins: Whether a reader who leaves can come back to the running reply.
        format: Server-sent events, JSON lines, or plain text.
        text_path: Where the text is in a JSON object, such as `choices.0.delta.content`; "." is a
            JSON string; None is data that isn't JSON.
        text_events: The names of the server-sent events that hold text.
    """

    url: str
    method: str = "GET"
    body: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    then: str | None = None
    stop: str | None = None
    rejoins: bool = False
    format: Format = "sse"
    text_path: str | None = None
    text_events: tuple[str, ...] = TEXT_EVENTS

    @property
    def is_event_source(self) -> bool:
        """Whether a page reads it with `EventSource`, which reconnects by itself."""
        return self.format == "sse" and (self.method == "GET" or self.then is not None)


@dataclass(frozen=True)
class Part:
    """A piece of a reply's stream.

    Attributes:
        at: When it arrived, on the event loop's clock.
        text: The text that it holds, if any.
        name: The event's name; "" where the format has none.
        data: What it holds, decoded if it is JSON.
    """

    at: float
    text: str
    name: str = ""
    data: Any = None

    @property
    def is_ping(self) -> bool:
        """Whether it only keeps a silent connection open."""
        kind = self.data.get("type") if isinstance(self.data, dict) else ""
        return self.name in _PINGS or kind in _PINGS


@dataclass
class Stream:
    """A reply as a client sees it, as far as it has been read.

    Attributes:
        parts: What has come so far.
        raw: The same in bytes.
        began: When the question was sent.
        shape: How it was asked.
        closing: The names of the events upon which a page closes it.
        status: The HTTP status.
        last_id: The last `id:` of an event.
        fields: The fields of all JSON objects that came.
        over: Whether the body has come to its end.
        broken: What went wrong with the connection; "" is nothing.
        stuck: Whether reading was given up because nothing came.
    """

    began: float
    shape: Shape
    closing: set[str]
    parts: list[Part] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    status: int = 0
    last_id: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    over: bool = False
    broken: str = ""
    stuck: bool = False
    _source: AsyncIterator[bytes] | None = None
    _decode: Callable[[bytes], Iterator[Part]] | None = None

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(part.text for part in self.parts)

    @property
    def first_text(self) -> float | None:
        """Seconds from the question to the first text."""
        return next((part.at - self.began for part in self.parts if part.text), None)

    @property
    def ending(self) -> list[Part]:
        """What came after the last text, and says something: an empty piece or a ping doesn't."""
        last = max((index for index, part in enumerate(self.parts) if part.text), default=-1)
        return [part for part in self.parts[last + 1 :] if part.data != "" and not part.is_ping]

    @property
    def comments(self) -> int:
        """How many comments the server sent, to keep a silent connection open."""
        return sum(line.startswith(b":") for line in self.raw.splitlines())

    async def until(self, enough: Callable[[Stream], bool], patience: float) -> bool:
        """Read until `enough` holds; return whether it does.

        Args:
            enough: Called after each piece of the body.
            patience: Seconds for each piece; if none comes, the stream counts as stuck.
        """
        while not enough(self) and not self.over:
            assert self._source is not None
            assert self._decode is not None
            try:
                async with asyncio.timeout(patience):
                    piece = await anext(self._source)
            except TimeoutError:
                self.stuck = self.over = True
            except StopAsyncIteration:
                self.over = True
            except httpx2.HTTPError as error:
                self.over, self.broken = True, type(error).__name__
            else:
                self.raw += piece
                for part in self._decode(piece):
                    self.parts.append(part)
                    if isinstance(part.data, dict):
                        self.fields.update(part.data)
                    if part.name in self.closing:
                        self.over = True
        return enough(self)

    async def rest(self, patience: float) -> None:
        """Read to the end."""
        await self.until(lambda _: False, patience)


class Endpoint:
    """Asks the endpoint, each time as another visitor.

    Attributes:
        received: All bytes of all answers, for what no answer may hold.
    """

    def __init__(self, shape: Shape, client: Callable[[], httpx2.AsyncClient]) -> None:
        self.shape = shape
        self.received: list[bytes | bytearray] = []
        self._client = client
        self._closing: set[str] = set()

    def closed_by(self, complete: Stream) -> None:
        """Let an event named like a complete reply's last one end a stream: pages close it then."""
        if complete.ending and complete.ending[-1].name not in ("", *self.shape.text_events):
            self._closing.add(complete.ending[-1].name)

    @asynccontextmanager
    async def ask(self, question: str) -> AsyncIterator[Stream]:
        """Ask a question; the block reads the stream, and leaving the block disconnects.

        Raises:
            EndpointError: If the endpoint can't be reached.
        """
        shape = self.shape
        stream = Stream(asyncio.get_running_loop().time(), shape, self._closing)
        url = shape.url.replace("{question}", quote(question, safe=""))
        body = shape.body and shape.body.replace("{question}", json.dumps(question)[1:-1])
        headers = dict(shape.headers) | ({"content-type": "application/json"} if body else {})
        async with self._client() as client:
            request = client.build_request(shape.method, url, content=body, headers=headers)
            if shape.then is None:
                async with self._opened(client, request, stream):
                    yield stream
                return
            async with self._opened(client, request, stream):
                await stream.rest(60)
            if stream.status < 400:
                stream.fields, stream.over = _object(stream.raw), False
                stream.parts.clear()
                async with self._opened(client, self._reading(client, stream), stream):
                    yield stream
            else:
                yield stream

    @asynccontextmanager
    async def rejoin(self, left: Stream, last_id: str) -> AsyncIterator[Stream]:
        """Connect to a running reply again, as `EventSource` does; `last_id` is what it sends."""
        now = asyncio.get_running_loop().time()
        again = Stream(now, self.shape, self._closing, fields=left.fields)
        async with self._client() as client:
            request = self._reading(client, again, last_id)
            async with self._opened(client, request, again):
                yield again

    async def stop(self, stream: Stream) -> int:
        """Stop a reply; return the HTTP status."""
        assert self.shape.stop is not None
        async with self._client() as client:
            try:
                answer = await client.post(self._filled(self.shape.stop, stream))
            except httpx2.HTTPError as error:
                raise EndpointError(f"Stop could not be sent ({type(error).__name__})") from error
        self.received.append(answer.content)
        return answer.status_code

    def _reading(
        self, client: httpx2.AsyncClient, stream: Stream, last_id: str = ""
    ) -> httpx2.Request:
        """Return the request that reads a reply which another request started."""
        assert self.shape.then is not None
        headers = {"accept": "text/event-stream"} | ({"last-event-id": last_id} if last_id else {})
        return client.build_request("GET", self._filled(self.shape.then, stream), headers=headers)

    def _filled(self, template: str, stream: Stream) -> str:
        path = template
        for name, value in stream.fields.items():
            path = path.replace("{" + name + "}", quote(str(value), safe=""))
        return urljoin(self.shape.url, path)

    @asynccontextmanager
    async def _opened(
        self, client: httpx2.AsyncClient, request: httpx2.Request, stream: Stream
    ) -> AsyncIterator[None]:
        stream.raw = bytearray()
        self.received.append(stream.raw)
        try:
            response = await client.send(request, stream=True)
        except httpx2.HTTPError as error:
            raise EndpointError(
                f"Could not connect to {request.url} ({type(error).__name__}). Is the app running?"
            ) from error
        try:
            stream.status = response.status_code
            stream._source = response.aiter_bytes()
            stream._decode = _decoder(stream) if response.status_code < 400 else lambda _: iter(())
            yield
        finally:
            await response.aclose()


def _object(raw: bytes | bytearray) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise EndpointError("The first request wasn't answered with a JSON object; see --then.")
    return value


def _decoder(stream: Stream) -> Callable[[bytes], Iterator[Part]]:
    """Return a function that turns bytes of the body into parts."""
    shape, loop = stream.shape, asyncio.get_running_loop()
    utf8 = codecs.getincrementaldecoder("utf-8")("replace")
    reader, rest = sse.Reader(), ""

    def events(piece: bytes) -> Iterator[Part]:
        for event in reader.feed(piece):
            stream.last_id = event.id
            data = _json(event.data)
            named = event.type in shape.text_events and event.data != DONE
            text = _text(shape.text_path, event.data, data) if named else ""
            yield Part(loop.time(), text, event.type, data)

    def lines(piece: bytes) -> Iterator[Part]:
        nonlocal rest
        *complete, rest = (rest + utf8.decode(piece)).split("\n")
        for line in filter(str.strip, complete):
            data = _json(line)
            yield Part(loop.time(), _text(shape.text_path, line, data), data=data)

    def plain(piece: bytes) -> Iterator[Part]:
        if text := utf8.decode(piece):
            yield Part(loop.time(), text)

    return {"sse": events, "jsonl": lines, "text": plain}[shape.format]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(path: str | None, raw: str, data: Any) -> str:
    """Return the text at a path of some data, "" if there is none."""
    if path is None:
        return raw
    for step in path.split(".") if path != "." else ():
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and step.isdecimal() and int(step) < len(data):
            data = data[int(step)]
        else:
            return ""
    return data if isinstance(data, str) else ""


class Endings:
    """What the ends of complete replies have in common, to tell other ends from them."""

    def __init__(self) -> None:
        self._complete: list[list[tuple[str, dict[str, Any]]]] = []

    def add(self, stream: Stream) -> None:
        """Learn how a complete reply ends."""
        self._complete.append(_signature(stream.ending))

    def looks_complete(self, stream: Stream) -> bool:
        """Whether a stream ends as complete replies do, apart from what varies among those."""
        ending, known = _signature(stream.ending), self._complete[0]
        if [(name, set(data)) for name, data in ending] != [(n, set(data)) for n, data in known]:
            return False
        return all(
            data[key] == known[index][1][key] or self._varies(index, key)
            for index, (_, data) in enumerate(ending)
            for key in data
        )

    def _varies(self, index: int, key: str) -> bool:
        return len({str(ending[index][1].get(key)) for ending in self._complete}) > 1


def _signature(ending: Iterable[Part]) -> list[tuple[str, dict[str, Any]]]:
    return [(part.name, dict(_flat(part.data))) for part in ending]


def _flat(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value of nested JSON with its path; numbers, ids and times are left open."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _flat(value, f"{path}.{key}")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _flat(value, f"{path}.{index}")
    else:
        state = isinstance(data, bool | None) or (isinstance(data, str) and not _ID.search(data))
        yield path, data if state else type(data).__name__
