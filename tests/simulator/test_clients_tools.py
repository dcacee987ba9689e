"""Tool calls and JSON replies with the clients used in the lessons."""

from typing import Any

import pytest
from langchain_core.exceptions import ModelRefusalError
from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import JsonOutputParser
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, ContentFilterFinishReasonError, OpenAI, pydantic_function_tool
from pydantic import BaseModel

from tests.simulator.weather import CALLS, WEATHER, get_weather
from utils.simulator import Simulator

# One event loop for all tests: LangChain's HTTP client belongs to one loop.
one_loop = pytest.mark.asyncio(loop_scope="module")
EXTRACT = "Extract the person as JSON: John Smith, 42, john@example.com, likes climbing and chess."
JOHN = {"name": "John Smith", "age": 42, "email": "john@example.com", "tags": ["climbing", "chess"]}


class Person(BaseModel):
    name: str
    age: int
    email: str
    tags: list[str]


class GetWeather(BaseModel):
    """Get the weather for a city."""

    city: str


def chat(server: Simulator, **options: Any) -> ChatOpenAI:
    settings = {"model": "sim-fast", "base_url": server.base_url, "api_key": server.api_key}
    return ChatOpenAI(**(settings | {"max_retries": 0} | options))


def gathered(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    return sum(chunks[1:], chunks[0])


def test_langchain_gets_parallel_tool_calls_whether_streamed_or_not(server: Simulator) -> None:
    model = chat(server).bind_tools([get_weather])
    chunks = list(model.stream(WEATHER))
    for reply in (model.invoke(WEATHER), gathered(chunks)):
        assert [call["args"] for call in reply.tool_calls] == CALLS
        assert reply.response_metadata["finish_reason"] == "tool_calls"
        assert reply.content == ""
    pieces = [piece for chunk in chunks for piece in chunk.tool_call_chunks]
    assert [piece["name"] for piece in pieces if piece["name"]] == ["get_weather"] * 2
    assert sum(bool(piece["args"]) for piece in pieces) > 6
    assert len({piece["id"] for piece in pieces if piece["id"]}) == 2


@one_loop
async def test_the_reply_to_tool_results_contains_them(server: Simulator) -> None:
    model = chat(server).bind_tools([get_weather])
    asked = [chunk async for chunk in model.astream(WEATHER)]
    call = gathered(asked)
    results = [await get_weather.ainvoke(made) for made in call.tool_calls]
    answer = gathered([chunk async for chunk in model.astream([("user", WEATHER), call, *results])])
    assert "Paris: 18 °C and sunny." in answer.content
    assert "Rome: 24 °C and clear." in answer.content
    assert answer.tool_calls == []


@pytest.mark.parametrize(
    ("choice", "calls", "finish"),
    [
        ("auto", 0, "stop"),
        ("any", 1, "tool_calls"),
        ("get_weather", 1, "stop"),
        ("none", 0, "stop"),
    ],
)
def test_langchain_can_force_or_forbid_a_call(
    server: Simulator, choice: str, calls: int, finish: str
) -> None:
    reply = chat(server).bind_tools([get_weather], tool_choice=choice).invoke("Name a river.")
    assert len(reply.tool_calls) == calls
    assert reply.response_metadata["finish_reason"] == finish


def test_a_truncated_tool_call_has_the_finish_reason_length(server: Simulator) -> None:
    model = chat(server, max_tokens=5).bind_tools([get_weather])
    whole = gathered(list(model.stream(WEATHER)))
    assert whole.response_metadata["finish_reason"] == "length"
    assert not whole.tool_call_chunks[0]["args"].endswith("}")


def test_a_number_in_arguments_arrives_digit_by_digit(server: Simulator) -> None:
    model = chat(server).bind_tools([Person], tool_choice="Person")
    seen = []
    whole = None
    for chunk in model.stream(EXTRACT):
        whole = chunk if whole is None else whole + chunk
        seen += [call["args"].get("age") for call in whole.tool_calls]
    ages = [age for age in dict.fromkeys(seen) if age is not None]
    assert ages == [4, 42]


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # caused by LangChain
@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_langchain_gets_structured_output_by_every_method(server: Simulator, method: str) -> None:
    prompt = EXTRACT + " Use the keys name, age, email and tags."
    model = chat(server).with_structured_output(Person, method=method)
    assert model.invoke(prompt).model_dump() == JOHN
    *_, last = model.stream(prompt)
    assert last.model_dump() == JOHN


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_langchain_raises_when_a_filter_ends_structured_output(
    server: Simulator, method: str
) -> None:
    filtered = chat(server, model="sim-fast:filter@3").with_structured_output(Person, method=method)
    for call in (filtered.invoke, lambda prompt: list(filtered.stream(prompt))):
        with pytest.raises((ModelRefusalError, ContentFilterFinishReasonError)):
            call(EXTRACT)


@one_loop
async def test_a_json_parser_gets_partial_values(server: Simulator) -> None:
    chain = chat(server) | JsonOutputParser()
    prompt = EXTRACT + " Use the keys name, age, email and tags."
    partials = [value async for value in chain.astream(prompt)]
    assert partials[-1] == JOHN
    assert {"name": "John"} in partials
    assert len(partials) > 8


def test_openais_stream_helper_parses_tools(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model="sim-fast",
        messages=[{"role": "user", "content": WEATHER}],
        tools=[pydantic_function_tool(GetWeather)],
    ) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert kinds.count("tool_calls.function.arguments.done") == 2
    assert "tool_calls.function.arguments.delta" in kinds
    calls = final.choices[0].message.tool_calls
    assert [call.function.parsed_arguments.city for call in calls] == ["Paris", "Rome"]


@one_loop
async def test_openais_async_stream_helper_parses_a_response_format(server: Simulator) -> None:
    async with (
        AsyncOpenAI(base_url=server.base_url, api_key=server.api_key) as client,
        client.chat.completions.stream(
            model="sim-fast",
            messages=[{"role": "user", "content": EXTRACT}],
            response_format=Person,
        ) as stream,
    ):
        parsed = [event.parsed async for event in stream if event.type == "content.delta"]
        final = await stream.get_final_completion()
    assert final.choices[0].message.parsed == Person(**JOHN)
    assert {"name": "John Smith"} in parsed  # unfinished strings aren't yielded


def test_langchains_v3_events_contain_text_and_calls(server: Simulator) -> None:
    stream = chat(server).stream_events("Name a river.", version="v3")
    assert "".join(stream.text).startswith("The Danube.")
    stream = chat(server).bind_tools([get_weather]).stream_events(WEATHER, version="v3")
    message = stream.output
    assert [call["args"] for call in message.tool_calls] == CALLS
