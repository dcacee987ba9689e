"""Lightweight HTTP clients; even a hundred of them don't distort the measurement.

They use plain HTTP/1.1 over asyncio streams, and read event streams of JSON strings from `app`.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from utils.sse import Reader
from utils.timing import Recording, arecord

HOST = "127.0.0.1"


async def ask(port: int, path: str, label: str, on_text: Callable[[], None]) -> Recording:
    """Send a request and read the reply to the end; return a recording, even of a failed reply.

    `on_text` is called when the first text arrives.
    """
    run = arecord(_texts(port, path), label)
    has_text = False
    with suppress(OSError, EOFError, ValueError):  # the recorder has stored the error
        async for text in run:
            if text and not has_text:
                has_text = True
                on_text()
    return run.recording


async def health(port: int) -> float:
    """Send a health check and return how long it took, in seconds."""
    start = time.perf_counter()
    async with _response(port, "/health") as reader:
        await reader.read(1)
    return time.perf_counter() - start


async def _texts(port: int, path: str) -> AsyncIterator[str]:
    events = Reader()
    async with _response(port, path) as reader:
        # chunked transfer encoding: size in hexadecimal, data, CRLF; size 0 marks the end
        while size := int(await reader.readline(), 16):
            data = await reader.readexactly(size)
            await reader.readexactly(2)  # CRLF
            for event in events.feed(data):
                yield json.loads(event.data)


@asynccontextmanager
async def _response(port: int, path: str) -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        status, *_ = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        if b" 200 " not in status + b" ":  # the reason phrase is optional
            raise ConnectionError(f"the server returned {status.decode(errors='replace')}")
        yield reader
    finally:
        writer.close()
