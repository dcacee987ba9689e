"""Lesson 5's checks report a missing await, and Python shows no warning about it."""

import gc
import warnings

import pytest
from langchain_core.messages import AIMessageChunk

from utils.checks import evaluate
from utils.stall_timeout import watched as the_courses_own
from utils.widgets import Status


async def forgets_to_await_a_tool(model, tools, messages):
    messages, by_name = list(messages), {tool.name: tool for tool in tools}
    while True:
        yield Status("Thinking")
        whole = AIMessageChunk("")
        async for chunk in model.bind_tools(tools).astream(messages):
            whole += chunk
            yield chunk
        if whole.response_metadata.get("finish_reason") != "tool_calls":
            return
        messages.append(whole)
        for call in whole.tool_calls:
            yield Status("Tool call", call["name"])
            messages.append(by_name[call["name"]].ainvoke(call))


async def watches_no_stream(sources, seconds):
    async def half_done(source):
        pass

    for source in sources:
        async for piece in the_courses_own(half_done(source), seconds):
            yield piece


@pytest.mark.parametrize(
    ("number", "answer", "said"),
    [
        ("5.answer", forgets_to_await_a_tool, "coroutine"),
        ("5.steady", watches_no_stream, "No source was called"),
    ],
)
def test_a_missing_await_is_told_and_not_warned_of(number, answer, said):
    gc.collect()  # what earlier tests left open should warn before this test
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert said in evaluate(number, answer).message
        gc.collect()
    assert [str(warning.message) for warning in seen] == []
