"""Exercise 5.8: a reply with tools."""

import asyncio
from contextlib import aclosing
from functools import reduce
from operator import add

from langchain_core.messages import AIMessage, ToolMessage, message_chunk_to_message
from langchain_core.utils.function_calling import convert_to_openai_tool

from tests.checks.answers import right, wrong
from tests.checks.lesson_5._parts import (
    all_tools_at_once,
    built,
    calls_itself,
    collects_all_but_news,
    goes_on_with,
    in_a_loop,
)
from utils.widgets import Status

right("5.answer")(in_a_loop)
right("5.answer")(calls_itself)
right("5.answer")(all_tools_at_once)
wrong("5.answer", "collected first")(collects_all_but_news)


async def nothing_back(tool, call):
    await tool.ainvoke(call)


async def a_message_of_its_own(tool, call):
    return AIMessage(await tool.ainvoke(call["args"]))


async def another_id(tool, call):
    return ToolMessage(await tool.ainvoke(call["args"]), tool_call_id="1")


async def no_result(tool, call):
    await tool.ainvoke(call)
    return ToolMessage("done", tool_call_id=call["id"])


async def twice(tool, call):
    await tool.ainvoke(call)
    return await tool.ainvoke(call)


@wrong("5.answer", "first status late")
async def status_when_it_speaks(model, tools, messages):
    told = False
    async for piece in built(thinking=list)(model, tools, messages):
        if not told:
            yield Status("Thinking")
            told = True
        yield piece


@wrong("5.answer", "status after the tool began")
async def runs_it_and_then_says_so(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    messages = list(messages)
    while True:
        yield Status("Thinking")
        whole = None
        async for chunk in model.bind_tools(tools).astream(messages):
            whole = chunk if whole is None else whole + chunk
            yield chunk
        if whole.response_metadata.get("finish_reason") != "tool_calls":
            return
        messages.append(message_chunk_to_message(whole))
        for call in whole.tool_calls:
            messages.append(await by_name[call["name"]].ainvoke(call))
            yield Status("Tool call", call["name"])


@wrong("5.answer", "first status late")
async def collects_the_reply(model, tools, messages):
    pieces = [piece async for piece in in_a_loop(model, tools, messages)]
    for piece in pieces:
        yield piece


@wrong("5.answer", "held back")
async def holds_until_it_knows(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    messages = list(messages)
    tried = False
    while True:
        yield Status("Thinking")
        chunks = []
        async for chunk in model.bind_tools(tools).astream(messages):
            chunks.append(chunk)
            if not tried and len(messages) == 2 and chunk.content.startswith("I'll"):
                tried = True
            if not tried:
                yield chunk
        if tried:
            for chunk in chunks:
                yield chunk
        whole, tried = reduce(add, chunks), False
        if whole.response_metadata.get("finish_reason") != "tool_calls":
            return
        messages.append(message_chunk_to_message(whole))
        for call in whole.tool_calls:
            yield Status("Tool call", call["name"])
            messages.append(await by_name[call["name"]].ainvoke(call))


@wrong("5.answer", "swallows the error")
async def swallows_the_loss(model, tools, messages):
    try:
        async for piece in in_a_loop(model, tools, messages):
            yield piece
    except Exception:
        return


@wrong("5.answer", "swallows the cancellation")
async def swallows_cancelling(model, tools, messages):
    try:
        async for piece in in_a_loop(model, tools, messages):
            yield piece
    except asyncio.CancelledError:
        return


@wrong("5.answer", "invoke")
async def asks_by_invoke(model, tools, messages):
    yield Status("Thinking")
    yield await model.bind_tools(tools).ainvoke(messages)


@wrong("5.answer", "blocks the loop")
async def blocks(model, tools, messages):
    yield Status("Thinking")
    for chunk in model.bind_tools(tools).stream(messages):
        yield chunk


@wrong("5.answer", "returns a collection")
async def returns_text(model, tools, messages):
    return "".join([chunk.text async for chunk in model.astream(messages)])


@wrong("5.answer", "first status late")
async def runs_all_tools_first(model, tools, messages):
    await asyncio.gather(*(tool.ainvoke({"order": 1, "day": "Friday"}) for tool in tools))
    async for piece in in_a_loop(model, tools, messages):
        yield piece


@wrong("5.answer", "yields nothing")
async def yields_nothing(model, tools, messages):
    async for _ in in_a_loop(model, tools, messages):
        pass
    return
    yield


@wrong("5.answer", "never called again")
async def stops_after_the_tools(model, tools, messages):
    news = 0
    async for piece in in_a_loop(model, tools, messages):
        news += isinstance(piece, Status)
        if news == 3:
            return
        yield piece


@wrong("5.answer", "thinks too rarely")
async def thinks_once(model, tools, messages):
    thought = False
    async for piece in in_a_loop(model, tools, messages):
        if getattr(piece, "stage", "") == "Thinking":
            if thought:
                continue
            thought = True
        yield piece


@wrong("5.answer", "fewer statuses than tools")
async def one_call_alone(model, tools, messages):
    told = False
    async for piece in in_a_loop(model, tools, messages):
        if getattr(piece, "stage", "") != "Tool call":
            yield piece
        elif not told:
            yield piece
            told = True


@wrong("5.answer", "thinks late")
async def thinks_late(model, tools, messages):
    late = False
    async for piece in in_a_loop(model, tools, messages):
        if getattr(piece, "stage", "") == "Thinking" and not late:
            late = True
        elif getattr(piece, "stage", "") == "Thinking":
            continue
        elif late == "told":
            yield Status("Thinking")
            late = True
        elif getattr(piece, "stage", "") == "Tool call":
            late = "told"
        yield piece


@wrong("5.answer", "loses the last reply")
async def shows_the_first_reply(model, tools, messages):
    told = False
    async for piece in in_a_loop(model, tools, messages):
        told = told or getattr(piece, "stage", "") == "Tool call"
        if not told or isinstance(piece, Status):
            yield piece


def asking(change):
    """The right answer, but that the second asking sees other messages."""

    class Asks:
        def __init__(self, model):
            self.model = model

        def bind_tools(self, tools):
            return Asks(self.model.bind_tools(tools))

        def astream(self, messages):
            return self.model.astream(change(list(messages)) if len(messages) > 2 else messages)

    async def answer(model, tools, messages):
        async for piece in in_a_loop(Asks(model), tools, messages):
            yield piece

    return answer


def half_of_the_calls(messages):
    messages[2] = messages[2].model_copy(update={"tool_calls": messages[2].tool_calls[:1]})
    return messages


@wrong("5.answer", "leaves a task")
async def goes_on_in_the_background(model, tools, messages):
    async for piece in goes_on_with(in_a_loop(model, tools, messages)):
        yield piece


async def blocks_in_a_tool(tool, call):
    return tool.invoke(call)


async def the_arguments_alone(tool, call):
    return await tool.ainvoke(call["args"])


@wrong("5.answer", "yields a stage's name")
async def says_it_in_words(model, tools, messages):
    async for piece in in_a_loop(model, tools, messages):
        yield piece.stage if isinstance(piece, Status) else piece


@wrong("5.answer", "never calls the model")
async def yields_dicts(model, tools, messages):
    yield {"status": "Thinking"}


@wrong("5.answer", "second call never runs")
async def adds_up_all_replies(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    messages, whole = list(messages), None
    while True:
        yield Status("Thinking")
        async for chunk in model.bind_tools(tools).astream(messages):
            whole = chunk if whole is None else whole + chunk
            yield chunk
        if whole.response_metadata.get("finish_reason") != "tool_calls":
            return
        messages.append(message_chunk_to_message(whole))
        for call in whole.tool_calls:
            yield Status("Tool call", call["name"])
            messages.append(await by_name[call["name"]].ainvoke(call))


@wrong("5.answer", "calls twice")
async def never_returns(model, tools, messages):
    while True:
        yield Status("Thinking")
        async for chunk in model.bind_tools(tools).astream(messages):
            yield chunk


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
                finish = piece.response_metadata.get("finish_reason", finish)
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
        if go_on := whole.response_metadata.get("finish_reason") == "tool_calls":
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
            if chunk.response_metadata.get("finish_reason"):
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


@wrong("5.answer", "yields the sum")
async def yields_the_sum(model, tools, messages):
    yield Status("Thinking")
    whole = None
    async for chunk in model.bind_tools(tools).astream(messages):
        whole = chunk if whole is None else whole + chunk
        yield whole


@wrong("5.answer", "runs a tool without a call")
async def looks_the_order_up_first(model, tools, messages):
    yield Status("Thinking")
    known = await tools[0].ainvoke({"order": 4711})
    async for piece in in_a_loop(model, tools, messages):
        if not isinstance(piece, Status):
            yield piece
    assert known


@wrong("5.answer", "another text")
async def shouts(model, tools, messages):
    async for piece in in_a_loop(model, tools, messages):
        if not isinstance(piece, Status):
            piece = piece.model_copy(update={"content": piece.content.upper()})
        yield piece


@wrong("5.answer", "another text")
async def drops_blank_pieces(model, tools, messages):
    async for piece in in_a_loop(model, tools, messages):
        if isinstance(piece, Status) or piece.response_metadata or " " not in piece.text:
            yield piece


@wrong("5.answer", "leaves a task", "while a tool ran")
async def runs_a_tool_apart(model, tools, messages):
    class Apart:
        def __init__(self, tool):
            self.tool, self.name = tool, tool.name

        async def ainvoke(self, call):
            async def run():
                return await self.tool.ainvoke(call)

            return await asyncio.shield(asyncio.ensure_future(run()))

    async for piece in built(bind=lambda model, _: model.bind_tools(tools))(
        model, [*map(Apart, tools)], messages
    ):
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


@wrong("5.answer", "another call")
async def runs_the_first_call_only(model, tools, messages):
    history = list(messages)
    while True:
        yield Status("Thinking")
        whole = None
        async for chunk in model.bind_tools(tools).astream(history):
            whole = chunk if whole is None else whole + chunk
            yield chunk
        if whole.response_metadata.get("finish_reason") != "tool_calls":
            return
        call = whole.tool_calls[0]
        yield Status("Tool call", call["name"])
        (tool,) = [tool for tool in tools if tool.name == call["name"]]
        history += [whole, await tool.ainvoke(call)]


END = ("tool_calls", "stop")


def gets(whole):
    return whole.response_metadata.get("finish_reason")


for mistake, parts in (
    ("runs an unfinished call", {"wanted": lambda whole: whole.tool_calls}),
    ("runs an unfinished call", {"wanted": lambda whole: gets(whole) != "stop"}),
    ("runs an unfinished call", {"wanted": lambda w: w.tool_calls and gets(w) != "length"}),
    ("runs an unfinished call", {"wanted": lambda w: w.tool_calls and gets(w) in END}),
    ("tools never run", {"wanted": lambda whole: False}),
    ("never called again", {"rounds": 2}),
    ("adds no call", {"own": lambda whole: []}),
    ("adds no call", {"own": lambda whole: [AIMessage(whole.text)]}),
    ("adds no tool message", {"run": nothing_back}),
    ("adds no tool message", {"run": a_message_of_its_own}),
    ("adds no tool message", {"run": the_arguments_alone}),
    ("another id", {"run": another_id}),
    ("loses the result", {"run": no_result}),
    ("another call", {"run": twice}),
    ("raises", {"run": blocks_in_a_tool}),
    ("yields strings", {"piece": lambda chunk: [chunk.content]}),
    ("no finish reason", {"piece": lambda chunk: [chunk] * bool(chunk.content)}),
    ("yields no text", {"piece": lambda chunk: []}),
    ("yields the wrong type", {"piece": lambda chunk: [{"text": chunk.content}]}),
    ("yields the wrong type", {"piece": lambda chunk: [None, chunk]}),
    ("changes an argument", {"copy": lambda messages: messages}),
    ("without tools", {"bind": lambda model, tools: model}),
    ("without tools", {"bind": lambda model, tools: model.bind(tools=tools)}),
    ("blank screen", {"thinking": list}),
    ("begins with another stage", {"thinking": lambda: [Status("Answer")]}),
    ("begins with another stage", {"thinking": lambda: [Status("Thinking...")]}),
    ("another status of a tool", {"calling": lambda call: [Status("Calling", call["name"])]}),
    ("no status of a tool", {"calling": lambda call: []}),
    ("status without the tool", {"calling": lambda call: [Status("Tool call")]}),
    ("status of another tool", {"calling": lambda call: [Status("Tool call", "a tool")]}),
    ("another conversation", {"copy": lambda messages: messages[-1:]}),
):
    wrong("5.answer", mistake)(built(**parts))

for mistake, change in (
    ("adds nothing", lambda seen: seen[:2]),
    ("loses the conversation", lambda seen: seen[2:]),
    ("adds its message twice", lambda seen: [*seen[:3], *seen[2:]]),
    ("result before the call", lambda seen: [*seen[:2], *seen[:1:-1]]),
    ("loses a call", half_of_the_calls),
):
    wrong("5.answer", mistake)(asking(change))


@wrong("5.answer", "raises", "name 'Truncated' is not defined")
async def raises_what_it_never_made(model, tools, messages):
    async for piece in in_a_loop(model, tools, messages):
        yield piece
        if getattr(piece, "response_metadata", {}).get("finish_reason") == "length":
            raise Truncated  # noqa: F821
