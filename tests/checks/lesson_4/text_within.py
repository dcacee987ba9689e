"""Exercise 4.4: the text that arrives within a time limit."""

# ruff: noqa: ASYNC100, ASYNC110, PERF401 (learners write such code)

import asyncio
import contextlib
import time
from contextlib import aclosing
from time import monotonic, perf_counter

import anyio
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser

from tests.checks.answers import right, wrong


async def text_of(model, prompt):
    return "".join([chunk.content async for chunk in model.astream(prompt)])


async def collect(pieces, model, prompt):
    async for chunk in model.astream(prompt):
        pieces.append(chunk.content)


@right("4.text_within", "a `TimeoutError` of its own")
async def times_out(model, prompt, seconds):
    text = ""
    try:
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                text += chunk.content
    except TimeoutError:
        pass
    return text


@right("4.text_within")
async def waits_for_a_reader(model, prompt, seconds):
    pieces = []
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(collect(pieces, model, prompt), seconds)
    return "".join(pieces)


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


@right("4.text_within", "The model stopped each time\\.$")
async def asks_whose_timeout_it_was(model, prompt, seconds):
    text = ""
    try:
        async with asyncio.timeout(seconds) as limit:
            async for chunk in model.astream(prompt):
                text += chunk.content
    except TimeoutError:
        if not limit.expired():
            raise
    return text


@right("4.text_within")
async def returns_from_each_end(model, prompt, seconds):
    whole = None
    try:
        async with (
            asyncio.timeout_at(asyncio.get_running_loop().time() + seconds),
            aclosing(model.astream(input=prompt)) as chunks,
        ):
            async for chunk in chunks:
                whole = chunk if whole is None else whole + chunk
            return whole.text
    except asyncio.TimeoutError:  # noqa: UP041
        return whole.text if whole else ""


@right("4.text_within")
async def moves_on(model, prompt, seconds):
    text = ""
    with anyio.move_on_after(seconds):
        async for piece in (model | StrOutputParser()).astream(prompt):
            text += piece
    return text


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


@right("4.text_within")
async def races_a_clock(model, prompt, seconds):
    chunks, text = aiter(model.astream(prompt)), ""
    alarm = asyncio.ensure_future(asyncio.sleep(seconds))
    try:
        while not alarm.done():
            coming = asyncio.ensure_future(anext(chunks, None))
            try:
                await asyncio.wait({coming, alarm}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                coming.cancel()
            if not coming.done() or (chunk := coming.result()) is None:
                break
            text += chunk.content
    finally:
        alarm.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await chunks.aclose()
    return text


class WithinALimit:
    async def __call__(self, model, prompt, seconds=10):
        self.pieces = []
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.read(model, prompt), timeout=seconds)
        return "".join(self.pieces)

    async def read(self, model, prompt):
        async for chunk in model.astream(prompt):
            self.pieces.append(chunk.text)


right("4.text_within")(WithinALimit())


@wrong(
    "4.text_within", "leaves a task", "its task `collect` was still running after a cancellation"
)
async def cancels_a_task(model, prompt, seconds):
    pieces = []
    task = asyncio.create_task(collect(pieces, model, prompt))
    done, _ = await asyncio.wait({task}, timeout=seconds)
    task.cancel()
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
    return "".join(pieces)


@wrong("4.text_within", "clock between chunks")
async def looks_between_chunks(model, prompt, seconds):
    text, began = "", time.perf_counter()
    async for chunk in model.astream(prompt):
        if time.perf_counter() - began > seconds:
            break
        text += chunk.content
    return text


@wrong("4.text_within", "clock between chunks")
async def looks_by_a_clock_imported_by_name(model, prompt, seconds):
    text, began = "", perf_counter()
    async for chunk in model.astream(prompt):
        text += chunk.content
        if perf_counter() - began > seconds:
            return text
    return text


@wrong("4.text_within", "invoke")
async def waits_for_the_whole(model, prompt, seconds):
    try:
        return (await asyncio.wait_for(model.ainvoke(prompt), seconds)).content
    except TimeoutError:
        return ""


@wrong("4.text_within", "timeout comes out")
async def lets_the_error_out(model, prompt, seconds):
    text = ""
    async with asyncio.timeout(seconds):
        async for chunk in model.astream(prompt):
            text += chunk.content
    return text


@wrong("4.text_within", "no limit")
async def forgets_the_time(model, prompt, seconds):
    return await text_of(model, prompt)


@wrong("4.text_within", "limit for each chunk")
async def times_each_chunk(model, prompt, seconds):
    text = ""
    chunks = model.astream(prompt)
    while True:
        try:
            async with asyncio.timeout(seconds):
                chunk = await anext(chunks)
        except (StopAsyncIteration, TimeoutError):
            return text
        text += chunk.content


@wrong("4.text_within", "leaves a task")
async def reads_on(model, prompt, seconds):
    pieces = []
    task = asyncio.create_task(collect(pieces, model, prompt))
    await asyncio.wait({task}, timeout=seconds)
    if task.done():
        task.result()
    return "".join(pieces)


@wrong("4.text_within", "leaves a task")
async def shields(model, prompt, seconds):
    pieces = []
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(collect(pieces, model, prompt)), seconds)
    return "".join(pieces)


@wrong("4.text_within", "blocks the loop")
async def blocks_until_the_end(model, prompt, seconds):
    text = ""
    async with asyncio.timeout(seconds):
        for chunk in model.stream(prompt):
            text += chunk.content
    return text


@wrong("4.text_within", "swallows the error")
async def swallows_all_errors(model, prompt, seconds):
    text = ""
    try:
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                text += chunk.content
    except Exception:
        pass
    return text


@wrong("4.text_within", "waits on")
async def always_waits(model, prompt, seconds):
    pieces = []
    task = asyncio.create_task(collect(pieces, model, prompt))
    await asyncio.sleep(seconds)
    task.cancel()
    return "".join(pieces)


@wrong("4.text_within", "returns nothing")
async def returns_none_in_time(model, prompt, seconds):
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await text_of(model, prompt)


@wrong("4.text_within", "collected first")
async def starts_again_with_nothing(model, prompt, seconds):
    try:
        async with asyncio.timeout(seconds):
            return await text_of(model, prompt)
    except TimeoutError:
        return ""


@wrong("4.text_within", "returns the wrong type")
async def returns_pieces(model, prompt, seconds):
    pieces = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                pieces.append(chunk.content)
    return pieces


@wrong("4.text_within", "takes more")
async def takes_one_more(model, prompt, seconds):
    return await times_out(model, prompt, seconds + 0.09)


@wrong("4.text_within", "another text")
async def adds_a_mark(model, prompt, seconds):
    text = await times_out(model, prompt, seconds)
    return text if text.endswith(".") else text + "…"


@wrong("4.text_within", "unread async generator")
async def yields_within(model, prompt, seconds):
    yield await times_out(model, prompt, seconds)


@wrong("4.text_within", "blocks the loop")
def plain_within(model, prompt, seconds):
    return "".join(chunk.content for chunk in model.stream(prompt))


@wrong("4.text_within", "shorter limit")
async def in_milliseconds(model, prompt, seconds):
    return await times_out(model, prompt, seconds / 1000)


@wrong("4.text_within", "another limit")
async def always_within_three_seconds(model, prompt, seconds):
    return await times_out(model, prompt, 3)


@wrong("4.text_within", "no limit")
async def always_within_a_minute(model, prompt, seconds):
    return await times_out(model, prompt, 60)


@wrong("4.text_within", "shorter limit")
async def a_little_less(model, prompt, seconds):
    return await times_out(model, prompt, seconds - 0.5)


@wrong("4.text_within", "another prompt")
async def asks_its_own_prompt(model, prompt, seconds):
    return await times_out(model, "Name a river.", seconds)


@wrong("4.text_within", "swallows the cancellation")
async def keeps_a_cancellation_to_itself(model, prompt, seconds):
    text = ""
    try:
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                text += chunk.content
    except (TimeoutError, asyncio.CancelledError):
        pass
    return text


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


@wrong("4.text_within", "replaces the cancellation")
async def makes_a_cancellation_an_error(model, prompt, seconds):
    try:
        return await times_out(model, prompt, seconds)
    except asyncio.CancelledError:
        raise ValueError("stopped") from None


@wrong("4.text_within", "raises")
async def adds_chunks_up(model, prompt, seconds):
    whole = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                whole = chunk if whole is None else whole + chunk
    return whole.content


@wrong("4.text_within", "raises")
async def names_what_never_came(model, prompt, seconds):
    pieces = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                pieces.append(chunk.content)
                text = "".join(pieces)
    return text


@wrong("4.text_within", "timeout comes out")
async def catches_inside(model, prompt, seconds):
    text = ""
    async with asyncio.timeout(seconds):
        try:
            async for chunk in model.astream(prompt):
                text += chunk.content
        except TimeoutError:
            pass
    return text


@wrong("4.text_within", "loses the end")
async def loses_the_last_piece(model, prompt, seconds):
    text = before = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                text += before
                before = chunk.content
            text += before
    return text


@wrong("4.text_within", "loses white space")
async def drops_line_breaks(model, prompt, seconds):
    text = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                if chunk.content.strip():
                    text += chunk.content
    return text


@wrong("4.text_within", "keeps the last chunk")
async def keeps_the_latest_chunk(model, prompt, seconds):
    text = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                text = chunk.content
    return text


@wrong("4.text_within", "never awaited")
async def calls_its_coroutine(model, prompt, seconds):
    pieces = []
    async with asyncio.timeout(seconds):
        collect(pieces, model, prompt)
    return "".join(pieces)


@wrong("4.text_within", "never awaited")
async def forgets_to_await(model, prompt, seconds):
    pieces = []
    asyncio.wait_for(collect(pieces, model, prompt), seconds)
    return "".join(pieces)


@wrong("4.text_within", "waits for no task")
async def waits_for_no_task(model, prompt, seconds):
    pieces = []
    async with asyncio.timeout(seconds):
        asyncio.create_task(collect(pieces, model, prompt))  # noqa: RUF006
    return "".join(pieces)


@wrong("4.text_within", "loses white space")
async def strips_pieces(model, prompt, seconds):
    pieces = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                pieces.append(chunk.content.strip())
    return "".join(pieces)


@wrong("4.text_within", "shorter limit", "what ends the loop")
async def stops_at_the_first_piece(model, prompt, seconds):
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                if chunk.content:
                    return chunk.content
    return ""


notebooks_model = FakeListChatModel(responses=["Not asked for."])


@wrong("4.text_within", "another model", "called the notebook's `notebooks_model`")
async def of_the_notebooks_model(model, prompt, seconds):
    async with asyncio.timeout(seconds):
        return await text_of(notebooks_model, prompt)


@wrong("4.text_within", "another model", "called another `FakeListChatModel`")
async def of_a_model_of_its_own(model, prompt, seconds):
    return (await FakeListChatModel(responses=["Mine."]).ainvoke(prompt)).content


@wrong("4.text_within", "waits on")
async def sleeps_a_little(model, prompt, seconds):
    text = await times_out(model, prompt, seconds)
    await asyncio.sleep(0.5)
    return text


@wrong("4.text_within", "swallows the error")
async def returns_what_it_has(model, prompt, seconds):
    pieces = []
    try:
        await asyncio.wait_for(collect(pieces, model, prompt), seconds)
    finally:
        return "".join(pieces)  # noqa: B012


@wrong("4.text_within", "left open")
async def reads_in_a_thread(model, prompt, seconds):
    pieces = []

    def read():
        for chunk in model.stream(prompt):
            pieces.append(chunk.content)

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.to_thread(read), seconds)
    return "".join(pieces)
