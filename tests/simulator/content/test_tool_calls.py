"""The simulated model's tool calls, and its replies to the tool results."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.simulator.api.chat_completions import parse
from utils.simulator.content.answer import answer
from utils.simulator.errors import ApiError

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def tool(name, about="", optional=(), **properties):
    required = [key for key in properties if key not in optional]
    schema = {"type": "object", "properties": properties, "required": required}
    function = {"name": name, "description": about, "parameters": schema}
    return {"type": "function", "function": function}


WEATHER = tool(
    "get_weather",
    "Get the current weather for a city.",
    optional=["unit"],
    city=STRING,
    unit=STRING | {"enum": ["celsius", "fahrenheit"]},
)
MULTIPLY = tool("multiply", "Multiply two numbers.", a=INTEGER, b=INTEGER)
SEARCH = tool("search", "Search the web.", query=STRING)
TIME = tool("get_local_time", "Tell what time it is in a city.", city=STRING)
ORDER = tool("order_status", "Look up where an order is.", order_id=INTEGER)
ALL = [WEATHER, MULTIPLY, SEARCH, TIME, ORDER]


def user(content):
    return {"role": "user", "content": content}


def called(*cities):
    """Return a message in which the model calls the weather tool for each city."""
    made = [
        {
            "id": city,
            "type": "function",
            "function": {"name": "get_weather", "arguments": json.dumps({"city": city})},
        }
        for city in cities
    ]
    return {"role": "assistant", "content": None, "tool_calls": made}


def result(city, content):
    return {"role": "tool", "tool_call_id": city, "content": content}


def parts(*messages, tools=ALL, **fields):
    """Return the parts of the reply to these messages: text, or calls with a name and arguments."""
    return answer(parse({"model": "sim", "messages": [*messages], "tools": tools, **fields}))


def calls(*messages, **fields):
    made = [part for part in parts(*messages, **fields) if part.kind == "call"]
    return [(part.name, json.loads(part.text)) for part in made]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("What's the weather in Paris and in Rome?",
         [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})]),
        ("Weather in Paris, Rome and Berlin?",
         [("get_weather", {"city": city}) for city in ("Paris", "Rome", "Berlin")]),
        ("How warm is it in july in New York and Rio de Janeiro?",
         [("get_weather", {"city": city}) for city in ("New York", "Rio de Janeiro")]),
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
        ("", []),
    ],
)  # fmt: skip
def test_the_prompt_decides_which_tools_are_called(prompt, expected):
    assert calls(user(prompt)) == expected


PARIS = user("What's the weather in Paris and in Rome?")
BARE = {"type": "function", "function": {"name": "roll_dice", "description": "Roll dice."}}


def test_the_requests_options_restrict_or_force_calls():
    named = {"type": "function", "function": {"name": "get_local_time"}}
    assert calls(PARIS, tool_choice="none") == []
    assert len(calls(user("Hello!"), tool_choice="required")) == 1
    assert {name for name, _ in calls(PARIS, tool_choice=named)} == {"get_local_time"}
    assert calls(PARIS, parallel_tool_calls=False) == [("get_weather", {"city": "Paris"})]


def test_a_tool_without_parameters_is_called_without_arguments():
    assert calls(user("Roll the dice!"), tools=[BARE]) == [("roll_dice", {})]


def test_the_reply_reports_each_result_with_its_arguments():
    results = (
        result("Paris", "18 °C, sunny"),
        result("Rome", '{"temperature": 24, "rain": false}'),
        result("Oslo", "Error: 503"),
    )
    (part,) = parts(PARIS, called("Paris", "Rome", "Oslo"), *results)
    assert part.kind == "text"
    assert "Paris: 18 °C, sunny." in part.text
    assert "Rome: temperature 24, rain no." in part.text
    assert "Oslo: it failed (Error: 503)" in part.text


def test_a_follow_up_question_calls_the_same_tool():
    asked = user("What's the weather in Paris?")
    answered = {"role": "assistant", "content": "It is 18 °C."}
    made = calls(asked, called("Paris"), result("Paris", "18 °C"), answered, user("And in Rome?"))
    assert made == [("get_weather", {"city": "Rome"})]


@given(st.text(max_size=60))
def test_any_prompt_leads_to_valid_calls(prompt):
    for name, arguments in calls(user(prompt)):
        assert name in {tool["function"]["name"] for tool in ALL}
        assert isinstance(arguments, dict)


@pytest.mark.parametrize("choice", ["auto", "required"])
def test_invalid_parameters_of_a_tool_are_rejected(choice):
    odd = tool("get_weather", "Weather.", city={"type": "town"})
    with pytest.raises(ApiError, match="'town' is not a type") as refused:
        calls(PARIS, tools=[odd], tool_choice=choice)
    assert (refused.value.status, refused.value.param) == (400, "tools")
