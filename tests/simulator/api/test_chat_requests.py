"""Parsing chat requests and composing replies to them."""

from typing import Any

import pytest

from utils.simulator.api.chat_completions import parse
from utils.simulator.compose import compose, until_stop
from utils.simulator.errors import ApiError
from utils.simulator.json_values import parse_object
from utils.simulator.profiles import PROFILES
from utils.simulator.tokens import split

DEFAULT = PROFILES["chat"]  # the profile of `sim`; no request in this file uses that model
GOOD: dict[str, Any] = {"model": "sim-chat", "messages": [{"role": "user", "content": "Hi"}]}
TOOL = {"type": "function", "function": {"name": "get_weather"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"model": None}, "model"),
        ({"model": 5}, "model: expected a valid string"),
        ({"messages": []}, "messages: expected at least 1 item, not 0"),
        ({"messages": ["Hi"]}, "messages[0]"),
        ({"messages": [{"role": "pirate", "content": "Hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
         "messages[0].content[0].type"),
        ({"n": 2}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"max_tokens": 0}, "max_tokens: expected greater than or equal to 1"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"stop": [""]}, "stop[0]: expected at least 1 character"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        *[({"tools": [{"type": "function", "function": {"name": name}}]}, "tools[0].function.name")
          for name in ("", "a b", "größe", "a" * 65, "a\n")],
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": "maybe"}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "other"}}},
         "tool_choice"),
        ({"response_format": {"type": "json_object"}}, "messages"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
         "response_format.json_schema.schema"),
        ({"temperature": 3}, "temperature"),
        ({"temprature": 1}, "temprature"),
        ({"logprobs": True}, "logprobs"),
        ({"messages": [{"role": "assistant", "tool_calls": [CALL]}]}, "messages"),
        ({"messages": [{"role": "tool", "tool_call_id": "c1", "content": "42"}]}, "messages[0]"),
    ],
)  # fmt: skip
def test_an_invalid_field_is_named(change: dict[str, Any], named: str) -> None:
    param, colon, reason = named.partition(": ")
    with pytest.raises(ApiError) as refused:
        parse(GOOD | change)
    assert refused.value.status == 400
    assert refused.value.param == param
    assert f"'{param}'{colon}{reason}" in refused.value.message


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_body_must_be_a_json_object(raw: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        parse_object(raw)
    assert refused.value.status == 400


def test_the_prompt_is_the_last_user_message() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Name a river."},
        {"role": "assistant", "content": "The Rhine."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "And "}, {"type": "text", "text": "a lake?"}],
        },
    ]
    request = parse(GOOD | {"messages": messages})
    assert request.prompt == "And a lake?"
    assert [turn.role for turn in request.turns] == ["system", "user", "assistant", "user"]


def test_max_completion_tokens_takes_precedence() -> None:
    assert parse(GOOD | {"max_tokens": 5, "max_completion_tokens": 7}).max_tokens == 7


def test_a_reply_ends_before_the_first_stop_sequence() -> None:
    tokens = split("One, two. Three, four.")
    assert "".join(until_stop(tokens, ("four", ". "))) == "One, two"


def test_a_stop_sequence_may_end_inside_a_token() -> None:
    assert "".join(until_stop(("Hello", " wonderful"), ("derf",))) == "Hello won"


def test_a_repeated_request_gets_the_same_text_with_other_times() -> None:
    request = parse(GOOD)
    first, second = (compose(request, DEFAULT, attempt) for attempt in (1, 2))
    assert [piece.text for piece in first.pieces] == [piece.text for piece in second.pieces]
    assert first.pieces != second.pieces
    assert first.pieces == compose(request, DEFAULT, attempt=1).pieces


def test_a_limit_ends_a_reply_sooner_at_the_same_pace() -> None:
    seed = GOOD | {"model": "sim-seed"}
    whole = compose(parse(seed), DEFAULT, attempt=1)
    short = compose(parse(seed | {"max_tokens": 5}), DEFAULT, attempt=1)
    assert (short.finish, whole.finish) == ("length", "stop")
    assert short.pieces == whole.pieces[:5]
    assert short.end < whole.end


def test_an_overloaded_server_refuses_some_requests_with_retry_after() -> None:
    request = parse(GOOD | {"model": "sim-overloaded"})
    refusals = []
    for attempt in range(100):
        try:
            compose(request, DEFAULT, attempt)
        except ApiError as refused:
            refusals.append(refused)
    assert 5 < len(refusals) < 50
    assert {refusal.status for refusal in refusals} == {429}
    assert refusals[0].headers(speed=1) == {"retry-after": "1", "retry-after-ms": "1000"}
    assert refusals[0].headers(speed=10)["retry-after-ms"] == "100"
