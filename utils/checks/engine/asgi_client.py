"""Asks a learner's web app as a client would, without a socket: by ASGI, in virtual time.

    visit = await get(app, "/chat", {"question": "Why?"}, probe)   # inside `loops.run`
    visit.status, visit.headers, visit.events

What the app hears is what uvicorn tells it: the request, and a disconnect when the client leaves.
Events are read as a browser reads them, by `utils.sse`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from utils import sse
from utils.checks.engine import virtual_time as loops

App = Callable[..., Any]

_STUCK = 5.0  # virtual seconds for which a slow client takes nothing before it leaves


@dataclass
class Visit:
    """One request and what came of it.

    Attributes:
        status: The HTTP status; None until it came.
        headers: The answer's headers, names in small letters.
        body: All bytes that arrived.
        events: (virtual time, event) for each event that a browser would dispatch.
        began: When it was asked.
        over: When the app was done with it.
        left: When the client closed the connection before that.
        late: What was still sent to a client that had left.
        error: What left the app.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    events: list[tuple[float, sse.Event]] = field(default_factory=list)
    began: float = 0.0
    over: float | None = None
    left: float | None = None
    late: bytes = b""
    error: Exception | None = None


async def get(
    app: App,
    path: str,
    query: Mapping[str, str],
    on_event: Callable[[sse.Event], object] = lambda _: None,
    *,
    leave_after: float | int | None = None,
    slow: bool = False,
) -> Visit:
    """Ask by GET, and read to the end.

    Args:
        app: Any ASGI app.
        path: Such as "/chat".
        query: What stands after the question mark.
        on_event: Called with each event as it arrives.
        leave_after: The client closes the connection after so many events (an int) or so many
            seconds (a float), and hears nothing from then on.
        slow: The client stops reading some seconds before it leaves after its last event. What
            sends to it waits meanwhile, as a server's `send` does while its buffer is full.
    """
    visit, reader = Visit(began=loops.now()), sse.Reader()
    gone = asyncio.Event()

    def leave() -> None:
        if not gone.is_set():
            visit.left = loops.now()
            gone.set()

    if isinstance(leave_after, float):
        asyncio.get_running_loop().call_later(leave_after, leave)
    request = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if request:
            return request.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        if gone.is_set():
            visit.late += bytes(message.get("body", b""))
            return
        if message["type"] == "http.response.start":
            visit.status = message["status"]
            visit.headers = {
                name.decode().lower(): value.decode() for name, value in message["headers"]
            }
            return
        body = bytes(message.get("body", b""))
        visit.body += body
        for event in reader.feed(body):
            visit.events.append((loops.now(), event))
            on_event(event)
            if type(leave_after) is int and len(visit.events) >= leave_after:
                if slow:
                    loop = asyncio.get_running_loop()
                    loop.call_later(_STUCK, leave)
                    await asyncio.sleep(2 * _STUCK)  # by then whoever is to be cancelled, is
                leave()
                return
        if not message.get("more_body"):
            gone.set()  # from here on uvicorn says "disconnect", too

    try:
        await app(_scope(path, query), receive, send)
    except Exception as error:
        visit.error = error
    visit.over = loops.now()
    return visit


def _scope(path: str, query: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},  # as uvicorn's, and so no OSError
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": urlencode(query).encode(),
        "headers": [(b"host", b"127.0.0.1"), (b"accept", b"text/event-stream")],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
