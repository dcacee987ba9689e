"""A streaming reply as a client sees it: what arrived, when, and how it ended."""

import asyncio
import codecs
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import httpx2

from utils import sse

from .wire_format import WireFormat

DONE = "[DONE]"
_ID = re.compile(r"\d{4}|[0-9a-f]{12}")  # matches ids and times, which differ between replies
_PINGS = ("ping", "heartbeat", "keepalive", "keep-alive")
_BURST = 0.05  # seconds; text that arrives within this time counts as arriving in one go


@dataclass(frozen=True)
class Part:
    """One part of a reply's stream: an event, a JSON line, or a piece of plain text."""

    at: float  # when the part arrived, on the event loop's clock
    text: str
    name: str = ""  # the event name; "" if the format has no events
    data: Any = None  # the part's data, decoded if it is JSON

    @property
    def is_ping(self) -> bool:
        """Whether the server sent this part only to keep the connection open."""
        return self.name in _PINGS or self._field("type") in _PINGS

    @property
    def is_failure(self) -> bool:
        reported = self._field("error") or self._field("type") == "error"
        named = "error" in self.name or "fail" in self.name
        return bool(reported or named or self._failed_finish)

    @property
    def described(self) -> str:
        """A description of the part, such as `event done`."""
        if self._failed_finish:
            return f'the finish reason "{self._failed_finish}"'
        if self.text:
            return "a field"
        if self.name not in ("", "message"):
            return f"event {self.name}"
        if isinstance(self.data, str):
            return self.data
        return "an error object" if self.is_failure else "an object without text"

    @property
    def _failed_finish(self) -> str:
        """The finish reason in a chunk in OpenAI's format if it means a failure, otherwise ""."""
        reasons = (value for path, value in _flat(self.data) if path.endswith(".finish_reason"))
        return next((reason for reason in reasons if reason in ("error", "abort")), "")

    def _field(self, name: str) -> Any:
        return self.data.get(name) if isinstance(self.data, dict) else None


@dataclass
class Stream:
    """A reply in progress: `until` and `rest` read it, and `parts` contains what has arrived."""

    began: float  # when the question was sent, on the event loop's clock
    wire: WireFormat
    closing: set[str]  # the names of events on which a page closes the stream
    parts: list[Part] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    request: str = ""  # the method and the URL, after any redirects
    status: int = 0
    content_type: str = ""
    last_id: str = ""
    fields: dict[str, Any] = field(default_factory=dict)  # the fields of all JSON objects received
    over: bool = False  # whether reading has ended
    broken: str = ""  # the connection error; "" if there was none
    stuck: bool = False  # whether reading timed out
    _source: AsyncIterator[bytes] = field(init=False)
    _decode: Callable[[bytes], Iterator[Part]] = field(init=False)

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)

    @property
    def first_text(self) -> float | None:
        """Seconds from the question to the first text; None until text arrives."""
        return next((part.at - self.began for part in self.parts if part.text), None)

    @property
    def burst(self) -> float:
        """The largest share of the text that arrived in one go; 1 if there is no text."""
        texts = [(part.at, len(part.text)) for part in self.parts if part.text]
        largest = size = begin = 0
        for at, length in texts:
            size += length
            while at - texts[begin][0] >= _BURST:
                size -= texts[begin][1]
                begin += 1
            largest = max(largest, size)
        return largest / len(self.text) if texts else 1

    @property
    def ending(self) -> list[Part]:
        """The parts after the last text, except pings and empty text parts.

        The part with the last text is included if it also has a new value, such as `"done": true`.
        """
        last = max((index for index, part in enumerate(self.parts) if part.text), default=-1)
        of_text = self.signature(self.parts[last]) if last >= 0 else None
        first = self.parts[last : last + 1] if self._last_text_differs() else []
        return first + [
            part
            for part in self.parts[last + 1 :]
            if part.data != "" and not part.is_ping and self.signature(part) != of_text
        ]

    def _last_text_differs(self) -> bool:
        """Return whether the last text part changes a value that all earlier ones share."""
        texts = [part for part in self.parts if part.text and isinstance(part.data, dict | list)]
        *before, last = [self.signature(part)[1] for part in texts] or [{}]
        paths = before[0].keys() | last.keys() if len(before) > 1 else ()
        earlier = ((path, {values.get(path) for values in before}) for path in paths)
        return any(len(values) == 1 and last.get(path) not in values for path, values in earlier)

    def signature(self, part: Part) -> tuple[str, dict[str, Any]]:
        """Return the part's name, and its values keyed by path, with "" in place of the text."""
        values = dict(_flat(part.data))
        if (path := f".{self.wire.text_path}") in values:
            values[path] = ""
        return part.name, values

    @property
    def is_rejected(self) -> bool:
        """Whether a page's `EventSource` would reject the response's status or content type."""
        accepted = (200, "text/event-stream")
        return self.wire.is_event_source and (self.status, self.content_type) != accepted

    def agrees_for(self, expected: str) -> int:
        """Return the length of the text's common prefix with `expected`."""
        pairs = zip(self.text, expected, strict=False)
        return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))

    @property
    def comments(self) -> int:
        """The number of comments that the server sent to keep a silent connection open."""
        lines = self.raw.splitlines() if self.wire.format == "sse" else ()
        return sum(line.startswith(b":") for line in lines)

    def read_from(self, response: httpx2.Response) -> None:
        """Read from `response`, but decode its parts only if a page would accept the response."""
        self.request = f"{response.request.method} {response.url}"
        self.status = response.status_code
        kind = response.headers.get("content-type", "")
        self.content_type = kind.partition(";")[0].strip().lower()
        self._source = response.aiter_bytes()
        unread = self.status >= 400 or self.is_rejected
        self._decode = (lambda _: iter(())) if unread else _decoder(self)

    async def until(self, enough: Callable[["Stream"], bool], patience: float) -> None:
        """Read until the stream ends or `enough`, which is called before each piece, returns true.

        If a piece takes longer than `patience` seconds, the stream counts as stuck.
        """
        while not enough(self) and not self.over:
            try:
                async with asyncio.timeout(patience):
                    piece = await anext(self._source)
            except TimeoutError:
                self.stuck = self.over = True
            except StopAsyncIteration:
                self.over = True
                if self.wire.format == "jsonl":  # the last line may lack a line break
                    self._take(b"\n")
            except httpx2.HTTPError as error:
                self.over, self.broken = True, str(error) or type(error).__name__
            else:
                self.raw += piece
                self._take(piece)

    def _take(self, piece: bytes) -> None:
        for part in self._decode(piece):
            self.parts.append(part)
            if isinstance(part.data, dict):
                self.fields.update(part.data)
            if part.name in self.closing:
                self.over = True

    async def rest(self, patience: float) -> None:
        """Read until the stream ends, or until a piece takes longer than `patience` seconds."""
        await self.until(lambda _: False, patience)


def _decoder(stream: Stream) -> Callable[[bytes], Iterator[Part]]:
    wire, loop = stream.wire, asyncio.get_running_loop()
    utf8 = codecs.getincrementaldecoder("utf-8-sig")("replace")  # drops a BOM, as a browser does
    reader, rest = sse.Reader(), ""

    def events(piece: bytes) -> Iterator[Part]:
        for event in reader.feed(piece):
            stream.last_id = event.id
            data = _json(event.data)
            has_text = event.type in wire.text_events and event.data != DONE
            text = _text(wire.text_path, event.data, data) if has_text else ""
            yield Part(loop.time(), text, event.type, data)

    def lines(piece: bytes) -> Iterator[Part]:
        nonlocal rest
        *complete, rest = (rest + utf8.decode(piece)).split("\n")
        for line in filter(str.strip, complete):
            data = _json(line)
            yield Part(loop.time(), _text(wire.text_path, line, data), data=data)

    def plain(piece: bytes) -> Iterator[Part]:
        if text := utf8.decode(piece):
            yield Part(loop.time(), text)

    return {"sse": events, "jsonl": lines, "text": plain}[wire.format]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(path: str | None, raw: str, data: Any) -> str:
    """Return the text at a path in JSON data, or "" if there is none."""
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


def _flat(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) pairs in nested JSON; numbers, ids and times become their type's name.

    `{"role": "assistant", "n": 3}` yields `(".role", "assistant")` and `(".n", "int")`.
    """
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _flat(value, f"{path}.{key}")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _flat(value, f"{path}.{index}")
    else:
        is_word = isinstance(data, str) and not _ID.search(data)
        literal = is_word or isinstance(data, bool | None)
        yield path, data if literal else type(data).__name__
