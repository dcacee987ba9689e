"""Running the application: the socket, the event loop, and who is told that it is ready."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
import sys
import time
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if sys.platform == "linux":
    from fcntl import ioctl
    from termios import TIOCOUTQ

from .app import Settings, make_app
from .concurrency import ConcurrencyLimiter, live_line
from .response import RESET

_SILENCE = 60.0  # s
_ARRIVING = 5.0  # s that a reset waits, at most, for what was sent to arrive
_ARRIVING_UNSEEN = 0.05  # s; where nobody tells what has arrived
_GLANCE = 0.005  # s between two looks at what has arrived
_COLLECTIONS = (50_000, 20, 50)  # seldom: at 1,000 streams they took a fifth of the time
_MOST_FILES = 10_240
_KEEP_ALIVE = 75  # s; a learner reads between two cells


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], limiter: ConcurrencyLimiter
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._limiter = limiter
        self.live: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what was loaded stays: collections while streaming need not look at it
        gc.set_threshold(*_COLLECTIONS)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.live is not None:
            self.live.cancel()
        await super().shutdown(sockets)


class _LiveServer(_Server):
    """Says each second who streams how much: on a terminal in one line that changes."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.live = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        before, end = "", "\r" if sys.stdout.isatty() else "\n"
        tokens = self._limiter.tokens
        while True:
            await asyncio.sleep(1)
            line = live_line(self._limiter, self._limiter.tokens - tokens)
            tokens = self._limiter.tokens
            if line != before:
                print(line.ljust(len(before)) if end == "\r" else line, end=end, flush=True)
                before = line


class _Protocol(HttpToolsProtocol):
    """Breaks connections: on request, and those whose client neither asks nor reads.

    ASGI has no word for the one, and uvicorn waits for ever for the other.
    """

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait(_SILENCE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {RESET: self._reset}  # type: ignore[dict-item]
        self._wait(_SILENCE)

    def on_headers_complete(self) -> None:
        self._wait(None)
        super().on_headers_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait(_SILENCE)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._wait(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        super().connection_lost(exc)

    def _wait(self, seconds: float | None) -> None:
        """Break the connection unless something happens within `seconds`."""
        if self._patience is not None:
            self._patience.cancel()
        self._patience = None
        if seconds is not None:
            self._patience = self.loop.call_later(seconds, self.transport.abort)

    async def _reset(self) -> None:
        plug = self.transport.get_extra_info("socket")
        await self._all_arrived(plug)
        no_lingering = (
            struct.pack("ii", 1, 0) if sys.platform != "win32" else struct.pack("hh", 1, 0)
        )
        if not self.transport.is_closing():
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_lingering)
            self.transport.abort()

    async def _all_arrived(self, plug: socket.socket) -> None:
        """Wait until the client's machine has what was sent; a reset throws the rest away.

        A busy client may be some bytes behind. One that takes nothing for long gets the reset.
        """
        until = self.loop.time() + (_ARRIVING if sys.platform == "linux" else _ARRIVING_UNSEEN)
        while self.loop.time() < until and not self.transport.is_closing():
            if sys.platform == "linux" and not self.transport.get_write_buffer_size():
                (unconfirmed,) = struct.unpack("i", ioctl(plug, TIOCOUTQ, bytes(4)))
                if not unconfirmed:
                    return
            await asyncio.sleep(_GLANCE)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`; port 0 takes any free port.

    Raises:
        OSError: If the port is taken or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def serve(
    settings: Settings,
    listener: socket.socket,
    on_ready: Callable[[], None],
    live: bool = False,
) -> None:
    """Serve until told to end by a signal.

    Args:
        settings: What is served.
        listener: A socket that listens.
        on_ready: Called when requests are answered.
        live: Say each second who streams how much.
    """
    _allow_many_connections()
    clock = time.perf_counter
    limiter = ConcurrencyLimiter(clock, settings.most_streams)
    config = uvicorn.Config(
        make_app(settings, limiter, clock),
        http=_Protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        workers=1,  # said, or WEB_CONCURRENCY would say it
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=1,
    )
    (_LiveServer if live else _Server)(config, on_ready, limiter).run(sockets=[listener])


def _allow_many_connections() -> None:
    """Raise the number of open files to what the system allows; often it begins at 256 or 1024."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
