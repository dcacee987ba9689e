"""HTTP details: CORS headers, extra slashes, methods and unknown paths."""

from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.simulator.raw import send
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


def preflight(server: Simulator, origin: str) -> Any:
    headers = "authorization,content-type,x-stainless-lang"
    return send(
        server, "OPTIONS", CHAT, Origin=origin, Access_Control_Request_Method="POST",
        Access_Control_Request_Headers=headers,
    )  # fmt: skip


@pytest.mark.parametrize("origin", LOCAL_PAGES)
def test_pages_of_this_machine_may_send_requests(server: Simulator, origin: str) -> None:
    response = preflight(server, origin)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == origin
    assert "POST" in response.headers["access-control-allow-methods"]
    allowed = response.headers["access-control-allow-headers"]
    assert allowed == "authorization,content-type,x-stainless-lang"


@pytest.mark.parametrize("origin", OTHER_PAGES)
def test_pages_of_other_machines_may_not(server: Simulator, origin: str) -> None:
    assert "access-control-allow-origin" not in preflight(server, origin).headers
    response = send(server, "POST", CHAT, HELLO, Origin=origin)
    assert "access-control-allow-origin" not in response.headers


def test_pages_can_read_replies_streams_and_errors(server: Simulator) -> None:
    origin = LOCAL_PAGES[0]
    asked: list[tuple[int, str, str, Any, dict[str, str]]] = [
        (200, "POST", CHAT, HELLO, {}),
        (200, "POST", CHAT, HELLO | {"stream": True}, {}),
        (200, "GET", "/v1/models", None, {}),
        (400, "POST", CHAT, {}, {}),
        (401, "POST", CHAT, HELLO, {"authorization": "Bearer wrong"}),
        (404, "POST", "/v1/embeddings", {}, {}),
        (405, "GET", CHAT, None, {}),
        (429, "POST", CHAT, HELLO | {"model": "sim-fast:429"}, {}),
    ]
    for status, method, path, body, headers in asked:
        response = send(server, method, path, body, Origin=origin, **headers)
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == origin
        assert "Origin" in response.headers["vary"]
        assert "Retry-After" in response.headers["access-control-expose-headers"]


@pytest.mark.parametrize("extra", ["/", "//"])
def test_extra_slashes_are_ignored(server: Simulator, extra: str) -> None:
    with OpenAI(base_url=server.base_url + extra, api_key=server.api_key, max_retries=0) as client:
        assert client.chat.completions.create(**HELLO).choices
        assert client.models.retrieve("sim-fast").id == "sim-fast"
    for path in (CHAT + extra, f"/v1{extra}chat/completions", extra + CHAT[1:]):
        assert send(server, "POST", path, HELLO).status_code == 200
    assert send(server, "GET", f"/v1/models{extra}").status_code == 200


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("path", [CHAT, "/v1/responses"])
def test_an_unsupported_method_gets_405_and_the_allowed_methods(
    server: Simulator, method: str, path: str
) -> None:
    response = send(server, method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.json()["error"]["code"] == "method_not_supported"


@pytest.mark.parametrize("path", ["/v1/embeddings", "/chat/completions", "/", "/v1/responses/x"])
def test_an_unknown_path_gets_404_and_the_known_paths(server: Simulator, path: str) -> None:
    response = send(server, "POST", path, {})
    error = response.json()["error"]
    assert response.status_code == 404
    assert error["message"] == (
        f"Invalid URL (POST {path}). Send chats to POST /v1/chat/completions or POST "
        "/v1/responses; GET /v1/models lists the models. A client's base URL ends in /v1."
    )
    assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("seconds", ["abc", "nan", "-1"])
def test_an_invalid_wait_for_the_log_is_refused(server: Simulator, seconds: str) -> None:
    response = send(server, "GET", f"/simulator/requests?settled={seconds}")
    assert (response.status_code, response.json()["error"]["param"]) == (400, "settled")


def test_a_models_name_may_contain_a_slash(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="The model `meta/llama` does not exist"):
        client.models.retrieve("meta/llama")
