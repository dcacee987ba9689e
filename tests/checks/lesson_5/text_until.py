"""Readings that end when Stop is pressed, and some that don't."""

# ruff: noqa: ASYNC110, ASYNC251, PERF401, SIM105 (learners write such code)

import asyncio
import time
from contextlib import aclosing

from tests.checks.answers import right, wrong
from tests.checks.lesson_5._parts import notebook_model


def read_into(said, model, prompt):
    """A task that reads the reply into a list."""

    async def read():
        async for chunk in model.astream(prompt):
            said.append(chunk.content)

    return asyncio.create_task(read())


async def the_first_of(reading, stopping):
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if reading.done():
        reading.result()


async def for_reading_alone(reading, stopping):
    stopping.add_done_callback(lambda _: reading.cancel())
    await reading


def two_tasks(
    *,
    until=the_first_of,
    ends=lambda reading, stopping: (reading, stopping),
    result="".join,
):
    """The right answer, or one with some parts replaced."""

    async def text_until(stop, model, prompt):
        reading = read_into(said := [], model, prompt)
        stopping = asyncio.create_task(stop.wait())
        try:
            await until(reading, stopping)
        finally:
            for task in ends(reading, stopping):
                task.cancel()
            if ended := ends(reading, stopping):
                await asyncio.wait(ended)
        return result(said)

    return text_until


def polls(seconds):
    """Look for Stop every so many seconds."""

    async def text_until(stop, model, prompt):
        reading = read_into(said := [], model, prompt)
        try:
            while not reading.done() and not stop.is_set():
                await asyncio.sleep(seconds)
            if reading.done():
                reading.result()
        finally:
            reading.cancel()
            await asyncio.wait({reading})
        return "".join(said)

    return text_until


right("5.text_until")(two_tasks())
for pause in (0, 0.05, 0.1):
    right("5.text_until")(polls(pause))
for pause in (0.15, 0.2, 0.5, 1, 3):
    wrong("5.text_until", "stops late", "late when Stop was pressed .* only now and then")(
        polls(pause)
    )


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
        await asyncio.wait({ending, reading})
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
            await asyncio.wait({reading})
        if reading in done:
            await reading
        return self.whole.text if self.whole else ""

    async def read(self, model, prompt):
        async for chunk in model.astream(prompt):
            self.whole = chunk if self.whole is None else self.whole + chunk


right("5.text_until")(Until())


async def ignoring_errors(reading, stopping):
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)


async def changing_the_cancellation(reading, stopping):
    try:
        await the_first_of(reading, stopping)
    except asyncio.CancelledError:
        raise RuntimeError("stopped") from None


async def swallowing_any_cancellation(reading, stopping):
    try:
        await for_reading_alone(reading, stopping)
    except asyncio.CancelledError:
        pass


async def for_both(reading, stopping):
    await asyncio.wait({reading, stopping})


for mistake, how in (
    ("leaves a task", {"ends": lambda reading, stopping: [stopping]}),
    ("leaves a task", {"ends": lambda reading, stopping: []}),
    ("leaves a task", {"ends": lambda reading, stopping: [reading]}),
    ("ends by a cancellation", {"until": for_reading_alone}),
    ("swallows the error", {"until": ignoring_errors}),
    ("swallows the cancellation", {"until": swallowing_any_cancellation}),
    ("replaces the cancellation", {"until": changing_the_cancellation}),
    ("waits for Stop", {"until": for_both}),
    ("loses the end", {"result": lambda said: "".join(said)[:-1]}),
    ("another text", {"result": lambda said: "".join(said).upper()}),
    ("adds text", {"result": lambda said: "".join([*said, " [stopped]"])}),
    ("changes white space", {"result": lambda said: "".join(said).replace(" ", "")}),
    ("no text", {"result": lambda said: ""}),
    ("returns nothing", {"result": lambda said: None}),
    ("returns the wrong type", {"result": list}),
    ("raises", {"result": lambda said: "".join(sayd)}),  # noqa: F821
):
    wrong("5.text_until", mistake)(two_tasks(**how))


@wrong("5.text_until", "leaves a task", "its task `Event.wait` was still running")
async def not_when_cancelled(stop, model, prompt):
    reading = read_into(said := [], model, prompt)
    stopping = asyncio.create_task(stop.wait())
    await the_first_of(reading, stopping)
    stopping.cancel()
    reading.cancel()
    await asyncio.wait({reading})
    return "".join(said)


@wrong("5.text_until", "stops at the next piece")
async def looks_between_chunks(stop, model, prompt):
    said = ""
    async for chunk in model.astream(prompt):
        said += chunk.content
        if stop.is_set():
            break
    return said


@wrong("5.text_until", "stops at the next piece")
async def drains(stop, model, prompt):
    said = ""
    async for chunk in model.astream(prompt):
        said += chunk.content * (not stop.is_set())
    return said


@wrong("5.text_until", "no text", "when Stop was pressed")
async def loses_what_came(stop, model, prompt):
    async def read():
        return "".join([chunk.content async for chunk in model.astream(prompt)])

    reading, stopping = asyncio.create_task(read()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return reading.result() if reading.done() else ""
    finally:
        reading.cancel()
        stopping.cancel()
        await asyncio.wait({reading, stopping})


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


@wrong("5.text_until", "waits for Stop", "when Stop was pressed")
async def waits_for_stop(stop, model, prompt):
    reading = read_into(said := [], model, prompt)
    await stop.wait()
    reading.cancel()
    return "".join(said)


@wrong("5.text_until", "never ends")
async def polls_blocking(stop, model, prompt):
    reading = read_into(said := [], model, prompt)
    while not reading.done() and not stop.is_set():
        time.sleep(0.1)
    return "".join(said)


@wrong("5.text_until", "blocks the loop")
async def streams_blocking(stop, model, prompt):
    return "".join([chunk.content for chunk in model.stream(prompt)])


@wrong("5.text_until", "never calls the model")
async def only_waits(stop, model, prompt):
    return ""


@wrong("5.text_until", "never read")
async def never_reads(stop, model, prompt):
    return "" if model.astream(prompt) else None


@wrong("5.text_until", "another model", "`notebook_model`")
async def calls_the_notebooks_model(stop, model, prompt):
    return await two_tasks()(stop, notebook_model, prompt)


@wrong("5.text_until", "never awaited")
async def forgets_to_await(stop, model, prompt):
    async def read():
        return [chunk.content async for chunk in model.astream(prompt)]

    return "".join(read())
