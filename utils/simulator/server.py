"""The HTTP server: its listening socket, event loop and connections."""

import asyncio
import gc
import logging
import shutil
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

_IDLE_SECONDS = 60.0  # timeout for a client that stops reading
_DRAIN_SECONDS = 5.0  # longest wait, before a reset, for sent bytes to be acknowledged
_DRAIN_SECONDS_BLIND = 0.05  # the fixed wait before a reset on systems other than Linux
_POLL_SECONDS = 0.005  # interval between checks for unacknowledged bytes
_GC_THRESHOLDS = (50_000, 20, 50)  # with the defaults, GC takes 20% of the time at 1,000 streams
_COLLECT_SECONDS = 5.0  # minimum time between full garbage collections
_MAX_FILES = 10_240  # limit on open files, which include connections
_SEND_BUFFER = 65_536  # bytes; the default (megabytes) would mask a client that has stopped reading
_KEEP_ALIVE = 75  # seconds until an idle connection closes; long enough for pauses between cells


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[], None],  # called once the server is listening
        limiter: ConcurrencyLimiter | None,  # if given, its load is printed
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._limiter = limiter
        self._collected = 0  # number of requests at the last garbage collection
        self._collected_at = time.monotonic()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        # loaded modules never become garbage, so later collections can skip them
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)
        self._on_ready()
        if self._limiter:
            self._printing = asyncio.create_task(_print_load(self._limiter))

    async def on_tick(self, counter: int) -> bool:
        """Collect garbage from closed connections when no request is in progress."""
        state, now = self.server_state, time.monotonic()
        if (
            not state.tasks
            and state.total_requests > self._collected
            and now - self._collected_at > _COLLECT_SECONDS
        ):
            gc.collect()
            self._collected, self._collected_at = state.total_requests, now
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._limiter:
            self._printing.cancel()
        # a traceback for each reply in progress would hide the rest of the terminal's output
        logging.getLogger("uvicorn.error").disabled = True
        await super().shutdown(sockets)


async def _print_load(limiter: ConcurrencyLimiter) -> None:
    """Print the load when it changes; on a terminal, update one line in place."""
    before, terminal = "", sys.stdout.isatty()
    tokens = limiter.tokens
    while True:
        await asyncio.sleep(1)
        # a line that wraps couldn't be overwritten
        width = shutil.get_terminal_size().columns - 1 if terminal else None
        line = live_line(limiter, limiter.tokens - tokens, width)
        tokens = limiter.tokens
        if line != before:
            end = "\r" if terminal else "\n"
            print(line.ljust(len(before)) if terminal else line, end=end, flush=True)
            before = line


class _Protocol(HttpToolsProtocol):
    """HTTP protocol with connection resets, and with a timeout for clients that stop reading.

    ASGI can't express a reset, and uvicorn has no such timeout.
    """

    _timeout: asyncio.TimerHandle | None = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {RESET: self._reset}  # type: ignore[dict-item]

    def pause_writing(self) -> None:
        super().pause_writing()
        self._timeout = self.loop.call_later(_IDLE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_timeout()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timeout()
        super().connection_lost(exc)

    def _stop_timeout(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()

    async def _reset(self) -> None:
        """Reset the connection: with a linger time of 0 s, `abort` sends a TCP reset."""
        connection = self.transport.get_extra_info("socket")
        await self._drain(connection)
        no_lingering = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        if not self.transport.is_closing():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_lingering)
            self.transport.abort()

    async def _drain(self, connection: socket.socket) -> None:
        """Wait until the client's OS has acknowledged all sent bytes, or until a timeout.

        A reset discards unacknowledged bytes. Linux reports how many there are; on other systems,
        the wait time is fixed.
        """
        seconds = _DRAIN_SECONDS if sys.platform == "linux" else _DRAIN_SECONDS_BLIND
        until = self.loop.time() + seconds
        while self.loop.time() < until and not self.transport.is_closing():
            if sys.platform == "linux" and not self.transport.get_write_buffer_size():
                (unacknowledged,) = struct.unpack("i", ioctl(connection, TIOCOUTQ, bytes(4)))
                if not unacknowledged:
                    return
            await asyncio.sleep(_POLL_SECONDS)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`; port 0 means any free port.

    Raises:
        OSError: If the port is taken or the address isn't assigned to this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # connections inherit it
    return listener


def serve(
    settings: Settings, listener: socket.socket, on_ready: Callable[[], None], live: bool = False
) -> None:
    """Serve until a signal stops the server; if `live`, print the load when it changes."""
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
        workers=1,  # otherwise uvicorn would read WEB_CONCURRENCY
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=1,
    )
    _Server(config, on_ready, limiter if live else None).run(sockets=[listener])


def _allow_many_connections() -> None:
    """Raise the open-file limit to `_MAX_FILES`, or to the hard limit if that is lower."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
