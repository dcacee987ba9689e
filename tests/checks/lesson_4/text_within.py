"""Right and wrong answers to 4.text_within, which asks for the text that arrives within a limit."""

# ruff: noqa: ASYNC110, F401, F841 (learners write such code, and edits use the imports)

import asyncio
import contextlib
import time
from contextlib import aclosing
from time import monotonic, perf_counter

import anyio
from langchain_core.output_parsers import StrOutputParser

from tests.checks.answers import edits, right, wrong


@right("4.text_within", "a `TimeoutError` of its own")
async def text_within(model, prompt, seconds):
    text = ""
    try:
        async with asyncio.timeout(seconds) as limit:
            async for chunk in model.astream(prompt):
                text += chunk.content
    except TimeoutError:
        pass
    return text


edit = edits("4.text_within", text_within)
ADD = "text += chunk.content"
EXCEPT = "except TimeoutError:\n        pass"

edit(
    None, {"pass": "if not limit.expired():\n            raise"}, "The model stopped each time\\.$"
)
edit(None, {"model.": "(model | StrOutputParser()).", "chunk.content": "chunk"})
edit(
    None,
    {"asyncio.timeout(seconds)": "asyncio.timeout_at(asyncio.get_running_loop().time() + seconds)"},
)
for mistake, changes in (
    ("timeout comes out", {EXCEPT: "finally:\n        pass"}),
    ("timeout comes out", {"TimeoutError": "asyncio.QueueEmpty"}),
    ("too late", {"(seconds)": "(3)"}),
    ("too early", {"(seconds)": "(seconds - 0.5)"}),
    ("too early", {ADD: f"{ADD}\n                if text:\n                    break"}),
    ("text from after the limit", {"(seconds)": "(seconds + 0.09)"}),
    ("adds text", {"return text": "return text if text.endswith('.') else text + '…'"}),
    ("no text", {ADD: "text = chunk.content"}),
    (
        "loses the end",
        {ADD: "text, before = text + before, chunk.content", 'text = ""': 'text = before = ""'},
    ),
    ("changes white space", {ADD: f"if chunk.content.strip():\n                    {ADD}"}),
    ("another text", {"return text": "return text.lower()"}),
    ("returns the wrong type", {"return text": "return [text]"}),
    ("unread async generator", {"return text": "yield text"}),
    ("raises", {ADD: "text = ''.join([text, chunk.content])", 'text = ""': "pass"}),
    ("blocks the loop", {"async for": "for", "astream": "stream"}),
    ("swallows the error", {"except TimeoutError": "except Exception"}),
    ("swallows the error", {EXCEPT: "finally:\n        return text"}),
    ("swallows the cancellation", {"TimeoutError": "(TimeoutError, asyncio.CancelledError)"}),
    (
        "replaces the cancellation",
        {EXCEPT: f"{EXCEPT}\n    except asyncio.CancelledError:\n        raise OSError from None"},
    ),
    ("waits on", {"return": "await asyncio.sleep(0.5)\n    return"}),
):
    edit(mistake, changes)


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


edit = edits("4.text_within", waits_for_a_reader)
WAIT = "await asyncio.wait_for(collect(pieces, model, prompt), seconds)"
edit("raises", {"return ": "return 0 + "})
edit("never awaited", {WAIT: "collect(pieces, model, prompt)"})
edit("too early", {WAIT: "asyncio.create_task(collect(pieces, model, prompt))"})
edit("leaves a task", {"collect(p": "asyncio.shield(collect(p", "pt), s": "pt)), s"})
edit(
    "left open",
    {"collect(pieces, model, prompt)": "asyncio.to_thread(read, pieces, model, prompt)"},
)


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
        done, _ = await asyncio.wait([task], timeout=seconds)
        for each in done:
            each.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return "".join(pieces)


edit = edits("4.text_within", cancels_a_task_in_any_case)
edit(
    "waits on",
    {
        "done, _ = await asyncio.wait([task], timeout=seconds)": "await asyncio.sleep(seconds)",
        "done:": "[task] if task.done() else []:",
    },
)


@wrong("4.text_within", "leaves a task", "its task `collect` was still running after a cancell")
async def cancels_a_task(model, prompt, seconds):
    pieces = []
    task = asyncio.create_task(collect(pieces, model, prompt))
    done, _ = await asyncio.wait({task}, timeout=seconds)
    task.cancel()
    await asyncio.wait({task})
    if done:
        task.result()
    return "".join(pieces)


@right("4.text_within")
async def looks_at_a_clock_beside_the_reader(model, prompt, seconds):
    pieces, until = [], monotonic() + seconds
    task = asyncio.create_task(collect(pieces, model, prompt))
    try:
        while monotonic() < until and not task.done():
            await asyncio.sleep(0.05)
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})
    return "".join(pieces)


edits("4.text_within", looks_at_a_clock_beside_the_reader)(
    "cancels without waiting", {"await asyncio.wait({task})": "pass"}, "`collect`, but ended"
)


@wrong("4.text_within", "clock between chunks")
async def looks_between_chunks(model, prompt, seconds):
    text, began = "", time.perf_counter()
    async for chunk in model.astream(prompt):
        if time.perf_counter() - began > seconds:
            break
        text += chunk.content
    return text


@wrong("4.text_within", "invoke")
async def waits_for_the_whole(model, prompt, seconds):
    try:
        return (await asyncio.wait_for(model.ainvoke(prompt), seconds)).content
    except TimeoutError:
        return ""


@wrong("4.text_within", "swallows the cancellation")
async def catches_what_is_no_error(model, prompt, seconds):
    text = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            try:
                async for chunk in model.astream(prompt):
                    text += chunk.content
            except asyncio.CancelledError:
                return text
    return text
