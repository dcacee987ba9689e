"""Right answers to the capstone's steps, whole or with one part replaced."""

import asyncio
from contextlib import aclosing
from functools import reduce
from operator import add

from langchain_core.messages import ToolMessage, message_chunk_to_message

from utils.stall_timeout import watched
from utils.widgets import Status


async def in_a_loop(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    messages = list(messages)
    while True:
        yield Status("Thinking")
        whole = None
        async with aclosing(model.bind_tools(tools).astream(messages)) as chunks:
            async for chunk in chunks:
                whole = chunk if whole is None else whole + chunk
                yield chunk
        if whole is None or whole.response_metadata.get("finish_reason") != "tool_calls":
            return
        messages.append(message_chunk_to_message(whole))
        for call in whole.tool_calls:
            yield Status("Tool call", call["name"])
            messages.append(await by_name[call["name"]].ainvoke(call))


async def calls_itself(model, tools, messages):
    yield Status("Thinking")
    chunks = []
    async for chunk in model.bind_tools(tools).astream(messages):
        chunks.append(chunk)
        yield chunk
    whole = reduce(add, chunks)
    if whole.response_metadata.get("finish_reason") == "tool_calls":
        results = []
        for call in whole.tool_calls:
            yield Status("Tool call", f"{call['name']}({call['args']})")
            (tool,) = [tool for tool in tools if tool.name == call["name"]]
            content = await tool.ainvoke(call["args"])
            results.append(ToolMessage(content, tool_call_id=call["id"]))
        async for piece in calls_itself(model, tools, [*messages, whole, *results]):
            yield piece


async def all_tools_at_once(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    model, asked = model.bind_tools(tools), list(messages)
    wanted = True
    while wanted:
        yield Status("Thinking", "about it")
        whole, finish = None, None
        async for chunk in model.astream(asked):
            if whole is None:
                whole = chunk
            else:
                whole += chunk
                finish = chunk.response_metadata.get("finish_reason", finish)
            if chunk.content or chunk.response_metadata:
                yield chunk
        wanted = finish == "tool_calls"
        if wanted:
            for call in whole.tool_calls:
                yield Status("Tool call", call["name"])
            runs = [by_name[call["name"]].ainvoke(call) for call in whole.tool_calls]
            asked += [message_chunk_to_message(whole), *await asyncio.gather(*runs)]
            yield Status("Answer")


def built(
    *,
    wanted=lambda whole: whole.response_metadata.get("finish_reason") == "tool_calls",
    own=lambda whole: [message_chunk_to_message(whole)],
    run=lambda tool, call: tool.ainvoke(call),
    piece=lambda chunk: [chunk],
    copy=list,
    bind=lambda model, tools: model.bind_tools(tools),
    thinking=lambda: [Status("Thinking")],
    calling=lambda call: [Status("Tool call", call["name"])],
    rounds=10,
):
    """The right answer with one part replaced."""

    async def answer(model, tools, messages):
        by_name = {tool.name: tool for tool in tools}
        messages = copy(messages)
        for _ in range(rounds):
            for news in thinking():
                yield news
            whole = None
            async for chunk in bind(model, tools).astream(messages):
                whole = chunk if whole is None else whole + chunk
                for part in piece(chunk):
                    yield part
            if not wanted(whole):
                return
            messages.extend(own(whole))
            for call in whole.tool_calls:
                for news in calling(call):
                    yield news
                result = await run(by_name[call["name"]], call)
                if result is not None:
                    messages.append(result)

    return answer


async def collects_all_but_news(model, tools, messages):
    chunks = []
    async for piece in in_a_loop(model, tools, messages):
        if isinstance(piece, Status):
            yield piece
        else:
            chunks.append(piece)
    for chunk in chunks:
        yield chunk


kept = []


async def goes_on_with(stream):
    """Reads the stream to its end, whoever leaves."""
    queue = asyncio.Queue()

    async def fill():
        try:
            async for piece in stream:
                queue.put_nowait(piece)
        except Exception as error:
            queue.put_nowait(error)
        queue.put_nowait(None)

    kept.append(asyncio.create_task(fill()))
    while (piece := await queue.get()) is not None:
        if isinstance(piece, Exception):
            raise piece
        yield piece


def committed(piece):
    """As the lesson has it: neither text nor a tool call may happen twice."""
    return bool(getattr(piece, "content", "")) or getattr(piece, "stage", "") == "Tool call"


def steadied(
    *,
    watch=watched,
    commits=committed,
    failures=Exception,
    after_text=True,
    at_last=True,
):
    """The right answer with one part replaced."""

    async def steady(sources, seconds):
        for number, source in enumerate(sources, start=1):
            begun = False
            try:
                async for piece in watch(source(), seconds):
                    begun = begun or commits(piece)
                    yield piece
                return
            except failures:
                if (after_text and begun) or (at_last and number == len(sources)):
                    raise

    return steady


async def nobody_watches(stream, seconds):
    async for piece in stream:
        yield piece


async def keeps_the_error(sources, seconds):
    failed = None
    for source in sources:
        shown = False
        stream = source()
        try:
            while True:
                piece = await asyncio.wait_for(anext(stream), seconds)
                if isinstance(piece, Status):  # the rule, written inline
                    shown = shown or piece.stage == "Tool call"
                else:
                    shown = shown or piece.text != ""
                yield piece
        except StopAsyncIteration:
            return
        except Exception as error:
            failed = error
            if shown:
                raise
        finally:
            await stream.aclose()
    raise failed


async def news_of_its_own(sources, seconds):
    try:
        async for piece in steadied()(sources, seconds):
            yield piece
    except Exception:
        yield Status("Interrupted", "The connection was lost.")


async def collects_pieces(sources, seconds):
    pieces = [piece async for piece in steadied()(sources, seconds)]
    for piece in pieces:
        yield piece
