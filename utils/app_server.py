"""A web app of your own, served on 127.0.0.1 from the notebook's own event loop.

The server is a task of the loop that runs your cells. So a cell that blocks the loop blocks the
server, as it would in production, and the app may use the models that cells use: an async HTTP
client belongs to one loop. What the app does is not looked at.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import uvicorn

from .errors import Sentence, sentence
from .settings import keep_off_proxies

HOST = "127.0.0.1"
_PATIENCE = 0.5  # s; for an app to hear that its visitors are gone, before it is cancelled
_VISITOR_LEFT = (
    "ClientDisconnect",
    "BrokenResourceError",
)  # Starlette's and FastAPI's words for it

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class ServingError(Sentence, RuntimeError):
    """The app can't be served; the message says what to do."""


class Server:
    """A running server; `serve` and `serving` make it.

    Attributes:
        url: Where it answers, such as `http://127.0.0.1:43210`, without a slash at the end.
        errors: The exceptions that left the app. Its client saw status 500, or a reply that broke
            off.
    """

    def __init__(self, app: App) -> None:
        self._app = _Noting(app)
        self._listener = socket.create_server((HOST, 0))
        self._loop = asyncio.get_running_loop()
        self._uvicorn = _Uvicorn(self._app)
        self.url = f"http://{HOST}:{self._listener.getsockname()[1]}"
        self.errors = self._app.errors
        self._task = self._loop.create_task(self._uvicorn.serve(sockets=[self._listener]))

    def __repr__(self) -> str:
        return f"<Server at {self.url}{' (stopped)' if self.stopped else ''}>"

    @property
    def stopped(self) -> bool:
        """Whether it answers no more."""
        return self._task.done() or self._loop.is_closed()

    async def stop(self) -> None:
        """Stop, and cut the connections that are open. Safe to call again."""
        if self._loop is not asyncio.get_running_loop():  # its own loop is over
            self._listener.close()
            return
        self._uvicorn.over.set()
        await asyncio.wait([self._task])  # a cancelled wait leaves the stopping alone

    async def started(self) -> None:
        """Wait until it answers.

        Raises:
            ServingError: If the app failed before.
        """
        await self._uvicorn.ready.wait()
        if self._uvicorn.failed:
            await asyncio.wait([self._task])
            self._listener.close()
            error = self._app.startup_error
            why = f": {sentence(error)}" if error else ""
            raise ServingError(f"The app failed in its own start (its lifespan){why}.") from error


_servers: dict[str, Server] = {}  # those of `serve`, by name


def serve(app: App, name: str = "app") -> Coroutine[Any, Any, Server]:
    """Serve an app until its `stop()`, the next `serve` of that name, or the kernel's end.

        server = await serve(app)
        print(server.url)

    Running the cell again replaces the server, so no port is left behind.

    Args:
        app: A FastAPI or any other ASGI app.
        name: What is replaced; give another one to serve two apps side by side.

    Returns:
        To be awaited: the server, which answers already.

    Raises:
        ServingError: If it is no app, no event loop runs, or the app fails at its start.
    """
    _check(app)
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
    """Serve an app while the block runs.

        async with serving(app) as url:
            ...

    If the app raised, that is printed when the block ends: its client saw no more than a status
    500, or a reply that broke off.

    Args:
        app: A FastAPI or any other ASGI app.

    Yields:
        Where it answers, such as `http://127.0.0.1:43210`, without a slash at the end.

    Raises:
        ServingError: If it is no app, or it fails at its start.
    """
    _check(app)
    server = await _started(app)
    try:
        yield server.url
    finally:
        await server.stop()
        for error in dict.fromkeys(map(sentence, server.errors)):
            print(f"The app raised {error}")


async def _started(app: App) -> Server:
    _keep_the_log_off_the_screen()
    keep_off_proxies()
    server = Server(app)
    try:
        await server.started()
    except asyncio.CancelledError:
        await server.stop()
        raise
    return server


class _Uvicorn(uvicorn.Server):
    """uvicorn on a loop that is not its own: no signals, no ticking, a quick end."""

    def __init__(self, app: App) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                ws="none",
                log_config=None,
                workers=1,  # said, or WEB_CONCURRENCY would say it
                access_log=False,
                date_header=False,  # it would need the ticking
            )
        )
        self.ready = asyncio.Event()
        self.over = asyncio.Event()
        self.failed = False

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the kernel's signals, and so its ■, to the kernel."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # uvicorn's answer to an app that won't start; it would end the kernel
            self.failed = self.should_exit = True
        finally:
            self.ready.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        running = set(self.server_state.tasks)
        if running:
            _, late = await asyncio.wait(running, timeout=_PATIENCE)
            for task in late:
                task.cancel()
            if late:  # what still goes on sits in a thread, which nobody can stop
                await asyncio.wait(late, timeout=_PATIENCE)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self.lifespan.shutdown()


class _Noting:
    """The app, with a note of each exception that leaves it."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.errors: list[Exception] = []
        self.startup_error: Exception | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if scope["type"] == "lifespan":
                self.startup_error = error  # many apps know no lifespan: told only if it mattered
            elif type(_alone(error)).__name__ not in _VISITOR_LEFT:
                self.errors.append(_alone(error))
            raise


def _check(app: object) -> None:
    """Refuse what is no ASGI app, with a sentence that says what it looks like."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ServingError(
            "No event loop runs here. In a notebook's cell, write `server = await serve(app)`; in "
            "a script, call it from a coroutine that `asyncio.run` runs."
        ) from None
    if inspect.isclass(app):
        raise ServingError(
            f"`{app.__name__}` is a class. Hand over what it makes: `app = {app.__name__}()`."
        )
    if not callable(app) or not _takes_three(app):
        kind = f"the function `{app.__name__}`" if inspect.isfunction(app) else f"{app!r:.60}"
        raise ServingError(
            f"This is {kind}, and no web app. Hand over what `app = FastAPI()` made."
        )


def _takes_three(app: Callable[..., object]) -> bool:
    """Whether it can be called as an ASGI app is: with scope, receive and send."""
    try:
        inspect.signature(app).bind("scope", "receive", "send")
    except (TypeError, ValueError):
        return False
    return True


def _alone(error: Exception) -> Exception:
    """The exception itself, where a task group has put it into a group of one."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _keep_the_log_off_the_screen() -> None:
    """Without this, lines for a server's operator appear beneath whatever cell runs."""
    logger = logging.getLogger("uvicorn")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logging.getLogger("asyncio").addFilter(_not_of_one_who_left)


def _not_of_one_who_left(record: logging.LogRecord) -> bool:
    """Drop what asyncio says when a blocked loop goes on writing to somebody who has gone."""
    return record.msg != "socket.send() raised exception."
