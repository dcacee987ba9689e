"""Exercise 5.4's check: a limit on the silence passes, and no other limit."""

# ruff: noqa: ASYNC100, N818 (learners write such code)

import asyncio
from contextlib import AsyncExitStack, aclosing

from tests.checks.answers import right, wrong
from utils.stall_timeout import Stalled
from utils.stall_timeout import watched as the_courses_own


@right("5.watched")
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


@right("5.watched")
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


@right("5.watched")
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


@wrong("5.watched", "limit for the whole stream")
async def one_for_all(stream, seconds):
    try:
        async with aclosing(stream), asyncio.timeout(seconds):
            async for chunk in stream:
                yield chunk
    except TimeoutError:
        raise Stalled from None


@wrong("5.watched", "cancels its reader")
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


@wrong("5.watched", "clock between chunks")
async def looks_at_the_clock(stream, seconds):
    loop = asyncio.get_running_loop()
    last = loop.time()
    async with aclosing(stream):
        async for chunk in stream:
            if loop.time() - last > seconds:
                raise Stalled
            yield chunk
            last = loop.time()


@wrong("5.watched", "waits on")
async def not_before_the_first(stream, seconds):
    async with aclosing(stream):
        first = await anext(stream, None)
        if first is None:
            return
        yield first
        async for chunk in the_courses_own(stream, seconds):
            yield chunk


@wrong("5.watched", "ends quietly")
async def ends_quietly(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Stalled:
        return


@wrong("5.watched", "timeout comes out")
async def lets_the_timeout_out(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except StopAsyncIteration:
                return
            yield chunk


@wrong("5.watched", "left open")
async def leaves_it_open(stream, seconds):
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), seconds)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Stalled from None
        yield chunk


@wrong("5.watched", "left open")
async def leaves_the_task(stream, seconds):
    while True:
        coming = asyncio.ensure_future(anext(stream, None))
        done, _ = await asyncio.wait({coming}, timeout=seconds)
        if not done:
            raise Stalled
        if coming.result() is None:
            return
        yield coming.result()


@wrong("5.watched", "takes an error for a stall")
async def calls_all_errors_a_stall(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Exception:
        raise Stalled from None


@wrong("5.watched", "swallows the error")
async def swallows_the_loss(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Stalled:
        raise
    except Exception:
        pass


@wrong("5.watched", "collected first")
async def collects_chunks(stream, seconds):
    chunks = [chunk async for chunk in the_courses_own(stream, seconds)]
    for chunk in chunks:
        yield chunk


@wrong("5.watched", "raises")
async def forgets_the_end(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except TimeoutError:
                raise Stalled from None
            yield chunk


@wrong("5.watched", "yields the wrong type")
async def passes_texts(stream, seconds):
    async for chunk in the_courses_own(stream, seconds):
        yield chunk.content


@wrong("5.watched", "drops empty chunks")
async def drops_the_empty(stream, seconds):
    async for chunk in the_courses_own(stream, seconds):
        if chunk.content:
            yield chunk


@wrong("5.watched", "returns a collection")
async def returns_the_chunks(stream, seconds):
    return [chunk async for chunk in the_courses_own(stream, seconds)]


@wrong("5.watched", "waits on")
async def tries_again(stream, seconds):
    async with aclosing(stream):
        while True:
            coming = asyncio.ensure_future(anext(stream, None))
            while not coming.done():
                await asyncio.wait({coming}, timeout=seconds)
            if coming.result() is None:
                return
            yield coming.result()


@wrong("5.watched", "shorter limit")
async def watches_half_of_it(stream, seconds):
    async for chunk in the_courses_own(stream, seconds / 2):
        yield chunk


@wrong("5.watched", "longer limit")
async def takes_double(stream, seconds):
    async for chunk in the_courses_own(stream, 2 * seconds):
        yield chunk


@wrong("5.watched", "swallows the cancellation")
async def swallows_cancelling(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except asyncio.CancelledError:
        return


@wrong("5.watched", "counts the reader's time")
async def counts_by_the_clock(stream, seconds):
    loop = asyncio.get_running_loop()
    last = loop.time()
    async for chunk in the_courses_own(stream, seconds):
        if loop.time() - last > seconds:
            raise Stalled
        last = loop.time()
        yield chunk


@wrong("5.watched", "timeout comes out")
async def one_limit_and_no_word(stream, seconds):
    async with aclosing(stream), asyncio.timeout(seconds):
        async for chunk in stream:
            yield chunk


@wrong("5.watched", "changes the chunks")
async def changes_chunks(stream, seconds):
    async for chunk in the_courses_own(stream, seconds):
        yield chunk.model_copy(update={"content": chunk.content.upper() + "!"})


@wrong("5.watched", "yields the stall")
async def yields_the_error(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Stalled as error:
        yield error


@wrong("5.watched", "takes the end for a stall")
async def any_error_is_a_stall(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except Exception:
                raise Stalled from None
            yield chunk


@wrong("5.watched", "yields an awaitable")
async def forgets_to_await(stream, seconds):
    async with aclosing(stream):
        while True:
            async with asyncio.timeout(seconds):
                chunk = anext(stream)
            yield chunk


@wrong("5.watched", "yields nothing")
async def yields_nothing(stream, seconds):
    async for _ in the_courses_own(stream, seconds):
        pass
    return
    yield


@right("5.watched")
async def asks_whose_timeout_it_was(stream, seconds):
    async with aclosing(stream) as chunks:
        while True:
            try:
                async with asyncio.timeout(seconds) as limit:
                    chunk = await chunks.__anext__()
            except StopAsyncIteration:
                break
            except TimeoutError as error:
                if limit.expired():
                    raise Stalled(seconds) from error
                raise
            yield chunk


right("5.watched", "One thing to improve: a `TimeoutError` that the stream itself raises")(
    waits_for_each
)


@right("5.watched")
async def stops_the_limit_meanwhile(stream, seconds):
    loop = asyncio.get_running_loop()
    try:
        async with aclosing(stream), asyncio.timeout(seconds) as limit:
            async for chunk in stream:
                limit.reschedule(None)
                yield chunk
                limit.reschedule(loop.time() + seconds)
    except TimeoutError as error:
        raise Stalled from error


@right("5.watched")
async def through_a_queue(stream, seconds):
    queue = asyncio.Queue()

    async def fill():
        async with aclosing(stream):
            async for chunk in stream:
                await queue.put(chunk)

    filling = asyncio.create_task(fill())
    filling.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while True:
            try:
                chunk = await asyncio.wait_for(queue.get(), timeout=seconds)
            except TimeoutError:
                raise Stalled(f"nothing for {seconds} s") from None
            if chunk is None:
                filling.result()
                return
            yield chunk
    finally:
        filling.cancel()
        await asyncio.wait([filling])


class Watch:
    class Stalled(Exception):
        pass

    async def __call__(self, stream, seconds, **options):
        async with AsyncExitStack() as stack:
            stack.push_async_callback(stream.aclose)
            while (chunk := await self.following(stream, seconds)) is not None:
                yield chunk

    async def following(self, stream, seconds):
        try:
            return await asyncio.wait_for(anext(stream, None), seconds)
        except TimeoutError:
            raise self.Stalled from None


right("5.watched")(Watch())


@right("5.watched")
def a_plain_function_around_it(stream, seconds=10):
    return waits_for_each(stream, seconds)


@wrong("5.watched", "shorter limit", "after 0.0 s")
async def in_milliseconds(stream, seconds):
    async for chunk in the_courses_own(stream, seconds / 1000):
        yield chunk


@wrong("5.watched", "longer limit")
async def in_minutes(stream, seconds):
    async for chunk in the_courses_own(stream, seconds * 5):
        yield chunk


@wrong("5.watched", "no exception", "inherit from")
async def raises_no_exception(stream, seconds):
    class Stalled(BaseException):
        pass

    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream, None), seconds)
            except TimeoutError:
                raise Stalled from None
            if chunk is None:
                return
            yield chunk


@wrong("5.watched", "stops early")
async def stops_at_the_tenth(stream, seconds):
    count = 0
    async with aclosing(the_courses_own(stream, seconds)) as chunks:
        async for chunk in chunks:
            yield chunk
            count += 1
            if count == 10:
                return


@wrong("5.watched", "drops chunks")
async def drops_the_last(stream, seconds):
    held = None
    async for chunk in the_courses_own(stream, seconds):
        if held is not None and chunk.chunk_position != "last":
            yield held
            held = None
        held = chunk
        if chunk.content:
            yield chunk
            held = None


@wrong("5.watched", "repeats chunks")
async def yields_twice(stream, seconds):
    async for chunk in the_courses_own(stream, seconds):
        yield chunk
        yield chunk


@wrong("5.watched", "held back")
async def one_behind(stream, seconds):
    held = None
    async for chunk in the_courses_own(stream, seconds):
        if held is not None:
            yield held
        held = chunk
    yield held


@wrong("5.watched", "ends quietly")
async def breaks_at_a_timeout(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except (TimeoutError, StopAsyncIteration):
                break
            yield chunk


@wrong("5.watched", "left open")
async def closes_after_a_stall_alone(stream, seconds):
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), seconds)
        except StopAsyncIteration:
            return
        except TimeoutError:
            await stream.aclose()
            raise Stalled from None
        yield chunk


@wrong("5.watched", "awaits to a stream")
async def returns_the_stream(stream, seconds):
    return the_courses_own(stream, seconds)


@wrong("5.watched", "raises", "AttributeError")
async def watches_the_text(stream, seconds):
    async for chunk in the_courses_own(stream.text, seconds):
        yield chunk
