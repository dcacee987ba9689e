"""The quick reference is correct: each line runs as written, and each caveat is demonstrated."""

import ast
import asyncio
import re
import subprocess
import sys
from typing import NamedTuple

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage

from utils import lesson_source
from utils.assistant import order_status
from utils.provider import chat_model, simulator

PAGE = (lesson_source.FOLDER / "quick_reference.md").read_text("utf-8")
TABLE = PAGE.partition("\n## ")[0]
RIVER = "Name a river."
# Runs the marked tests on one event loop: the models share an async HTTP client bound to it.
ON_ONE_LOOP = pytest.mark.asyncio(loop_scope="module")
STORY = "Tell me a short story about a lighthouse."


class Row(NamedTuple):
    code: str
    caveat: str


def rows():
    for line in TABLE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 5 and cells[0] not in ("method", "---"):
            method, _, _, code, caveat = cells
            yield method.strip("` "), Row(code.strip("`"), caveat)


ROWS = dict(rows())


@pytest.fixture
def model():
    return chat_model("fast", simulated=True)


@ON_ONE_LOOP
@pytest.mark.parametrize("method", ROWS)
async def test_each_line_runs_as_written(method, model, capsys):
    names = {
        "model": model,
        "agent": create_agent(model),
        "prompt": RIVER,
        "UsageMetadataCallbackHandler": UsageMetadataCallbackHandler,
    }
    line = ROWS[method].code
    code = compile(line, method, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    async with simulator().watch() as seen:
        running = eval(code, names)  # a coroutine if the line contains `await`
        if running is not None:
            await running
    assert [request.ended for request in seen] == ["finished"]
    assert seen[0].stream is (method != "callbacks")
    printed = capsys.readouterr().out
    if "content" in line:
        assert "Danube" in printed
    if "events" in method:
        assert printed.count("on_chat_model_stream") > 10


async def a_sync_stream_blocks_the_loop(model):
    async def read():
        list(model.stream(RIVER))

    assert await _turns_while(read) == 0


async def _turns_while(work):
    """Return how many times another task ran while `work` was running."""
    turns = 0

    async def count():
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    before = turns
    await work()
    during = turns - before
    counting.cancel()
    return during


async def an_open_stream_continues_and_a_closed_one_stops(model):
    slow = chat_model("laptop", simulated=True)
    for close in (False, True):
        stream = slow.astream(STORY)
        async with simulator().watch() as seen:
            async for chunk in stream:
                if chunk.content:
                    break
            if close:
                await stream.aclose()
        assert (seen[0].tokens_unsent > 0) is close


async def version_2_has_no_events_for_reasoning(model):
    thinker = chat_model("fast", simulated=True, reasoning={"effort": "low", "summary": "auto"})
    kinds = {event["event"] async for event in thinker.astream_events(RIVER, version="v2")}
    assert kinds == {"on_chat_model_start", "on_chat_model_stream", "on_chat_model_end"}
    # LangChain warns only once per process, so run this code in a new one.
    code = """
import asyncio
from langchain_core.language_models import GenericFakeChatModel as Model

asyncio.run(Model(messages=iter(["yes"])).astream_events("?", version="v3"))
"""
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-W", "always", "-c", code], capture_output=True, text=True
    )
    assert "LangChainBetaWarning" in ended.stderr


async def an_agent_yields_steps_unless_chunks_are_requested(model):
    state = {"messages": [("user", "Where is my order 4711?")]}
    agent = create_agent(model, [order_status])
    assert [list(step) async for step in agent.astream(state)] == [["model"], ["tools"], ["model"]]
    chunks = [chunk async for chunk, _ in agent.astream(state, stream_mode="messages")]
    assert len([chunk for chunk in chunks if isinstance(chunk, AIMessageChunk)]) > 20
    assert len([chunk for chunk in chunks if isinstance(chunk, ToolMessage)]) == 1


async def a_handlers_exception_is_swallowed_but_its_time_counts(model):
    class Failing(BaseCallbackHandler):
        def on_llm_new_token(self, token, **_):
            raise ValueError(token)

    order = []

    class Noting(BaseCallbackHandler):
        def on_llm_new_token(self, token, **_):
            order.append("handled")

    chunks = list(model.stream(RIVER, config={"callbacks": [Failing()]}))
    assert "Danube" in "".join(str(chunk.content) for chunk in chunks)

    order.extend("a chunk" for _ in model.stream(RIVER, config={"callbacks": [Noting()]}))
    # A chunk arrives only after the handler has returned, so a slow handler delays the reader.
    assert order == ["handled", "a chunk"] * len(chunks)


async def invoke_returns_one_whole_message(model):
    reply = model.model_copy(update={"streaming": True}).invoke(RIVER)
    assert type(reply) is AIMessage
    assert reply.content == model.invoke(RIVER).content


CAVEATS = {
    ".stream()": a_sync_stream_blocks_the_loop,
    ".astream()": an_open_stream_continues_and_a_closed_one_stops,
    ".astream_events()": version_2_has_no_events_for_reasoning,
    "agent.astream()": an_agent_yields_steps_unless_chunks_are_requested,
    "callbacks": a_handlers_exception_is_swallowed_but_its_time_counts,
    "streaming=True": invoke_returns_one_whole_message,
}


def test_each_row_has_a_caveat_with_a_test():
    assert set(CAVEATS) == set(ROWS)
    assert all(row.caveat for row in ROWS.values())


@ON_ONE_LOOP
@pytest.mark.parametrize("method", ROWS)
async def test_each_caveat_is_true(method, model):
    await CAVEATS[method](model)


@ON_ONE_LOOP
async def test_an_async_stream_leaves_the_loop_free(model):
    async def read():
        async for _ in model.astream(RIVER):
            pass

    assert await _turns_while(read) > 10


def test_each_method_of_a_lessons_recap_has_a_row():
    for lesson in lesson_source.paths():
        recap = lesson.read_text("utf-8").rpartition("## Recap")[2]
        for method in re.findall(r"^\| `?(\.\w+\(\)|callbacks)`? \|", recap, flags=re.MULTILINE):
            assert method in ROWS, f"{lesson.name}: {method}"
