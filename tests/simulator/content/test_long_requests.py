"""Long requests: the time to process a request grows linearly with its length, not quadratically.

Quadratic code would take hours at these lengths, so the tests only check that a reply arrives.
"""

import pytest

from utils.simulator.api import chat_completions
from utils.simulator.compose import compose
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
