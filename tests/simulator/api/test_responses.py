"""The Responses API: the data on the wire, and the clients that support it."""

import json
from itertools import groupby
from typing import Any

import pytest
from openai import OpenAI
from openai.types import responses as kinds
from openai.types.responses import Response, ResponseStreamEvent
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming
from pydantic import BaseModel

from tests.simulator.raw import ask, assert_strict, chat, known_fields
from tests.simulator.weather import CALLS, WEATHER, get_weather
from tests.simulator.weather import TOOL as CHAT_TOOL
from utils.simulator import Simulator
from utils.simulator.api.responses import ResponsesBody
from utils.simulator.content.prepared_replies import answer

PATH = "/v1/responses"
RIVER = answer("Name a river.")
EXTRACT = "Extract the person: John Smith, 42, likes climbing and chess."
TOOL = {"type": "function", **CHAT_TOOL["function"], "strict": False}
# The API's event classes, keyed by `type`.
EVENTS: dict[str, type[BaseModel]] = {
    kind.model_fields["type"].annotation.__args__[0]: kind
    for kind in ResponseStreamEvent.__origin__.__args__
    if issubclass(kind, BaseModel)
}


REQUESTS: dict[str, dict[str, Any]] = {
    "text": {"input": "Name a river."},
    "instructions": {"input": "Name a river.", "instructions": "Be brief.", "temperature": 0.5},
    "calls": {"input": WEATHER, "tools": [TOOL]},
    "reasoning": {"input": "Name a river.", "reasoning": {"effort": "low", "summary": "auto"}},
    "hidden reasoning": {"input": "Name a river.", "reasoning": {"effort": "low"}},
    "reasoning and calls": {"input": WEATHER, "tools": [TOOL], "reasoning": {"summary": "auto"}},
    "truncated": {"input": "Name a river.", "max_output_tokens": 16},
    "truncated reasoning": {
        "input": "Name a river.", "max_output_tokens": 16, "reasoning": {"summary": "auto"}},
    "schema": {"input": EXTRACT, "text": {"format": {
        "type": "json_schema", "name": "person", "schema": {"type": "object"}, "strict": True}}},
    "results": {
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Weather in Paris?"}]},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "function_call", "call_id": "c", "name": "get_weather", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "18 °C"},
        ],
        "tools": [TOOL],
    },
    "filtered": {"model": "sim-fast:filter@4", "input": "Name a river."},
    "error": {"model": "sim-fast:error@4", "input": "Name a river."},
    "failed": {"model": "sim-fast:failed@4", "input": "Name a river."},
    "packed": {"model": "sim-fast:packed@4:thinking", "input": WEATHER, "tools": [TOOL]},
}  # fmt: skip


def stream(server: Simulator, **fields: Any) -> list[dict[str, Any]]:
    """Stream a reply, check the format of its events, and return their data."""
    response = ask(server, {"model": "sim-fast", "stream": True} | fields, PATH)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    *blocks, rest = response.text.split("\n\n")
    assert rest == ""
    data = []
    for block in blocks:
        name, line = block.split("\n")
        data.append(json.loads(line.removeprefix("data: ")))
        assert name == f"event: {data[-1]['type']}"
    return data


def whole(server: Simulator, **fields: Any) -> dict[str, Any]:
    return ask(server, {"model": "sim-fast"} | fields, PATH).json()


@pytest.mark.parametrize("name", REQUESTS)
def test_events_match_the_apis_types_and_the_deltas_add_up(server: Simulator, name: str) -> None:
    assert_strict(Response, whole(server, **REQUESTS[name]))
    events = stream(server, **REQUESTS[name])
    for event in events:
        assert_strict(EVENTS[event["type"]], event)
    numbers = [event["sequence_number"] for event in events]
    assert numbers[0] == 0
    assert numbers == sorted(set(numbers))
    if name in ("error", "failed"):
        return  # these streams end without a complete response
    *_, last = events
    assert last["type"] in ("response.completed", "response.incomplete")
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert done == last["response"]["output"]
    added = [event for event in events if event["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == list(range(len(done)))
    pieces: dict[tuple[str, int], str] = {}
    for event in events:
        if event["type"].endswith(".delta"):
            place = (event["item_id"], event.get("summary_index", 0))
            pieces[place] = pieces.get(place, "") + event["delta"]
    texts = {(item["id"], at): text for item in done for at, text in enumerate(texts_of(item))}
    assert pieces == texts


def texts_of(item: dict[str, Any]) -> list[str]:
    """Return the strings that an output item's deltas should form when concatenated."""
    if item["type"] == "function_call":
        return [item["arguments"]]
    parts = item["content"] if item["type"] == "message" else item["summary"]
    return [part["text"] for part in parts]


def test_reasoning_precedes_calls(server: Simulator) -> None:
    events = stream(server, **REQUESTS["reasoning and calls"])
    order = [key for key, _ in groupby(event["type"].split(".")[1] for event in events)]
    assert order.index("reasoning_summary_part") < order.index("function_call_arguments")
    *_, last = events
    output = last["response"]["output"]
    assert [item["type"] for item in output] == ["reasoning", "function_call", "function_call"]
    assert len(output[0]["summary"]) == 2


def test_hidden_reasoning_is_counted(server: Simulator) -> None:
    usage = whole(server, **REQUESTS["hidden reasoning"])["usage"]
    assert 0 < usage["output_tokens_details"]["reasoning_tokens"] < usage["output_tokens"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": ["hello"]}, "input[0]"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "1"}]}, "input[0]"),
        ({"input": "Hi", "tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"input": "Hi", "tool_choice": "required"}, "tool_choice"),
        ({"input": "Hi", "text": {"format": {"type": "json_object"}}}, "input"),
        ({"input": "Hi", "max_output_tokens": 5}, "max_output_tokens"),
        ({"input": "Hi", "background": True}, "background"),
        ({"input": "Hi", "messages": []}, "messages"),
        ({"input": "Hi", "previous_response_id": "resp_x"}, "previous_response_id"),
    ],
)
def test_an_invalid_field_is_named(server: Simulator, fields: dict[str, Any], param: str) -> None:
    response = ask(server, {"model": "sim-fast"} | fields, PATH)
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (400, param)
    assert param in error["message"] or param == "previous_response_id"


def test_all_fields_of_the_apis_requests_are_known() -> None:
    fields = ResponseCreateParamsStreaming
    assert fields.__required_keys__ | fields.__optional_keys__ == known_fields(ResponsesBody)


def test_openais_stream_helper_collects_text_and_reasoning(client: OpenAI) -> None:
    with client.responses.stream(
        model="sim-fast", input="Name a river.", reasoning={"summary": "auto"}
    ) as stream:
        snapshots = [e.snapshot for e in stream if e.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert snapshots[-1] == final.output_text == RIVER
    assert isinstance(final.output[0], kinds.ResponseReasoningItem)


def test_a_request_can_continue_an_earlier_response(client: OpenAI) -> None:
    first = client.responses.create(model="sim-fast", input="Hello, my name is Zoë.")
    second = client.responses.create(
        model="sim-fast", input="What is my name?", previous_response_id=first.id
    )
    assert "Zoë" in second.output_text
    assert second.previous_response_id == first.id


def test_results_can_refer_to_calls_of_an_earlier_response(client: OpenAI) -> None:
    first = client.responses.create(model="sim-fast", input=WEATHER, tools=[TOOL])
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "18 °C"}
        for call in first.output
    ]
    second = client.responses.create(
        model="sim-fast", input=results, tools=[TOOL], previous_response_id=first.id
    )
    assert "Paris: 18 °C." in second.output_text


async def test_langchain_gets_reasoning_then_calls_then_the_answer(server: Simulator) -> None:
    reasoning = {"effort": "low", "summary": "auto"}
    model = chat(server, use_responses_api=True, reasoning=reasoning).bind_tools([get_weather])
    asked = [chunk async for chunk in model.astream(WEATHER)]
    blocks = [block["type"] for chunk in asked for block in chunk.content_blocks]
    order = [key for key, _ in groupby(blocks)]
    assert order[:2] == ["reasoning", "tool_call_chunk"]
    call = sum(asked[1:], asked[0])
    assert [made["args"] for made in call.tool_calls] == CALLS
    results = [await get_weather.ainvoke(made) for made in call.tool_calls]
    answer = [chunk async for chunk in model.astream([("user", WEATHER), call, *results])]
    text = "".join(chunk.text for chunk in answer)
    assert "Paris: 18 °C and sunny." in text
    assert "Rome: 24 °C and clear." in text
