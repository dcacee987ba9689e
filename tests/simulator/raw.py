"""HTTP requests without a client library, and strict checks against `openai`'s types."""

import json
import socket
from http.client import HTTPConnection
from typing import Any

from openai import BaseModel

from utils.simulator import Simulator
from utils.simulator.api.validation import Body


def ask(server: Simulator, body: Any, path: str = "/v1/chat/completions") -> tuple[int, str, bytes]:
    """POST a body, as JSON unless it is bytes; return the status, content type and raw body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return call(server, "POST", path, raw, server.api_key)


def call(
    server: Simulator, method: str, path: str, raw: bytes | None, key: str | None
) -> tuple[int, str, bytes]:
    host, port = server.base_url.removesuffix("/v1").removeprefix("http://").split(":")
    connection = HTTPConnection(host, int(port), timeout=240)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    connection.request(method, path, raw, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, answer.headers["content-type"], text


def unread(server: Simulator, body: Any, buffer: int) -> socket.socket:
    """Send a chat request, and return the socket; `buffer` is the size of its receive buffer."""
    raw = json.dumps(body)
    host, port = server.base_url.removesuffix("/v1").removeprefix("http://").split(":")
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
    """Fail if `raw` has a field that the type doesn't have, or lacks a required one."""
    parsed = kind.model_validate(raw, strict=True)
    assert parsed.model_dump(exclude_unset=True, by_alias=True) == raw
    assert unknown(parsed) == []


def unknown(parsed: Any) -> list[str]:
    """Return the names of all fields, at any depth, that their types don't define."""
    if isinstance(parsed, list):
        return [name for item in parsed for name in unknown(item)]
    if not isinstance(parsed, BaseModel):
        return []
    inside = [name for field in parsed.__dict__.values() for name in unknown(field)]
    return [*(parsed.model_extra or {}), *inside]


def known_fields(body: type[Body]) -> set[str]:
    """Return the names of all request fields that the simulator accepts, used or ignored."""
    return {*body.model_fields, *body.ignored.split()}
