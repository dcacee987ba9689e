"""Exercise 5.3's check: who hears Stop in time passes; who doesn't is told why."""

# ruff: noqa: ASYNC110, ASYNC251, B007, PERF401 (learners write such code)

import asyncio
import time
from contextlib import aclosing

import pytest

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks import lesson_5_until


def begin(stop, model, prompt):
    """What has been said so far, the task that reads on, and the one that waits for Stop."""
    said = []

    async def read():
        async for chunk in model.astream(prompt):
            said.append(chunk.content)

    return said, asyncio.create_task(read()), asyncio.create_task(stop.wait())


async def first_of(reading, stopping):
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if reading.done():
        reading.result()


async def two_tasks(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    try:
        await first_of(reading, stopping)
    finally:
        reading.cancel()
        stopping.cancel()
    return "".join(said)


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


async def cancels_itself(stop, model, prompt):
    said, reading, _ = begin(stop, model, prompt)

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
        said, reading, _ = begin(stop, model, prompt)
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


async def never_sleeps(stop, model, prompt):
    said, reading, _ = begin(stop, model, prompt)
    try:
        while not reading.done() and not stop.is_set():
            await asyncio.sleep(0)
        if reading.done():
            reading.result()
    finally:
        reading.cancel()
    return "".join(said)


async def in_a_group_opened(stop, model, prompt):
    try:
        return await in_a_group(stop, model, prompt)
    except* Exception as group:
        raise group.exceptions[0] from None


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


@pytest.mark.parametrize(
    "text_until",
    by_name(
        two_tasks,
        race_for_each_piece,
        cancels_itself,
        polls(0.05),
        polls(0.1),
        never_sleeps,
        in_a_group_opened,
    ),
)
def test_5_3_accepts(text_until):
    right("5.3", text_until)


def test_5_3_opens_the_group_that_an_old_python_makes_of_a_lone_error(monkeypatch):
    async def as_3_11_2(stop, model, prompt):
        try:
            return await two_tasks(stop, model, prompt)
        except Exception as error:
            raise ExceptionGroup("", [error]) from None

    monkeypatch.setattr(lesson_5_until, "_WRAPS", True)
    right("5.3", as_3_11_2)
    wrong("5.3", in_a_group, "an `ExceptionGroup` came out")
    monkeypatch.setattr(lesson_5_until, "_WRAPS", False)
    wrong("5.3", as_3_11_2, "an `ExceptionGroup` came out")


async def looks_between_chunks(stop, model, prompt):
    said = ""
    async for chunk in model.astream(prompt):
        said += chunk.content
        if stop.is_set():
            break
    return said


async def drains(stop, model, prompt):
    said = ""
    async for chunk in model.astream(prompt):
        if not stop.is_set():
            said += chunk.content
    return said


async def leaves_the_reading_alone(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    await first_of(reading, stopping)
    return "".join(said)


async def not_when_cancelled(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    await first_of(reading, stopping)
    stopping.cancel()
    reading.cancel()
    return "".join(said)


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


async def returns_none(stop, model, prompt):
    await two_tasks(stop, model, prompt)


async def returns_a_list(stop, model, prompt):
    return [await two_tasks(stop, model, prompt)]


async def returns_a_chunk(stop, model, prompt):
    async for chunk in model.astream(prompt):
        if stop.is_set():
            break
    return chunk


async def swallows_errors(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    reading.cancel()
    return "".join(said)


async def swallows_any_cancellation(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    stopping.add_done_callback(lambda _: reading.cancel())
    try:
        await reading
    except asyncio.CancelledError:
        reading.cancel()
    return "".join(said)


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


async def awaits_what_it_cancelled(stop, model, prompt):
    async def read():
        return "".join([chunk.content async for chunk in model.astream(prompt)])

    reading, stopping = asyncio.create_task(read()), asyncio.create_task(stop.wait())
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    reading.cancel()
    return await reading


async def forgets_to_add(stop, model, prompt):
    said = ""
    async for chunk in model.astream(prompt):
        if stop.is_set():
            break
    return said


async def polls_blocking(stop, model, prompt):
    said, reading, _ = begin(stop, model, prompt)
    while not reading.done() and not stop.is_set():
        time.sleep(0.1)
    return "".join(said)


async def streams_blocking(stop, model, prompt):
    said = ""
    for chunk in model.stream(prompt):
        said += chunk.content
        if stop.is_set():
            break
    return said


async def yields_until(stop, model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content


def at_once(stop, model, prompt):
    return ""


async def raises_on_stop(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    stopping.add_done_callback(lambda _: reading.cancel())
    await reading
    return "".join(said)


async def fails_on_stop(stop, model, prompt):
    text = await two_tasks(stop, model, prompt)
    if stop.is_set():
        raise InterruptedError(text)
    return text


async def nothing_on_stop(stop, model, prompt):
    text = await two_tasks(stop, model, prompt)
    return None if stop.is_set() else text


async def misspelt_too(stop, model, prompt):
    return await text_untill(stop, model, prompt)  # noqa: F821


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


async def changes_the_cancellation(stop, model, prompt):
    try:
        return await two_tasks(stop, model, prompt)
    except asyncio.CancelledError:
        raise RuntimeError("stopped") from None


async def waits_for_stop(stop, model, prompt):
    said, reading, _ = begin(stop, model, prompt)
    await stop.wait()
    reading.cancel()
    return "".join(said)


WRONG_5_3 = (
    (
        looks_between_chunks,
        r"silence before the first piece, and it was heard 2\d.\d s later, when",
    ),
    (drains, r"heard \d+.\d s later, when the reply had ended"),
    (leaves_the_reading_alone, "came back; but the model goes on writing"),
    (not_when_cancelled, "was cancelled, as by Stop or the notebook's ■, and the stream is still"),
    (loses_what_came, "after some pieces. `'The .*` had come, and `''` came back"),
    (returns_none, "returns `None`; the exercise asks for the text"),
    (returns_a_list, "returns a `list` of pieces"),
    (returns_a_chunk, "returns an `AIMessageChunk`; the exercise asks for a text"),
    (swallows_errors, "connection was lost in mid-reply, and `.*` came back as if nothing"),
    (in_a_group, "an `ExceptionGroup` came out with the error inside .* asks for the error itself"),
    (swallows_any_cancellation, "cancelled, it came back as if nothing had happened"),
    (gives_up_in_silences, "Nobody pressed Stop, and .* a silence of 30 s ended the reply"),
    (polls(3), r"heard 1.6 s later\. Is it looked for only now and then\?$"),
    *((polls(seconds), r"heard 0.\d\d s later\. Is it looked") for seconds in (0.15, 0.2, 0.5, 1)),
    (short_limits, "`text_until` returned `''`: did a time limit close the stream"),
    (forgets_to_add, "`text_until` returned `''`, and the model wrote `The fox"),
    (
        races_without_cleaning_up,
        "RuntimeError: aclose.*: asynchronous generator is already running",
    ),
    (
        cleans_up_after_stop_alone,
        "was cancelled, `RuntimeError: aclose.*: asynchronous generator is already running` came",
    ),
    (polls_blocking, "never let the event loop go"),
    (streams_blocking, "hold up the event loop"),
    (yields_until, "async generator"),
    (at_once, "can't be awaited"),
    (
        awaits_what_it_cancelled,
        "ended by a `CancelledError` when Stop was pressed in .* a task that was cancelled gets",
    ),
    (raises_on_stop, "ended by a `CancelledError` when Stop was pressed in the silence"),
    (fails_on_stop, "InterruptedError.*when Stop was pressed in the silence"),
    (nothing_on_stop, "and `None` came back; the exercise asks for the text so far"),
    (misspelt_too, "NameError: .*text_untill"),
    (finishes_when_cancelled, r"was cancelled, and \d+.\d+ s later it was still at work"),
    (changes_the_cancellation, "was cancelled, `RuntimeError: stopped` came out in place"),
    (waits_for_stop, "waits for something that never happens"),
)


@pytest.mark.parametrize(("text_until", "said"), with_reason(*WRONG_5_3))
def test_5_3_says_what_is_wrong_with_code_that(text_until, said):
    wrong("5.3", text_until, said)
