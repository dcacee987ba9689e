"""Sends a reply's bytes on schedule until the reply ends or the client disconnects."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from .pacing import SLACK, Clock, due
from .reply import Encoder, Reply
from .request_log import Entry

RESET = "simulator.reset"  # name of the ASGI extension that resets the connection
_STREAM = b"text/event-stream; charset=utf-8"


@dataclass(eq=False)
class PacedResponse:
    """ASGI response that sends a reply's bytes on schedule until the client disconnects."""

    reply: Reply
    encoder: Encoder
    entry: Entry
    cleanup: contextlib.ExitStack  # callbacks to run when the reply ends
    count: Callable[[int], None]  # called after each send, with the number of tokens sent
    speed: float
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the reply, and record its progress in the log."""
        reply, entry, speed, clock = self.reply, self.entry, self.speed, self.clock
        disconnect = asyncio.create_task(_disconnected(receive, clock))

        async def until(moment: float) -> bool:
            """Wait until `moment`; return False if the client disconnects first."""
            while not disconnect.done() and (remaining := moment - clock()) > SLACK:
                await asyncio.wait([disconnect], timeout=remaining)
            return not disconnect.done()

        items = reply.timed_bytes(self.encoder)
        started, ends = False, ""
        try:
            async for batch in due(items, entry.started, speed, until, clock):
                if not started:  # the headers are sent with the first bytes
                    await send(self._start())
                    started = True
                data = b"".join(item.data for item in batch)
                await send({"type": "http.response.body", "body": data, "more_body": True})
                tokens = sum(item.tokens for item in batch)
                entry.sent(tokens)
                self.count(tokens)
                ends = batch[-1].ends
            if disconnect.done():
                seconds = (disconnect.result() - entry.started) * speed
                entry.disconnected(tokens=reply.generated(), generated=reply.generated(seconds))
                return
            entry.end("failed" if ends else "finished")
            if ends == "reset":
                await scope["extensions"][RESET]()
                await asyncio.wait([disconnect])
            else:
                await send({"type": "http.response.body", "body": b""})
        finally:
            disconnect.cancel()
            self.cleanup.close()

    def _start(self) -> dict[str, object]:
        kind = _STREAM if self.reply.request.stream else b"application/json"
        headers = [(b"content-type", kind), (b"cache-control", b"no-cache")]
        return {"type": "http.response.start", "status": 200, "headers": headers}


async def _disconnected(receive: Receive, clock: Clock) -> float:
    """Wait until the client disconnects; return the time of the disconnect."""
    while (await receive())["type"] != "http.disconnect":
        pass
    return clock()
