"""Clients that cost next to nothing: a hundred must not slow down what they measure.

Bare HTTP/1.1 on asyncio's streams, for event streams of one JSON string each, as `app` sends them.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from utils.sse import Reader
from utils.timing import Recording, arecord

HOST = "127.0.0.1"


async def ask(port: int, path: str, label: str, on_text: Callable[[], None]) -> Recording:
    """Ask once, read the reply to its end, and return how it came; a failure is an outcome.

    Args:
        port: Where the server listens.
        path: What to ask for.
        label: A name for the recording.
        on_text: Called at the first text.
    """
    run = arecord(_texts(port, path), label)
    heard = False
    with suppress(OSError, EOFError, ValueError):  # the recording says which
        async for text in run:
            if text and not heard:
                heard = True
                on_text()
    return run.recording


async def health(port: int) -> float:
    """Ask whether the server is alive; returns how long that took, seconds."""
    start = time.perf_counter()
    async with _response(port, "/health") as reader:
        await reader.read(1)
    return time.perf_counter() - start


async def _texts(port: int, path: str) -> AsyncIterator[str]:
    events = Reader()
    async with _response(port, path) as reader:
        while size := int(await reader.readline(), 16):  # chunked transfer encoding
            chunk = await reader.readexactly(size + 2)
            for event in events.feed(chunk[:-2]):
                yield json.loads(event.data)


@asynccontextmanager
async def _response(port: int, path: str) -> AsyncIterator[asyncio.StreamReader]:
    """Open a connection, ask, and read the head of the answer."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        status, *_ = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        if b" 200 " not in status + b" ":
            raise ConnectionError(f"the server answers {status.decode(errors='replace')}")
        yield reader
    finally:
        writer.close()
