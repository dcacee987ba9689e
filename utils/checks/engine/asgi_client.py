"""Sends requests to a learner's web app as a client would, but in-process and in virtual time.

    visit = await get(app, "/chat", {"question": "Why?"})    # inside `virtual_time.run`
    visit.status, visit.headers, visit.events
    visit = await post(app, "/chat", {"question": "Why?"})   # sends the question as JSON

As with uvicorn, `receive` returns the request, then `http.disconnect` once the client disconnects
or the response is complete; `send` waits while the client isn't reading.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from httpx2 import Headers

from utils import sse
from utils.checks.engine import virtual_time
from utils.checks.engine.reply import Reply

App = Callable[..., Any]

NO_JSON = object()  # stands for data that isn't valid JSON

_STUCK = 5.0  # virtual seconds until the server cancels a request whose client has stopped reading


@dataclass
class Visit:
    """One request and its response."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    events: list[sse.Event] = field(default_factory=list)  # the events a browser would dispatch
    began: float = field(default_factory=virtual_time.now)  # when the request was sent
    over: float | None = None  # when the app finished handling the request; None until then
    left: float | None = None  # when the client disconnected or the server cancelled the request
    late: bytes = b""  # bytes sent after `left` or after the end of the response
    error: Exception | None = None  # the app's exception; recorded only if `left` is None

    @property
    def shown_body(self) -> str:
        """The body as text, with invalid UTF-8 replaced."""
        return self.body.decode(errors="replace")

    @property
    def names(self) -> list[str]:
        """The event types other than `message`, in order."""
        return [event.type for event in self.events if event.type != "message"]

    @property
    def undispatched(self) -> str:
        """The first name in an `event:` line that a browser dispatches no event for, or ""."""
        sent = re.findall(r"^event: ?([^\r\n]+)", self.shown_body, re.MULTILINE)
        dispatched = {event.type for event in self.events}
        return next((name for name in sent if name not in dispatched), "")

    @property
    def messages(self) -> list[Any]:
        """The data of each message, parsed by `json_of`."""
        return [json_of(event) for event in self.events if event.type == "message"]

    @property
    def text(self) -> str:
        """All messages that are strings, as one string."""
        return "".join(each for each in self.messages if isinstance(each, str))


def json_of(event: sse.Event) -> Any:
    """Return the event data parsed as JSON, or `NO_JSON` if it is invalid."""
    try:
        return json.loads(event.data)
    except ValueError:
        return NO_JSON


def logs_output_of(reply: Reply) -> Callable[[sse.Event], None]:
    """Return an `on_event` callback that logs the text of each message as output of `reply`."""

    def note(event: sse.Event) -> None:
        value = json_of(event)
        reply.out(value if event.type == "message" and isinstance(value, str) else "")

    return note


@asynccontextmanager
async def started(app: App) -> AsyncGenerator[App]:
    """Run the app's lifespan, if it has one; yield an app whose requests get the lifespan's state.

    The app may be inside middleware, which keeps it in an attribute named `app`.
    """
    inner: Any = app
    while not hasattr(inner, "router") and hasattr(inner, "app"):
        inner = inner.app
    router = getattr(inner, "router", inner)
    async with getattr(router, "lifespan_context", lambda _: nullcontext())(inner) as state:
        yield lambda scope, *rest: app({**scope, "state": dict(state or {})}, *rest)


async def get(
    app: App,
    path: str,
    query: Mapping[str, str] = {},
    on_event: Callable[[sse.Event], object] | None = None,
    *,
    headers: Mapping[str, str] = {},
    leave_after: float | int | None = None,
    slow: bool = False,
) -> Visit:
    """Send a GET request and read the whole response unless `leave_after` is given.

    Args:
        app: Any ASGI app.
        path: The path, such as "/chat".
        query: The query parameters.
        on_event: Called with each event as it arrives.
        headers: Additional headers, with lower-case names.
        leave_after: The client closes the connection after this many events (an int) or seconds (a
            float).
        slow: If true, the client stops reading after `leave_after` events but stays connected. Five
            seconds later, the server cancels the request, as on a timeout or shutdown.
    """
    scope = _scope("GET", path, query, headers)
    return await _exchange(app, scope, b"", on_event, leave_after, slow)


async def post(app: App, path: str, body: object = None) -> Visit:
    """Send a POST request, with a JSON body if one is given, and read the whole response."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", "content-length": str(len(content))}
    scope = _scope("POST", path, {}, headers if content else {})
    return await _exchange(app, scope, content)


async def _exchange(
    app: App,
    scope: Mapping[str, Any],
    body: bytes,
    on_event: Callable[[sse.Event], object] | None = None,
    leave_after: float | int | None = None,
    slow: bool = False,
) -> Visit:
    visit, reader, loop = Visit(), sse.Reader(), asyncio.get_running_loop()
    over = asyncio.Event()  # set when the client has disconnected or the response is complete
    full = False  # whether `send` must wait because the client has stopped reading

    def leave() -> None:
        if not over.is_set():
            visit.left = virtual_time.now()
            over.set()

    def cancel() -> None:
        visit.left = virtual_time.now()
        task.cancel()

    if isinstance(leave_after, float):
        loop.call_later(leave_after, leave)
    request = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if request:
            return request.pop()
        await over.wait()
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal full
        if full and visit.left is None:
            await over.wait()
        part = bytes(message.get("body", b""))
        if over.is_set() or visit.left is not None:
            visit.late += part
            return
        if message["type"] == "http.response.start":
            visit.status, visit.headers = message["status"], Headers(message["headers"])
            return
        visit.body += part
        for event in reader.feed(part):
            visit.events.append(event)
            if on_event:
                on_event(event)
        if type(leave_after) is int and len(visit.events) >= leave_after:
            if slow:
                full = True
                loop.call_later(_STUCK, cancel)
            else:
                loop.call_later(0, leave)
        if not message.get("more_body"):
            over.set()

    task = asyncio.ensure_future(app(scope, receive, send))
    await asyncio.wait({task})
    error = None if task.cancelled() else task.exception()
    if visit.left is None and isinstance(error, Exception):
        visit.error = error
    visit.over = virtual_time.now()
    return visit


def _scope(
    method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> dict[str, Any]:
    more = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        # uvicorn's `spec_version`; with 2.4, Starlette would expect `send` to raise OSError after a
        # disconnect
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": urlencode(query).encode(),
        "headers": [(b"host", b"127.0.0.1"), (b"accept", b"text/event-stream"), *more],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }
