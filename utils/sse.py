"""Reads Server-Sent Events the way a browser's `EventSource` does.

Implements section 9.2.6, "Interpreting an event stream", of the WHATWG HTML standard. A test
compares the events with a real browser's.
"""

import asyncio
import codecs
import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import httpx2

from .errors import Sentence

_LINE_END = re.compile(r"\r\n|\n|\r")
_RECONNECTION_DELAY = 3.0  # seconds, as in Chromium; a `retry` from the server overrides it


class NotAnEventStreamError(Sentence, RuntimeError):
    """The response isn't an event stream. A notebook shows only the message, which says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as dispatched to a page.

    Attributes:
        type: The value of the `event:` line, or "message" if there is none.
        data: The values of the `data:` lines, joined by newlines.
        id: The most recent `id:` in the stream; may be empty.
    """

    type: str
    data: str
    id: str = ""


class Reader:
    """Incremental parser of an event stream, which may be split into pieces at any point.

    As in a browser, text after the last blank line is dropped.

    Attributes:
        retry: The server's reconnection delay in milliseconds; None if the server hasn't sent one.
    """

    def __init__(self) -> None:
        self.retry: int | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._started = False  # whether any text has arrived
        self._after_cr = False  # whether the text so far ends with CR, perhaps half of a CRLF
        self._rest: list[str] = []  # pieces of an unfinished line; joined when the line ends
        self._type, self._id = "", ""  # the id also applies to later events without an id
        self._data: list[str] = []  # the values of the event's `data:` lines so far

    def feed(self, piece: bytes | str) -> Iterator[Event]:
        """Parse the next piece; yield the events that it completes."""
        for line in self._lines(piece):
            if line:
                self._field(line)
            else:  # a blank line ends the event
                if self._data:
                    yield Event(self._type or "message", "\n".join(self._data), self._id)
                self._type, self._data = "", []

    def _lines(self, piece: bytes | str) -> Iterator[str]:
        text = piece if isinstance(piece, str) else self._decoder.decode(piece)
        if text and not self._started:
            self._started = True
            text = text.removeprefix("\ufeff")  # the byte order mark
        if text and self._after_cr:
            text = text.removeprefix("\n")  # the second half of a CRLF
            self._after_cr = False
        self._after_cr = text.endswith("\r") or (self._after_cr and not text)
        *lines, rest = _LINE_END.split(text)
        if lines:
            lines[0] = "".join([*self._rest, lines[0]])
            self._rest = []
        self._rest.append(rest)
        yield from lines

    def _field(self, line: str) -> None:
        # a comment starts with a colon: its field name is empty, so it is ignored below
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            self.retry = int(value)


def parse(stream: bytes | str | Iterable[bytes | str]) -> list[Event]:
    r"""Return the events of a complete stream, given whole or as pieces split at any point.

    parse("data: Hello\n\n")     # [Event(type='message', data='Hello', id='')]
    parse("event: close\n\n")    # []: no data, no event
    """
    reader = Reader()
    pieces = [stream] if isinstance(stream, bytes | str) else stream
    return [event for piece in pieces for event in reader.feed(piece)]


async def listen(
    url: str, client: httpx2.AsyncClient | None = None, *, reconnects: int = 0
) -> AsyncGenerator[Event]:
    """Request an event stream and yield its events until it ends.

        async with aclosing(listen(f"{url}/chat?question=Hello")) as events:
            async for event in events:
                ...

    Leaving the `with` block closes the connection.

    Args:
        url: The stream's URL.
        client: The HTTP client; by default, one that bypasses proxies.
        reconnects: How many times to resend the request after the response ends or the
            connection drops. The delay is that of an `EventSource`, which reconnects forever.

    Raises:
        NotAnEventStreamError: If the status isn't 200 or the type isn't `text/event-stream`.
        httpx2.HTTPError: If the last attempt to connect fails, or the last connection drops.
    """
    delay, last_id = _RECONNECTION_DELAY, ""
    timeout = httpx2.Timeout(5, read=None)  # no read timeout: a stream may be silent
    async with (
        nullcontext(client) if client else httpx2.AsyncClient(timeout=timeout, trust_env=False)
    ) as http:
        while True:
            reader = Reader()
            headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
            if last_id:
                headers["Last-Event-ID"] = last_id
            try:
                request = http.stream("GET", url, headers=headers, follow_redirects=True)
                async with request as response:
                    _check(response)
                    async for piece in response.aiter_bytes():
                        for event in reader.feed(piece):
                            last_id = event.id
                            yield event
            except httpx2.TransportError:
                if not reconnects:
                    raise
            if not reconnects:
                return
            reconnects -= 1
            delay = delay if reader.retry is None else reader.retry / 1000
            await asyncio.sleep(delay)


def _check(response: httpx2.Response) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code != 200 or kind != "text/event-stream":
        raise NotAnEventStreamError(
            f"The server responded with status {response.status_code} and "
            f"{kind or 'no content type'}. An event stream has status 200 and the content type "
            "text/event-stream."
        )
