"""A question about the weather in two cities, and the tool that the model calls for each city."""

from langchain_core.tools import tool
from langchain_core.utils.function_calling import convert_to_openai_tool

WEATHER = "What's the weather in Paris and in Rome?"
CALLS = [{"city": "Paris"}, {"city": "Rome"}]


@tool
def get_weather(city: str) -> str:
    """Get the weather for a city."""
    return {"Paris": "18 °C and sunny", "Rome": "24 °C and clear"}[city]


TOOL = convert_to_openai_tool(get_weather)
