"""Limits on the silence, and other limits."""

# ruff: noqa: N818 (learners write such code)

import asyncio
from contextlib import AsyncExitStack, aclosing

from openai import OpenAIError

from tests.checks.answers import right, wrong
from utils.stall_timeout import Stalled
from utils.stall_timeout import watched as the_courses_own


def in_a_loop(
    *, wait=asyncio.wait_for, ends=(StopAsyncIteration,), stalls=(TimeoutError,), error=Stalled
):
    """The right answer, or one with some parts replaced."""

    async def watched(stream, seconds):
        async with aclosing(stream):
            while True:
                try:
                    chunk = await wait(anext(stream), seconds)
                except ends:
                    return
                except stalls:
                    raise error from None
                yield chunk

    return watched


def around(
    *, seconds=lambda given: given, parts=lambda chunk: [chunk], caught=(), then=lambda: None
):
    """The course's own, with other seconds, other parts in place of each chunk, and a catch."""

    async def watched(stream, given):
        try:
            async for chunk in the_courses_own(stream, seconds(given)):
                for part in parts(chunk):
                    yield part
        except caught as error:
            if (last := then()) is not None:
                yield last(error)

    return watched


right("5.watched", "One thing to improve: a `TimeoutError` that the stream itself raises")(
    in_a_loop()
)
right("5.watched")(around())


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
    return in_a_loop()(stream, seconds)


class OfItsOwn(BaseException):
    pass


OfItsOwn.__name__ = "Stalled"


async def never(awaitable, seconds):
    return await awaitable


async def later(awaitable, seconds):
    return awaitable


for mistake, how in (
    ("timeout comes out", {"stalls": ()}),
    ("raises", {"ends": ()}),
    ("ends quietly", {"ends": (StopAsyncIteration, TimeoutError)}),
    ("takes the end for a stall", {"ends": (), "stalls": Exception}),
    ("no exception", {"error": OfItsOwn}),
    ("waits on", {"wait": never}),
    ("yields an awaitable", {"wait": later}),
):
    wrong("5.watched", mistake)(in_a_loop(**how))
wrong("5.watched", "no exception", "inherit from")(in_a_loop(error=OfItsOwn))

for mistake, how in (
    ("shorter limit", {"seconds": lambda given: given / 2}),
    ("shorter limit", {"seconds": lambda given: given / 1000}),
    ("longer limit", {"seconds": lambda given: given * 2}),
    ("ends quietly", {"caught": Stalled}),
    ("swallows the error", {"caught": OpenAIError}),
    ("swallows the cancellation", {"caught": asyncio.CancelledError}),
    ("yields the wrong type", {"caught": Stalled, "then": lambda: lambda error: error}),
    ("yields the wrong type", {"parts": lambda chunk: [chunk.content]}),
    ("yields something else", {"parts": lambda c: [c.model_copy(update={"content": "!"})]}),
    ("yields a piece again", {"parts": lambda chunk: [chunk, chunk]}),
    ("leaves a piece out", {"parts": lambda chunk: [chunk] * bool(chunk.content)}),
    ("yields nothing", {"parts": lambda chunk: []}),
):
    wrong("5.watched", mistake)(around(**how))


@wrong("5.watched", "takes an error for a stall")
async def calls_all_errors_a_stall(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Exception:
        raise Stalled from None


@wrong("5.watched", "limit for the whole stream")
async def one_for_all(stream, seconds):
    try:
        async with aclosing(stream), asyncio.timeout(seconds):
            async for chunk in stream:
                yield chunk
    except TimeoutError:
        raise Stalled from None


@wrong("5.watched", "counts the reader's time", "a `CancelledError`")
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


@wrong("5.watched", "counts the reader's time", "a `Stalled`")
async def counts_by_the_clock(stream, seconds):
    loop = asyncio.get_running_loop()
    last = loop.time()
    async for chunk in the_courses_own(stream, seconds):
        if loop.time() - last > seconds:
            raise Stalled
        last = loop.time()
        yield chunk


@wrong("5.watched", "waits on")
async def not_before_the_first(stream, seconds):
    async with aclosing(stream):
        yield await anext(stream)
        async for chunk in the_courses_own(stream, seconds):
            yield chunk


@wrong("5.watched", "left open")
async def leaves_it_open(stream, seconds):
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), seconds)
        except StopAsyncIteration:
            return
        except TimeoutError:
            await stream.aclose()
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


@wrong("5.watched", "stops early")
async def stops_at_the_tenth(stream, seconds):
    count = 0
    async with aclosing(the_courses_own(stream, seconds)) as chunks:
        async for chunk in chunks:
            yield chunk
            count += 1
            if count == 10:
                return


@wrong("5.watched", "raises", "AttributeError")
async def watches_the_text(stream, seconds):
    async for chunk in the_courses_own(stream.text, seconds):
        yield chunk
