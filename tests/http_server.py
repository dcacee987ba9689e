"""An HTTP server in a thread, for tests that need unusual responses or inspect the requests."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

JSON, SSE = "application/json", "text/event-stream"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any  # decoded from JSON; None if there is no body


@dataclass(frozen=True)
class Answer:
    body: str | bytes = ""
    kind: str = JSON  # the content type
    status: int = 200
    headers: Mapping[str, str] | None = None


@contextmanager
def answering(
    answer: Callable[[Asked], Answer], tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Serve requests during the `with` block; yield the server's URL without a trailing slash."""

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"] or 0))
            body = json.loads(sent) if sent else None
            response = answer(Asked(self.command, self.path, self.headers, body))
            raw = response.body if isinstance(response.body, bytes) else response.body.encode()
            headers = {"Content-Type": response.kind, "Content-Length": str(len(raw))}
            self.send_response(response.status)
            for name, value in {**headers, **(response.headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError):  # the client may have disconnected
                self.wfile.write(raw)

        do_GET = do_POST = respond  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        # `shutdown` waits for the next poll, so poll often.
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
        server.shutdown()
