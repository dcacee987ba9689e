"""Exercise 5.3's check: who hears Stop in time passes; who doesn't is told why."""

# ruff: noqa: ASYNC110, ASYNC251, B007, PERF401 (learners write such code)

import asyncio
import time
from contextlib import aclosing

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

from tests.checks.answers import right, wrong


def begin(stop, model, prompt):
    """What has been said so far, the task that reads on, and the one that waits for Stop."""
    said = []

    async def read():
        async for chunk in model.astream(prompt):
            said.append(chunk.content)

    return said, asyncio.create_task(read()), asyncio.create_task(stop.wait())


def read_into(said, model, prompt):
    """A task that reads the reply into a list."""

    async def read():
        async for chunk in model.astream(prompt):
            said.append(chunk.content)

    return asyncio.create_task(read())


async def first_of(reading, stopping):
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if reading.done():
        reading.result()


@right("5.text_until")
async def two_tasks(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    try:
        await first_of(reading, stopping)
    finally:
        reading.cancel()
        stopping.cancel()
    return "".join(said)


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
async def cancels_itself(stop, model, prompt):
    reading = read_into(said := [], model, prompt)

    async def end(task):
        await stop.wait()
        task.cancel()

    ending = asyncio.create_task(end(reading))
    try:
        await reading
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    finally:
        ending.cancel()
        reading.cancel()
    return "".join(said)


def polls(seconds):
    """Looks for Stop every so many seconds."""

    async def text_until(stop, model, prompt):
        reading = read_into(said := [], model, prompt)
        try:
            while not reading.done() and not stop.is_set():
                await asyncio.sleep(seconds)
            if reading.done():
                reading.result()
        finally:
            reading.cancel()
        return "".join(said)

    text_until.__name__ = f"polls_every_{seconds}_s"
    return text_until


@right("5.text_until")
async def never_sleeps(stop, model, prompt):
    reading = read_into(said := [], model, prompt)
    try:
        while not reading.done() and not stop.is_set():
            await asyncio.sleep(0)
        if reading.done():
            reading.result()
    finally:
        reading.cancel()
    return "".join(said)


@right("5.text_until")
async def in_a_group_opened(stop, model, prompt):
    try:
        return await in_a_group(stop, model, prompt)
    except* Exception as group:
        raise group.exceptions[0] from None


@wrong("5.text_until", "error in a group")
async def in_a_group(stop, model, prompt):
    said = []

    async def read():
        async for chunk in model.astream(prompt):
            said.append(chunk.content)

    async def end(task):
        await stop.wait()
        task.cancel()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(read())
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


@wrong("5.text_until", "stops at the end")
async def drains(stop, model, prompt):
    said = ""
    async for chunk in model.astream(prompt):
        if not stop.is_set():
            said += chunk.content
    return said


@wrong("5.text_until", "leaves a task")
async def leaves_the_reading_alone(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    await first_of(reading, stopping)
    return "".join(said)


@wrong("5.text_until", "leaves a task")
async def not_when_cancelled(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    await first_of(reading, stopping)
    stopping.cancel()
    reading.cancel()
    return "".join(said)


@wrong("5.text_until", "loses the text")
async def loses_what_came(stop, model, prompt):
    async def read():
        return "".join([chunk.content async for chunk in model.astream(prompt)])

    reading = asyncio.create_task(read())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return reading.result() if reading.done() else ""
    finally:
        reading.cancel()
        stopping.cancel()


@wrong("5.text_until", "returns nothing")
async def returns_none(stop, model, prompt):
    await two_tasks(stop, model, prompt)


@wrong("5.text_until", "returns the wrong type")
async def returns_a_list(stop, model, prompt):
    return [await two_tasks(stop, model, prompt)]


@wrong("5.text_until", "returns a message")
async def returns_a_chunk(stop, model, prompt):
    async for chunk in model.astream(prompt):
        if stop.is_set():
            break
    return chunk


@wrong("5.text_until", "swallows the error")
async def swallows_errors(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    reading.cancel()
    stopping.cancel()
    return "".join(said)


@wrong("5.text_until", "swallows the cancellation")
async def swallows_any_cancellation(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)

    def end(_):
        reading.cancel()

    stopping.add_done_callback(end)
    try:
        await reading
    except asyncio.CancelledError:
        reading.cancel()
    stopping.remove_done_callback(end)
    stopping.cancel()
    return "".join(said)


@wrong("5.text_until", "stops early")
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


@wrong("5.text_until", "stops early")
async def short_limits(stop, model, prompt):
    said = ""
    chunks = model.astream(prompt)
    while not stop.is_set():
        try:
            said += (await asyncio.wait_for(anext(chunks), 0.5)).content
        except TimeoutError:
            continue
        except StopAsyncIteration:
            break
    return said


@wrong("5.text_until", "raises")
async def races_without_cleaning_up(stop, model, prompt):
    said = ""
    stopping = asyncio.create_task(stop.wait())
    async with aclosing(model.astream(prompt)) as chunks:
        while True:
            coming = asyncio.create_task(anext(chunks))
            await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                return said
            try:
                said += coming.result().content
            except StopAsyncIteration:
                return said


@wrong("5.text_until", "still waits for Stop")
async def cleans_up_after_stop_alone(stop, model, prompt):
    said = ""
    stopping = asyncio.create_task(stop.wait())
    async with aclosing(model.astream(prompt)) as chunks:
        while True:
            coming = asyncio.create_task(anext(chunks))
            await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                await asyncio.wait({coming})
                return said
            try:
                said += coming.result().content
            except StopAsyncIteration:
                return said


@wrong("5.text_until", "ends by a cancellation")
async def awaits_what_it_cancelled(stop, model, prompt):
    async def read():
        return "".join([chunk.content async for chunk in model.astream(prompt)])

    reading, stopping = asyncio.create_task(read()), asyncio.create_task(stop.wait())
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    reading.cancel()
    return await reading


@wrong("5.text_until", "returns no text")
async def forgets_to_add(stop, model, prompt):
    said = ""
    async for chunk in model.astream(prompt):
        if stop.is_set():
            break
    return said


@wrong("5.text_until", "never ends")
async def polls_blocking(stop, model, prompt):
    reading = read_into(said := [], model, prompt)
    while not reading.done() and not stop.is_set():
        time.sleep(0.1)
    return "".join(said)


@wrong("5.text_until", "blocks the loop")
async def streams_blocking(stop, model, prompt):
    said = ""
    for chunk in model.stream(prompt):
        said += chunk.content
        if stop.is_set():
            break
    return said


@wrong("5.text_until", "unread async generator")
async def yields_until(stop, model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content


@wrong("5.text_until", "not to be awaited")
def at_once(stop, model, prompt):
    return ""


@wrong("5.text_until", "ends by a cancellation")
async def raises_on_stop(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    stopping.add_done_callback(lambda _: reading.cancel())
    await reading
    return "".join(said)


@wrong("5.text_until", "raises")
async def fails_on_stop(stop, model, prompt):
    text = await two_tasks(stop, model, prompt)
    if stop.is_set():
        raise InterruptedError(text)
    return text


@wrong("5.text_until", "returns nothing")
async def nothing_on_stop(stop, model, prompt):
    text = await two_tasks(stop, model, prompt)
    return None if stop.is_set() else text


@wrong("5.text_until", "raises")
async def misspelt_too(stop, model, prompt):
    return await text_untill(stop, model, prompt)  # noqa: F821


@wrong("5.text_until", "still waits for Stop")
async def finishes_when_cancelled(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    try:
        await first_of(reading, stopping)
    except asyncio.CancelledError:
        await asyncio.wait({reading})
        raise
    finally:
        reading.cancel()
    return "".join(said)


@wrong("5.text_until", "replaces the cancellation")
async def changes_the_cancellation(stop, model, prompt):
    try:
        return await two_tasks(stop, model, prompt)
    except asyncio.CancelledError:
        raise RuntimeError("stopped") from None


@wrong("5.text_until", "waits for Stop")
async def waits_for_stop(stop, model, prompt):
    reading = read_into(said := [], model, prompt)
    await stop.wait()
    reading.cancel()
    return "".join(said)


for seconds in (0.05, 0.1):
    right("5.text_until")(polls(seconds))
for seconds in (0.15, 0.2, 0.5, 1, 3):
    wrong("5.text_until", "stops late", "late when Stop was pressed .* only now and then")(
        polls(seconds)
    )


@right("5.text_until")
async def waits_until_it_is_closed(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    try:
        await first_of(reading, stopping)
    finally:
        reading.cancel()
        stopping.cancel()
        await asyncio.wait({reading, stopping})
    return "".join(said)


@right("5.text_until")
async def gathers_what_it_cancelled(stop: asyncio.Event, model, prompt: str) -> str:
    text = ""

    async def read():
        nonlocal text
        async with aclosing(model.astream(input=prompt)) as chunks:
            async for chunk in chunks:
                text += chunk.text

    tasks = [asyncio.ensure_future(each) for each in (read(), stop.wait())]
    try:
        for first in asyncio.as_completed(tasks):
            await first
            break
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return text


@right("5.text_until")
async def two_in_a_group(stop, model, prompt):
    said = []

    async def read(stopping):
        try:
            async for chunk in model.astream(prompt):
                said.append(chunk.text)
        except Exception as error:
            return error
        finally:
            stopping.cancel()

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(stop.wait())
        reading = group.create_task(read(waiting))
        waiting.add_done_callback(lambda _: reading.cancel())
    if not reading.cancelled() and (error := reading.result()):
        raise error
    return "".join(said)


class Until:
    async def __call__(self, stop, model, prompt, **config):
        self.whole = None
        reading = asyncio.create_task(self.read(model, prompt))
        stopping = asyncio.create_task(stop.wait())
        done, pending = set(), {reading, stopping}
        try:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in pending:
                task.cancel()
        if reading in done:
            await reading
        return self.whole.text if self.whole else ""

    async def read(self, model, prompt):
        async for chunk in model.astream(prompt):
            self.whole = chunk if self.whole is None else self.whole + chunk


right("5.text_until")(Until())


@wrong("5.text_until", "still waits for Stop", "What cancels it")
async def forgets_the_other_task(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    try:
        await first_of(reading, stopping)
    finally:
        reading.cancel()
    return "".join(said)


def spoilt(piece):
    """The right answer, but for the text."""

    async def text_until(stop, model, prompt):
        return piece(await two_tasks(stop, model, prompt))

    return text_until


wrong("5.text_until", "lacks the end")(spoilt(lambda text: text[:-1]))
wrong("5.text_until", "loses white space")(spoilt(lambda text: text.replace(" ", "")))
wrong("5.text_until", "another text")(spoilt(str.upper))
wrong("5.text_until", "another text")(spoilt(lambda text: text + " [stopped]"))


@wrong("5.text_until", "never calls the model")
async def only_waits(stop, model, prompt):
    return ""


@wrong("5.text_until", "never read")
async def never_reads(stop, model, prompt):
    chunks = model.astream(prompt)
    return "" if chunks else None


@wrong("5.text_until", "invoke")
async def invokes(stop, model, prompt):
    reading = asyncio.create_task(model.ainvoke(prompt))
    stopping = asyncio.create_task(stop.wait())
    try:
        await first_of(reading, stopping)
        return reading.result().text if reading.done() else ""
    finally:
        reading.cancel()
        stopping.cancel()


notebook_model = GenericFakeChatModel(messages=iter([]))


@wrong("5.text_until", "another model", "`notebook_model`")
async def calls_the_notebooks_model(stop, model, prompt):
    return "".join([chunk.text async for chunk in notebook_model.astream(prompt)])


@wrong("5.text_until", "never awaited")
async def forgets_to_await(stop, model, prompt):
    async def read():
        return [chunk.content async for chunk in model.astream(prompt)]

    return "".join(read())
