"""HTTP details: CORS headers, extra slashes, methods and unknown paths."""

import json
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import openai
import pytest
from openai import OpenAI

from utils.simulator import Simulator

LOCAL_PAGES = [
    "http://localhost:8888",
    "https://127.1.2.3",
    "http://[::1]:8080",
    "http://app.localhost:5173",
]
OTHER_PAGES = [
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://example.com:8888/localhost",
    "http://evil-localhost",
    "null",
]
CHAT = "/v1/chat/completions"
HELLO: dict[str, Any] = {
    "model": "sim-fast",
    "messages": [{"role": "user", "content": "hello"}],
    "max_tokens": 3,
}


def send(
    server: Simulator, method: str, path: str, body: Any = None, **headers: str
) -> tuple[HTTPResponse, bytes]:
    host, port = server.base_url.removesuffix("/v1").removeprefix("http://").split(":")
    connection = HTTPConnection(host, int(port), timeout=60)
    raw = None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, raw, named)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response, text


def preflight(server: Simulator, origin: str, path: str = CHAT, method: str = "POST") -> Any:
    headers = "authorization,content-type,x-stainless-lang"
    return send(
        server, "OPTIONS", path, Origin=origin, Access_Control_Request_Method=method,
        Access_Control_Request_Headers=headers,
    )[0]  # fmt: skip


@pytest.mark.parametrize("origin", LOCAL_PAGES)
def test_pages_of_this_machine_may_send_requests(server: Simulator, origin: str) -> None:
    response = preflight(server, origin)
    assert response.status == 200
    assert response.headers["access-control-allow-origin"] == origin
    assert "POST" in response.headers["access-control-allow-methods"]
    allowed = response.headers["access-control-allow-headers"]
    assert allowed == "authorization,content-type,x-stainless-lang"


@pytest.mark.parametrize("origin", OTHER_PAGES)
def test_pages_of_other_machines_may_not(server: Simulator, origin: str) -> None:
    assert preflight(server, origin).headers["access-control-allow-origin"] is None
    key = f"Bearer {server.api_key}"
    response, _ = send(server, "POST", CHAT, HELLO, Origin=origin, Authorization=key)
    assert response.headers["access-control-allow-origin"] is None


def test_pages_can_read_replies_streams_and_errors(server: Simulator) -> None:
    origin, key = LOCAL_PAGES[0], f"Bearer {server.api_key}"
    asked: list[tuple[int, str, str, Any, dict[str, str]]] = [
        (200, "POST", CHAT, HELLO, {}),
        (200, "POST", CHAT, HELLO | {"stream": True}, {}),
        (200, "GET", "/v1/models", None, {}),
        (400, "POST", CHAT, {}, {}),
        (401, "POST", CHAT, HELLO, {"Authorization": "Bearer wrong"}),
        (404, "POST", "/v1/embeddings", {}, {}),
        (405, "GET", CHAT, None, {}),
        (429, "POST", CHAT, HELLO | {"model": "sim-fast:429"}, {}),
    ]
    for status, method, path, body, headers in asked:
        sent = {"Origin": origin, "Authorization": key} | headers
        response, _ = send(server, method, path, body, **sent)
        assert response.status == status
        assert response.headers["access-control-allow-origin"] == origin
        assert "Origin" in response.headers["vary"]
        assert "Retry-After" in response.headers["access-control-expose-headers"]


@pytest.mark.parametrize("extra", ["/", "//"])
def test_extra_slashes_are_ignored(server: Simulator, extra: str) -> None:
    with OpenAI(base_url=server.base_url + extra, api_key=server.api_key, max_retries=0) as client:
        assert client.chat.completions.create(**HELLO).choices
        assert client.models.retrieve("sim-fast").id == "sim-fast"
    key = f"Bearer {server.api_key}"
    for path in (CHAT + extra, f"/v1{extra}chat/completions", extra + CHAT[1:]):
        assert send(server, "POST", path, HELLO, Authorization=key)[0].status == 200
    assert send(server, "GET", f"/v1/models{extra}", Authorization=key)[0].status == 200


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("path", [CHAT, "/v1/responses"])
def test_an_unsupported_method_gets_405_and_the_allowed_methods(
    server: Simulator, method: str, path: str
) -> None:
    response, raw = send(server, method, path, Authorization=f"Bearer {server.api_key}")
    assert response.status == 405
    assert response.headers["allow"] == "POST"
    assert json.loads(raw)["error"]["code"] == "method_not_supported"


@pytest.mark.parametrize(
    "path",
    ["/v1/embeddings", "/chat/completions", "/", "/v1/responses/x"],
)
def test_an_unknown_path_gets_404_and_the_known_paths(server: Simulator, path: str) -> None:
    response, raw = send(server, "POST", path, {}, Authorization=f"Bearer {server.api_key}")
    error = json.loads(raw)["error"]
    assert response.status == 404
    assert error["message"] == (
        f"Invalid URL (POST {path}). Send chats to POST /v1/chat/completions or POST "
        "/v1/responses; GET /v1/models lists the models. A client's base URL ends in /v1."
    )
    assert set(error) == {"message", "type", "param", "code"}


def test_a_models_name_may_contain_a_slash(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="The model `meta/llama` does not exist"):
        client.models.retrieve("meta/llama")
