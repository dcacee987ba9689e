"""When the simulated model calls tools, with which arguments, and its replies to their results."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.simulator.api.chat_completions import parse
from utils.simulator.content.answer import answer
from utils.simulator.content.extract import places
from utils.simulator.errors import ApiError


def tool(name: str, about: str = "", **properties: Any) -> dict[str, Any]:
    required = [key for key, schema in properties.items() if not schema.pop("optional", False)]
    schema = {"type": "object", "properties": properties, "required": required}
    function = {"name": name, "description": about, "parameters": schema}
    return {"type": "function", "function": function}


def text() -> dict[str, Any]:
    return {"type": "string"}


def whole() -> dict[str, Any]:
    return {"type": "integer"}


WEATHER = tool(
    "get_weather",
    "Get the current weather for a city.",
    city=text(),
    unit={"type": "string", "enum": ["celsius", "fahrenheit"], "optional": True},
)
MULTIPLY = tool("multiply", "Multiply two numbers.", a=whole(), b=whole())
SEARCH = tool("search", "Search the web.", query=text())
TIME = tool("get_local_time", "Tell what time it is in a city.", city=text())
ORDER = tool("order_status", "Look up where an order is.", order_id=whole())
ALL = [WEATHER, MULTIPLY, SEARCH, TIME, ORDER]


def calls(prompt: str, tools: list[Any] = ALL, **fields: Any) -> list[tuple[str, dict[str, Any]]]:
    body = {"model": "sim", "messages": [{"role": "user", "content": prompt}], "tools": tools}
    parts = answer(parse(body | fields))
    return [(part.name, json.loads(part.text)) for part in parts if part.kind == "call"]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("What's the weather in Paris and in Rome?",
         [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})]),
        ("Weather in Paris, Rome and Berlin?",
         [("get_weather", {"city": city}) for city in ("Paris", "Rome", "Berlin")]),
        ("Compare the weather in Paris and Rome.",
         [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})]),
        ("what is the weather in paris?", [("get_weather", {"city": "Paris"})]),
        ("Is it warm in San Francisco, CA right now?",
         [("get_weather", {"city": "San Francisco, CA"})]),
        ("What's the weather in Oslo in fahrenheit?",
         [("get_weather", {"city": "Oslo", "unit": "fahrenheit"})]),
        ("Do I need an umbrella in Bergen tomorrow?", [("get_weather", {"city": "Bergen"})]),
        ("What is 6 times 7?", [("multiply", {"a": 6, "b": 7})]),
        ("What is 6 * 7?", [("multiply", {"a": 6, "b": 7})]),
        ("Multiply 6 and 7, then tell me the weather in Oslo.",
         [("multiply", {"a": 6, "b": 7}), ("get_weather", {"city": "Oslo"})]),
        ("What is the weather in Lisbon and what time is it in Tokyo?",
         [("get_weather", {"city": "Lisbon"}), ("get_local_time", {"city": "Tokyo"})]),
        ("Where is my order 4711?", [("order_status", {"order_id": 4711})]),
        ("Search for cats and dogs", [("search", {"query": "Search for cats and dogs"})]),
        ("Write a poem about a river.", []),
        ("Hello!", []),
        ("", []),
    ],
)  # fmt: skip
def test_the_prompt_decides_what_is_called(prompt: str, expected: list[Any]) -> None:
    assert calls(prompt) == expected


def test_none_forbids_calls() -> None:
    assert calls("What's the weather in Paris?", tool_choice="none") == []


def test_required_calls_even_if_nothing_fits() -> None:
    assert len(calls("Hello!", tool_choice="required")) == 1


def test_a_named_tool_is_called_even_if_another_fits_better() -> None:
    choice = {"type": "function", "function": {"name": "get_local_time"}}
    made = calls("What's the weather in Paris?", tool_choice=choice)
    assert made == [("get_local_time", {"city": "Paris"})]


def test_calls_one_by_one_if_parallel_ones_are_not_wanted() -> None:
    made = calls("What's the weather in Paris and in Rome?", parallel_tool_calls=False)
    assert made == [("get_weather", {"city": "Paris"})]


def test_a_tool_without_parameters_is_called_without_arguments() -> None:
    bare = {"type": "function", "function": {"name": "roll_dice", "description": "Roll dice."}}
    assert calls("Roll the dice!", [bare]) == [("roll_dice", {})]


def conversation(*messages: dict[str, Any]) -> str:
    body = {"model": "sim", "messages": list(messages), "tools": [WEATHER, SEARCH]}
    (part,) = answer(parse(body))
    assert part.kind == "text"
    return part.text


def user(content: str) -> dict[str, Any]:
    return {"role": "user", "content": content}


def called(*cities: str) -> dict[str, Any]:
    made = [
        {
            "id": city,
            "type": "function",
            "function": {"name": "get_weather", "arguments": json.dumps({"city": city})},
        }
        for city in cities
    ]
    return {"role": "assistant", "content": None, "tool_calls": made}


def result(city: str, content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": city, "content": content}


def test_the_answer_uses_each_tools_result_with_what_it_is_about() -> None:
    told = conversation(
        user("What's the weather in Paris and in Rome?"),
        called("Paris", "Rome"),
        result("Paris", "18 °C, sunny"),
        result("Rome", '{"temperature": 24, "rain": false}'),
    )
    assert "Paris: 18 °C, sunny." in told
    assert "Rome: temperature 24, rain no." in told


def test_a_tool_that_failed_is_reported_as_failed() -> None:
    told = conversation(user("Weather in Paris?"), called("Paris"), result("Paris", "Error: 503"))
    assert "Paris: it failed (Error: 503)" in told


def test_a_follow_on_question_calls_the_same_tool() -> None:
    messages = [
        user("What's the weather in Paris?"),
        called("Paris"),
        result("Paris", "18 °C"),
        {"role": "assistant", "content": "It is 18 °C."},
        user("And in Rome?"),
    ]
    body = {"model": "sim", "messages": messages, "tools": ALL}
    (part,) = answer(parse(body))
    assert (part.name, json.loads(part.text)) == ("get_weather", {"city": "Rome"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What's the weather in Paris and in Rome?", ["Paris", "Rome"]),
        ("From New York to Rio de Janeiro", ["New York", "Rio de Janeiro"]),
        ("in july in Marseille", ["Marseille"]),
        ("nothing here", []),
    ],
)
def test_places_are_found(text: str, expected: list[str]) -> None:
    assert places(text) == expected


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_prompt_breaks_the_decision(prompt: str) -> None:
    for name, arguments in calls(prompt):
        assert name in {tool["function"]["name"] for tool in ALL}
        assert isinstance(arguments, dict)


@pytest.mark.parametrize("choice", ["auto", "required"])
def test_parameters_that_are_no_schema_are_refused(choice: str) -> None:
    odd = tool("get_weather", "Weather.", city={"type": "town"})
    with pytest.raises(ApiError, match="'town' is not a type") as refused:
        calls("What's the weather in Paris?", [odd], tool_choice=choice)
    assert (refused.value.status, refused.value.param) == (400, "tools")
