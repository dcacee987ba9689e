"""Exercise 4.4: what arrives within a time limit."""

# ruff: noqa: ASYNC100, ASYNC110, PERF401 (learners write such code)

import asyncio
import contextlib
import time
from contextlib import aclosing
from time import monotonic, perf_counter

import pytest

from tests.checks.verdict import by_name, right, with_reason, wrong


async def text_of(model, prompt):
    return "".join([chunk.content async for chunk in model.astream(prompt)])


async def collect(pieces, model, prompt):
    async for chunk in model.astream(prompt):
        pieces.append(chunk.content)


async def times_out(model, prompt, seconds):
    text = ""
    try:
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                text += chunk.content
    except TimeoutError:
        pass
    return text


async def waits_for_a_reader(model, prompt, seconds):
    pieces = []
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(collect(pieces, model, prompt), seconds)
    return "".join(pieces)


async def counts_down(model, prompt, seconds):
    text, until = "", monotonic() + seconds
    async with aclosing(model.astream(prompt)) as chunks:
        while True:
            try:
                chunk = await asyncio.wait_for(anext(chunks), until - monotonic())
            except (StopAsyncIteration, TimeoutError):
                return text
            text += chunk.content


async def cancels_a_task(model, prompt, seconds):
    pieces = []
    task = asyncio.create_task(collect(pieces, model, prompt))
    done, _ = await asyncio.wait({task}, timeout=seconds)
    task.cancel()
    if done:
        task.result()
    return "".join(pieces)


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


@pytest.mark.parametrize(
    "text_within",
    by_name(
        times_out,
        waits_for_a_reader,
        counts_down,
        cancels_a_task,
        looks_at_a_clock_beside_the_reader,
    ),
)
def test_4_4_accepts(text_within):
    right("4.4", text_within)


async def looks_between_chunks(model, prompt, seconds):
    text, began = "", time.perf_counter()
    async for chunk in model.astream(prompt):
        if time.perf_counter() - began > seconds:
            break
        text += chunk.content
    return text


async def looks_by_a_clock_imported_by_name(model, prompt, seconds):
    text, began = "", perf_counter()
    async for chunk in model.astream(prompt):
        text += chunk.content
        if perf_counter() - began > seconds:
            return text
    return text


async def waits_for_the_whole(model, prompt, seconds):
    try:
        return (await asyncio.wait_for(model.ainvoke(prompt), seconds)).content
    except TimeoutError:
        return ""


async def lets_the_error_out(model, prompt, seconds):
    text = ""
    async with asyncio.timeout(seconds):
        async for chunk in model.astream(prompt):
            text += chunk.content
    return text


async def forgets_the_time(model, prompt, seconds):
    return await text_of(model, prompt)


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


async def reads_on(model, prompt, seconds):
    pieces = []
    task = asyncio.create_task(collect(pieces, model, prompt))
    await asyncio.wait({task}, timeout=seconds)
    if task.done():
        task.result()
    return "".join(pieces)


async def shields(model, prompt, seconds):
    pieces = []
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(collect(pieces, model, prompt)), seconds)
    return "".join(pieces)


async def blocks_until_the_end(model, prompt, seconds):
    text = ""
    async with asyncio.timeout(seconds):
        for chunk in model.stream(prompt):
            text += chunk.content
    return text


async def swallows_all_errors(model, prompt, seconds):
    text = ""
    try:
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                text += chunk.content
    except Exception:
        pass
    return text


async def always_waits(model, prompt, seconds):
    pieces = []
    task = asyncio.create_task(collect(pieces, model, prompt))
    await asyncio.sleep(seconds)
    task.cancel()
    return "".join(pieces)


async def returns_none_in_time(model, prompt, seconds):
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await text_of(model, prompt)


async def starts_again_with_nothing(model, prompt, seconds):
    try:
        async with asyncio.timeout(seconds):
            return await text_of(model, prompt)
    except TimeoutError:
        return ""


async def returns_pieces(model, prompt, seconds):
    pieces = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                pieces.append(chunk.content)
    return pieces


async def takes_one_more(model, prompt, seconds):
    return await times_out(model, prompt, seconds + 0.09)


async def adds_a_mark(model, prompt, seconds):
    text = await times_out(model, prompt, seconds)
    return text if text.endswith(".") else text + "…"


async def yields_within(model, prompt, seconds):
    yield await times_out(model, prompt, seconds)


def plain_within(model, prompt, seconds):
    return "".join(chunk.content for chunk in model.stream(prompt))


async def in_milliseconds(model, prompt, seconds):
    return await times_out(model, prompt, seconds / 1000)


async def always_within_three_seconds(model, prompt, seconds):
    return await times_out(model, prompt, 3)


async def always_within_a_minute(model, prompt, seconds):
    return await times_out(model, prompt, 60)


async def a_little_less(model, prompt, seconds):
    return await times_out(model, prompt, seconds - 0.5)


async def asks_its_own_prompt(model, prompt, seconds):
    return await times_out(model, "Name a river.", seconds)


async def keeps_a_cancellation_to_itself(model, prompt, seconds):
    text = ""
    try:
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                text += chunk.content
    except (TimeoutError, asyncio.CancelledError):
        pass
    return text


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


async def makes_a_cancellation_an_error(model, prompt, seconds):
    try:
        return await times_out(model, prompt, seconds)
    except asyncio.CancelledError:
        raise ValueError("stopped") from None


async def adds_chunks_up(model, prompt, seconds):
    whole = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                whole = chunk if whole is None else whole + chunk
    return whole.content


async def names_what_never_came(model, prompt, seconds):
    pieces = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                pieces.append(chunk.content)
                text = "".join(pieces)
    return text


async def catches_inside(model, prompt, seconds):
    text = ""
    async with asyncio.timeout(seconds):
        try:
            async for chunk in model.astream(prompt):
                text += chunk.content
        except TimeoutError:
            pass
    return text


async def loses_the_last_piece(model, prompt, seconds):
    text = before = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                text += before
                before = chunk.content
            text += before
    return text


async def drops_line_breaks(model, prompt, seconds):
    text = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                if chunk.content.strip():
                    text += chunk.content
    return text


async def keeps_the_latest_chunk(model, prompt, seconds):
    text = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                text = chunk.content
    return text


async def calls_its_coroutine(model, prompt, seconds):
    pieces = []
    async with asyncio.timeout(seconds):
        collect(pieces, model, prompt)
    return "".join(pieces)


async def forgets_to_await(model, prompt, seconds):
    pieces = []
    asyncio.wait_for(collect(pieces, model, prompt), seconds)
    return "".join(pieces)


async def waits_for_no_task(model, prompt, seconds):
    pieces = []
    async with asyncio.timeout(seconds):
        asyncio.create_task(collect(pieces, model, prompt))  # noqa: RUF006
    return "".join(pieces)


WRONG_4_4 = (
    (drops_line_breaks, r"a line break and nothing else, `'.n.n'`, is lost: .* such a piece empty"),
    (
        keeps_the_latest_chunk,
        "with no text. .* Its last chunk is empty. Does each chunk take the place",
    ),
    (calls_its_coroutine, "a call of `collect` made a coroutine, and nobody awaited it"),
    (forgets_to_await, "a call of `wait_for` made a coroutine, and nobody awaited it"),
    (waits_for_no_task, r"after 0\.0 s, with no text. The task of `collect` was still at work"),
    (looks_between_chunks, r"came back after 3\d\.\d s, when the next .* Who looks at the clock"),
    (looks_by_a_clock_imported_by_name, "when the next piece came after a silence"),
    (waits_for_the_whole, "with no text. .* `ainvoke` hands over nothing before the end"),
    (
        lets_the_error_out,
        r"After \d\.\d s a `TimeoutError` came out of `text_within`.*that had arrived\.$",
    ),
    (
        adds_chunks_up,
        "AttributeError: .*at the line `return whole.content`, when not even the empty first chunk",
    ),
    (names_what_never_came, "UnboundLocalError.*, when not even the empty first chunk had come"),
    (catches_inside, "names that error.*Where does your `try` stand"),
    (forgets_the_time, r"came back after 3\d\.\d s, when the reply had come to its end"),
    (times_each_chunk, "after the latest chunk. When does its time begin to count"),
    (reads_on, r"The model went on all the same: \d+ more pieces"),
    (shields, r"The model went on all the same: \d+ more pieces"),
    (blocks_until_the_end, r"nothing else on the event loop could run"),
    (swallows_all_errors, "the connection is lost.* returns `'.*` as if time were up"),
    (always_waits, r"was complete after \d.\d s, and `text_within` came back after 60.0 s"),
    (returns_none_in_time, "`None`; the exercise asks for the text that arrived"),
    (starts_again_with_nothing, "with no text. `The .*` had arrived by then"),
    (returns_pieces, "a `list`; the exercise asks for one text"),
    (takes_one_more, "with `The .*`. `.*` came later than that"),
    (adds_a_mark, "isn't what had arrived. It parts from the reply at character"),
    (yields_within, "Calling `text_within` gives an async generator"),
    (plain_within, "nothing else on the event loop could run"),
    (in_milliseconds, r"60\.0 s were allowed, and `text_within` came back after 0\.1 s, with no"),
    (
        always_within_three_seconds,
        r"stopped at 3\.0 s, in the middle of a silence. Is `seconds` used",
    ),
    (always_within_a_minute, r"came back after 3\d\.\d s, when the reply had come to its end"),
    (a_little_less, r"came back after \d\.\d s, with `.*`. More was to come. Is `seconds` used as"),
    (asks_its_own_prompt, "was `How does a tide come about.`, and the model was asked `Name a r"),
    (keeps_a_cancellation_to_itself, "was cancelled, it came back as if nothing had happened"),
    (catches_what_is_no_error, "was cancelled, it came back as if nothing had happened"),
    (makes_a_cancellation_an_error, "`ValueError: stopped` came out in place of the cancellation"),
    (loses_the_last_piece, "What had arrived by then is longer"),
)


@pytest.mark.parametrize(("text_within", "said"), with_reason(*WRONG_4_4))
def test_4_4_says_what_is_wrong_with_code_that(text_within, said):
    wrong("4.4", text_within, said)
