"""Models and raw HTTP requests for a simulator, and strict checks against `openai`'s types."""

import json
import socket
from typing import Any

import httpx2
from langchain_openai import ChatOpenAI
from openai import BaseModel

from utils.simulator import Simulator
from utils.simulator.api.validation import Body


def chat(server: Simulator, name: str = "sim-fast", **options: Any) -> ChatOpenAI:
    settings = {"max_retries": 0, "stream_usage": True} | options
    return ChatOpenAI(model=name, base_url=server.base_url, api_key=server.api_key, **settings)


_http = httpx2.Client(verify=False, trust_env=False, timeout=240)  # the server doesn't use TLS


def send(
    server: Simulator, method: str, path: str, body: Any = None, **headers: str | bytes
) -> httpx2.Response:
    """Send a request with the server's key; a body that isn't bytes is sent as JSON.

    `Retry_After="1"` sends a `Retry-After` header; `authorization=None` omits the key.
    """
    raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    given = {"authorization": f"Bearer {server.api_key}"} | headers
    named = {name.replace("_", "-"): value for name, value in given.items() if value}
    return _http.request(method, f"http://{_address(server)}{path}", content=raw, headers=named)


def ask(server: Simulator, body: Any, path: str = "/v1/chat/completions") -> httpx2.Response:
    return send(server, "POST", path, body)


def _address(server: Simulator) -> str:
    return server.base_url.removesuffix("/v1").removeprefix("http://")


def connected(server: Simulator) -> socket.socket:
    host, port = _address(server).split(":")
    return socket.create_connection((host, int(port)), timeout=240)


def unread(server: Simulator, body: Any, buffer: int) -> socket.socket:
    """Send a chat request without reading the reply; return the socket.

    Its receive buffer holds `buffer` bytes.
    """
    raw = json.dumps(body)
    host, port = _address(server).split(":")
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {server.api_key}"
        f"\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.connect((host, int(port)))
    connection.sendall((head + raw).encode())
    return connection


def events(raw: bytes) -> list[Any]:
    """Return the data of each event, parsed as JSON; `[DONE]` stays a string."""
    *parts, rest = raw.split(b"\n\n")
    assert rest == b""
    assert all(part.startswith(b"data: ") for part in parts)
    data = [part.removeprefix(b"data: ") for part in parts]
    return [item.decode() if item == b"[DONE]" else json.loads(item) for item in data]


def assert_strict(kind: type[BaseModel], raw: Any) -> None:
    """Fail if `raw` contains an unknown field or lacks a required one."""
    kind.model_validate(raw, strict=True, extra="forbid")


def known_fields(body: type[Body]) -> set[str]:
    """Return the names of all request fields that the simulator accepts, including ignored ones."""
    return {*body.model_fields, *body.ignored.split()}
