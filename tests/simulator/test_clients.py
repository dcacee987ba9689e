"""Tool calls and structured output with LangChain and `openai`: what no standard test covers."""

from typing import Any

import pytest
from langchain_core.exceptions import ModelRefusalError
from openai import ContentFilterFinishReasonError, OpenAI, pydantic_function_tool
from pydantic import BaseModel

from tests.simulator.raw import chat
from tests.simulator.weather import WEATHER, get_weather
from utils.simulator import Simulator


class Person(BaseModel):
    name: str
    age: int


class GetWeather(BaseModel):
    """Get the weather for a city."""

    city: str


@pytest.mark.parametrize(
    ("choice", "calls", "finish"),
    # As in OpenAI's API, the finish reason is "stop" if a named tool is forced.
    [("any", 1, "tool_calls"), ("get_weather", 1, "stop"), ("none", 0, "stop")],
)
def test_langchain_can_force_or_forbid_a_call(
    server: Simulator, choice: str, calls: int, finish: str
) -> None:
    reply = chat(server).bind_tools([get_weather], tool_choice=choice).invoke("Name a river.")
    assert len(reply.tool_calls) == calls
    assert reply.response_metadata["finish_reason"] == finish


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # caused by LangChain
@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_langchain_gets_structured_output_unless_filtered(server: Simulator, method: str) -> None:
    prompt = "Extract the person as JSON with the keys name and age: John Smith, 42."
    model = chat(server).with_structured_output(Person, method=method)
    *_, last = model.stream(prompt)
    assert model.invoke(prompt) == last == Person(name="John Smith", age=42)
    filtered = chat(server, "sim-fast:filter@3").with_structured_output(Person, method=method)
    for call in (filtered.invoke, lambda prompt: list(filtered.stream(prompt))):
        with pytest.raises((ModelRefusalError, ContentFilterFinishReasonError)):
            call(prompt)


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
    calls: Any = final.choices[0].message.tool_calls
    assert [call.function.parsed_arguments.city for call in calls] == ["Paris", "Rome"]
