"""Reading Server-Sent Events as a browser's `EventSource` reads them.

The rules are those of the WHATWG's HTML standard, section 9.2.6, "Interpreting an event stream".
A test compares them with a real browser's, event for event. What is not here: reconnecting, which
a browser does by itself and which asks a chat endpoint the same question again.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass

import httpx2

from .errors import Sentence

_LINE_END = re.compile(r"\r\n|\n|\r")


class NotAnEventStreamError(Sentence, RuntimeError):
    """The server's answer is none that an `EventSource` would read; the message says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is dispatched to a page.

    Attributes:
        type: "message", or what the frame's `event:` line says.
        data: The frame's `data:` lines, joined by newlines.
        id: The last `id:` that the stream has sent so far; empty if none.
    """

    type: str
    data: str
    id: str = ""


class Reader:
    """Takes an event stream in pieces, cut anywhere, and gives the events that are complete.

    What comes after the last blank line is not dispatched, here as in a browser.

    Attributes:
        retry: Milliseconds that the server asks its clients to wait before they reconnect; None if
            it did not say.
    """

    def __init__(self) -> None:
        self.retry: int | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._started = False
        self._after_cr = False
        self._rest: list[str] = []  # of a line that has not ended yet; joined once, at its end
        self._type, self._id = "", ""
        self._data: list[str] = []

    def feed(self, piece: bytes | str) -> Iterator[Event]:
        """Take the next piece of the stream; yields the events that it completes."""
        for line in self._lines(piece):
            if line:
                self._field(line)
            else:
                yield from self._dispatch()

    def _lines(self, piece: bytes | str) -> Iterator[str]:
        text = piece if isinstance(piece, str) else self._decoder.decode(piece)
        if text and not self._started:
            self._started = True
            text = text.removeprefix("\ufeff")  # the byte order mark
        if text and self._after_cr:
            text = text.removeprefix("\n")  # the second half of the line's end before it
            self._after_cr = False
        self._after_cr = text.endswith("\r") or (self._after_cr and not text)
        *lines, rest = _LINE_END.split(text)
        if lines:
            lines[0] = "".join([*self._rest, lines[0]])
            self._rest = []
        self._rest.append(rest)
        yield from lines

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")  # a comment begins with a colon: its name is empty
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            self.retry = int(value)

    def _dispatch(self) -> Iterator[Event]:
        """A blank line: the frame is complete. Without data, nobody hears of it."""
        if self._data:
            yield Event(self._type or "message", "\n".join(self._data), self._id)
        self._type, self._data = "", []


def parse(stream: bytes | str | Iterable[bytes | str]) -> list[Event]:
    r"""Return the events of a stream that is there already.

        parse("data: Hello\n\n")     # [Event(type='message', data='Hello', id='')]
        parse("event: close\n\n")    # []: no data, no event

    Args:
        stream: The whole stream, or its pieces in order, cut anywhere.
    """
    reader = Reader()
    pieces = [stream] if isinstance(stream, bytes | str) else stream
    return [event for piece in pieces for event in reader.feed(piece)]


async def events(pieces: AsyncIterable[bytes | str]) -> AsyncGenerator[Event]:
    """Yield the events of a stream while it arrives.

    Args:
        pieces: The response's body as it comes, such as httpx2's `response.aiter_bytes()`.
    """
    reader = Reader()
    async for piece in pieces:
        for event in reader.feed(piece):
            yield event


async def listen(url: str, client: httpx2.AsyncClient | None = None) -> AsyncGenerator[Event]:
    """Ask for an event stream, and yield its events until it ends.

        async with aclosing(listen(f"{url}/chat?question=Hello")) as heard:
            async for event in heard:
                ...

    Leaving the block closes the connection. A stream that ends is not asked for again, as an
    `EventSource` would.

    Args:
        url: Where the events are.
        client: What to ask with; None opens a connection for this stream, past any proxy, as the
            lessons' servers run on this machine.

    Raises:
        NotAnEventStreamError: If the answer isn't status 200 with `text/event-stream`.
        httpx2.HTTPError: If nobody answers, or the connection breaks in the middle.
    """
    if client is None:
        silence_is_fine = httpx2.Timeout(5, read=None)
        async with (
            httpx2.AsyncClient(timeout=silence_is_fine, trust_env=False) as own,
            aclosing(listen(url, own)) as heard,
        ):
            async for event in heard:
                yield event
        return
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    async with client.stream("GET", url, headers=headers) as response:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status_code != 200 or kind != "text/event-stream":
            raise NotAnEventStreamError(
                f"The server answers with status {response.status_code} and "
                f"{kind or 'no content type'}. An event stream has status 200 and the content type "
                "text/event-stream."
            )
        async with aclosing(events(response.aiter_bytes())) as heard:
            async for event in heard:
                yield event
