"""Right and wrong answers to 3.calls, which asks for a reply's complete tool calls."""

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
STUB = {"def calls": "def whole(stream): ...\n\n\ndef calls"}
IF = 'reason != "tool_calls"'
SUM = "return total.tool_calls"
edit("needs whole", STUB, "Exercise 3.1 has no answer")
edit(None, {SUM: "return list(total.tool_calls)"})
edit(None, {"whole(stream)": "whole(list(stream))"})
edit("calls despite the reason", {IF: 'reason in (None, "length")'}, "content_filter")
STOP = "`stop`. In this exercise, only the finish reason `tool_calls` counts"
edit("calls despite the reason", {IF: 'reason not in ("stop", "tool_calls")'}, STOP)
edit("calls despite the reason", {IF: 'reason not in ("function_call", "tool_calls")'}, "function_")
edit("returns no calls", {IF: 'reason != "stop"'}, "2 tool calls")
edit("returns no calls", {IF: 'reason is not str("tool_calls")'})
edit("returns no calls", {IF: f"{IF} or total.text"}, "with text")
edit("refuses calls", {IF: f"{IF} or not total.text"}, "without any text, although")
edit("reads twice", {"    total =": "    list(stream)\n    total =", "total and ": ""})
edit("calls despite the reason", {IF: "not reason"}, "`\\[{'city': 'San'}]` .*`length`")
edit("calls despite the reason", {IF: 'not total or reason == "length"'}, "without a finish")
edit("calls despite the reason", {IF: 'not str(reason).startswith("tool")'}, "`tool_use`")
edit("raises", {"total and ": ""}, "for an empty stream")
edit("no tool calls", {SUM: "return [total.tool_calls]"}, "is already a list")
edit("pieces of calls", {SUM: "return total.tool_call_chunks"})
edit("pieces of calls", {SUM: 'return [{**each, "args": "{}"} for each in total.tool_calls]'})
edit("changes a call", {SUM: f"{SUM}[::-1]"}, "list is `{'name': 'get_time'.* same order")
edit(
    "another number of calls", {SUM: f"{SUM} + total.invalid_tool_calls"}, "returned 3 .*: rivers'"
)
WITH_ARGUMENTS = 'return [call for call in total.tool_calls if call["args"]]'
edit("another number of calls", {SUM: WITH_ARGUMENTS}, "for a call without arguments")
BY_NAME = 'return list({call["name"]: call for call in total.tool_calls}.values())'
edit("another number of calls", {SUM: BY_NAME}, "for two calls of the same tool")


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
GOES_ON = "if chunk.tool_call_chunks: break\n    for chunk in stream:\n        total += chunk\n"
STOPS = {"    reason =": f"    {GOES_ON}        reason ="}
edit(None, STOPS)  # two loops, one after the other, read the stream once
edit("before the finish reason", {'reason == "tool_calls"': "total.tool_calls"}, "`\\[{}]` after")
edit("stops at the first chunk", {"    return []": "        return []"})


@wrong("3.calls", "keeps state", "when it got the same input again")
def adds_to_a_default(stream, safe=[]):  # noqa: B006
    safe += calls(stream)
    return safe


wrong("3.calls", "never reads the stream")(
    lambda _: calls(Reply(calls=WEATHER, finish="tool_calls").chunks())
)
