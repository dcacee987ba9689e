"""Lesson 4's claims about endpoints whose client disconnects while text is waiting to be sent."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse

from utils.app_server import serving

PIECE = "x" * 100_000  # large, so that an unread connection's buffers soon fill up


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    """Disable garbage collection, so that it can't close an abandoned generator."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()


class Endless:
    """An app with two endless streams. It counts pieces, and notes whether a stream was closed."""

    def __init__(self):
        self.sent = 0
        self.closed = False
        self.app = FastAPI()
        self.app.get("/by-hand", response_model=None)(self.by_hand)
        self.app.get("/built-in", response_class=EventSourceResponse)(self.pieces)

    async def by_hand(self):
        return StreamingResponse(self.pieces(), media_type="text/event-stream")

    async def pieces(self) -> AsyncIterator[str]:
        try:
            while True:
                await asyncio.sleep(0)  # lets other tasks run, as a model stream does
                self.sent += 1
                yield PIECE
        finally:
            self.closed = True


async def disconnect_while_text_waits(endless: Endless, url: str, path: str) -> None:
    """Request a stream without reading it; disconnect once the endpoint can't send more data."""
    host, port = url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    before = -1
    while endless.sent > before or endless.sent < 2:  # until sending has begun and then stalled
        before = endless.sent
        await asyncio.sleep(0.05)
    writer.transport.abort()


@pytest.mark.usefixtures("no_garbage_collection")
@pytest.mark.parametrize(("path", "closes"), [("by-hand", True), ("built-in", False)])
async def test_fastapis_built_in_response_does_not_close_a_generator_with_unsent_text(path, closes):
    endless = Endless()
    async with serving(endless.app) as url:
        await disconnect_while_text_waits(endless, url, path)
    assert endless.closed == closes  # by now, the server and all its tasks have stopped
