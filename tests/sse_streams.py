"""Event streams that `utils.sse` must parse as a browser does, and an app to disconnect from."""

import asyncio
import random
import re

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

_RANDOM_STREAMS = 150
_FRAGMENTS = [  # building blocks of random streams
    b"data", b"data:", b"data: ", b"event:", b"event: end", b"id:", b"id: 7", b"retry: 5", b":",
    b" ", b"\n", b"\n", b"\n\n", b"\r", b"\r\n", b"\r\n\r\n", b"\r\r", b"\0", b"x", b"token",
    b"\xef\xbb\xbf", "é".encode(), "😀".encode(), b"\xff", b"\xf0\x9f\x98", b"\xc3", b'{"a": 1}',
    b"data: a\n", b"\ndata: b\n\n", b"\rdata: c\r\r", b"\nevent: d\ndata: e\r\n\r\n",
    b"Data: no", b" data: no", b"data:\t", b": comment",
]  # fmt: skip

BY_HAND: dict[str, bytes] = {
    "two tokens": b"data: Hello\n\ndata: World\n\n",
    "an end without data": b"data: Hello\n\nevent: close\n\n",
    "an end with data": b"data: Hello\n\nevent: close\ndata: {}\n\n",
    "an end with an empty data line": b"event: close\ndata\n\n",
    "an end with empty data": b"event: close\ndata:\n\n",
    "a newline in a token": b"data: one\ntwo\n\n",
    "two data lines": b"data: one\ndata: two\n\n",
    "two empty data lines": b"data\ndata\n\n",
    "data without a space": b"data:one\n\n",
    "two spaces": b"data:  one\n\n",
    "a tab": b"data:\tone\n\n",
    "a colon in data": b"data: a:b: c\n\n",
    "a type is forgotten after its event": b"event: a\ndata: 1\n\ndata: 2\n\n",
    "a type is forgotten after a frame without data": b"event: a\n\ndata: 2\n\n",
    "the last type counts": b"event: a\nevent: b\ndata: 1\n\n",
    "an empty type": b"event:\ndata: 1\n\n",
    "a type after the data": b"data: 1\nevent: a\n\n",
    "an id stays": b"id: 7\ndata: 1\n\ndata: 2\n\n",
    "an id without data stays": b"id: 7\n\ndata: 2\n\n",
    "an empty id": b"id: 7\ndata: 1\n\nid\ndata: 2\n\n",
    "an id with a null": b"id: 7\ndata: 1\n\nid: 8\0\ndata: 2\n\n",
    "comments": b": hi\n\n:\ndata: 1\n: in between\n\n",
    "retry": b"retry: 100\ndata: 1\n\nretry: soon\ndata: 2\n\n",
    "unknown fields": b"foo: bar\nfoo\ndata: 1\n\n",
    "case matters": b"Data: no\nDATA: no\ndata: yes\n\n",
    "a space before the field": b" data: no\ndata: yes\n\n",
    "carriage returns": b"data: 1\r\rdata: 2\r\r",
    "carriage returns and line feeds": b"data: 1\r\n\r\ndata: 2\r\n\r\n",
    "all ends mixed": b"data: 1\r\ndata: 2\rdata: 3\n\r\n",
    "line feed, carriage return": b"data: 1\n\r\n",
    "a byte order mark": b"\xef\xbb\xbfdata: 1\n\n",
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbfdata: 1\n\ndata: 2\n\n",
    "a byte order mark later": b"data: 1\n\n\xef\xbb\xbfdata: 2\n\ndata: 3\n\n",
    "an incomplete end": b"data: 1\n\ndata: 2\n",
    "an incomplete line": b"data: 1\n\ndata: 2",
    "no line at all": b"",
    "blank lines alone": b"\n\n\n\n",
    "emoji": "data: 👩‍👩‍👧 é\n\n".encode(),
    "bytes that aren't UTF-8": b"data: \xff\xf0\x9f\x98\n\ndata: \xc3\n\n",
    "a line separator isn't the end of a line": "data: a\u2028b\x0bc\x85d\n\n".encode(),
    "JSON": b'data: {"text": "a\\nb \\"c\\""}\n\n',
}


def by_chance() -> list[bytes]:
    """Return randomly composed streams that are the same in every run."""
    rng = random.Random(4)
    return [
        b"".join(rng.choices(_FRAGMENTS, k=rng.randint(1, 40))) + b"\n\n"
        for _ in range(_RANDOM_STREAMS)
    ]


def types_named(stream: bytes) -> list[str]:
    """Return the event types in a stream; a page needs a listener for each."""
    lines = re.split("\r\n|\n|\r", stream.decode("utf-8", "replace"))
    fields = [line.removeprefix("event:") for line in lines if line.startswith("event:")]
    named = [field.removeprefix(" ") for field in fields]
    return list(dict.fromkeys(["message", *filter(None, named)]))  # without duplicates


class StreamingApp:
    """App that streams the given pieces and then waits; sets `closed` when its stream is closed."""

    def __init__(self, *pieces):
        self.pieces = pieces
        self.closed = asyncio.Event()
        self.app = FastAPI()
        self.app.get("/", response_model=None)(self.reply)

    async def reply(self):
        return StreamingResponse(self.stream(), media_type="text/event-stream")

    async def stream(self):
        try:
            for piece in self.pieces:
                yield piece
            await asyncio.Event().wait()
        finally:
            self.closed.set()
