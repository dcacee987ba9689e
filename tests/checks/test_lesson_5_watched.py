"""Exercise 5.4's check: a limit on the silence passes, and no other limit."""

# ruff: noqa: ASYNC100, N818 (learners write such code)

import asyncio
from contextlib import aclosing

import pytest

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.patience import Stalled
from utils.patience import watched as the_courses_own


async def waits_for_each(stream, seconds):
    try:
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except StopAsyncIteration:
                break
            yield chunk
    except TimeoutError as error:
        raise Stalled from error
    finally:
        await stream.aclose()


async def a_task_for_each(stream, seconds):
    coming = None
    try:
        while True:
            coming = asyncio.ensure_future(anext(stream, None))
            done, _ = await asyncio.wait({coming}, timeout=seconds)
            if not done:
                raise Stalled
            if coming.result() is None:
                return
            yield coming.result()
    finally:
        if coming and not coming.done():
            coming.cancel()
            await asyncio.wait({coming})
        await stream.aclose()


async def a_class_of_its_own(stream, seconds):
    class Stalled(RuntimeError):
        pass

    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream, ...), seconds)
            except TimeoutError:
                raise Stalled("too long") from None
            if chunk is ...:
                return
            yield chunk


@pytest.mark.parametrize(
    "watched", by_name(the_courses_own, waits_for_each, a_task_for_each, a_class_of_its_own)
)
def test_5_4_accepts(watched):
    right("5.4", watched)


async def one_for_all(stream, seconds):
    try:
        async with aclosing(stream), asyncio.timeout(seconds):
            async for chunk in stream:
                yield chunk
    except TimeoutError:
        raise Stalled from None


async def counts_the_reader(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                async with asyncio.timeout(seconds):
                    yield await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise Stalled from None


async def looks_at_the_clock(stream, seconds):
    loop = asyncio.get_running_loop()
    last = loop.time()
    async with aclosing(stream):
        async for chunk in stream:
            if loop.time() - last > seconds:
                raise Stalled
            yield chunk
            last = loop.time()


async def not_before_the_first(stream, seconds):
    async with aclosing(stream):
        first = await anext(stream, None)
        if first is None:
            return
        yield first
        async for chunk in the_courses_own(stream, seconds):
            yield chunk


async def ends_quietly(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Stalled:
        return


async def lets_the_timeout_out(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except StopAsyncIteration:
                return
            yield chunk


async def leaves_it_open(stream, seconds):
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), seconds)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Stalled from None
        yield chunk


async def leaves_the_task(stream, seconds):
    while True:
        coming = asyncio.ensure_future(anext(stream, None))
        done, _ = await asyncio.wait({coming}, timeout=seconds)
        if not done:
            raise Stalled
        if coming.result() is None:
            return
        yield coming.result()


async def calls_all_errors_a_stall(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Exception:
        raise Stalled from None


async def swallows_the_loss(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Stalled:
        raise
    except Exception:
        pass


async def collects_chunks(stream, seconds):
    chunks = [chunk async for chunk in the_courses_own(stream, seconds)]
    for chunk in chunks:
        yield chunk


async def forgets_the_end(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except TimeoutError:
                raise Stalled from None
            yield chunk


async def passes_texts(stream, seconds):
    async for chunk in the_courses_own(stream, seconds):
        yield chunk.content


async def drops_the_empty(stream, seconds):
    async for chunk in the_courses_own(stream, seconds):
        if chunk.content:
            yield chunk


async def returns_the_chunks(stream, seconds):
    return [chunk async for chunk in the_courses_own(stream, seconds)]


async def tries_again(stream, seconds):
    async with aclosing(stream):
        while True:
            coming = asyncio.ensure_future(anext(stream, None))
            while not coming.done():
                await asyncio.wait({coming}, timeout=seconds)
            if coming.result() is None:
                return
            yield coming.result()


async def watches_half_of_it(stream, seconds):
    async for chunk in the_courses_own(stream, seconds / 2):
        yield chunk


async def takes_double(stream, seconds):
    async for chunk in the_courses_own(stream, 2 * seconds):
        yield chunk


async def swallows_cancelling(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except asyncio.CancelledError:
        return


async def counts_by_the_clock(stream, seconds):
    loop = asyncio.get_running_loop()
    last = loop.time()
    async for chunk in the_courses_own(stream, seconds):
        if loop.time() - last > seconds:
            raise Stalled
        last = loop.time()
        yield chunk


async def one_limit_and_no_word(stream, seconds):
    async with aclosing(stream), asyncio.timeout(seconds):
        async for chunk in stream:
            yield chunk


async def changes_chunks(stream, seconds):
    async for chunk in the_courses_own(stream, seconds):
        yield chunk.model_copy(update={"content": chunk.content.upper() + "!"})


async def yields_the_error(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Stalled as error:
        yield error


async def any_error_is_a_stall(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except Exception:
                raise Stalled from None
            yield chunk


async def forgets_to_await(stream, seconds):
    async with aclosing(stream):
        while True:
            async with asyncio.timeout(seconds):
                chunk = anext(stream)
            yield chunk


async def yields_nothing(stream, seconds):
    async for _ in the_courses_own(stream, seconds):
        pass
    return
    yield


WRONG_5_4 = (
    (one_for_all, "`Stalled` was raised 2.0 s after the beginning. Does each piece"),
    (counts_the_reader, "cancelled the task that reads it.*reader's own time"),
    (looks_at_the_clock, "`Stalled` came after 30.0 s in place of 2. Is the clock"),
    (not_before_the_first, "silent before the first piece, and `watched` reads on"),
    (ends_quietly, "silent before the first piece, and `watched` ends, and it looks as if"),
    (lets_the_timeout_out, "`TimeoutError` comes out; the exercise asks for `Stalled`"),
    (leaves_it_open, "The reader has left, and the stream is still open"),
    (leaves_the_task, "`Stalled` is raised, and the stream is still open"),
    (calls_all_errors_a_stall, "error of its own, and a `Stalled` came out"),
    (swallows_the_loss, "error of its own, and nothing was raised"),
    (collects_chunks, r"holds back what comes: .* was yielded \d.\d s after it came"),
    (forgets_the_end, "RuntimeError: .*when the stream had ended"),
    (passes_texts, "yields a `str` where a chunk came"),
    (drops_the_empty, "5 chunks came, and 4 were passed on: one without text counts too"),
    (returns_the_chunks, "hands over a `list`, once"),
    (tries_again, "reads on as if all were well"),
    (watches_half_of_it, "`Stalled` was raised 1.0 s after the beginning"),
    (takes_double, r"`Stalled` came after 4.0 s in place of 2\.$"),
    (swallows_cancelling, "cancelled, it came back as if nothing"),
    (counts_by_the_clock, "the reader takes 5 s for each piece, and `Stalled` was raised"),
    (one_limit_and_no_word, "No silence is longer than 1.9 s, and `TimeoutError` came out after"),
    (changes_chunks, "5 chunks came, and what `watched` yields are 5 others"),
    (
        yields_the_error,
        "silent before the first piece, and `watched` yields a `Stalled`. It should",
    ),
    (any_error_is_a_stall, "All had come, the stream ended, and `Stalled` was raised"),
    (forgets_to_await, "yields is still to be awaited: an `await` is missing"),
    (yields_nothing, "`watched` yields nothing"),
)


@pytest.mark.parametrize(("watched", "said"), with_reason(*WRONG_5_4))
def test_5_4_says_what_is_wrong_with_code_that(watched, said):
    wrong("5.4", watched, said)
