"""Lesson 4's checks: what works passes, however it is written; what doesn't is told apart."""

# ruff: noqa: ASYNC100, ASYNC110, ASYNC251, PERF401 (learners write such code)

import asyncio
import contextlib
import json
import re
import time
from contextlib import aclosing
from time import monotonic, perf_counter, sleep

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableGenerator

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils import source
from utils.checks import evaluate

# --- 4.1 ------------------------------------------------------------------------------------------


async def shouts(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()


async def shouts_and_closes(model, prompt):
    async with aclosing(model.astream(prompt)) as chunks:
        async for chunk in chunks:
            if chunk.content:
                yield chunk.text.upper()


async def shouts_a_chain(model, prompt):
    async for text in (model | StrOutputParser()).astream(prompt):
        yield text.upper()


def shouts_by_expression(model, prompt):
    return (chunk.content.upper() async for chunk in model.astream(prompt))


def shouts_by_a_step(model, prompt):
    async def capitals(texts):
        async for text in texts:
            yield text.upper()

    return (model | StrOutputParser() | RunnableGenerator(capitals)).astream(prompt)


async def shouts_by_a_queue(model, prompt):
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


async def shouts_by_events(model, prompt):
    async for event in model.astream_events(prompt, version="v2"):
        if event["event"] == "on_chat_model_stream":
            yield event["data"]["chunk"].content.upper()


async def shouts_from_a_thread(model, prompt):
    chunks = model.stream(prompt)
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk.content.upper()


@pytest.mark.parametrize(
    "shout",
    by_name(
        shouts,
        shouts_and_closes,
        shouts_a_chain,
        shouts_by_expression,
        shouts_by_a_step,
        shouts_by_a_queue,
        shouts_by_events,
        shouts_from_a_thread,
    ),
)
def test_4_1_accepts(shout):
    right("4.1", shout)


async def blocks(model, prompt):
    for chunk in model.stream(prompt):
        yield chunk.content.upper()


async def blocks_with_invoke(model, prompt):
    yield model.invoke(prompt).content.upper()


async def sleeps_between(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()
        sleep(0.05)


async def awaits_the_whole(model, prompt):
    yield (await model.ainvoke(prompt)).content.upper()


async def awaits_it_and_cuts_it_up(model, prompt):
    for word in (await model.ainvoke(prompt)).content.upper().split(" "):
        yield word + " "


async def invokes_in_a_thread(model, prompt):
    yield (await asyncio.to_thread(model.invoke, prompt)).content.upper()


async def collects(model, prompt):
    texts = [chunk.content async for chunk in model.astream(prompt)]
    for text in texts:
        yield text.upper()


async def one_behind(model, prompt):
    before = ""
    async for chunk in model.astream(prompt):
        yield before
        before = chunk.content.upper()
    yield before


async def whole_words(model, prompt):
    rest = ""
    async for chunk in model.astream(prompt):
        *words, rest = (rest + chunk.content.upper()).split(" ")
        for word in words:
            yield word + " "
    yield rest


async def returns_text(model, prompt):
    return "".join([chunk.content.upper() async for chunk in model.astream(prompt)])


async def returns_a_list(model, prompt):
    return [chunk.content.upper() async for chunk in model.astream(prompt)]


async def prints(model, prompt):
    async for chunk in model.astream(prompt):
        print(chunk.content.upper(), end="", flush=True)


async def returns_a_stream(model, prompt):
    return shouts(model, prompt)


def plain_generator(model, prompt):
    for chunk in model.stream(prompt):
        yield chunk.content.upper()


def plain_function(model, prompt):
    return [chunk.content.upper() for chunk in model.stream(prompt)]


def runs_a_loop(model, prompt):
    async def main():
        return [text async for text in shouts(model, prompt)]

    return asyncio.run(main())


async def small_letters(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content


async def first_letters(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.capitalize()


async def chunks(model, prompt):
    async for chunk in model.astream(prompt):
        chunk.content = chunk.content.upper()
        yield chunk


async def strips(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper().strip()


async def all_so_far(model, prompt):
    text = ""
    async for chunk in model.astream(prompt):
        text += chunk.content.upper()
        yield text


async def only_the_first(model, prompt):
    async for chunk in model.astream(prompt):
        if chunk.content:
            yield chunk.content.upper()
            return


async def asks_nobody(model, prompt):
    yield "THE DANUBE."


async def asks_twice(model, prompt):
    if (await model.ainvoke(prompt)).content:
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()


async def loops_plainly(model, prompt):
    for chunk in model.astream(prompt):
        yield chunk.content.upper()


async def awaits_the_stream(model, prompt):
    async for chunk in await model.astream(prompt):
        yield chunk.content.upper()


async def shouts_at_a_chunk(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.upper()


async def waits_for_ever(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()
    await asyncio.Event().wait()


async def yields_for_ever(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()
    while True:
        await asyncio.sleep(1)


WRONG_4_1 = (
    (blocks, r"nothing else on the event loop could run: .* \d\.\d s in `.stream\(…\)`"),
    (blocks_with_invoke, r"nothing else on the event loop could run: .* in `.invoke\(…\)`"),
    (sleeps_between, "a `sleep` that isn't asyncio's"),
    (awaits_the_whole, "called with `ainvoke`, which returns when all"),
    (awaits_it_and_cuts_it_up, "called with `ainvoke`, which returns when all"),
    (invokes_in_a_thread, "called with `invoke`, which returns when all"),
    (collects, "nothing came out until all 23 pieces"),
    (one_behind, "At one time 1 of 23 pieces had arrived"),
    (whole_words, r"At one time \d of 23 pieces had arrived"),
    (returns_text, "hands over a `str`, once, when all is over"),
    (returns_a_list, "hands over a `list`, once, when all is over"),
    (prints, "hands over nothing, `None`, once"),
    (returns_a_stream, "the stream is what comes of awaiting it"),
    (plain_generator, "is a plain generator, for `for`"),
    (plain_function, "Calling `shout` gave a `list`"),
    (runs_a_loop, r"RuntimeError: asyncio.run\(\) cannot be called"),
    (small_letters, "comes as the model wrote it: `The Danube"),
    (first_letters, "not all of it is in capitals"),
    (chunks, "a whole chunk, an `AIMessageChunk`"),
    (strips, "The letters are right and the white space isn't"),
    (all_so_far, "yielded again and again"),
    (only_the_first, "Only 1 of 23 pieces of the reply was read"),
    (asks_nobody, "never asked the model that it was given"),
    (asks_twice, "The model was asked twice"),
    (loops_plainly, "TypeError: 'async_generator' object is not iterable.*`for chunk in"),
    (awaits_the_stream, "TypeError: .*await.*`async for chunk in await"),
    (shouts_at_a_chunk, "AttributeError: .*'upper'.*`yield chunk.upper"),
    (waits_for_ever, "waits for something that never comes"),
    (yields_for_ever, "never came to an end: ten minutes went by on the model's clock"),
)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize(("shout", "said"), with_reason(*WRONG_4_1))
def test_4_1_says_what_is_wrong_with_code_that(shout, said):
    wrong("4.1", shout, said)


# --- 4.2 ------------------------------------------------------------------------------------------

BEATS = {"A": True, "B": False, "C": True, "D": False, "E": True, "F": False}


def test_4_2_accepts_the_truth_in_any_order():
    right("4.2", BEATS)
    right("4.2", dict(reversed(BEATS.items())))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("A", "the longest pause was 0.05 s. .*Who has the loop then"),
        (
            "B",
            r"the heart beat \d+ times?, and the longest pause was [1-9].*`for` stays what it is",
        ),
        ("C", "the longest pause was 0.05 s. .*how it is delivered"),
        ("D", r"the longest pause was [1-9].* s\. Making a task only says when"),
        ("E", "the longest pause was 0.05 s. .*On what does it run here"),
        ("F", r"the longest pause was 0\.\d\d s. .*on whose time"),
    ],
)
def test_4_2_shows_a_run_and_the_misconception_behind_one_wrong_entry(name, said):
    message = wrong("4.2", {**BEATS, name: not BEATS[name]}, f"^{name} has just been run.*{said}")
    assert re.findall(r"\b[A-F]\b", message.message) == [name], "it names others, too"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({name: not beats for name, beats in BEATS.items()}, "^A has just been run"),
        ({**BEATS, "C": "yes"}, "^C: the answer is `True` or `False`, not `'yes'`"),
        ({**BEATS, "G": True}, "There is no snippet G; there are A to F"),
        ({"A": True, "B": ...}, "No answer yet for B and C and D and E and F"),
        ([True, False], "a dict with a snippet's letter as key, not a `list`"),
    ],
)
def test_4_2_says_what_an_answer_looks_like(answer, said):
    wrong("4.2", answer, said)


def test_4_2_is_not_attempted_while_there_are_only_dots():
    assert evaluate("4.2", dict.fromkeys("ABCDEF", ...)).status == "not attempted"


# --- 4.3 ------------------------------------------------------------------------------------------


async def text_of(model, prompt):
    return "".join([chunk.content async for chunk in model.astream(prompt)])


async def asks_in_a_group(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return await text_of(model, prompt)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(prompt)) for prompt in prompts]
    return [task.result() for task in tasks]


async def gathers(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return await text_of(model, prompt)

    return await asyncio.gather(*map(ask, prompts))


async def batches_with_a_limit(model, prompts, at_most):
    messages = await model.abatch(prompts, config={"max_concurrency": at_most})
    return [message.content for message in messages]


async def workers_share_a_list(model, prompts, at_most):
    waiting, texts = list(enumerate(prompts)), [""] * len(prompts)

    async def work():
        while waiting:
            at, prompt = waiting.pop(0)
            texts[at] = await text_of(model, prompt)

    await asyncio.gather(*(work() for _ in range(at_most)))
    return texts


async def sends_the_next_when_one_is_done(model, prompts, at_most):
    running, tasks = set(), []
    for prompt in prompts:
        if len(running) >= at_most:
            _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        tasks.append(asyncio.create_task(text_of(model, prompt)))
        running.add(tasks[-1])
    return [await task for task in tasks]


@pytest.mark.parametrize(
    "ask_all",
    by_name(
        asks_in_a_group,
        gathers,
        batches_with_a_limit,
        workers_share_a_list,
        sends_the_next_when_one_is_done,
    ),
)
def test_4_3_accepts(ask_all):
    right("4.3", ask_all)


async def one_after_the_other(model, prompts, at_most):
    return [await text_of(model, prompt) for prompt in prompts]


async def no_limit(model, prompts, at_most):
    return await asyncio.gather(*(text_of(model, prompt) for prompt in prompts))


async def a_semaphore_for_each(model, prompts, at_most):
    async def ask(prompt):
        async with asyncio.Semaphore(at_most):
            return await text_of(model, prompt)

    return await asyncio.gather(*map(ask, prompts))


async def a_semaphore_around_the_start(model, prompts, at_most):
    turn, tasks = asyncio.Semaphore(at_most), []
    for prompt in prompts:
        async with turn:
            tasks.append(asyncio.create_task(text_of(model, prompt)))
    return [await task for task in tasks]


async def a_limit_of_its_own(model, prompts, at_most):
    return await gathers(model, prompts, 3)


async def in_batches(model, prompts, at_most):
    texts = []
    for at in range(0, len(prompts), at_most):
        batch = prompts[at : at + at_most]
        texts += await asyncio.gather(*(text_of(model, prompt) for prompt in batch))
    return texts


async def in_the_order_of_finishing(model, prompts, at_most):
    turn, texts = asyncio.Semaphore(at_most), []

    async def ask(prompt):
        async with turn:
            texts.append(await text_of(model, prompt))

    await asyncio.gather(*map(ask, prompts))
    return texts


async def blocks_them_all(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return "".join(chunk.content for chunk in model.stream(prompt))

    return await asyncio.gather(*map(ask, prompts))


def blocks_in_a_plain_function(model, prompts, at_most):
    return ["".join(chunk.content for chunk in model.stream(prompt)) for prompt in prompts]


async def batches_without_a_limit(model, prompts, at_most):
    return [message.content for message in await model.abatch(prompts)]


async def returns_messages(model, prompts, at_most):
    return await model.abatch(prompts, config={"max_concurrency": at_most})


async def returns_lists_of_chunks(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return [chunk.content async for chunk in model.astream(prompt)]

    return await asyncio.gather(*map(ask, prompts))


async def returns_tasks(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return await text_of(model, prompt)

    return [asyncio.create_task(ask(prompt)) for prompt in prompts]


async def returns_coroutines(model, prompts, at_most):
    return [text_of(model, prompt) for prompt in prompts]


async def returns_a_dict(model, prompts, at_most):
    return dict(zip(prompts, await gathers(model, prompts, at_most), strict=True))


async def returns_nothing(model, prompts, at_most):
    await gathers(model, prompts, at_most)


async def joins_them(model, prompts, at_most):
    return "\n".join(await gathers(model, prompts, at_most))


async def yields_them(model, prompts, at_most):
    for text in await gathers(model, prompts, at_most):
        yield text


async def keeps_errors_in_the_list(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return await text_of(model, prompt)

    return await asyncio.gather(*map(ask, prompts), return_exceptions=True)


async def swallows_errors(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            text = ""
            with contextlib.suppress(Exception):
                async for chunk in model.astream(prompt):
                    text += chunk.content
            return text

    return await asyncio.gather(*map(ask, prompts))


async def none_for_an_error(model, prompts, at_most):
    try:
        return await gathers(model, prompts, at_most)
    except Exception:
        return None


async def trips_over_no_prompts(model, prompts, at_most):
    tasks = [asyncio.create_task(text) for text in await_each(model, prompts, at_most)]
    await asyncio.wait(tasks)
    return [task.result() for task in tasks]


def await_each(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return await text_of(model, prompt)

    return [ask(prompt) for prompt in prompts]


async def none_for_no_prompts(model, prompts, at_most):
    return await gathers(model, prompts, at_most) or None


async def asks_the_first_for_all(model, prompts, at_most):
    return await gathers(model, prompts[:1] * len(prompts), at_most)


async def asks_the_list(model, prompts, at_most):
    return [await text_of(model, " ".join(prompts))]


async def sets_them_free(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        await turn.acquire()
        return await text_of(model, prompt)

    return await asyncio.gather(*map(ask, prompts))


async def names_a_thing_that_is_not(model, prompts, at_most):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(text_off(model, prompt)) for prompt in prompts]  # noqa: F821
    return [task.result() for task in tasks]


WRONG_4_3 = (
    (one_after_the_other, "With `at_most=2` and 5 prompts, one reply streamed after the other"),
    (no_limit, "With `at_most=2` and 5 prompts, 5 replies streamed at once.$"),
    (a_semaphore_for_each, "5 replies streamed at once. There is a semaphore in your code: how"),
    (a_semaphore_around_the_start, "5 replies streamed at once. There is a semaphore"),
    (a_limit_of_its_own, "With `at_most=2` and 5 prompts, 3 replies streamed at once"),
    (in_batches, r"its place stayed free for \d\.\d s, while 3 prompts waited"),
    (in_the_order_of_finishing, "in the order in which they ended and not in that of the prompts"),
    (blocks_them_all, r"nothing else on the event loop could run: .* in `.stream\(…\)`"),
    (blocks_in_a_plain_function, r"nothing else on the event loop could run"),
    (batches_without_a_limit, "5 replies streamed at once"),
    (returns_messages, "The list holds messages"),
    (returns_lists_of_chunks, "The list holds lists of pieces"),
    (returns_tasks, "The list holds a `Task` in place of a text"),
    (returns_coroutines, "The list holds a `coroutine` in place of a text"),
    (returns_a_dict, "a `dict` came back"),
    (returns_nothing, "`None` came back"),
    (joins_them, "a `str` came back"),
    (yields_them, "Calling `ask_all` gives an async generator"),
    (keeps_errors_in_the_list, "the error came back inside the list"),
    (swallows_errors, "nothing was raised, and `'Twic.*` came back as its text"),
    (none_for_an_error, "connection was lost, nothing was raised, and `None` came back"),
    (trips_over_no_prompts, "ValueError: .*for no prompts at all"),
    (none_for_no_prompts, "For no prompts at all, `None` came back"),
    (asks_the_first_for_all, "The prompt `Name a river.` was asked 5 times"),
    (asks_the_list, "which isn't one of the prompts"),
    (sets_them_free, "waits for something that never comes"),
    (names_a_thing_that_is_not, "NameError: .*text_off.*at the line `tasks ="),
)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize(("ask_all", "said"), with_reason(*WRONG_4_3))
def test_4_3_says_what_is_wrong_with_code_that(ask_all, said):
    wrong("4.3", ask_all, said)


# --- 4.4 ------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "text_within", by_name(times_out, waits_for_a_reader, counts_down, cancels_a_task)
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


async def adds_a_mark(model, prompt, seconds):
    text = await times_out(model, prompt, seconds)
    return text if text.endswith(".") else text + "…"


async def yields_within(model, prompt, seconds):
    yield await times_out(model, prompt, seconds)


def plain_within(model, prompt, seconds):
    return "".join(chunk.content for chunk in model.stream(prompt))


async def in_milliseconds(model, prompt, seconds):
    return await times_out(model, prompt, seconds / 1000)


async def loses_the_last_piece(model, prompt, seconds):
    text = before = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for chunk in model.astream(prompt):
                text += before
                before = chunk.content
            text += before
    return text


WRONG_4_4 = (
    (looks_between_chunks, r"came back after 3\d\.\d s, when the next .* Who looks at the clock"),
    (looks_by_a_clock_imported_by_name, "when the next piece came after a silence"),
    (waits_for_the_whole, "with no text. .* `ainvoke` hands over nothing before the end"),
    (lets_the_error_out, r"After \d\.\d s a `TimeoutError` came out of `text_within`"),
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
    (adds_a_mark, "isn't what had arrived. It parts from the reply at character"),
    (yields_within, "Calling `text_within` gives an async generator"),
    (plain_within, "nothing else on the event loop could run"),
    (in_milliseconds, r"60\.0 s were allowed, and `text_within` came back after 0\.1 s, with no"),
    (loses_the_last_piece, "What had arrived by then is longer"),
)


@pytest.mark.parametrize(("text_within", "said"), with_reason(*WRONG_4_4))
def test_4_4_says_what_is_wrong_with_code_that(text_within, said):
    wrong("4.4", text_within, said)


# --- 4.5 ------------------------------------------------------------------------------------------


def frames_json(text):
    return f"data: {json.dumps(text)}\n\n"


def frames_json_with_its_letters(text):
    return "data:" + json.dumps(text, ensure_ascii=False) + "\r\n\r\n"


def frames_with_a_type(text):
    return f"event: message\nid: 1\ndata: {json.dumps(text)}\n\n"


def frames_after_a_comment(text):
    return "\n".join([": a piece of text", "data: " + json.dumps(text), "", ""])


@pytest.mark.parametrize(
    "frame",
    by_name(frames_json, frames_json_with_its_letters, frames_with_a_type, frames_after_a_comment),
)
def test_4_5_accepts(frame):
    right("4.5", frame)


def raw(text):
    return f"data: {text}\n\n"


def one_line_end(text):
    return f"data: {json.dumps(text)}\n"


def no_line_end(text):
    return f"data: {json.dumps(text)}"


def no_data(text):
    return f"{json.dumps(text)}\n\n"


def of_python(text):
    return f"data: {text!r}\n\n"


def in_bytes(text):
    return frames_json(text).encode()


def many_data_lines(text):
    return "".join(f"data: {line}\n" for line in text.split("\n")) + "\n"


def in_an_object(text):
    return f"data: {json.dumps({'text': text})}\n\n"


def in_a_list(text):
    return f"data: {json.dumps([text])}\n\n"


def twice(text):
    return f"data: {json.dumps(json.dumps(text))}\n\n"


def with_line_ends_replaced(text):
    return "data: " + text.replace("\n", "\\n") + "\n\n"


def in_quotes(text):
    return f'data: "{text}"\n\n'


def of_another_type(text):
    return f"event: token\ndata: {json.dumps(text)}\n\n"


def two_events(text):
    return f"data: {json.dumps(text)}\n\ndata: {json.dumps(text)}\n\n"


def indented(text):
    return f"""
    data: {json.dumps(text)}

    """


def stripped(text):
    return f"data: {json.dumps(text.strip())}\n\n"


def prints_it(text):
    print(f"data: {json.dumps(text)}\n")


async def awaits_it(text):
    return frames_json(text)


def yields_it(text):
    yield frames_json(text)


def leaves_a_rest(text):
    return f"data: {json.dumps(text)}\n\nid"


def only_ascii(text):
    return f"data: {json.dumps(text.encode('ascii').decode())}\n\n"


WRONG_4_5 = (
    (raw, "`'Hello'`, the data is the text as it stands, which is no JSON"),
    (one_line_end, "As it ends there, a page still waits for the rest of it"),
    (no_line_end, "As it ends there, a page still waits for the rest of it"),
    (no_data, "No line of it says that it is data"),
    (of_python, "Python's spelling"),
    (in_bytes, "`bytes`; the exercise asks for a text"),
    (many_data_lines, "the data is the text as it stands"),
    (in_an_object, "a `dict` around the text"),
    (in_a_list, "a `list` around the text"),
    (twice, "turned into JSON twice"),
    (with_line_ends_replaced, "the data is the text as it stands"),
    (in_quotes, "the data is .*Two.*, and a page that reads JSON fails at it"),
    (of_another_type, "The event's type is `token`"),
    (two_events, "a page hears 2 events"),
    (indented, "No line of it says that it is data"),
    (stripped, "a page gets `''`"),
    (prints_it, "`frame` returns `None`. Did it print"),
    (awaits_it, "`frame` is an `async def`"),
    (yields_it, "There is a `yield` in `frame`"),
    (leaves_a_rest, "Each frame is right by itself"),
    (only_ascii, "UnicodeEncodeError: .*for the text `'🌊"),
)


@pytest.mark.parametrize(("frame", "said"), with_reason(*WRONG_4_5))
def test_4_5_says_what_is_wrong_with_code_that(frame, said):
    wrong("4.5", frame, said)


# --- 4.6 ------------------------------------------------------------------------------------------

HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
END = "event: end\ndata: {}\n\n"


def sent(frames):
    return StreamingResponse(frames, media_type="text/event-stream", headers=HEADERS)


def streaming(frames, headers=HEADERS, media_type="text/event-stream", path="/chat"):
    """A `create_app` whose endpoint sends `frames(model, question)`."""

    def create_app(model):
        app = FastAPI()

        @app.get(path)
        async def chat(question: str):
            return StreamingResponse(
                frames(model, question), media_type=media_type, headers=headers
            )

        return app

    create_app.__name__ = frames.__name__
    return create_app


async def frames_and_closes(model, question):
    async with aclosing(model.astream(question)) as chunks:
        async for chunk in chunks:
            if chunk.content:
                yield frames_json(chunk.content)
    yield END


async def frames_plainly(model, question):
    async for chunk in model.astream(question):
        yield frames_json(chunk.content)
    yield 'event: end\ndata: "done"\n\n'


async def frames_bytes_of_a_chain(model, question):
    async for text in (model | StrOutputParser()).astream(question):
        yield frames_json(text).encode()
    yield END.encode()


def by_fastapi(model):
    app = FastAPI()

    @app.get("/chat", response_class=EventSourceResponse)
    async def chat(question: str):
        async for chunk in model.astream(question):
            if chunk.content:
                yield ServerSentEvent(data=chunk.content)
        yield ServerSentEvent(data={}, event="end")

    return app


def with_charset_and_more(model):
    return streaming(frames_and_closes, media_type="text/event-stream; charset=utf-8")(model)


@pytest.mark.parametrize(
    "create_app",
    by_name(
        streaming(frames_and_closes),
        streaming(frames_plainly),
        streaming(frames_bytes_of_a_chain),
        by_fastapi,
        with_charset_and_more,
    ),
)
def test_4_6_accepts(create_app):
    right("4.6", create_app)


async def with_a_loop_that_blocks(model, question):
    for chunk in model.stream(question):
        yield frames_json(chunk.content)
    yield END


def with_a_thread_that_reads(model, question):
    for chunk in model.stream(question):
        yield frames_json(chunk.content)
    yield END


async def collected_first(model, question):
    texts = [chunk.content async for chunk in model.astream(question)]
    for text in texts:
        yield frames_json(text)
    yield END


async def all_in_one(model, question):
    yield frames_json((await model.ainvoke(question)).content)
    yield END


async def without_an_end(model, question):
    async for chunk in model.astream(question):
        yield frames_json(chunk.content)


async def with_an_end_that_nobody_hears(model, question):
    async for text in without_an_end(model, question):
        yield text
    yield "event: end\n\n"


async def with_another_end(model, question):
    async for text in without_an_end(model, question):
        yield text
    yield "event: close\ndata: {}\n\n"


async def with_done(model, question):
    async for text in without_an_end(model, question):
        yield text
    yield "data: [DONE]\n\n"


async def with_an_end_each_time(model, question):
    async for text in without_an_end(model, question):
        yield text + END


async def of_raw_text(model, question):
    async for chunk in model.astream(question):
        yield f"data: {chunk.content}\n\n"
    yield END


async def of_objects(model, question):
    async for chunk in model.astream(question):
        yield f"data: {json.dumps({'text': chunk.content})}\n\n"
    yield END


async def of_bare_text(model, question):
    async for chunk in model.astream(question):
        yield chunk.content


async def of_chunks(model, question):
    async for chunk in model.astream(question):
        yield chunk


async def of_tokens(model, question):
    async for chunk in model.astream(question):
        yield f"event: token\ndata: {json.dumps(chunk.content)}\n\n"
    yield END


async def of_json_in_json(model, question):
    async for chunk in model.astream(question):
        if chunk.content:
            yield frames_json(json.dumps(chunk.content))
    yield END


async def one_frame_behind(model, question):
    before = ""
    async for chunk in model.astream(question):
        if before:
            yield frames_json(before)
        before = chunk.content
    yield frames_json(before) + END


async def of_another_question(model, question):
    async for text in frames_and_closes(model, "How do tides work? & why"):
        yield text


async def filled_in_the_background(model, question):
    pieces = asyncio.Queue()

    async def fill():
        async for chunk in model.astream(question):
            pieces.put_nowait(chunk.content)
        pieces.put_nowait(None)

    filling = asyncio.create_task(fill())
    while (piece := await pieces.get()) is not None:
        yield frames_json(piece)
    yield END
    await filling


async def of_nothing(model, question):
    return
    yield


async def of_what_was_read(model, question):
    async for chunk in model.astream(question):
        if not chunk:
            yield frames_json(chunk)


async def that_fail(model, question):
    async for chunk in model.astream(question):
        yield frames_json(chunk.txet)


LOCK = {}


async def with_a_lock(model, question):
    lock = LOCK.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with lock:
        async for text in frames_and_closes(model, question):
            yield text


def at_another_path(model):
    return streaming(frames_and_closes, path="/")(model)


def of_plain_text(model):
    return streaming(frames_and_closes, media_type="text/plain")(model)


def of_no_type(model):
    return streaming(frames_and_closes, media_type=None)(model)


def without_a_word_to_proxies(model):
    return streaming(frames_and_closes, headers={"Cache-Control": "no-cache"})(model)


def with_the_cache_in_control(model):
    return streaming(frames_and_closes, headers={**HEADERS, "Cache-Control": "public"})(model)


def with_a_proxy_that_buffers(model):
    return streaming(frames_and_closes, headers={**HEADERS, "X-Accel-Buffering": "yes"})(model)


def answers_nothing(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        return str(question) and None

    return app


def with_another_parameter(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(prompt: str):
        return sent(frames_and_closes(model, prompt))

    return app


def by_post(model):
    app = FastAPI()

    @app.post("/chat")
    async def chat(question: str):
        return sent(frames_and_closes(model, question))

    return app


def whole(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        return PlainTextResponse((await model.ainvoke(question)).content)

    return app


def returns_no_answer(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        model.astream(question)

    return app


def returns_no_app(model):
    streaming(frames_and_closes)(model)


def returns_the_function(model):
    async def chat(question: str):
        return StreamingResponse(frames_and_closes(model, question))

    return chat


async def makes_it_later(model):
    return streaming(frames_and_closes)(model)


def asks_when_it_is_made(model):
    model.invoke("Hello")
    return streaming(frames_and_closes)(model)


def without_a_question(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat():
        return sent(frames_and_closes(model, "Name a river."))

    return app


def one_stream_for_all(model):
    app = FastAPI()
    kept = []

    @app.get("/chat")
    async def chat(question: str):
        kept.append(question)
        return sent(last_of(kept, model))

    return app


async def last_of(kept, model):
    await asyncio.sleep(0.01)
    async for text in frames_and_closes(model, kept[-1]):
        yield text


WRONG_4_6 = (
    (streaming(with_a_loop_that_blocks), "the event loop stood still for .* answered nobody else"),
    (streaming(with_a_thread_that_reads), "A reader left after 4 events, and .* stayed open"),
    (streaming(collected_first), "the first one was sent when all 12 pieces .* were there"),
    (streaming(all_in_one), "the first one was sent when all 12 pieces"),
    (streaming(without_an_end), "nothing says that the reply is over"),
    (streaming(with_an_end_that_nobody_hears), "`event: end` is in what was sent, and a page nev"),
    (streaming(with_another_end), "An event of the type `close` came"),
    (streaming(with_done), r"`'\[DONE\]'`, which is no JSON"),
    (streaming(with_an_end_each_time), "came more than once, or before the last text"),
    (streaming(of_raw_text), "The data of an event is `.*`, which is no JSON"),
    (streaming(of_objects), "a `dict`. The exercise asks for the text itself"),
    (streaming(of_bare_text), "a page hears no event in it"),
    (streaming(of_chunks), "AttributeError: .*, when the app was asked"),
    (streaming(of_tokens), "An event of the type `token` came"),
    (streaming(of_json_in_json), "turned into JSON twice"),
    (streaming(one_frame_behind), "At one time 1 of 12 pieces had arrived and weren't sent"),
    (streaming(of_another_question), "was `Why do rivers bend.`, and the model was asked `How do"),
    (streaming(filled_in_the_background), r"left after 4 events, and the model went on: \d+ more"),
    (streaming(of_nothing), "is answered with nothing, and the model was never asked"),
    (streaming(of_what_was_read), "status 200, and no byte after its headers"),
    (streaming(that_fail), "AttributeError: .*txet.*at the line `yield frames_json"),
    (streaming(with_a_lock), "Two readers asked at once, and one of them waited for the other"),
    (at_another_path, "answered with status 404: nothing is there"),
    (of_plain_text, "content type is `text/plain; charset=utf-8`"),
    (of_no_type, "content type is `missing`"),
    (without_a_word_to_proxies, "`X-Accel-Buffering` is missing: nginx"),
    (with_the_cache_in_control, "`Cache-Control` is `public`: a proxy"),
    (with_a_proxy_that_buffers, "`X-Accel-Buffering` is `yes`"),
    (answers_nothing, "is answered with `null`, and the model was never asked"),
    (with_another_parameter, "status 422: FastAPI misses `prompt` in the query"),
    (by_post, "status 405: not by `GET`"),
    (whole, "content type is `text/plain"),
    (returns_no_answer, "`chat` made a stream with `.astream.*, and nobody read it"),
    (returns_no_app, "returns `None`. Where does the app go"),
    (returns_the_function, "returns a `function`; the exercise asks for the app"),
    (makes_it_later, "`create_app` is an `async def`"),
    (asks_when_it_is_made, "The model was asked when the app was made"),
    (without_a_question, "and the model was asked `Name a river.`"),
    (one_stream_for_all, "Of two at once, one gets"),
)


@pytest.mark.parametrize(("create_app", "said"), with_reason(*WRONG_4_6))
def test_4_6_says_what_is_wrong_with_code_that(create_app, said):
    wrong("4.6", create_app, said)


def test_4_6_wants_the_function_and_not_an_app():
    wrong("4.6", FastAPI(), "it was given an app")


def test_4_6_says_that_it_needs_the_exercise_before():
    text = """
def create_app(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async def frames():
            async for chunk in model.astream(question):
                yield frame(chunk.content)

        return StreamingResponse(frames(), media_type="text/event-stream", headers=HEADERS)

    return app
"""
    stub = "def frame(text):\n    ..."
    for before, status in (("", "not yet"), (stub, "not yet"), (f"{stub}\n    return 1", None)):
        names = {**globals()}
        exec(f"{before}\n{text}", names)
        outcome = evaluate("4.6", names["create_app"])
        assert ("it is exercise 4.5" in outcome.message) == (status is not None)


# --- 4.7 ------------------------------------------------------------------------------------------


async def tells_stages(events):
    current = None
    async for event in events:
        name, data = event["event"], event["data"]
        if name == "on_chat_model_start":
            stage = "Thinking"
        elif name == "on_tool_start":
            stage = f"Tool call: {event['name']}"
        elif name == "on_chat_model_stream" and data["chunk"].content:
            stage = "Answer"
        else:
            continue
        if stage != current:
            yield stage
            current = stage


async def matches(events):
    said = ""
    async for event in events:
        match event:
            case {"event": "on_chat_model_start"}:
                stage = "Thinking"
            case {"event": "on_tool_start", "name": name}:
                stage = "Tool call: " + name
            case {"event": "on_chat_model_stream", "data": {"chunk": chunk}} if chunk.text:
                stage = "Answer"
            case _:
                stage = said
        if stage != said:
            yield stage
        said = stage


def named(event):
    kind = event["event"]
    if kind == "on_chat_model_stream":
        return "Answer" if event["data"]["chunk"].content else None
    tool = f"Tool call: {event['name']}"
    return {"on_chat_model_start": "Thinking", "on_tool_start": tool}.get(kind)


async def by_a_helper(events):
    before = None
    async with aclosing(events):
        async for event in events:
            stage = named(event) or before
            if stage != before:
                before = stage
                yield stage


@pytest.mark.parametrize("stages", by_name(tells_stages, matches, by_a_helper))
def test_4_7_accepts(stages):
    right("4.7", stages)


def telling(name_of, *, anew=True):
    """An answer that names each event by `name_of`, and passes on what is new."""

    async def stages(events):
        before = None
        async for event in events:
            stage = name_of(event)
            if stage and (stage != before or not anew):
                yield stage
                before = stage

    stages.__name__ = name_of.__name__
    return stages


def answer_at_any_chunk(event):
    return "Answer" if event["event"] == "on_chat_model_stream" else named(event)


def tool_at_its_end(event):
    if event["event"] == "on_tool_start":
        return None
    return f"Tool call: {event['name']}" if event["event"] == "on_tool_end" else named(event)


def without_the_name(event):
    return "Tool call" if event["event"] == "on_tool_start" else named(event)


def in_other_words(event):
    return (named(event) or "").lower()


def answer_at_the_end_of_a_model(event):
    if event["event"] == "on_chat_model_stream":
        return None
    return "Answer" if event["event"] == "on_chat_model_end" else named(event)


def no_tools(event):
    return None if event["event"] == "on_tool_start" else named(event)


def thinking_of_the_chain(event):
    if event["event"] == "on_chat_model_start":
        return None
    return "Thinking" if event["event"] == "on_chain_start" else named(event)


def answer_at_chain_streams(event):
    if event["event"] == "on_chat_model_stream":
        return None
    return "Answer" if event["event"] == "on_chain_stream" else named(event)


def by_square_brackets(event):
    return {"on_chat_model_start": "Thinking", "on_tool_start": "Tool"}[event["event"]]


async def each_only_once(events):
    said = set()
    async for event in events:
        stage = named(event)
        if stage and stage not in said:
            said.add(stage)
            yield stage


async def at_the_end(events):
    for stage in [stage async for stage in tells_stages(events)]:
        yield stage


async def an_event_late(events):
    before = None
    async for event in events:
        if before:
            yield before
        stage = named(event)
        before = stage if stage and stage != getattr(an_event_late, "said", None) else None
        an_event_late.said = stage or getattr(an_event_late, "said", None)
    an_event_late.said = None


async def a_list(events):
    return [stage async for stage in tells_stages(events)]


def a_plain_generator(events):
    for event in events:
        yield named(event)


async def says_nothing(events):
    async for event in events:
        if event["event"] == "on_llm_start":
            yield "Thinking"


async def pairs(events):
    async for stage in tells_stages(events):
        yield (stage, "")


async def stops_at_the_first_answer(events):
    async for stage in tells_stages(events):
        yield stage
        if stage == "Answer":
            return


WRONG_4_7 = (
    (telling(answer_at_any_chunk), "`Answer` was said at event .* That chunk has no text in it"),
    (telling(tool_at_its_end), "`Tool call: get_weather` was said late: .* `on_tool_end`"),
    (telling(without_the_name), "`Tool call` was yielded. After the colon"),
    (telling(in_other_words), "`thinking` was yielded. The stages are"),
    (telling(named, anew=False), r"`Answer` was said \d+ times, also right after itself"),
    (telling(answer_at_the_end_of_a_model), "`Answer` was said at event .* `on_chat_model_end`"),
    (telling(no_tools), "began at event .* `on_tool_start`, and nothing was said"),
    (telling(thinking_of_the_chain), "`Thinking` was said at event 1, `on_chain_start`"),
    (telling(answer_at_chain_streams), "`Answer` was said at event .* `on_chain_stream`"),
    (telling(by_square_brackets), "KeyError: 'on_chain_start'"),
    (each_only_once, "began at event .* `on_chat_model_start`, and nothing was said. The next"),
    (at_the_end, "all 4 stages were said at once"),
    (an_event_late, "`Thinking` was said late: .* had begun 1 event before"),
    (a_list, "hands over a `list`, once, when all is over"),
    (a_plain_generator, "is a plain generator, for `for`"),
    (says_nothing, r"\d+ events came, and nothing was yielded"),
    (pairs, "a `tuple` was yielded"),
    (stops_at_the_first_answer, "stages are missing at the end"),
)


@pytest.mark.parametrize(("stages", "said"), with_reason(*WRONG_4_7))
def test_4_7_says_what_is_wrong_with_code_that(stages, said):
    wrong("4.7", stages, said)


# --- 4.8 ------------------------------------------------------------------------------------------

TRUTH = {
    "A": "keeps generating",
    "B": "healthy",
    "C": "blocks the loop",
    "D": "holds back",
}
ALL = tuple(TRUTH.values())


@pytest.fixture
def _known_endpoints(monkeypatch):
    monkeypatch.setattr(source, "solution", lambda number: f"diagnosis = {TRUTH!r}")


@pytest.mark.usefixtures("_known_endpoints")
class TestDiagnosis:
    """4.8, whatever endpoints the lesson has."""

    def test_accepts_the_truth(self):
        right("4.8", TRUTH)
        right("4.8", {name: f" {value.capitalize()} " for name, value in TRUTH.items()})

    @pytest.mark.parametrize(
        ("name", "given"),
        [(name, given) for name in TRUTH for given in ALL if given != TRUTH[name]],
    )
    def test_names_evidence_for_each_wrong_pair_and_never_the_truth(self, name, given):
        message = wrong("4.8", {**TRUTH, name: given}, f"^{name} (isn't|doesn't).*[Ll]ook").message
        assert TRUTH[name] not in message, "it tells the answer"

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ({**TRUTH, "B": "asleep"}, "`asleep` isn't one of the four"),
            ({**TRUTH, "E": "healthy"}, "There is no endpoint E"),
            ({"A": "healthy", "B": ...}, "No diagnosis yet for B and C and D"),
            ("healthy", "is a dict with"),
        ],
    )
    def test_says_what_a_diagnosis_looks_like(self, answer, said):
        wrong("4.8", answer, said)


# --- All ------------------------------------------------------------------------------------------

WRONG = {
    "4.1": WRONG_4_1,
    "4.3": WRONG_4_3,
    "4.4": WRONG_4_4,
    "4.5": WRONG_4_5,
    "4.6": WRONG_4_6,
    "4.7": WRONG_4_7,
}


@pytest.mark.parametrize("number", WRONG)
@pytest.mark.parametrize("answer", [len, None, "text", 3, list, lambda *_: 1, lambda *_: ""])
def test_an_answer_of_another_kind_gets_a_sentence(number, answer):
    wrong(number, answer, r"^[^\n]{20,400}$")


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("number", WRONG)
def test_messages_are_short(number):
    for answer, _ in WRONG[number]:
        message = evaluate(number, answer).message
        assert len(message) < 420, message
        assert "\n" not in message
