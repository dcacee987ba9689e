"""Sends a reply's bytes at their deadlines until the reply ends or the client disconnects."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from .pacing import SLACK, Clock, due
from .reply import Encoder, Reply
from .request_log import Entry

RESET = "simulator.reset"  # ASGI scope extension that resets the connection
_CONTENT_TYPES = {True: b"text/event-stream; charset=utf-8", False: b"application/json"}


@dataclass(eq=False)
class PacedResponse:
    """ASGI response that sends a reply's bytes at their deadlines until the client disconnects."""

    reply: Reply
    encoder: Encoder
    entry: Entry
    cleanup: contextlib.ExitStack  # closed when the reply ends
    count: Callable[[int], None]  # called after each send with the number of tokens sent
    speed: float
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the reply, and record its progress in the log."""
        entry, speed, clock = self.entry, self.speed, self.clock
        watcher = DisconnectWatcher(receive, clock)
        items = self.reply.timed_bytes(self.encoder)
        started, ends = False, ""
        try:
            async for batch in due(items, entry.started, speed, watcher.until, clock):
                if not started:  # the headers are sent with the first bytes
                    await send(self._start())
                    started = True
                data = b"".join(item.data for item in batch)
                await send({"type": "http.response.body", "body": data, "more_body": True})
                tokens = sum(item.tokens for item in batch)
                entry.sent(tokens)
                self.count(tokens)
                ends = batch[-1].ends
            if watcher.disconnected_at is not None:
                seconds = (watcher.disconnected_at - entry.started) * speed
                entry.disconnected(self.reply.generated(), self.reply.generated(seconds))
                return
            entry.end("failed" if ends else "finished")
            if ends == "reset":
                await scope["extensions"][RESET]()
                await watcher.disconnected()
            else:
                await send({"type": "http.response.body", "body": b""})
        finally:
            watcher.close()
            self.cleanup.close()

    def _start(self) -> dict[str, object]:
        kind = _CONTENT_TYPES[self.reply.request.stream]
        headers = [(b"content-type", kind), (b"cache-control", b"no-cache")]
        return {"type": "http.response.start", "status": 200, "headers": headers}


class DisconnectWatcher:
    """Watches for a client disconnect, and ends the current wait immediately if one occurs."""

    def __init__(self, receive: Callable[[], Awaitable[Any]], clock: Clock) -> None:
        self._clock = clock
        self._sleep: asyncio.Future[None] | None = None
        self.disconnected_at: float | None = None
        self._listener = asyncio.create_task(self._listen(receive))

    async def _listen(self, receive: Callable[[], Awaitable[Any]]) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.disconnected_at = self._clock()
        if self._sleep is not None:
            _wake(self._sleep)

    async def until(self, moment: float) -> bool:
        """Wait until the clock reaches `moment`; return False if the client disconnected first."""
        loop = asyncio.get_running_loop()
        while self.disconnected_at is None and (remaining := moment - self._clock()) > SLACK:
            self._sleep = loop.create_future()
            alarm = loop.call_later(remaining, _wake, self._sleep)
            try:
                await self._sleep
            finally:
                alarm.cancel()
                self._sleep = None
        return self.disconnected_at is None

    async def disconnected(self) -> None:
        """Wait until the client has disconnected."""
        await asyncio.wait([self._listener])

    def close(self) -> None:
        """Stop watching."""
        self._listener.cancel()


def _wake(sleep: asyncio.Future[None]) -> None:
    if not sleep.done():
        sleep.set_result(None)
