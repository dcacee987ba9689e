"""Runs the simulator in the test process, in virtual time, so that tests don't wait.

    def test_the_first_text_comes_after_its_ttft(virtual: VirtualSimulator) -> None:
        model = virtual.chat("sim-seed")
        run = record(model.stream(PROMPT), clock=virtual.clock)

Requests go through the real `ChatOpenAI` and the real HTTP client. Only the transport is replaced:
it calls the app instead of opening a socket. Time passes only while a client waits for the server
(synchronously or not) or a test calls `sleep`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import anyio.to_thread
import httpx2
from langchain_openai import ChatOpenAI
from openai import OpenAI
from starlette.types import ASGIApp, Message

from utils.checks.engine.virtual_loop import VirtualLoop
from utils.simulator import Request, Requests
from utils.simulator.app import Settings, make_app
from utils.simulator.concurrency import ConcurrencyLimiter
from utils.simulator.response import RESET

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, Any]], Any]  # runs a coroutine on the virtual event loop

KEY = "key"
ADDRESS = "http://virtual/v1"
_BUFFERED = 150_000  # bytes buffered for a client before the server has to wait


class VirtualSimulator:
    """A simulator on its own virtual event loop.

    Attributes:
        app: The simulator's ASGI app.
        clock: A function that returns the loop's time in seconds; used by code under test.
    """

    def __init__(self, **settings: Any) -> None:
        self._loop = VirtualLoop()
        self.clock: Callable[[], float] = self._loop.time
        self.app = make_app(Settings(KEY, **settings), ConcurrencyLimiter(self.clock), self.clock)
        self._client = httpx2.Client(transport=_SyncTransport(self.app, self.run))
        self._async_client = httpx2.AsyncClient(transport=AppTransport(self.app))

    def chat(self, name: str = "sim-chat", **options: Any) -> ChatOpenAI:
        """Return a model whose async calls must go through `run`."""
        settings: dict[str, Any] = {
            "base_url": ADDRESS,
            "api_key": KEY,
            "http_client": self._client,
            "http_async_client": self._async_client,
            "max_retries": 0,
            "stream_usage": True,
        }
        return ChatOpenAI(model=name, **(settings | options))

    def openai(self) -> OpenAI:
        return OpenAI(base_url=ADDRESS, api_key=KEY, http_client=self._client, max_retries=0)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        async def counted() -> T:
            # The clock must wait for anyio's threads, since a process's first request uses one.
            self._loop._limiter = anyio.to_thread.current_default_thread_limiter()
            return await main

        return self._loop.run_until_complete(counted())

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass, as if the client were busy."""
        self.run(asyncio.sleep(seconds))

    def requests(self) -> Requests:
        address = ADDRESS.removesuffix("/v1") + "/simulator/requests"
        log = self._client.get(address, headers={"authorization": f"Bearer {KEY}"})
        return Requests(Request(**fields) for fields in log.json()["requests"])

    def close(self) -> None:
        """Cancel all tasks, and close the event loop."""
        self._loop.run(lambda: asyncio.sleep(0))


class _Exchange(httpx2.AsyncByteStream):
    """One request to the app; the client reads the response in parts and may disconnect early."""

    def __init__(self, app: ASGIApp, request: httpx2.Request, body: bytes) -> None:
        self._sent: asyncio.Queue[Message | Exception] = asyncio.Queue()
        self._gone = asyncio.Event()  # set when the client has disconnected
        self._taken = asyncio.Event()  # set when the client has read part of the response
        self._waiting = 0  # bytes not yet read by the client
        self._read_timeout = request.extensions.get("timeout", {}).get("read")  # in seconds
        self._requests = [{"type": "http.request", "body": body, "more_body": False}]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "path": request.url.path,
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "extensions": {RESET: self._reset},  # called to break the connection
        }
        self._task = asyncio.create_task(self._run(app, scope))

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._send)
        except Exception as error:
            self._sent.put_nowait(error)

    async def _receive(self) -> Message:
        if self._requests:
            return self._requests.pop()
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self._sent.put_nowait(message)
        self._waiting += len(message.get("body", b""))
        while self._waiting > _BUFFERED and not self._gone.is_set():
            self._taken.clear()
            await self._taken.wait()

    async def _reset(self) -> None:
        self._sent.put_nowait(httpx2.ReadError("The connection was reset."))
        self._gone.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        goes_on = True
        while goes_on:
            message = await self.next()
            goes_on = message.get("more_body", False)
            if message.get("body"):
                yield message["body"]

    async def next(self) -> Message:
        """Wait for the next message: first the status and headers, then parts of the body."""
        try:
            async with asyncio.timeout(self._read_timeout):
                message = await self._sent.get()
        except TimeoutError:
            await self.aclose()
            raise httpx2.ReadTimeout("timed out") from None
        if isinstance(message, Exception):
            raise message
        self._waiting -= len(message.get("body", b""))
        self._taken.set()
        return message

    async def aclose(self) -> None:
        """Disconnect, and wait until the app has finished handling the request."""
        self._gone.set()
        self._taken.set()
        await asyncio.wait([self._task])


class AppTransport(httpx2.AsyncBaseTransport):
    """Passes requests to an ASGI app on the running loop; buffers responses as a socket does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        exchange = _Exchange(self._app, request, await request.aread())
        head = await exchange.next()
        return httpx2.Response(head["status"], headers=head["headers"], stream=exchange)


class _SyncTransport(httpx2.BaseTransport):
    """Passes synchronous requests to an app and runs the event loop while the client waits."""

    def __init__(self, app: ASGIApp, run: Run) -> None:
        self._transport = AppTransport(app)
        self._run = run

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        response = self._run(self._transport.handle_async_request(request))
        response.stream = _SyncBody(response.stream, self._run)
        return response


class _SyncBody(httpx2.SyncByteStream):
    def __init__(self, body: httpx2.AsyncByteStream, run: Run) -> None:
        self._body = body
        self._run = run

    def __iter__(self) -> Iterator[bytes]:
        parts = aiter(self._body)
        with suppress(StopAsyncIteration):
            while True:
                yield self._run(anext(parts))

    def close(self) -> None:
        self._run(self._body.aclose())
