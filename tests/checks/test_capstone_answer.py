"""Exercise 5.8's check: a reply with tools passes, however it is written; others are told why."""

import asyncio
from functools import reduce
from operator import add

import pytest
from langchain_core.messages import AIMessage, ToolMessage, message_chunk_to_message

from tests.checks.capstone_parts import (
    all_tools_at_once,
    built,
    calls_itself,
    collects_all_but_news,
    goes_on_with,
    in_a_loop,
)
from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.widgets import Status


@pytest.mark.parametrize("answer", by_name(in_a_loop, calls_itself, all_tools_at_once))
def test_5_8_accepts(answer):
    right("5.8", answer)


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


async def status_after_the_tool(model, tools, messages):
    late = built(calling=lambda call: [])
    async for piece in late(model, tools, messages):
        yield piece
        if getattr(piece, "stage", "") == "Thinking":
            yield Status("Tool call", "order_status")


async def status_when_it_speaks(model, tools, messages):
    told = False
    async for piece in built(thinking=list)(model, tools, messages):
        if not told:
            yield Status("Thinking")
            told = True
        yield piece


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


async def collects_the_reply(model, tools, messages):
    pieces = [piece async for piece in in_a_loop(model, tools, messages)]
    for piece in pieces:
        yield piece


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


async def swallows_the_loss(model, tools, messages):
    try:
        async for piece in in_a_loop(model, tools, messages):
            yield piece
    except Exception:
        return


async def swallows_cancelling(model, tools, messages):
    try:
        async for piece in in_a_loop(model, tools, messages):
            yield piece
    except asyncio.CancelledError:
        return


async def asks_by_invoke(model, tools, messages):
    yield Status("Thinking")
    yield await model.bind_tools(tools).ainvoke(messages)


async def blocks(model, tools, messages):
    yield Status("Thinking")
    for chunk in model.bind_tools(tools).stream(messages):
        yield chunk


async def returns_text(model, tools, messages):
    return "".join([chunk.text async for chunk in model.astream(messages)])


async def runs_all_tools_first(model, tools, messages):
    await asyncio.gather(*(tool.ainvoke({"order": 1, "day": "Friday"}) for tool in tools))
    async for piece in in_a_loop(model, tools, messages):
        yield piece


async def yields_nothing(model, tools, messages):
    async for _ in in_a_loop(model, tools, messages):
        pass
    return
    yield


async def stops_after_the_tools(model, tools, messages):
    news = 0
    async for piece in in_a_loop(model, tools, messages):
        news += isinstance(piece, Status)
        if news == 3:
            return
        yield piece


async def thinks_once(model, tools, messages):
    thought = False
    async for piece in in_a_loop(model, tools, messages):
        if getattr(piece, "stage", "") == "Thinking":
            if thought:
                continue
            thought = True
        yield piece


async def one_call_alone(model, tools, messages):
    told = False
    async for piece in in_a_loop(model, tools, messages):
        if getattr(piece, "stage", "") != "Tool call":
            yield piece
        elif not told:
            yield piece
            told = True


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


async def goes_on_in_the_background(model, tools, messages):
    async for piece in goes_on_with(in_a_loop(model, tools, messages)):
        yield piece


async def blocks_in_a_tool(tool, call):
    return tool.invoke(call)


async def the_arguments_alone(tool, call):
    return await tool.ainvoke(call["args"])


async def says_it_in_words(model, tools, messages):
    async for piece in in_a_loop(model, tools, messages):
        yield piece.stage if isinstance(piece, Status) else piece


async def yields_dicts(model, tools, messages):
    yield {"status": "Thinking"}


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


async def never_returns(model, tools, messages):
    while True:
        yield Status("Thinking")
        async for chunk in model.bind_tools(tools).astream(messages):
            yield chunk


WRONG_5_8 = (
    (built(wanted=lambda whole: whole.tool_calls), "cut off by a limit on its length was executed"),
    (
        built(wanted=lambda whole: whole.response_metadata.get("finish_reason") != "stop"),
        r"was executed all the same: `order_status\(47\)`",
    ),
    (built(wanted=lambda whole: False), "asked for a tool, and it never ran. In which chunk"),
    (adds_up_all_replies, "asked for another, and that never ran. .* does the sum of chunks begin"),
    (built(rounds=2), "asked for another, and was never told that one's result"),
    (never_returns, r"pieces the stream still goes on\. What ends your loop"),
    (built(own=lambda whole: []), "a result and not its own message that asks for it"),
    (built(run=nothing_back), "saw its call and no `ToolMessage` with the result"),
    (built(run=a_message_of_its_own), "no `ToolMessage` with the result"),
    (built(run=another_id), "ids `call-order_status`, and the results carry as `tool_call_id` `1`"),
    (
        built(run=the_arguments_alone),
        "no `ToolMessage` with the result; .* given the whole call returns one",
    ),
    (built(run=blocks_in_a_tool), "NotImplementedError: .*at the line `return tool.invoke"),
    (says_it_in_words, "yields the text `Thinking`; the exercise asks for a `Status`"),
    (built(run=no_result), "A tool's result was lost: its message says `done`"),
    (built(run=twice), "asked for `order_status`, and what ran is `order_status, order_status`"),
    (
        built(piece=lambda chunk: [chunk.content]),
        "yields text, .*The exercise asks for the chunk",
    ),
    (built(piece=lambda chunk: [chunk] * bool(chunk.content)), "No chunk .* has a finish reason"),
    (built(piece=lambda chunk: []), "`answer` yields no text at all"),
    (built(copy=lambda messages: messages), "had 2 messages and now has 4"),
    (built(bind=lambda model, tools: model), "asked without its tools"),
    (built(thinking=list), "The first that comes is an `AIMessageChunk`, after 0.1 s"),
    (built(thinking=lambda: [Status("Answer")]), "The first status is named `Answer`; the"),
    (
        built(thinking=lambda: [Status("Thinking...")]),
        "The first status is named `Thinking...`; the exercise says `Thinking`",
    ),
    (
        built(calling=lambda call: [Status("Calling", call["name"])]),
        "A tool ran, and its status is named `Calling`; the exercise says `Tool call`",
    ),
    (one_call_alone, 'Two tools ran, and a `Status` with "Tool call" came once'),
    (built(calling=lambda call: []), 'A tool ran, and no `Status` with "Tool call" came'),
    (built(calling=lambda call: [Status("Tool call")]), "doesn't say which tool it is: its name"),
    (
        built(calling=lambda call: [Status("Tool call", "a tool")]),
        "No status of a tool call names `order_status`; what they say is `a tool`",
    ),
    (status_when_it_speaks, "The first status comes after 0.1 s"),
    (runs_it_and_then_says_so, "status of `order_status` came 1.0 s after the tool had begun"),
    (collects_the_reply, r"The first status comes after \d.\d s"),
    (collects_all_but_news, r"collected first: all \d+ pieces"),
    (holds_until_it_knows, "holds text back when tools are wanted: `I'll `"),
    (swallows_the_loss, "lost in mid-reply, and `answer` ended without an error"),
    (swallows_cancelling, "cancelled, it came back as if nothing had happened"),
    (asks_by_invoke, "yields an `AIMessage`; the exercise asks for `Status` and chunks"),
    (blocks, "hold up the event loop"),
    (returns_text, "hands over a `str`, once"),
    (runs_all_tools_first, "The first status comes after 1.0 s"),
    (yields_nothing, "`answer` yields nothing"),
    (stops_after_the_tools, "The tool ran, and the model wasn't asked again"),
    (shows_the_first_reply, "the reply after it isn't what comes out at the end"),
    (thinks_once, 'asked twice, and a `Status` said "Thinking" once'),
    (thinks_late, '`Status."Thinking".` came 0.1 s later; it should come before the waiting'),
    (asking(lambda seen: seen[:2]), "saw what it saw the first time: neither its own call nor"),
    (asking(lambda seen: seen[2:]), "didn't see the conversation from its beginning"),
    (asking(lambda seen: [*seen[:3], *seen[2:]]), "saw 2 messages of its own for one reply"),
    (asking(lambda seen: [*seen[:2], *seen[:1:-1]]), "result stood before the message that asks"),
    (asking(half_of_the_calls), "made 2 calls; its own message, the second time, has 1"),
    (goes_on_in_the_background, "The reader has left, and the model goes on writing"),
    (yields_dicts, "yields a `dict`; the exercise asks for `Status` and chunks"),
)


@pytest.mark.parametrize(("answer", "said"), with_reason(*WRONG_5_8))
def test_5_8_says_what_is_wrong_with_code_that(answer, said):
    wrong("5.8", answer, said)
