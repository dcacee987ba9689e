"""Right and wrong answers to 5.text_until, which asks for the text received before Stop."""

# ruff: noqa: F401, PERF401 (learners write code like this; the imports are used in edits)

import asyncio
import time
from contextlib import aclosing

from tests.checks.answers import edits, right, wrong


async def read_into(said, model, prompt):
    async for chunk in model.astream(prompt):
        said.append(chunk.content)


@right("5.text_until")
async def text_until(stop, model, prompt):
    said = []

    async def read():
        async for chunk in model.astream(prompt):
            said.append(chunk.content)

    reading, stopping = asyncio.create_task(read()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            reading.result()
    finally:
        reading.cancel()
        stopping.cancel()
        await asyncio.wait({reading, stopping})
    return "".join(said)


edit = edits("5.text_until", text_until)
LOOP, ADD = "async for chunk in model.astream(prompt)", "said.append(chunk.content)"
FIRST = "await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)"
CANCELS = "stopping.add_done_callback(lambda _: reading.cancel())\n        await reading"
# Templates for code that polls the event or handles a cancellation.
POLLS = "while not reading.done() and not stop.is_set(): await asyncio.sleep({})".format
CATCH = "except asyncio.CancelledError:\n        {}\n    finally".format

edit(None, {FIRST: POLLS(0.1)})
edit("spins", {FIRST: POLLS(0)})
edit(None, {FIRST: CANCELS, "finally": CATCH("if not stop.is_set():\n            raise")})
edit("stops late", {FIRST: POLLS(0.15)}, "late when Stop was pressed .* only now and then")
edit("waits for Stop", {FIRST: "await stop.wait()"}, "when Stop was pressed")
edit("never ends", {FIRST: POLLS(0.1).replace("await asyncio", "time")})
NO_FINALLY = {"finally:": "except OverflowError:\n        pass\n    if reading:"}
edit("leaves a task", NO_FINALLY, "its task `Event.wait` was still running")
edit("ends by a cancellation", {FIRST: CANCELS})
edit("replaces the cancellation", {"finally": CATCH("raise RuntimeError from None")})
AT_THE_END = {f"{LOOP}:\n            {ADD}": f"said.extend([chunk.content {LOOP}])"}
edit("no text", AT_THE_END, "when Stop was pressed")
edit("misses an early Stop", {"said = []": "stop.clear()\n    said = []"}, "clear the event")


@right("5.text_until")
async def race_for_each_piece(stop, model, prompt):
    said = ""
    stopping = asyncio.create_task(stop.wait())
    async with aclosing(model.astream(prompt)) as chunks:
        try:
            while True:
                coming = asyncio.create_task(anext(chunks))
                try:
                    await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
                    if not coming.done():
                        return said
                    said += coming.result().content
                except StopAsyncIteration:
                    return said
                finally:
                    if not coming.done():
                        coming.cancel()
                        await asyncio.wait({coming})
        finally:
            stopping.cancel()


@right("5.text_until")
async def in_a_group_opened(stop, model, prompt):
    try:
        return await in_a_group(stop, model, prompt)
    except* Exception as group:
        raise group.exceptions[0] from None


@wrong("5.text_until", "error in a group")
async def in_a_group(stop, model, prompt):
    said = []

    async def end(task):
        await stop.wait()
        task.cancel()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(read_into(said, model, prompt))
        ending = group.create_task(end(reading))
        reading.add_done_callback(lambda _: ending.cancel())
    return "".join(said)


@wrong("5.text_until", "stops at the next piece")
async def looks_between_chunks(stop, model, prompt):
    said = ""
    async for chunk in model.astream(prompt):
        said += chunk.content
        if stop.is_set():
            break
    return said


@wrong("5.text_until", "stops at the first chunk")
async def gives_up_in_silences(stop, model, prompt):
    said = ""
    chunks = model.astream(prompt)
    while not stop.is_set():
        try:
            said += (await asyncio.wait_for(anext(chunks), 0.7)).content
        except TimeoutError:
            continue
        except StopAsyncIteration:
            break
    return said
