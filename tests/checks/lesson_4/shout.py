"""Exercise 4.1: the reply in capitals, from an async generator."""

# ruff: noqa: ASYNC110, ASYNC251 (learners write such code)

import asyncio
import contextlib
from contextlib import aclosing
from time import sleep

from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableGenerator

from tests.checks.answers import right, wrong


@right("4.shout")
async def shouts(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()


@right("4.shout")
async def shouts_and_closes(model, prompt):
    async with aclosing(model.astream(prompt)) as chunks:
        async for chunk in chunks:
            if chunk.content:
                yield chunk.text.upper()


@right("4.shout")
async def shouts_a_chain(model, prompt):
    async for text in (model | StrOutputParser()).astream(prompt):
        yield text.upper()


@right("4.shout")
def shouts_by_expression(model, prompt):
    return (chunk.content.upper() async for chunk in model.astream(prompt))


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


@wrong("4.shout", "replaces the error")
async def shouts_and_says_what_was_lost(model, prompt):
    try:
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()
    except Exception as error:
        raise ValueError("half a reply") from error


@right("4.shout")
async def shouts_by_events(model, prompt):
    async for event in model.astream_events(prompt, version="v2"):
        if event["event"] == "on_chat_model_stream":
            yield event["data"]["chunk"].content.upper()


@right("4.shout")
async def shouts_from_a_thread(model, prompt):
    chunks = model.stream(prompt)
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk.content.upper()


@right("4.shout")
async def shouts_with_anext(model, prompt):
    async with contextlib.AsyncExitStack() as stack:
        chunks = await stack.enter_async_context(aclosing(model.astream(input=prompt)))
        while (chunk := await anext(chunks, None)) is not None:
            match chunk.content:
                case "":
                    continue
                case text:
                    yield str.upper(text)


class ShoutsWhenCalled:
    async def __call__(self, model, prompt, **settings):
        async for chunk in model.astream([HumanMessage(prompt)], config={"tags": ["loud"]}):
            yield chunk.text.upper()


right("4.shout")(ShoutsWhenCalled())

right("4.shout")(lambda model, prompt: shouts(prompt=prompt, model=model))


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


@wrong("4.shout", "blocks the loop")
async def blocks(model, prompt):
    for chunk in model.stream(prompt):
        yield chunk.content.upper()


@wrong("4.shout", "blocks the loop")
async def blocks_with_invoke(model, prompt):
    yield model.invoke(prompt).content.upper()


@wrong("4.shout", "blocks the loop")
async def sleeps_between(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()
        sleep(0.05)


@wrong("4.shout", "invoke")
async def awaits_the_whole(model, prompt):
    yield (await model.ainvoke(prompt)).content.upper()


@wrong("4.shout", "invoke")
async def awaits_it_and_cuts_it_up(model, prompt):
    for word in (await model.ainvoke(prompt)).content.upper().split(" "):
        yield word + " "


@wrong("4.shout", "invoke")
async def invokes_in_a_thread(model, prompt):
    yield (await asyncio.to_thread(model.invoke, prompt)).content.upper()


@wrong("4.shout", "collected first")
async def collects(model, prompt):
    texts = [chunk.content async for chunk in model.astream(prompt)]
    for text in texts:
        yield text.upper()


@wrong("4.shout", "held back")
async def one_behind(model, prompt):
    before = ""
    async for chunk in model.astream(prompt):
        yield before
        before = chunk.content.upper()
    yield before


@wrong("4.shout", "held back")
async def whole_words(model, prompt):
    rest = ""
    async for chunk in model.astream(prompt):
        *words, rest = (rest + chunk.content.upper()).split(" ")
        for word in words:
            yield word + " "
    yield rest


@wrong("4.shout", "returns a collection")
async def returns_text(model, prompt):
    return "".join([chunk.content.upper() async for chunk in model.astream(prompt)])


@wrong("4.shout", "returns a collection")
async def returns_a_list(model, prompt):
    return [chunk.content.upper() async for chunk in model.astream(prompt)]


@wrong("4.shout", "no yield")
async def returns_nothing(model, prompt):
    async for chunk in model.astream(prompt):
        chunk.content.upper()


@wrong("4.shout", "no yield")
async def prints(model, prompt):
    async for chunk in model.astream(prompt):
        print(chunk.content.upper(), end="", flush=True)


@wrong("4.shout", "awaits to a stream")
async def returns_a_stream(model, prompt):
    return shouts(model, prompt)


@wrong("4.shout", "plain generator")
def plain_generator(model, prompt):
    for chunk in model.stream(prompt):
        yield chunk.content.upper()


@wrong("4.shout", "blocks the loop")
def plain_function(model, prompt):
    return [chunk.content.upper() for chunk in model.stream(prompt)]


@wrong("4.shout", "raises")
def runs_a_loop(model, prompt):
    async def main():
        return [text async for text in shouts(model, prompt)]

    return asyncio.run(main())


@wrong("4.shout", "unchanged")
async def small_letters(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content


@wrong("4.shout", "some capitals")
async def first_letters(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.capitalize()


@wrong("4.shout", "yields messages")
async def chunks(model, prompt):
    async for chunk in model.astream(prompt):
        chunk.content = chunk.content.upper()
        yield chunk


@wrong("4.shout", "yields the chunk's fields")
async def chunks_as_texts(model, prompt):
    async for chunk in model.astream(prompt):
        yield str(chunk).upper()


@wrong("4.shout", "loses white space")
async def strips(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper().strip()


@wrong("4.shout", "yields text again")
async def all_so_far(model, prompt):
    text = ""
    async for chunk in model.astream(prompt):
        text += chunk.content.upper()
        yield text


@wrong("4.shout", "stops early")
async def only_the_first(model, prompt):
    async for chunk in model.astream(prompt):
        if chunk.content:
            yield chunk.content.upper()
            return


@wrong("4.shout", "stops at the first chunk")
async def over_at_the_first_chunk(model, prompt):
    async for chunk in model.astream(prompt):
        if not chunk.content:
            break
        yield chunk.content.upper()


@wrong("4.shout", "another prompt")
async def asks_its_own_prompt(model, prompt):
    async for chunk in model.astream("Name a river."):
        yield chunk.content.upper()


@wrong("4.shout", "never calls the model")
async def asks_nobody(model, prompt):
    yield "THE DANUBE."


@wrong("4.shout", "calls twice")
async def asks_twice(model, prompt):
    if (await model.ainvoke(prompt)).content:
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()


@wrong("4.shout", "raises")
async def loops_plainly(model, prompt):
    for chunk in model.astream(prompt):
        yield chunk.content.upper()


@wrong("4.shout", "raises")
async def awaits_the_stream(model, prompt):
    async for chunk in await model.astream(prompt):
        yield chunk.content.upper()


@wrong("4.shout", "raises")
async def shouts_at_a_chunk(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.upper()


@wrong("4.shout", "never ends")
async def waits_for_ever(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()
    await asyncio.Event().wait()


@wrong("4.shout", "never ends")
async def yields_for_ever(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()
    while True:
        await asyncio.sleep(1)


@wrong("4.shout", "loses white space")
async def drops_line_breaks(model, prompt):
    async for chunk in model.astream(prompt):
        if chunk.content.strip():
            yield chunk.content.upper()


@wrong("4.shout", "swallows the error")
async def hides_a_loss(model, prompt):
    with contextlib.suppress(Exception):
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()


@wrong("4.shout", "swallows the error")
async def hides_anything(model, prompt):
    try:
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()
    except:  # noqa: E722
        return


@wrong("4.shout", "swallows the cancellation")
async def hides_a_cancellation(model, prompt):
    try:
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()
    except asyncio.CancelledError:
        pass


@wrong("4.shout", "never ends")
async def waits_on_after_a_loss(model, prompt):
    pieces = asyncio.Queue(1)

    async def fill():
        async for chunk in model.astream(prompt):
            await pieces.put(chunk.content)
        await pieces.put(None)

    filling = asyncio.create_task(fill())
    try:
        while (piece := await pieces.get()) is not None:
            yield piece.upper()
    finally:
        filling.cancel()


@wrong("4.shout", "collected first")
async def collects_in_a_thread(model, prompt):
    for chunk in await asyncio.to_thread(lambda: list(model.stream(prompt))):
        yield chunk.content.upper()


@wrong("4.shout", "collected first")
def joins_in_a_chain(model, prompt):
    return (model | StrOutputParser() | str.upper).astream(prompt)


@wrong("4.shout", "no text")
async def clears_the_text(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()[:0]


@wrong("4.shout", "another text")
async def drops_punctuation(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper().replace(".", "")


@wrong("4.shout", "yields while closing")
async def says_goodbye(model, prompt):
    try:
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()
    finally:
        yield ""


@wrong("4.shout", "swallows the error")
async def tells_of_an_error_in_the_text(model, prompt):
    try:
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()
    except Exception as error:
        yield f"ERROR: {error}"


kept = []


@wrong("4.shout", "left open")
async def keeps_its_streams(model, prompt):
    kept.append(model.astream(prompt))
    async for chunk in kept[-1]:
        yield chunk.content.upper()
