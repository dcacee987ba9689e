"""Right and wrong answers to 5.answer, which asks for a reply from a model that can call tools.

In the reply's stream, each stage, such as a tool call, begins with a `Status` that names it.
"""

# ruff: noqa: F401 (used in edits)

import asyncio

from langchain_core.messages import AIMessage, ToolMessage, message_chunk_to_message
from langchain_core.utils.function_calling import convert_to_openai_tool

from tests.checks.answers import edits, right, wrong
from tests.checks.lesson_5._parts import (
    all_tools_concurrently,
    by_an_agent,
    collects_all_but_statuses,
    finish_of,
)
from utils.widgets import Status


@right("5.answer", says="around each stream you read closes it")
async def answer(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    messages = list(messages)
    while True:
        yield Status("Thinking")
        whole = None
        async for chunk in model.bind_tools(tools).astream(messages):
            whole = chunk if whole is None else whole + chunk
            yield chunk
        if finish_of(whole) != "tool_calls":
            return
        messages.append(message_chunk_to_message(whole))
        for call in whole.tool_calls:
            yield Status("Tool call", call["name"])
            messages.append(await by_name[call["name"]].ainvoke(call))


edit = edits("5.answer", answer)
BEGIN, PIECE, STOP = "    while True", "yield chunk", 'finish_of(whole) != "tool_calls"'
THINKS, CALLS = 'yield Status("Thinking")', 'yield Status("Tool call", call["name"])'
WHOLE, TOOL = "message_chunk_to_message(whole)", 'by_name[call["name"]]'
RUN = f"await {TOOL}.ainvoke(call)"
ADDS = f"messages.append({RUN})"
RESULT = f'await {TOOL}.ainvoke(call["args"])'
THEN = "\n            "  # a line break and the indentation of a loop's body
LOOKS_UP = '[by_name[call["name"]] for call in chunk.tool_calls]'
RUNS = 'whole.tool_calls[0]["args"] and await tools[0].ainvoke(whole.tool_calls[0])'
LENGTH = 'finish_of(whole) == "length"'

edit("other tools", {".bind_tools(tools)": ""})
edit("another conversation", {"list(messages)": "messages[-1:]"})
edit("runs an unfinished call", {STOP: f"not whole.tool_calls or {LENGTH}"})
ANY_OTHER = {STOP: 'not whole.tool_calls or finish_of(whole) not in ("stop", "tool_calls")'}
edit("runs an unfinished call", ANY_OTHER)
edit("other calls", {STOP: "whole"})
edit("runs one call of a reply", {"in whole.tool_calls": "in whole.tool_calls[:1]"})
edit("looks up half a call", {PIECE: f"{PIECE}{THEN}{LOOKS_UP}"}, "What holds the whole call")
edit(
    "runs half a call",
    {PIECE: f"{PIECE}{THEN}if whole.tool_calls and finish_of(whole) is None:{THEN}    {RUNS}"},
    "`47` when the model called a tool, while the model was still writing it",
)
UNCALLED = {THINKS: f'{THINKS}\n        await tools[0].ainvoke({{"order": 4711}})'}
edit("other calls", UNCALLED, r"called nothing, but your code ran `\('order_status', 4711\)`")
ONE_SUM = {"        whole = None\n": "", BEGIN: f"    whole = None\n{BEGIN}"}
edit("runs one reply's calls", ONE_SUM, "reply 2 called a tool, too.* its own sum")
edit("never called again", {"while True": "for _ in range(2)"})
edit("limits its calls", {"while True": "for _ in range(4)"}, "five calls")
edit("calls twice", {"while True": "for _ in range(10)", STOP: "not whole"})
edit("adds other messages", {f"messages.append({WHOLE})": ""})
edit("result without its call", {"ainvoke(call)": 'ainvoke(call["args"])'}, "for the whole call")
DONE = {ADDS: f'{RUN}{THEN}messages.append(ToolMessage("done", tool_call_id=call["id"]))'}
edit("loses the result", DONE)
ON_LENGTH = {"            return": f"            if {LENGTH}:{THEN}    raise Truncated{THEN}return"}
edit("raises", ON_LENGTH, "name 'Truncated' is not defined")
edit("blank screen", {THINKS: ""})
edit("other stages", {f"        {THINKS}\n": "", BEGIN: f"    {THINKS}\n{BEGIN}"})
edit("other stages", {CALLS: ""})
edit("other stages", {', call["name"])': ")"}, "with the tool's name")
AFTERWARDS = {f"{CALLS}{THEN}{ADDS}": f"{ADDS}{THEN}{CALLS}"}
edit("status late", AFTERWARDS, "1.0 s after .* had begun when the model called a tool")
edit("no finish reason", {PIECE: f"if chunk.content:{THEN}    {PIECE}"})
ENDS = {ADDS: f"try:{THEN}    {ADDS}{THEN}except asyncio.CancelledError:{THEN}    return"}
IN_TASKS = f"""runs.append(asyncio.create_task({TOOL}.ainvoke(call)))
        for run in runs: messages.append(await run)"""
edit(
    "leaves a task",
    {"        for": "        runs = []\n        for", ADDS: IN_TASKS},
    "while a tool",
)
edit("leaves a task", {RUN: f"await asyncio.shield({TOOL}.ainvoke(call))"}, "`ainvoke` was still")
edit("swallows the cancellation", ENDS, "The task that runs `answer` was cancelled")

edit(None, {"while True": "for _ in range(5)"})
edit(None, {WHOLE: "whole", RUN: f'ToolMessage({RESULT}, tool_call_id=call["id"])'})
MESSAGE = {WHOLE: "AIMessage(whole.content, tool_calls=whole.tool_calls)"}
edit(None, {**MESSAGE, RUN: f'{{"role": "tool", "content": {RESULT}, "tool_call_id": call["id"]}}'})
edit(None, {"    return": f"    if {LENGTH}:{THEN}    raise ValueError{THEN}return"})
TOOLS = "(messages, tools=[*map(convert_to_openai_tool, tools)]):"
BOUND = {".bind_tools(tools)": "", "(messages):": TOOLS}
edit(None, {**BOUND, PIECE: f"{PIECE}{THEN}if finish_of(chunk): break"})
right("5.answer")(all_tools_concurrently)
right("5.answer")(by_an_agent)
wrong("5.answer", "held back")(collects_all_but_statuses)


@right("5.answer")
class Answers:
    """A class used as the answer; each instance streams one reply."""

    def __init__(self, model, tools, messages):
        self.pieces = answer(model, tools, messages)

    def __aiter__(self):
        return self

    def __anext__(self):
        return anext(self.pieces)

    def aclose(self):
        return self.pieces.aclose()
