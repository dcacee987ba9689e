"""Replies with tools."""

import asyncio
from contextlib import aclosing

from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.utils.function_calling import convert_to_openai_tool

from tests.checks.answers import right, wrong
from tests.checks.lesson_5._parts import (
    all_tools_concurrently,
    built,
    collects_all_but_statuses,
    finish_of,
    goes_on_with,
    in_a_loop,
    notebook_model,
)
from utils.widgets import Status

right("5.answer")(in_a_loop)
right("5.answer")(all_tools_concurrently)


@right("5.answer")
async def calls_itself(model, tools, messages):
    yield Status("Thinking")
    whole = None
    async for chunk in model.bind_tools(tools).astream(messages):
        whole = chunk if whole is None else whole + chunk
        yield chunk
    if finish_of(whole) == "tool_calls":
        results = []
        for call in whole.tool_calls:
            yield Status("Tool call", f"{call['name']}({call['args']})")
            (tool,) = [tool for tool in tools if tool.name == call["name"]]
            content = await tool.ainvoke(call["args"])
            results.append(ToolMessage(content, tool_call_id=call["id"]))
        async for piece in calls_itself(model, tools, [*messages, whole, *results]):
            yield piece


@right("5.answer")
class Answers:
    """An instance for each reply, which is its stream."""

    def __init__(self, model, tools, messages):
        self.pieces = in_a_loop(model, tools, messages)

    def __aiter__(self):
        return self

    def __anext__(self):
        return anext(self.pieces)

    def aclose(self):
        return self.pieces.aclose()


@right("5.answer")
async def by_match_and_a_group(model, tools, messages, *, rounds=5):
    by_name = {tool.name: tool for tool in tools}
    history = [*messages]
    for _ in range(rounds):
        yield Status("Thinking")
        chunks = []
        async for chunk in model.bind_tools(tools).astream(input=history):
            chunks.append(chunk)
            yield chunk
        match (whole := sum(chunks[1:], chunks[0])).response_metadata:
            case {"finish_reason": "tool_calls"}:
                async with asyncio.TaskGroup() as group:
                    running = []
                    for call in whole.tool_calls:
                        yield Status("Tool call", detail=call["name"])
                        running.append(group.create_task(by_name[call["name"]].ainvoke(call)))
                history += [whole, *(task.result() for task in running)]
            case _:
                return


@right("5.answer")
async def raises_for_a_truncated_reply(model, tools, messages):
    finish = None
    async with aclosing(in_a_loop(model, tools, messages)) as pieces:
        async for piece in pieces:
            if not isinstance(piece, Status):
                finish = finish_of(piece) or finish
            yield piece
    if finish not in ("stop", "tool_calls"):
        raise ValueError(f"The reply is not complete: {finish}.")


@right("5.answer")
async def from_events(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    history, go_on = list(messages), True
    while go_on:
        yield Status("Thinking")
        async for event in model.bind_tools(tools).astream_events(history):
            if event["event"] == "on_chat_model_stream":
                yield event["data"]["chunk"]
            elif event["event"] == "on_chat_model_end":
                whole = event["data"]["output"]
        if go_on := finish_of(whole) == "tool_calls":
            history.append(AIMessage(whole.content, tool_calls=whole.tool_calls))
            for call in whole.tool_calls:
                yield Status("Tool call", call["name"])
                result = await by_name[call["name"]].ainvoke(call["args"])
                history.append({"role": "tool", "content": result, "tool_call_id": call["id"]})


@right("5.answer")
async def tools_as_an_argument_of_the_call(model, tools, messages):
    schemas, history = [convert_to_openai_tool(tool) for tool in tools], tuple(messages)
    while True:
        yield Status("Thinking")
        whole = None
        async for chunk in model.astream([*history], tools=schemas):
            whole = whole + chunk if whole else chunk
            yield chunk
            if finish_of(chunk):
                break
        if whole.response_metadata["finish_reason"] != "tool_calls":
            break
        for call in whole.tool_calls:
            yield Status("Tool call", call["name"])
        running = [
            asyncio.create_task(tool.ainvoke(call))
            for call in whole.tool_calls
            for tool in tools
            if tool.name == call["name"]
        ]
        history += (whole, *[await each for each in asyncio.as_completed(running)])


async def another_id(tool, call):
    return ToolMessage(await tool.ainvoke(call["args"]), tool_call_id="1")


async def no_result(tool, call):
    await tool.ainvoke(call)
    return ToolMessage("done", tool_call_id=call["id"])


async def nothing_back(tool, call):
    await tool.ainvoke(call)


async def twice(tool, call):
    await tool.ainvoke(call)
    return await tool.ainvoke(call)


async def apart(tool, call):
    async def run():
        return await tool.ainvoke(call)

    return await asyncio.shield(asyncio.ensure_future(run()))


async def blocking(tool, call):
    return tool.invoke(call)


def again(change):
    """Change what the second request is sent."""
    return {"asked": lambda messages: change(messages) if len(messages) > 2 else messages}


def half_of_the_calls(sent):
    calls = sent[2].tool_calls[:1]
    return [*sent[:2], sent[2].model_copy(update={"tool_calls": calls}), *sent[3:]]


ENDS = ("stop", "tool_calls")

for mistake, how in (
    ("other tools", {"bind": lambda model, tools: model}),
    ("other tools", {"bind": lambda model, tools: model.bind(tools=tools)}),
    ("other tools", {"bind": lambda model, tools: model.bind_tools(tools[:1])}),
    ("another conversation", {"copy": lambda messages: messages[-1:]}),
    ("another conversation", again(lambda sent: sent[2:])),
    ("runs an unfinished call", {"wanted": lambda whole: whole.tool_calls}),
    ("runs an unfinished call", {"wanted": lambda whole: finish_of(whole) != "stop"}),
    ("runs an unfinished call", {"wanted": lambda w: w.tool_calls and finish_of(w) != "length"}),
    ("runs an unfinished call", {"wanted": lambda w: w.tool_calls and finish_of(w) in ENDS}),
    ("other calls", {"wanted": lambda whole: False}),
    ("other calls", {"called": lambda whole: whole.tool_calls[:1]}),
    ("other calls", {"run": twice}),
    ("never called again", {"rounds": 2}),
    ("adds other messages", {"own": lambda whole: []}),
    ("adds other messages", {"own": lambda whole: [AIMessage(whole.text)]}),
    ("adds other messages", {"own": lambda whole: [whole, whole]}),
    ("adds other messages", {"run": nothing_back}),
    ("adds other messages", {"run": another_id}),
    ("adds other messages", {"run": lambda tool, call: tool.ainvoke(call["args"])}),
    ("adds other messages", again(lambda sent: sent[:2])),
    ("adds other messages", again(lambda sent: [*sent[:2], *sent[:1:-1]])),
    ("adds other messages", again(half_of_the_calls)),
    ("loses the result", {"run": no_result}),
    ("leaves a task", {"run": apart}),
    ("raises", {"run": blocking}),
    ("blank screen", {"thinking": list}),
    ("other stages", {"thinking": lambda: [Status("Thinking...")]}),
    ("other stages", {"calling": lambda call: []}),
    ("other stages", {"calling": lambda call: [Status("Calling", call["name"])]}),
    ("other stages", {"calling": lambda call: [Status("Tool call")]}),
    ("other stages", {"calling": lambda call: [Status("Tool call", "a tool")]}),
    ("no text", {"piece": lambda chunk: []}),
    ("another text", {"piece": lambda c: [c.model_copy(update={"content": c.text.upper()})]}),
    ("another text", {"piece": lambda chunk: [chunk] * (" " not in chunk.text)}),
    ("no finish reason", {"piece": lambda chunk: [chunk] * bool(chunk.content)}),
    ("yields the wrong type", {"piece": lambda chunk: [chunk.content]}),
    ("yields the wrong type", {"piece": lambda chunk: [{"text": chunk.content}]}),
    ("yields the wrong type", {"piece": lambda chunk: [None, chunk]}),
    ("yields the wrong type", {"thinking": lambda: ["Thinking"]}),
    ("changes an argument", {"copy": lambda messages: messages}),
    ("calls twice", {"wanted": lambda whole: True}),
):
    wrong("5.answer", mistake)(built(**how))
wrong("5.answer", "held back")(collects_all_but_statuses)


@wrong("5.answer", "status late", "1.0 s after .* had begun when the model called a tool")
async def shows_it_afterwards(model, tools, messages):
    held = None
    async for piece in in_a_loop(model, tools, messages):
        if held:
            yield held
            held = None
        if getattr(piece, "stage", "") == "Tool call":
            held = piece
        else:
            yield piece


@wrong("5.answer", "other stages")
async def thinks_once(model, tools, messages):
    thought = False
    async for piece in in_a_loop(model, tools, messages):
        thinks = getattr(piece, "stage", "") == "Thinking"
        if not (thinks and thought):
            yield piece
        thought = thought or thinks


@wrong("5.answer", "blank screen")
async def collects_the_reply(model, tools, messages):
    pieces = [piece async for piece in in_a_loop(model, tools, messages)]
    for piece in pieces:
        yield piece


@wrong("5.answer", "held back")
async def holds_the_words_before_a_call(model, tools, messages):
    held = []
    async for piece in in_a_loop(model, tools, messages):
        if isinstance(piece, Status) or not (held or piece.text.startswith("I'll")):
            for each in held:
                yield each
            held = []
            yield piece
        else:
            held.append(piece)


@wrong("5.answer", "repeats text")
async def yields_the_sum(model, tools, messages):
    yield Status("Thinking")
    whole = None
    async for chunk in model.bind_tools(tools).astream(messages):
        whole = chunk if whole is None else whole + chunk
        yield whole


@wrong("5.answer", "loses the end", "when the model called a tool")
async def shows_the_first_reply(model, tools, messages):
    called = False
    async for piece in in_a_loop(model, tools, messages):
        called = called or getattr(piece, "stage", "") == "Tool call"
        if not called or isinstance(piece, Status):
            yield piece


@wrong("5.answer", "other calls", r"called nothing, but your code ran `\('order_status', 4711\)`")
async def looks_the_order_up_first(model, tools, messages):
    yield Status("Thinking")
    await tools[0].ainvoke({"order": 4711})
    async for piece in in_a_loop(model, tools, messages):
        if not isinstance(piece, Status):
            yield piece


@wrong("5.answer", "other calls", r"`\('order_status', None\)` when the model called two tools")
async def runs_the_first_tool(model, tools, messages):
    messages, whole = list(messages), None
    while whole is None or finish_of(whole) == "tool_calls":
        yield Status("Thinking")
        whole = None
        async for chunk in model.bind_tools(tools).astream(messages):
            whole = chunk if whole is None else whole + chunk
            yield chunk
        messages.append(whole)
        for call in whole.tool_calls if finish_of(whole) == "tool_calls" else ():
            yield Status("Tool call", tools[0].name)
            messages.append(await tools[0].ainvoke(call))


@wrong("5.answer", "other calls", "when one tool call followed another")
async def adds_up_all_replies(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    messages, whole = list(messages), None
    while True:
        yield Status("Thinking")
        async for chunk in model.bind_tools(tools).astream(messages):
            whole = chunk if whole is None else whole + chunk
            yield chunk
        if finish_of(whole) != "tool_calls":
            return
        messages.append(whole)
        for call in whole.tool_calls:
            yield Status("Tool call", call["name"])
            messages.append(await by_name[call["name"]].ainvoke(call))


@wrong("5.answer", "another model", "called the notebook's `notebook_model`")
async def calls_the_notebooks_model(model, tools, messages):
    async for piece in in_a_loop(notebook_model, tools, messages):
        yield piece


@wrong("5.answer", "swallows the cancellation", "The task that runs `answer` was cancelled")
async def ends_well_when_a_tool_is_cancelled(model, tools, messages):
    calling = False
    try:
        async for piece in in_a_loop(model, tools, messages):
            calling = getattr(piece, "stage", "") == "Tool call"
            yield piece
    except asyncio.CancelledError:
        if not calling:
            raise


@wrong("5.answer", "leaves a task")
async def goes_on_in_the_background(model, tools, messages):
    async for piece in goes_on_with(in_a_loop(model, tools, messages)):
        yield piece


@wrong("5.answer", "raises", "name 'Truncated' is not defined")
async def raises_what_it_never_made(model, tools, messages):
    async for piece in in_a_loop(model, tools, messages):
        yield piece
        if getattr(piece, "response_metadata", {}).get("finish_reason") == "length":
            raise Truncated  # noqa: F821
