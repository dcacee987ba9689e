"""Long requests: the time to process a request grows linearly with its length, not quadratically.

Quadratic code would take hours at these lengths, so the tests only check that a reply arrives.
"""

import json
from contextlib import suppress

import pytest

from utils.simulator.api import chat_completions, responses
from utils.simulator.compose import compose
from utils.simulator.conversations import Conversations
from utils.simulator.errors import ApiError
from utils.simulator.profiles import PROFILES

LENGTH = 100_000  # characters in a prompt
FIELDS = {
    "city": {"type": "string"},
    "person": {"type": "string"},
    "email": {"type": "string"},
    "expression": {"type": "string"},
    "price": {"type": "number"},
    "days": {"type": "integer"},
    "is_cold": {"type": "boolean"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "kind": {"enum": ["very cold", "warm"]},
}


def all_required(properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


OBJECT = all_required(FIELDS)
PEOPLE = all_required({"people": {"type": "array", "items": OBJECT}})
ASKS = {  # for each kind of request, the additional fields of its body
    "plain": {},
    "tool": {"tools": [{"type": "function", "function": {
        "name": "get_weather", "description": "The weather " * 1000, "parameters": OBJECT}}]},
    "schema": {"response_format": {
        "type": "json_schema", "json_schema": {"name": "people", "schema": PEOPLE}}},
    "keys": {"response_format": {"type": "json_object"}},
}  # fmt: skip
UNITS = [  # strings whose repetition could slow down a regular expression
    "1", "1 ", "(", "a", " ", "\n", "“", "'a", "my name ", "my name is Ada. ", "A ", "keys a (",
    '{"a":', "weather in Paris and ", "5 years, Ada King; ", "\u4f60", "I'm ", "tags: a, b, ",
]  # fmt: skip


def reply(**fields):
    request = chat_completions.parse({"model": "sim-fast"} | fields)
    return compose(request, PROFILES["fast"], attempt=1)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("kind", ASKS)
def test_a_long_prompt_gets_a_reply(kind, unit):
    # JSON mode requires the word "json"; "is cold:" introduces a value for the field `is_cold`.
    text = f"json, is cold: {unit * (LENGTH // len(unit))}!"
    assert reply(messages=[{"role": "user", "content": text}], **ASKS[kind]).pieces


def test_a_long_conversation_gets_a_reply():
    before = [
        {"role": "user", "content": "my name is Ada King "},
        {"role": "assistant", "content": "I'm "},
    ]
    last = {"role": "user", "content": "What is my name?"}
    answer = reply(messages=[*(before * 10_000), last]).text_of_kind("text")
    assert "Ada King" in answer


def test_many_calls_in_one_turn_are_parsed():
    many = 10_000
    calls = [
        {"type": "function_call", "call_id": f"call_{n}", "name": "look", "arguments": "{}"}
        for n in range(many)
    ]
    results = [
        {"type": "function_call_output", "call_id": f"call_{n}", "output": "5"} for n in range(many)
    ]
    asked = [{"role": "user", "content": "hello"}, *calls, *results]
    request = responses.parse({"model": "sim-fast", "input": asked}, Conversations().recall)
    assert len(request.turns[1].calls) == many


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"properties": {f"p{n}": {}}} for n in range(50_000)]},
        {"type": "object", "required": [f"p{n}" for n in range(50_000)]},
        {"enum": [f"p{n}" for n in range(50_000)]},
        {"type": "array", "items": {"enum": [f"p{n}" for n in range(50_000)]}},
        {"anyOf": [{"type": "null"}] * 50_000},
        {"anyOf": [{"type": "string", "minLength": 9}] * 50_000},
        {"type": "array", "minItems": 4000, "uniqueItems": True, "items": {"type": "string"}},
        all_required({f"p{n}": {"type": "string", "minLength": 90_000} for n in range(4000)}),
        all_required({f"a price {n} of name": {"type": "string"} for n in range(4000)}),
    ],
    ids=lambda schema: " ".join(schema),
)
def test_a_large_schema_gets_a_reply_or_an_error(schema):
    form = {"type": "json_schema", "json_schema": {"name": "large", "schema": schema}}
    text = "the price of name is 5 for Ada King " * 1000
    with suppress(ApiError):
        answer = reply(messages=[{"role": "user", "content": text}], response_format=form)
        json.loads(answer.text_of_kind("text") or "")


def test_many_tools_with_long_descriptions_are_compared():
    tools = [
        {"type": "function", "function": {"name": f"tool_{n}", "description": "any word " * 1000}}
        for n in range(128)
    ]
    text = "Do this, and that; " * 20_000
    assert reply(messages=[{"role": "user", "content": text}], tools=tools).pieces
