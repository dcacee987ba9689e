"""The tool calls of a reply with the finish reason `tool_calls`."""

from contextlib import closing

from langchain_core.tools import tool

from tests.checks.answers import edits, right, wrong
from tests.checks.lesson_3.whole import whole
from utils.checks.engine.reply import Reply
from utils.checks.lesson_3.given import WEATHER


@right("3.calls")
def calls(stream):
    total = whole(stream)
    reason = total and total.response_metadata.get("finish_reason")
    if reason != "tool_calls":
        return []
    return total.tool_calls


edit = edits("3.calls", calls)
edit(
    "needs whole",
    {"def calls": "def whole(stream): ...\n\n\ndef calls"},
    "Exercise 3.1 has no answer",
)

IF = 'reason != "tool_calls"'
SUM = "return total.tool_calls"
edit(None, {SUM: "return list(total.tool_calls)"})
edit(None, {"whole(stream)": "whole(list(stream))"})
edit("calls of another ending", {IF: "total is None"})
edit("calls of another ending", {IF: 'reason in (None, "length")'}, "content_filter")
edit("calls of another ending", {IF: 'not reason or reason == "length"'})
edit("calls of another ending", {IF: "not reason"}, "`length`")
edit("calls of another ending", {IF: 'not total or reason == "length"'}, "without a finish")
edit("calls of another ending", {IF: 'reason not in ("stop", "tool_calls")'}, "`stop`")
edit("calls of another ending", {IF: 'reason not in ("function_call", "tool_calls")'}, "function_")
edit("calls of another ending", {IF: 'not str(reason).startswith("tool")'}, "`tool_use`")
edit("misses the calls", {IF: 'reason != "stop"'}, "2 tool calls")
edit("misses the calls", {IF: 'reason != "tool_call"'})
edit("raises", {'total and total.response_metadata.get("finish_reason")': 'total["reason"]'})
edit("raises", {'.get("finish_reason")': '["finish_reason"]'}, "`KeyError")
edit("raises", {"total and ": ""}, "for an empty stream")
edit("yields", {SUM: "yield from total.tool_calls"})
edit("returns nothing", {"return []": "return None"})
edit("returns nothing", {SUM: "total.tool_calls"})
edit("no tool calls", {SUM: "return [total.tool_calls]"}, "is already a list")
edit("no tool calls", {SUM: 'return [call["args"] for call in total.tool_calls]'})
edit("pieces of calls", {SUM: "return total.tool_call_chunks"})
edit("changes calls", {SUM: f"{SUM}[:1]"}, "has 2 calls, and `calls` returned 1")
edit("changes calls", {SUM: f"{SUM} + total.invalid_tool_calls"}, "returned 3")
edit(
    "changes calls",
    {SUM: 'return [call for call in total.tool_calls if call["args"]]'},
    "for a call without arguments",
)
edit(
    "changes calls",
    {SUM: 'return list({call["name"]: call for call in total.tool_calls}.values())'},
    "for two calls of the same tool",
)
edit("returns the wrong type", {SUM: "return tuple(total.tool_calls)"}, "a list of tool")
edit("reads twice", {"    if reason": "    for _ in stream:\n        pass\n    if reason"})


@right("3.calls")
def closes_the_stream(stream):
    with closing(stream):
        return calls(stream)


@wrong("3.calls", "misses the calls")
def in_the_last_chunk(stream):
    *_, last = stream = [None, *stream]
    reason = last and last.response_metadata.get("finish_reason")
    return whole(stream[1:]).tool_calls if reason == "tool_calls" else []


@right("3.calls")
def at_the_reason(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        reason = chunk.response_metadata.get("finish_reason")
        if reason == "tool_calls":
            return total.tool_calls
    return []


edit = edits("3.calls", at_the_reason)
edit("before the reason", {'reason == "tool_calls"': "total.tool_calls"}, "are provisional")
edit("before the reason", {'if reason == "tool_calls"': "if chunk.tool_call_chunks"})
edit(
    "before the reason",
    {'reason == "tool_calls"': "chunk.tool_call_chunks", "return total.tool_calls": "break"},
    r"`\[\]`",
)
edit("misses the calls", {"return total.tool": "return chunk.tool"}, "Which chunk do you take")
edit("pieces of calls", {"total.tool_calls": "total.tool_call_chunks"})
edit("stops at the first chunk", {"    return []": "        return []"})


@wrong("3.calls", "changes calls")
def all_along(stream):
    total, found = None, []
    for chunk in stream:
        total = chunk if total is None else total + chunk
        found += total.tool_calls
    return found if total and total.response_metadata.get("finish_reason") == "tool_calls" else []


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"Sunny in {city}."


for mistake, answer in (
    ("never reads the stream", lambda _: calls(Reply(calls=WEATHER, finish="tool_calls").chunks())),
    ("returns the wrong type", lambda stream: {call["name"]: call for call in calls(stream)}),
    ("raises", lambda stream: [get_weather.invoke(call) for call in calls(stream)]),
    ("no tool calls", lambda stream: [get_weather.invoke(c["args"]) for c in calls(stream)[:1]]),
):
    wrong("3.calls", mistake)(answer)


@wrong("3.calls", "swallows the error")
def none_if_it_fails(stream):
    try:
        return calls(stream)
    except Exception:
        return []
