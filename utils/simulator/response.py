"""A reply on its way: parcels leave when due, until the client leaves or a fault ends it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from .pacing import Clock, DisconnectWatcher, due
from .reply import Reply
from .request_log import Entry
from .wire import Wire

RESET = "simulator.reset"  # extension of the ASGI scope: breaks the connection
_HEADERS = {True: b"text/event-stream; charset=utf-8", False: b"application/json"}


class PacedResponse:
    """An ASGI response whose parcels leave at their deadlines, until the client leaves."""

    def __init__(
        self,
        reply: Reply,
        wire: Wire,
        entry: Entry,
        visit: contextlib.ExitStack,
        count: Callable[[int], None],
        speed: float,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._wire = wire
        self._entry = entry
        self._visit = visit
        self._count = count
        self._speed = speed
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the reply and keep the log."""
        entry, speed, clock = self._entry, self._speed, self._clock
        presence = DisconnectWatcher(receive, clock)
        parcels = self._reply.parcels(self._wire)
        begun, ends = False, ""
        try:
            async for batch in due(parcels, entry.started, speed, presence.until, clock):
                if not begun:  # the headers travel with the first bytes
                    await send(self._start())
                    begun = True
                data = b"".join(parcel.data for parcel in batch)
                await send({"type": "http.response.body", "body": data, "more_body": True})
                tokens = sum(parcel.tokens for parcel in batch)
                entry.sent(tokens)
                self._count(tokens)
                ends = batch[-1].ends
            if presence.left_at is not None:
                seconds = (presence.left_at - entry.started) * speed
                entry.left(self._reply.plan, seconds)
                return
            entry.end("failed" if ends else "finished")
            if ends == "reset":
                await scope["extensions"][RESET]()
                await presence.gone()
            else:
                await send({"type": "http.response.body", "body": b""})
        finally:
            presence.close()
            self._visit.close()

    def _start(self) -> dict[str, object]:
        kind = _HEADERS[self._reply.ask.stream]
        headers = [(b"content-type", kind), (b"cache-control", b"no-cache")]
        return {"type": "http.response.start", "status": 200, "headers": headers}
