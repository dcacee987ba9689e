"""Chat completions on the wire, read without a client and validated against `openai`'s types."""

from typing import Any

import pytest
from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

from tests.simulator.raw import ask, assert_strict, events, known_fields, send
from tests.simulator.weather import TOOL, WEATHER
from utils.simulator import Simulator
from utils.simulator.api.chat_completions import ChatCompletionsBody
from utils.simulator.profiles import PROFILES

QUESTION = [{"role": "user", "content": "Name a river."}]
FORECAST = [{"role": "user", "content": WEATHER}]
REQUESTS: dict[str, dict[str, Any]] = {  # `:filter@3` after a model name selects a fault
    "text": {"messages": [{"role": "user", "content": "emoji"}]},
    "truncated text": {"messages": QUESTION, "max_tokens": 3},
    "calls": {"messages": FORECAST, "tools": [TOOL]},
    "truncated calls": {"messages": FORECAST, "tools": [TOOL], "max_tokens": 8},
    "json": {"messages": QUESTION, "response_format": {
        "type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}},
    "hidden reasoning": {"messages": QUESTION, "reasoning_effort": "low"},
    "filtered": {"messages": QUESTION, "model": "sim-fast:filter@3"},
    "buffered": {"messages": QUESTION, "model": "sim-fast:buffered"},
    "packed": {"messages": FORECAST, "tools": [TOOL], "model": "sim-fast:packed@3:empty:usage"},
}  # fmt: skip


@pytest.mark.parametrize("fields", REQUESTS.values(), ids=REQUESTS)
def test_replies_and_chunks_match_the_apis_types(server: Simulator, fields: dict[str, Any]) -> None:
    body = {"model": "sim-fast"} | fields
    response = ask(server, body)
    assert response.headers["content-type"] == "application/json"
    whole = response.json()
    assert_strict(ChatCompletion, whole)
    response = ask(server, body | {"stream": True})
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    *chunks, done = events(response.content)
    assert done == "[DONE]"
    for chunk in chunks:
        assert_strict(ChatCompletionChunk, chunk)
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    choices = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    assert choices[-1]["finish_reason"] == whole["choices"][0]["finish_reason"]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    assert text == (whole["choices"][0]["message"]["content"] or "")
    arguments: dict[int, str] = {}
    for choice in choices:
        for piece in choice["delta"].get("tool_calls", []):
            so_far = arguments.get(piece["index"], "")
            arguments[piece["index"]] = so_far + piece["function"]["arguments"]
    calls = whole["choices"][0]["message"].get("tool_calls", [])
    assert list(arguments.values()) == [call["function"]["arguments"] for call in calls]


def test_shown_reasoning_is_the_only_field_that_openai_lacks(server: Simulator) -> None:
    body = {"model": "sim-fast:thinking", "messages": QUESTION}
    whole = ask(server, body).json()
    reasoning = whole["choices"][0]["message"].pop("reasoning_content")
    assert_strict(ChatCompletion, whole)
    *chunks, _ = events(ask(server, body | {"stream": True}).content)
    thoughts = [c["choices"][0]["delta"].pop("reasoning_content", "") for c in chunks]
    assert "".join(thoughts) == reasoning
    reasons = [bool(thought) for thought in thoughts[1:]]  # all but the role chunk
    assert reasons == sorted(reasons, reverse=True), "reasoning precedes the answer"
    for chunk in chunks:
        assert_strict(ChatCompletionChunk, chunk)


def test_all_fields_of_the_apis_requests_are_known() -> None:
    fields = CompletionCreateParamsStreaming
    assert fields.__required_keys__ | fields.__optional_keys__ == known_fields(ChatCompletionsBody)


@pytest.mark.parametrize("include_usage", [True, False])
def test_the_order_of_a_streams_chunks(server: Simulator, include_usage: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    body = {"model": "sim-fast", "messages": QUESTION, "stream": True} | options
    *chunks, done = events(ask(server, body).content)
    assert done == "[DONE]"
    usage = chunks.pop() if include_usage else None
    (role, first, *_, finish) = (chunk["choices"][0] for chunk in chunks)
    assert role["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert first["delta"] == {"content": "The"}
    assert finish == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks[:-1])
    if usage is None:
        assert not any("usage" in chunk for chunk in chunks)
    else:
        assert usage["choices"] == []
        assert usage["usage"]["completion_tokens"] == len(chunks) - 2  # not `role` and `finish`
        assert all(chunk["usage"] is None for chunk in chunks)


def test_a_lone_surrogate_is_refused_and_a_pair_is_text(server: Simulator) -> None:
    message = '{"model":"sim-fast","messages":[{"role":"user","content":"%s"}]}'
    assert ask(server, (message % r"\ud83d").encode()).status_code == 400
    assert ask(server, (message % r"\ud83d\ude80").encode()).status_code == 200
    assert server.requests()[-1].prompt == "🚀"


@pytest.mark.parametrize("number", ["1e999", "NaN", "1" * 400])
def test_numbers_that_json_lacks_do_not_break_the_log(server: Simulator, number: str) -> None:
    body = '{"model":"sim-fast","messages":[{"role":"user","content":"hello"}],"metadata":%s}'
    assert ask(server, (body % number).encode()).status_code == 200
    assert "metadata" in server.requests()[-1].body


def test_models_are_listed_and_described(server: Simulator) -> None:
    listed = send(server, "GET", "/v1/models").json()
    assert set(listed) == {"object", "data"}
    assert [model["id"] for model in listed["data"]] == [f"sim-{name}" for name in PROFILES]
    for model in listed["data"]:
        assert_strict(Model, model)
        assert send(server, "GET", f"/v1/models/{model['id']}").json() == model


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "words"),
    [
        ("POST", "/v1/chat/completions", b"{", 400, None, "JSON"),
        ("POST", "/v1/chat/completions", b"{}", 400, "missing_required_parameter", "model"),
        ("POST", "/v1/chat/completions", {"model": "gpt", "messages": QUESTION}, 404,
         "model_not_found", "sim-seed, sim-fast"),
        ("POST", "/v1/chat/completions", {"model": "sim-chat:odd", "messages": QUESTION}, 404,
         "model_not_found", ":buffered"),
        ("POST", "/v1/chat/completions", {"model": "chat", "messages": QUESTION}, 404,
         "model_not_found", "sim-chat"),
        ("POST", "/v1/chat/completions", {"model": "sim-chat", "messages": QUESTION, "n": 2}, 400,
         "invalid_value", "expected 1"),
        ("GET", "/v1/models/gpt", None, 404, "model_not_found", "gpt"),
        # This path sets the model behind the name `sim`.
        ("PUT", "/simulator/sim", {"model": "sim-chat:odd"}, 404, "model_not_found", "sim-chat"),
        ("PUT", "/simulator/sim", {"model": 3}, 400, "invalid_type", "expected a string"),
    ],
)  # fmt: skip
def test_an_error_has_the_apis_format(
    server: Simulator, method: str, path: str, body: Any, status: int, code: str | None, words: str
) -> None:
    response = send(server, method, path, body)
    error = response.json()["error"]
    assert response.status_code == status
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert words in error["message"]
    if code is not None:
        assert error["code"] == code


@pytest.mark.parametrize(
    ("path", "given", "code"),
    [
        ("/v1/models", None, None),
        ("/v1/models", "Bearer", None),
        ("/v1/models", b"Bearer wrong", "invalid_api_key"),
        ("/v1/models", "Bearer ключ".encode(), "invalid_api_key"),
        ("/simulator/requests", None, None),
        ("/v1/nothing", None, None),
    ],
)
def test_a_client_without_the_key_gets_401(
    server: Simulator, path: str, given: Any, code: str | None
) -> None:
    response = send(server, "GET", path, authorization=given)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (401, code)
    assert "wrong" not in error["message"]
