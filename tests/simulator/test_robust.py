"""Invalid requests get an error in the API's format and don't affect other clients."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.raw import ask, connected, known_fields, unread
from utils.simulator import Simulator
from utils.simulator.api.chat_completions import ChatCompletionsBody
from utils.simulator.api.responses import ResponsesBody
from utils.simulator.api.validation import Body

CHAT, RESPONSES = PATHS = ["/v1/chat/completions", "/v1/responses"]
GOOD: dict[str, dict[str, Any]] = {
    CHAT: {
        "model": "sim-fast",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 16,
    },
    RESPONSES: {"model": "sim-fast", "input": "hello", "max_output_tokens": 16},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["type", "function", "name"]), inner
        )
    ),
    max_leaves=8,
)


def changes(body: type[Body]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(sorted(known_fields(body))) | st.text(max_size=5)
    return st.dictionaries(names, JSON, max_size=3)


def assert_valid(response: httpx2.Response) -> None:
    """Fail unless a response is a reply or an error in the API's format."""
    if response.status_code == 200:
        assert response.content
        return
    assert response.status_code in (400, 404, 413)
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


@settings(max_examples=60)
@given(changes(ChatCompletionsBody), changes(ResponsesBody))
def test_any_request_gets_a_response(
    server: Simulator, chat: dict[str, Any], responses: dict[str, Any]
) -> None:
    for path, change in zip(PATHS, (chat, responses), strict=True):
        assert_valid(ask(server, GOOD[path] | change, path))


@settings(max_examples=30)
@given(st.binary(max_size=60), st.text(max_size=20))
def test_any_body_and_any_model_get_a_response(server: Simulator, raw: bytes, ending: str) -> None:
    assert_valid(ask(server, raw))
    assert_valid(ask(server, GOOD[CHAT] | {"model": f"sim-fast:{ending}"}))


@pytest.mark.parametrize("levels", [90, 5000])
def test_a_deep_schema_is_refused(server: Simulator, levels: int) -> None:
    # Built as a string, since `json.dumps` fails at 5,000 levels.
    schema = '{"type":"object","required":["a"],"properties":{"a":' * levels + "{}" + "}}" * levels
    form = f'{{"type":"json_schema","json_schema":{{"name":"a","schema":{schema}}}}}'
    body = json.dumps(GOOD[CHAT])[:-1] + f', "response_format": {form}}}'
    assert ask(server, body.encode()).status_code == 400


def test_deep_json_in_a_string_is_text(server: Simulator) -> None:
    nested = '{"a":' * 700 + "1" + "}" * 700
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": nested}}
    conversation = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": nested},
    ]
    for messages in (conversation, [{"role": "user", "content": f"json {nested}"}]):
        assert ask(server, GOOD[CHAT] | {"messages": messages}).status_code == 200


@pytest.mark.parametrize(
    "schema",
    [
        '{"properties": 5}',
        '{"properties": {"a": 5}}',
        '{"properties": {"a": {"type": "nothing"}}}',
        '{"properties": {"a": {"$ref": "#"}}, "required": ["a"]}',
        '{"properties": {"a": {"enum": []}}, "required": 7}',
    ],
)
def test_an_unusable_schema_in_a_prompt_is_not_an_error(server: Simulator, schema: str) -> None:
    body = {"messages": [{"role": "user", "content": f"Answer as JSON: {schema}"}]}
    answer = ask(server, GOOD[CHAT] | body | {"max_tokens": 500}).json()
    assert isinstance(json.loads(answer["choices"][0]["message"]["content"]), dict)


def test_a_long_model_name_is_truncated_in_the_error(server: Simulator) -> None:
    response = ask(server, GOOD[CHAT] | {"model": "x" * 1_000_000})
    assert response.status_code == 404
    assert len(response.content) < 1000


@pytest.mark.parametrize("path", PATHS)
def test_a_prompt_of_ten_megabytes_is_too_long(server: Simulator, path: str) -> None:
    text = "river " * 1_700_000
    prompt = {"messages": [{"role": "user", "content": text}]} if path == CHAT else {"input": text}
    error = ask(server, GOOD[path] | prompt, path).json()["error"]
    assert error["code"] == "context_length_exceeded"


def test_a_request_of_twenty_megabytes_is_too_large(server: Simulator) -> None:
    assert ask(server, b" " * 20_000_000).json()["error"]["code"] == "too_large"


def test_a_long_prompt_is_truncated_in_the_log(server: Simulator) -> None:
    body = GOOD[CHAT] | {"messages": [{"role": "user", "content": "river " * 100_000}]}
    with server.watch() as seen:
        assert ask(server, body).status_code == 200
    assert len(seen[0].prompt) < 5000


def test_idle_connections_do_not_affect_others(server: Simulator) -> None:
    silent = [connected(server) for _ in range(100)]
    halves = [connected(server) for _ in range(50)]
    for connection in halves:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n")
    try:
        assert ask(server, GOOD[CHAT]).status_code == 200
    finally:
        for connection in silent + halves:
            connection.close()


def test_a_client_that_stops_reading_does_not_affect_others(server: Simulator) -> None:
    flood = GOOD[CHAT] | {"model": "sim-fast:flood@32", "stream": True, "max_tokens": None}
    with server.watch() as seen, unread(server, flood, 4096) as connection:
        connection.recv(1)
        for _ in range(3):
            assert ask(server, GOOD[CHAT]).status_code == 200
    assert seen.settled
    assert seen[0].ended == "client left"
    # The whole reply would be 32 MB, at four characters per token, but the server stopped earlier.
    assert seen[0].tokens_sent < 32_000_000 // 4
