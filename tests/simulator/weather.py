"""A question about the weather in two cities, and the tool that the model calls for each."""

from typing import Any

from langchain_core.tools import tool

WEATHER = "What's the weather in Paris and in Rome?"
CALLS = [{"city": "Paris"}, {"city": "Rome"}]
FUNCTION: dict[str, Any] = {
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
TOOL = {"type": "function", "function": FUNCTION}


@tool
def get_weather(city: str) -> str:
    """Get the weather for a city."""
    return {"Paris": "18 °C and sunny", "Rome": "24 °C and clear"}[city]
