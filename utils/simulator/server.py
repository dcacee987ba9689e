"""Running the application: the socket, the event loop, and who is told that it is ready."""

from __future__ import annotations

import gc
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .app import RESET, Settings, make_app

_KEEP_ALIVE = 75  # s; a learner reads between two cells


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what was loaded stays: collections while streaming need not look at it
        self._on_ready()


class _Protocol(HttpToolsProtocol):
    """Lets the application break a connection, which ASGI has no word for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {RESET: self._reset}  # type: ignore[dict-item]

    def _reset(self) -> None:
        plug = self.transport.get_extra_info("socket")
        no_lingering = (
            struct.pack("ii", 1, 0) if sys.platform != "win32" else struct.pack("hh", 1, 0)
        )
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_lingering)
        self.transport.abort()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`; port 0 takes any free port.

    Raises:
        OSError: If the port is taken or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def serve(settings: Settings, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until told to end by a signal; call `on_ready` when requests are answered."""
    config = uvicorn.Config(
        make_app(settings),
        http=_Protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=1,
    )
    _Server(config, on_ready).run(sockets=[listener])


def end_with_stdin() -> None:
    """End this process as soon as its standard input is closed.

    Whoever started it holds the other end of that pipe, and the operating system closes it when
    that process ends, however it ends.
    """
    descriptor = sys.stdin.fileno()  # not the file object: its lock would hinder a normal exit

    def wait() -> None:
        while os.read(descriptor, 1024):
            pass
        os._exit(0)  # nothing to save, and nothing may delay it

    threading.Thread(target=wait, name="end with parent", daemon=True).start()
