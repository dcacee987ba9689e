"""Right and wrong answers to 4.text_within, which asks for the text received before a deadline."""

# ruff: noqa: F401, F841 (learners write code like this; the imports are used in edits)

import asyncio
import contextlib
import time
from contextlib import aclosing
from time import monotonic

import anyio
from langchain_core.output_parsers import StrOutputParser

from tests.checks.answers import edits, right, wrong


@right("4.text_within", says="a `TimeoutError` of its own")
async def text_within(model, prompt, seconds):
    text = ""
    try:
        async with asyncio.timeout(seconds) as limit:
            async for chunk in model.astream(prompt):
                text += chunk.content
    except TimeoutError:
        pass
    return text


class Ended(BaseException):
    """A `BaseException` that isn't an `Exception` or asyncio's `CancelledError`."""


edit = edits("4.text_within", text_within)
ADD = "text += chunk.content"
EXCEPT = "except TimeoutError:\n        pass"
STAYS = """
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(1000)"""

edit(None, {"pass": "if not limit.expired(): raise"}, "The model stopped each time\\.$")
edit(None, {"model.": "(model | StrOutputParser()).", "chunk.content": "chunk"})
edit(None, {"timeout(seconds)": "timeout_at(asyncio.get_running_loop().time() + seconds)"})
edit("timeout propagates", {EXCEPT: "finally:\n        pass"})
edit("too late", {"(seconds)": "(3)"})
edit("too early", {"(seconds)": "(seconds - 0.5)"})
edit("too late", {"(seconds)": "(seconds + 0.09)"})
edit("adds text", {"return text": "return text if text.endswith('.') else text + '…'"})
edit("no text", {ADD: "text = chunk.content"})
edit("unread async generator", {"return text": "yield text"})
edit("swallows the cancellation", {"TimeoutError": "(TimeoutError, asyncio.CancelledError)"})
AGAIN = "text = (await model.ainvoke(prompt)).content"
edit("calls twice", {"pass": AGAIN}, "is paid for\\. Which line repeats the call")
edit("waits on", {"return": "await asyncio.sleep(0.5)\n    return"})
edit("raises", {"return text": "raise Ended"})
edit("outlives the cancellation", {EXCEPT: f"{EXCEPT}\n    except asyncio.CancelledError:{STAYS}"})


async def collect(pieces, model, prompt):
    async for chunk in model.astream(prompt):
        pieces.append(chunk.content)


def read(pieces, model, prompt):
    pieces.extend(chunk.content for chunk in model.stream(prompt))


@right("4.text_within")
async def waits_for_a_reader(model, prompt, seconds):
    pieces = []
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(collect(pieces, model, prompt), seconds)
    return "".join(pieces)


IN_A_THREAD = {"collect(pieces, model, prompt)": "asyncio.to_thread(read, pieces, model, prompt)"}
edits("4.text_within", waits_for_a_reader)("left open", IN_A_THREAD)


@right("4.text_within")
async def counts_down(model, prompt, seconds):
    text, until = "", monotonic() + seconds
    async with aclosing(model.astream(prompt)) as chunks:
        while True:
            try:
                chunk = await asyncio.wait_for(anext(chunks), until - monotonic())
            except (StopAsyncIteration, TimeoutError):
                return text
            text += chunk.content


edits("4.text_within", counts_down)("limit for each chunk", {"until - monotonic()": "seconds"})


@right("4.text_within")
async def moves_on(model, prompt, seconds):
    whole = None
    with anyio.move_on_after(seconds):
        async for chunk in model.astream(input=prompt):
            whole = chunk if whole is None else whole + chunk
    return whole.text if whole else ""


edits("4.text_within", moves_on)("raises", {' if whole else ""': ""})


@right("4.text_within")
async def cancels_a_task_in_any_case(model, prompt, seconds):
    pieces = []
    task = asyncio.ensure_future(collect(pieces, model, prompt))
    try:
        await asyncio.wait([task], timeout=seconds)
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return "".join(pieces)


for poll, mistake in ((0.05, "waits on"), (0, "spins")):
    edits("4.text_within", cancels_a_task_in_any_case)(
        mistake,
        {
            "await asyncio.wait([task], timeout=seconds)": f"""until = monotonic() + seconds
        while monotonic() < until and not task.done():
            await asyncio.sleep({poll})"""
        },
    )


@wrong("4.text_within", "clock between chunks")
async def looks_between_chunks(model, prompt, seconds):
    text, began = "", time.perf_counter()
    async for chunk in model.astream(prompt):
        if time.perf_counter() - began > seconds:
            break
        text += chunk.content
    return text


wrong("4.text_within", "not awaitable")(lambda model, prompt, seconds: "text")
