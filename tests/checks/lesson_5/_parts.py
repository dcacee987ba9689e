"""Variants of the assistant's parts, some right and some wrong, that several modules use."""

import asyncio
from contextlib import aclosing
from functools import reduce
from operator import add

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import message_chunk_to_message

from tests.checks.answers import edited
from utils import assistant
from utils.widgets import Status


class NotebookModel(GenericFakeChatModel):
    """A model defined in the notebook, unlike the one that a check gives to an answer."""

    def bind_tools(self, tools, **kwargs):
        return self


notebook_model = NotebookModel(messages=iter([]))


def finish_of(whole):
    return whole.response_metadata.get("finish_reason")


in_a_loop = edited(assistant.answer, {})  # a copy, as if a learner had written the same code
steady = edited(assistant.steady, {})


async def all_tools_concurrently(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    model, asked = model.bind_tools(tools), list(messages)
    wanted = True
    while wanted:
        yield Status("Thinking", "about it")
        chunks = []
        async for chunk in model.astream(asked):
            chunks.append(chunk)
            if chunk.content or chunk.response_metadata:
                yield chunk
        whole = reduce(add, chunks)
        wanted = finish_of(whole) == "tool_calls"
        if wanted:
            for call in whole.tool_calls:
                yield Status("Tool call", call["name"])
            runs = [by_name[call["name"]].ainvoke(call) for call in whole.tool_calls]
            asked += [message_chunk_to_message(whole), *await asyncio.gather(*runs)]
            yield Status("Answer")


async def collects_all_but_statuses(model, tools, messages):
    chunks = []
    async for piece in in_a_loop(model, tools, messages):
        if isinstance(piece, Status):
            yield piece
        else:
            chunks.append(piece)
    for chunk in chunks:
        yield chunk


def text_alone(piece):
    return bool(getattr(piece, "content", ""))


async def keeps_the_error(sources, seconds):
    failed = None
    for source in sources:
        shown = False
        stream = source()
        try:
            while True:
                piece = await asyncio.wait_for(anext(stream), seconds)
                if isinstance(piece, Status):  # the same rule as in `committed`
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


async def raises_an_earlier_error(sources, seconds):
    errors = []

    def noting(source):
        async def noted():
            try:
                async with aclosing(source()) as pieces:
                    async for piece in pieces:
                        yield piece
            except Exception as error:
                errors.append(error)
                raise

        return noted

    async for piece in steady([*map(noting, sources)], seconds):
        yield piece
    if errors:
        raise errors[0]


async def collects_pieces(sources, seconds):
    pieces = [piece async for piece in steady(sources, seconds)]
    for piece in pieces:
        yield piece
