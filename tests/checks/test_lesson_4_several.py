"""Exercise 4.3: several replies at once, a few at a time."""

# ruff: noqa: ASYNC251 (learners write such code)

import asyncio
import contextlib
import time

import pytest

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks import evaluate


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


async def workers_begin_at_the_end(model, prompts, at_most):
    waiting, texts = list(enumerate(prompts)), [""] * len(prompts)

    async def work():
        while waiting:
            at, prompt = waiting.pop()
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


async def returns_a_tuple(model, prompts, at_most):
    return tuple(await gathers(model, prompts, at_most))


@pytest.mark.parametrize(
    "ask_all",
    by_name(
        asks_in_a_group,
        gathers,
        batches_with_a_limit,
        workers_share_a_list,
        workers_begin_at_the_end,
        sends_the_next_when_one_is_done,
        returns_a_tuple,
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


async def a_semaphore_around_them_all(model, prompts, at_most):
    async with asyncio.Semaphore(at_most):
        return await asyncio.gather(*(text_of(model, prompt) for prompt in prompts))


TURNS = asyncio.Semaphore(2)


async def a_semaphore_from_outside(model, prompts, at_most):
    async def ask(prompt):
        async with TURNS:
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


async def one_too_many(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most + 1)

    async def ask(prompt):
        async with turn:
            return await text_of(model, prompt)

    return await asyncio.gather(*map(ask, prompts))


async def gathers_without_await(model, prompts, at_most):
    return asyncio.gather(*await_each(model, prompts, at_most))


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


async def blocks_in_one_batch(model, prompts, at_most):
    return [message.content for message in model.batch(prompts)]


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


async def asks_each_prompt_once(model, prompts, at_most):
    different = list(dict.fromkeys(prompts))
    texts = dict(zip(different, await gathers(model, different, at_most), strict=True))
    return [texts[prompt] for prompt in prompts]


async def comes_back_in_between(model, prompts, at_most):
    tasks = [asyncio.create_task(each) for each in await_each(model, prompts, len(prompts))]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    return [task.result() if task.done() else "" for task in tasks]


async def leaves_when_the_first_is_done(model, prompts, at_most):
    tasks = [asyncio.create_task(each) for each in await_each(model, prompts, at_most)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    return [task.result() if task.done() else "" for task in tasks]


async def asks_the_list(model, prompts, at_most):
    return [await text_of(model, " ".join(prompts))]


async def sets_them_free(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        await turn.acquire()
        return await text_of(model, prompt)

    return await asyncio.gather(*map(ask, prompts))


async def asks_for_results_inside_the_group(model, prompts, at_most):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(text) for text in await_each(model, prompts, at_most)]
        return [task.result() for task in tasks]


async def names_a_thing_that_is_not(model, prompts, at_most):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(text_off(model, prompt)) for prompt in prompts]  # noqa: F821
    return [task.result() for task in tasks]


async def looks_up_the_prompt_late(model, prompts, at_most):
    turn, tasks = asyncio.Semaphore(at_most), []
    async with asyncio.TaskGroup() as group:
        for prompt in prompts:

            async def one():
                async with turn:
                    return await text_of(model, prompt)  # noqa: B023

            tasks.append(group.create_task(one()))
    return [task.result() for task in tasks]


async def asks_as_many_as_may(model, prompts, at_most):
    return await gathers(model, prompts[:at_most], at_most)


async def leaves_out_the_first(model, prompts, at_most):
    return await gathers(model, prompts[1:], at_most)


async def returns_after_the_first(model, prompts, at_most):
    texts = []
    for prompt in prompts:
        texts.append(await text_of(model, prompt))
        return texts
    return texts


async def waits_for_no_task(model, prompts, at_most):
    turn, texts = asyncio.Semaphore(at_most), []

    async def one(prompt):
        async with turn:
            texts.append((await model.ainvoke(prompt)).content)

    for prompt in prompts:
        asyncio.create_task(one(prompt))  # noqa: RUF006
    return texts


async def calls_its_coroutine(model, prompts, at_most):
    texts = []

    async def one(prompt):
        texts.append(await text_of(model, prompt))

    for prompt in prompts:
        one(prompt)
    return texts


async def invokes_without_await(model, prompts, at_most):
    for prompt in prompts:
        model.ainvoke(prompt)
    return []


async def sleeps_while_it_is_locked(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def one(prompt):
        while turn.locked():
            time.sleep(0.1)
        async with turn:
            return await text_of(model, prompt)

    return await asyncio.gather(*map(one, prompts))


async def by_prompt(model, prompts, at_most):
    turn, texts = asyncio.Semaphore(at_most), {}

    async def one(prompt):
        async with turn:
            texts[prompt] = await text_of(model, prompt)

    await asyncio.gather(*map(one, prompts))
    return [texts[prompt] for prompt in prompts]


async def drops_blanks(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def one(prompt):
        async with turn:
            pieces = [chunk.content async for chunk in model.astream(prompt)]
            return "".join(piece for piece in pieces if piece.strip())

    return await asyncio.gather(*map(one, prompts))


WRONG_4_3 = (
    (drops_blanks, "a space and nothing else, `' '`, is lost: .* Is such a piece empty"),
    (one_after_the_other, "With `at_most=2` and 6 prompts, one reply streamed after the other"),
    (no_limit, "With `at_most=2` and 6 prompts, 6 replies streamed at once.$"),
    (a_semaphore_for_each, "6 semaphores are made in your code. Who shares each"),
    (
        a_semaphore_around_them_all,
        "6 replies streamed at once. There is a semaphore.*inside its bl",
    ),
    (
        a_semaphore_from_outside,
        "by a semaphore that was made outside of `ask_all`, with a num.*Is `at_most` used",
    ),
    (
        a_semaphore_around_the_start,
        "6 replies streamed at once. There is a semaphore.*inside its bl",
    ),
    (one_too_many, "3 replies .* There is a semaphore .* How many does it let in"),
    (gathers_without_await, "What came back is a `_GatheringFuture`.* Nobody has awaited it"),
    (a_limit_of_its_own, "With `at_most=2` and 6 prompts, 3 replies streamed at once"),
    (in_batches, r"its place stayed free for \d\.\d s, while 4 prompts waited"),
    (in_the_order_of_finishing, "in the order in which they ended and not in that of the prompts"),
    (blocks_them_all, r"nothing else on the event loop could run: .* in `.stream\(…\)`"),
    (blocks_in_one_batch, r"nothing else on the event loop could run: .* in `.batch\(…\)`"),
    (blocks_in_a_plain_function, r"nothing else on the event loop could run"),
    (batches_without_a_limit, "6 replies streamed at once"),
    (returns_messages, "The list holds messages"),
    (returns_lists_of_chunks, "The list holds lists of pieces"),
    (returns_tasks, "The list holds a `Task` in place of a text"),
    (returns_coroutines, "The list holds a `coroutine` in place of a text"),
    (returns_a_dict, "What came back is a `dict`; the exercise asks for a list of texts"),
    (returns_nothing, "Nothing came back: is a `return` missing"),
    (joins_them, "What came back is a `str`"),
    (yields_them, "Calling `ask_all` gives an async generator"),
    (keeps_errors_in_the_list, "the error came back inside the list"),
    (swallows_errors, "nothing was raised, and `'Twic.*` came back as its text"),
    (none_for_an_error, "connection was lost, nothing was raised, and `None` came back"),
    (trips_over_no_prompts, "ValueError: .*for no prompts at all"),
    (none_for_no_prompts, "For no prompts at all, `None` came back"),
    (asks_the_first_for_all, "The prompt `Name a river.` was asked 6 times"),
    (asks_each_prompt_once, "`Name a sea.` stood in the list twice and was asked once"),
    (looks_up_the_prompt_late, "`Name a sea.` was asked 6 times, and `Name a river.` never"),
    (asks_as_many_as_may, "asked 2 of them: it heard `Name a river.`, and never `Name a sea.`"),
    (leaves_out_the_first, "asked 5 of them: it heard .*, and never `Name a river.`"),
    (returns_after_the_first, "asked 1 of them: it heard `Name a river.`, and never `Describe"),
    (waits_for_no_task, "came back while 6 tasks of `one` were still at work. Who waits for them"),
    (calls_its_coroutine, "In `ask_all`, a call of `one` made a coroutine, and nobody awaited it"),
    (invokes_without_await, r"called `.ainvoke\(…\)`, and nobody awaited what came back"),
    (sleeps_while_it_is_locked, "`time.sleep` blocked the event loop"),
    (by_prompt, "`Name a sea.` stands in the list twice, .* Both places have the same"),
    (leaves_when_the_first_is_done, r"came back while \d tasks of `ask` were still at work"),
    (comes_back_in_between, r"was over when \d+ of \d+ pieces of a reply had come"),
    (asks_the_list, "which isn't one of the prompts"),
    (sets_them_free, "waits for something that never happens"),
    (asks_for_results_inside_the_group, "of a task that was still at work. When have the tasks"),
    (names_a_thing_that_is_not, "NameError: .*text_off.*at the line `tasks ="),
)


@pytest.mark.parametrize(("ask_all", "said"), with_reason(*WRONG_4_3))
def test_4_3_says_what_is_wrong_with_code_that(ask_all, said):
    wrong("4.3", ask_all, said)


def test_4_3_blames_no_sleep_for_a_model_that_is_asked_without_await():
    for blocks in (blocks_them_all, blocks_in_one_batch, blocks_in_a_plain_function):
        assert "sleep" not in evaluate("4.3", blocks).message
