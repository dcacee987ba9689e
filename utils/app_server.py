"""Serves an ASGI app on 127.0.0.1 from the notebook's event loop.

`serve` keeps an app running for later cells; `serving` serves it during a `with` block. The server
is a task on the event loop that runs the cells, so a cell that blocks this loop blocks the server
too. The app can use models created in cells: their async HTTP clients are bound to this loop.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn

from .env_vars import bypass_proxies
from .errors import Sentence, sentence

HOST = "127.0.0.1"
_GRACE = 0.5  # seconds allowed for each step of the server's shutdown
# Names of the exceptions that Starlette and FastAPI raise when a client disconnects.
_DISCONNECTS = ("ClientDisconnect", "BrokenResourceError")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class ServingError(Sentence, RuntimeError):
    """Raised if an app can't be served. A notebook shows only the message: it says what to do."""


_servers: dict[str, Server] = {}


def serve(app: App, name: str = "app") -> Coroutine[Any, Any, Server]:
    """Serve an app until `stop()`, the next `serve` with the same name, or kernel shutdown.

        server = await serve(app)
        print(server.url)

    Use two names to serve two apps side by side. Raises `ServingError` if `app` isn't an ASGI app
    or fails to start, or if no event loop is running.
    """
    _check(app)  # not in `_replace`, which never runs if there is no event loop
    return _replace(app, name)


async def _replace(app: App, name: str) -> Server:
    before = _servers.pop(name, None)
    if before is not None:
        await before.stop()
    server = await _started(app)
    _servers[name] = server
    return server


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """Serve an app during the `with` block and yield its URL without a trailing slash.

        async with serving(app) as url:
            ...

    At the end of the block, the app's unhandled exceptions are printed, since the client sees only
    a 500 response or a truncated reply. Raises `ServingError` in the same cases as `serve`.
    """
    _check(app)
    server = await _started(app)
    try:
        yield server.url
    finally:
        await server.stop()
        for error in dict.fromkeys(map(sentence, server.errors)):
            print(f"The app raised {error}")


class Server:
    """A running server, started by `serve` or `serving`.

    Attributes:
        url: The server's URL without a trailing slash, such as `http://127.0.0.1:43210`.
        errors: The app's unhandled exceptions. Each caused a 500 response or a truncated reply.
    """

    def __init__(self, app: App) -> None:
        self._app = _ErrorRecorder(app)
        self.errors = self._app.errors
        self._listener = socket.create_server((HOST, 0))
        self.url = f"http://{HOST}:{self._listener.getsockname()[1]}"
        self._loop = asyncio.get_running_loop()
        self._stopping: asyncio.Task[None] | None = None
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            ws="none",
            log_config=None,
            workers=1,  # otherwise uvicorn reads WEB_CONCURRENCY
            access_log=False,
        )
        config.load()
        # Don't call `uvicorn.Server.serve`: it polls, and takes over SIGINT, which Stop (■) sends.
        # Instead, set the attributes that it would set.
        self._uvicorn = uvicorn.Server(config)
        self._uvicorn.lifespan = config.lifespan_class(config)
        self._uvicorn.server_state.default_headers = config.encoded_headers

    def __repr__(self) -> str:
        return f"<Server at {self.url}{' (stopped)' if self.stopped else ''}>"

    @property
    def stopped(self) -> bool:
        """Whether the server has stopped."""
        return self._loop.is_closed() or (self._stopping is not None and self._stopping.done())

    async def start(self) -> None:
        """Start accepting requests; raise `ServingError` if the app fails to start."""
        try:
            await self._uvicorn.startup([self._listener])
        except SystemExit:  # raised by uvicorn; uncaught, it would stop the kernel
            self._listener.close()
            error = self._app.startup_error
            why = f": {sentence(error)}" if error else ""
            raise ServingError(f"The app failed to start (in its lifespan){why}.") from error
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server and abort open connections. Safe to call more than once."""
        if self._loop is not asyncio.get_running_loop():  # the server's own loop has ended
            self._listener.close()
            return
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._shut_down())
        await asyncio.wait([self._stopping])  # cancelling this wait doesn't cancel the shutdown

    async def _shut_down(self) -> None:
        """Shut down like uvicorn's `shutdown`, but abort connections and limit each wait."""
        for server in getattr(self._uvicorn, "servers", []):  # missing if the app never started
            server.close()
        self._listener.close()
        state = self._uvicorn.server_state
        for connection in list(state.connections):
            connection.transport.abort()
        if running := set(state.tasks):
            _, late = await asyncio.wait(running, timeout=_GRACE)
            for task in late:
                task.cancel()
            if late:  # don't wait forever: code running in a thread can't be cancelled
                await asyncio.wait(late, timeout=_GRACE)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await self._uvicorn.lifespan.shutdown()


async def _started(app: App) -> Server:
    _silence_logs()
    bypass_proxies()
    server = Server(app)
    await server.start()
    return server


class _ErrorRecorder:
    """ASGI wrapper that records the app's unhandled exceptions."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.errors: list[Exception] = []
        self.startup_error: Exception | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if scope["type"] == "lifespan":
                self.startup_error = error  # an app without lifespan support raises here too
            elif type(_unwrapped(error)).__name__ not in _DISCONNECTS:
                self.errors.append(_unwrapped(error))
            raise


def _check(app: object) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ServingError(
            "No event loop is running. In a notebook's cell, write `server = await serve(app)`; in "
            "a script, call it from a coroutine that `asyncio.run` runs."
        ) from None
    if inspect.isclass(app):
        raise ServingError(
            f"`{app.__name__}` is a class. Pass an instance: `app = {app.__name__}()`."
        )
    try:
        inspect.signature(app).bind("scope", "receive", "send")  # type: ignore[arg-type]
    except (TypeError, ValueError):
        kind = f"the function `{app.__name__}`" if inspect.isfunction(app) else f"{app!r:.60}"
        raise ServingError(
            f"This is {kind}, not a web app. Pass what `app = FastAPI()` makes."
        ) from None


def _unwrapped(error: Exception) -> Exception:
    """Unwrap a group that contains a single exception; return any other error unchanged."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _silence_logs() -> None:
    """Keep uvicorn's log, and asyncio's warning about disconnected clients, out of cell output."""
    logger = logging.getLogger("uvicorn")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logging.getLogger("asyncio").addFilter(_isnt_disconnect)


def _isnt_disconnect(record: logging.LogRecord) -> bool:
    return record.msg != "socket.send() raised exception."
