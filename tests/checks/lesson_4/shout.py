"""Right and wrong answers to 4.shout, which asks for an async generator of uppercase text."""

import asyncio

from langchain_core.messages import HumanMessage  # noqa: F401 (used in edits)
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableGenerator

from tests.checks.answers import edits, right, wrong

kept = []


@right("4.shout")
async def shout(model, prompt):
    chunks = model.astream(prompt)
    async for chunk in chunks:
        yield chunk.content.upper()


edit = edits("4.shout", shout)
LOOP = "async for chunk in chunks:"
YIELD = "yield chunk.content.upper()"
A_TO_Z = {ord(letter): letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}
edit("not in capitals", {"upper()": "translate(A_TO_Z)"})
edit("not in capitals", {"upper()": "upper().replace('SS', 'ß')"})
edit("drops the first chunk", {LOOP: f"await anext(chunks)\n    {LOOP}"})

edit(None, {YIELD: f"if chunk.content:\n            {YIELD}"})
edit(None, {"(prompt)": "([HumanMessage(prompt)], config={'tags': ['loud']})", "content": "text"})
edit(None, {"model.": "(model | StrOutputParser()).", "chunk.content": "chunk"})
edit("blocks the loop", {"async for": "for", "astream": "stream"})
AHEAD = "asyncio.ensure_future(anext(chunks, None))"
TAKES_AHEAD = {LOOP: f"next = {AHEAD}\n    while chunk := await next:\n        next = {AHEAD}"}
edit("leaves a task", TAKES_AHEAD, "its task `anext` was still running when its reader")
edit("plain generator", {"async ": "", "astream": "stream"})
BEHIND = {LOOP: f"before = ''\n    {LOOP}", YIELD: "yield before; before = chunk.content.upper()"}
edit("held back", BEHIND)
edit("no yield", {"yield ": ""})
edit("not in capitals", {".upper()": ""})
edit("yields messages", {YIELD: "chunk.content = chunk.content.upper()\n        yield chunk"})
edit("raises", {"= model": "= await model"})
edit("never ends", {YIELD: f"{YIELD}\n    await asyncio.Event().wait()"})
edit("left open", {"= model.astream(prompt)": "= model.astream(prompt)\n    kept.append(chunks)"})


@right("4.shout")
async def shouts_and_passes_errors_on(model, prompt):
    stream = model.astream(prompt)
    try:
        async for chunk in stream:
            yield chunk.content.upper()
    except asyncio.CancelledError:
        raise
    except Exception as error:
        error.add_note("in mid-reply")
        raise
    finally:
        await stream.aclose()


tries = edits("4.shout", shouts_and_passes_errors_on)
RAISE = 'error.add_note("in mid-reply")\n        raise'
tries("replaces the error", {RAISE: 'raise ValueError("half a reply") from error'})
tries("swallows the cancellation", {"Error:\n        raise": "Error:\n        pass"})
tries("yields while closing", {"await stream.aclose()": 'yield ""'})


@right("4.shout")
def shouts_by_expression(model, prompt):
    return (chunk.content.upper() async for chunk in model.astream(prompt))


edits("4.shout", shouts_by_expression)(
    "makes a coroutine", {"def ": "async def "}, "loop that yields"
)


@right("4.shout")
def shouts_by_a_step(model, prompt):
    async def capitals(texts):
        async for text in texts:
            yield text.upper()

    return (model | StrOutputParser() | RunnableGenerator(capitals)).astream(prompt)


@right("4.shout")
async def shouts_by_a_queue(model, prompt):
    pieces = asyncio.Queue(1)

    async def fill():
        try:
            async for chunk in model.astream(prompt):
                await pieces.put(chunk.content)
        finally:
            await pieces.put(None)

    filling = asyncio.create_task(fill())
    try:
        while (piece := await pieces.get()) is not None:
            yield piece.upper()
        await filling
    finally:
        filling.cancel()


edits("4.shout", shouts_by_a_queue)(
    "never ends",
    {
        "try:\n            async": "if True:\n            async",
        "finally:\n            await": "    await",
        "        await filling\n": "",
    },
    "Does a task fail before it can wake the rest",
)


@right("4.shout")
async def shouts_by_events(model, prompt):
    async for event in model.astream_events(prompt, version="v2"):
        if event["event"] == "on_chat_model_stream":
            yield event["data"]["chunk"].content.upper()


@wrong("4.shout", "left open")
async def shouts_from_a_thread(model, prompt):
    chunks = model.stream(prompt)
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk.content.upper()


@wrong("4.shout", "invoke")
async def awaits_the_whole(model, prompt):
    yield (await model.ainvoke(prompt)).content.upper()


@wrong("4.shout", "returns a collection")
async def returns_a_list(model, prompt):
    return [text async for text in shout(model, prompt)]


edits("4.shout", returns_a_list)(
    "makes a coroutine", {"[text async for text in shout(model, prompt)]": "shout(model, prompt)"}
)
