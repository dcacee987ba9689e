"""Exercise 4.3: several replies, a few at a time."""

# ruff: noqa: ASYNC251 (learners write such code)

import asyncio
import contextlib
import time
from functools import partial

import anyio
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser

from tests.checks.answers import edits, right, wrong


async def text_of(model, prompt):
    return "".join([chunk.content async for chunk in model.astream(prompt)])


@right("4.ask_all")
async def asks_in_a_group(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return await text_of(model, prompt)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(prompt)) for prompt in prompts]
    return [task.result() for task in tasks]


edit = edits("4.ask_all", asks_in_a_group)
ASK, RESULTS = "return await text_of(model, prompt)", "return [task.result() for task in tasks]"
GO = "for prompt in prompts]"
edit(None, {RESULTS: "return tuple(task.result() for task in tasks)"})
for mistake, changes in (
    ("over the limit", {"(at_most)": "(3)"}),
    ("over the limit", {"(at_most)": "(at_most + 1)"}),
    ("over the limit", {"async with turn": "async with asyncio.Semaphore(at_most)"}),
    ("over the limit", {"async with turn": "if turn"}),
    ("under the limit", {"(at_most)": "(min(at_most, 3))"}),
    ("order of finishing", {RESULTS: "return [task.result() for task in tasks][::-1]"}),
    (
        "order of finishing",
        {
            ASK: "done.append(await text_of(model, prompt))",
            RESULTS: "return done",
            "    turn": "    done = []\n    turn",
        },
    ),
    ("blocks the loop", {ASK: "return model.invoke(prompt).content"}),
    ("no strings", {ASK: "return [chunk.content async for chunk in model.astream(prompt)]"}),
    ("no strings", {ASK: "return await model.ainvoke(prompt)"}),
    ("no strings", {ASK: "return {prompt: await text_of(model, prompt)}"}),
    (
        "returns what isn't awaited",
        {RESULTS: "return [asyncio.create_task(ask(prompt)) for prompt in prompts]"},
    ),
    ("returns the wrong type", {RESULTS: "return dict(enumerate(tasks))"}),
    ("returns the wrong type", {RESULTS: "return ''.join(task.result() for task in tasks)"}),
    ("returns nothing", {RESULTS: ""}),
    ("returns nothing", {RESULTS: RESULTS + " or None"}),
    ("unread async generator", {RESULTS: "yield [task.result() for task in tasks]"}),
    ("sends other prompts", {GO: "for prompt in prompts[:1] * len(prompts)]"}),
    ("sends other prompts", {GO: "for prompt in prompts[:at_most]]"}),
    ("sends other prompts", {GO: "for prompt in prompts[1:]]"}),
    ("sends other prompts", {GO: "for prompt in [*prompts, *prompts[:1]]]"}),
    ("changes an argument", {"    turn": "    prompts.reverse()\n    turn"}),
    ("changes an argument", {"    turn": "    prompts.sort()\n    turn"}),
    (
        "changes white space",
        {
            ASK: (
                "pieces = [chunk.content async for chunk in model.astream(prompt)]\n"
                "            return ''.join(piece for piece in pieces if piece.strip())"
            )
        },
    ),
    (
        "stops early",
        {
            ASK: (
                "async for chunk in model.astream(prompt):\n"
                "                if chunk.content:\n                    return chunk.content"
            )
        },
    ),
    ("another number", {RESULTS: RESULTS + " + ['All done.']"}),
    ("another text", {RESULTS: "return [task.result().upper() for task in tasks]"}),
    ("another prompt", {"(model, prompt)": "(model, ' '.join(prompts))"}),
    ("result too early", {RESULTS: "    " + RESULTS}),
    ("raises", {"text_of": "text_off"}),
    ("never awaited", {"group.create_task(ask(prompt))": "ask(prompt)", RESULTS: "return []"}),
    ("never awaited", {ASK: "model.ainvoke(prompt)"}),
):
    edit(mistake, changes)


@right("4.ask_all")
async def gathers_and_cancels(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return (await model.ainvoke(prompt)).text

    tasks = [asyncio.ensure_future(ask(prompt)) for prompt in prompts]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


edits("4.ask_all", gathers_and_cancels)(
    "cancels without waiting", {"await asyncio.gather(*tasks, return_exceptions=True)": "pass"}
)


@right("4.ask_all")
async def gathers_all_and_raises_the_first_error(model, prompts, at_most):
    turn = asyncio.BoundedSemaphore(at_most)

    async def ask(prompt):
        await turn.acquire()
        try:
            return await (model | StrOutputParser()).ainvoke(prompt)
        finally:
            turn.release()

    texts = await asyncio.gather(*map(ask, prompts), return_exceptions=True)
    for text in texts:
        if isinstance(text, BaseException):
            raise text
    return texts


@right("4.ask_all")
async def waits_for_the_first_error(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return await text_of(model, prompt)

    tasks = [asyncio.create_task(ask(prompt)) for prompt in prompts]
    try:
        if tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        return [task.result() for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@right("4.ask_all")
async def fills_places_as_they_finish(model, prompts, at_most):
    texts, turn = {}, asyncio.Semaphore(at_most)

    async def ask(at, prompt):
        async with turn:
            whole = None
            async for chunk in model.astream(input=prompt, config={"tags": [str(at)]}):
                whole = chunk if whole is None else whole + chunk
            return at, whole.content

    tasks = {asyncio.create_task(ask(*each)) for each in enumerate(prompts)}
    try:
        for done in asyncio.as_completed(tasks):
            at, text = await done
            texts[at] = text
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        raise
    return [texts[at] for at in range(len(prompts))]


@right("4.ask_all")
async def workers_take_from_a_queue(model, prompts, at_most):
    queue, texts = asyncio.Queue(), [""] * len(prompts)
    for each in enumerate(prompts):
        queue.put_nowait(each)

    async def work():
        while not queue.empty():
            at, prompt = queue.get_nowait()
            async with contextlib.aclosing(model.astream(prompt)) as chunks:
                async for chunk in chunks:
                    texts[at] += chunk.text

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_most, len(prompts))):
            group.create_task(work())
    return texts


@right("4.ask_all")
async def lets_anyio_count(model, prompts, at_most):
    limiter, texts = anyio.CapacityLimiter(at_most), [None] * len(prompts)

    async def ask(at, prompt):
        async with limiter:
            texts[at] = await text_of(model, prompt)

    async with anyio.create_task_group() as group:
        for at, prompt in enumerate(prompts):
            group.start_soon(partial(ask, at, prompt))
    return texts


@right("4.ask_all")
async def asks_with_a_condition(model, prompts, at_most):
    busy, changed = 0, asyncio.Condition()

    async def ask(prompt):
        nonlocal busy
        async with changed:
            await changed.wait_for(lambda: busy < at_most)
            busy += 1
        try:
            return await text_of(model, prompt)
        finally:
            async with changed:
                busy -= 1
                changed.notify_all()

    async with asyncio.TaskGroup() as group:
        return await asyncio.gather(*[group.create_task(ask(prompt)) for prompt in prompts])


class AsksAll:
    async def __call__(self, model, prompts, at_most=3, **settings):
        self.turn = asyncio.Semaphore(at_most)
        async with asyncio.TaskGroup() as group:
            tasks = [*map(group.create_task, (self.one(model, prompt) for prompt in prompts))]
        return [*map(asyncio.Task.result, tasks)]

    async def one(self, model, prompt):
        async with self.turn:
            return (await model.ainvoke(prompt)).text


right("4.ask_all")(AsksAll())


@wrong("4.ask_all", "others go on")
async def gathers(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return await text_of(model, prompt)

    return await asyncio.gather(*map(ask, prompts))


@wrong("4.ask_all", "others go on")
async def batches_with_a_limit(model, prompts, at_most):
    messages = await model.abatch(prompts, config={"max_concurrency": at_most})
    return [message.content for message in messages]


@wrong("4.ask_all", "others go on")
async def workers_share_a_list(model, prompts, at_most):
    waiting, texts = list(enumerate(prompts)), [""] * len(prompts)

    async def work():
        while waiting:
            at, prompt = waiting.pop(0)
            texts[at] = await text_of(model, prompt)

    await asyncio.gather(*(work() for _ in range(at_most)))
    return texts


@wrong("4.ask_all", "others go on")
async def workers_begin_at_the_end(model, prompts, at_most):
    waiting, texts = list(enumerate(prompts)), [""] * len(prompts)

    async def work():
        while waiting:
            at, prompt = waiting.pop()
            texts[at] = await text_of(model, prompt)

    await asyncio.gather(*(work() for _ in range(at_most)))
    return texts


@wrong("4.ask_all", "others go on")
async def sends_the_next_when_one_is_done(model, prompts, at_most):
    running, tasks = set(), []
    for prompt in prompts:
        if len(running) >= at_most:
            _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        tasks.append(asyncio.create_task(text_of(model, prompt)))
        running.add(tasks[-1])
    return [await task for task in tasks]


@wrong("4.ask_all", "under the limit")
async def one_after_the_other(model, prompts, at_most):
    return [await text_of(model, prompt) for prompt in prompts]


TURNS = asyncio.Semaphore(2)


@wrong("4.ask_all", "another loop")
async def a_semaphore_from_outside(model, prompts, at_most):
    async def ask(prompt):
        async with TURNS:
            return await text_of(model, prompt)

    return await asyncio.gather(*map(ask, prompts))


@wrong("4.ask_all", "over the limit")
async def a_semaphore_around_the_start(model, prompts, at_most):
    turn, tasks = asyncio.Semaphore(at_most), []
    for prompt in prompts:
        async with turn:
            tasks.append(asyncio.create_task(text_of(model, prompt)))
    return [await task for task in tasks]


@wrong("4.ask_all", "returns what isn't awaited")
async def gathers_without_await(model, prompts, at_most):
    return asyncio.gather(*await_each(model, prompts, at_most))


@wrong("4.ask_all", "place left free")
async def in_batches(model, prompts, at_most):
    texts = []
    for at in range(0, len(prompts), at_most):
        batch = prompts[at : at + at_most]
        texts += await asyncio.gather(*(text_of(model, prompt) for prompt in batch))
    return texts


@wrong("4.ask_all", "blocks the loop")
async def blocks_in_one_batch(model, prompts, at_most):
    return [message.content for message in model.batch(prompts)]


@wrong("4.ask_all", "blocks the loop")
def blocks_in_a_plain_function(model, prompts, at_most):
    return ["".join(chunk.content for chunk in model.stream(prompt)) for prompt in prompts]


@wrong("4.ask_all", "over the limit")
async def batches_without_a_limit(model, prompts, at_most):
    return [message.content for message in await model.abatch(prompts)]


@wrong("4.ask_all", "no strings")
async def returns_messages(model, prompts, at_most):
    return await model.abatch(prompts, config={"max_concurrency": at_most})


@wrong("4.ask_all", "returns what isn't awaited")
async def returns_coroutines(model, prompts, at_most):
    return [text_of(model, prompt) for prompt in prompts]


@wrong("4.ask_all", "swallows the error")
async def keeps_errors_in_the_list(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        async with turn:
            return await text_of(model, prompt)

    return await asyncio.gather(*map(ask, prompts), return_exceptions=True)


@wrong("4.ask_all", "swallows the error")
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


@wrong("4.ask_all", "swallows the error")
async def none_for_an_error(model, prompts, at_most):
    try:
        return await gathers(model, prompts, at_most)
    except Exception:
        return None


@wrong("4.ask_all", "raises")
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


@wrong("4.ask_all", "sends other prompts")
async def asks_each_prompt_once(model, prompts, at_most):
    different = list(dict.fromkeys(prompts))
    texts = dict(zip(different, await gathers(model, different, at_most), strict=True))
    return [texts[prompt] for prompt in prompts]


@wrong("4.ask_all", "returns too early")
async def comes_back_in_between(model, prompts, at_most):
    tasks = [asyncio.create_task(each) for each in await_each(model, prompts, len(prompts))]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    return [task.result() if task.done() else "" for task in tasks]


@wrong("4.ask_all", "returns too early")
async def leaves_when_the_first_is_done(model, prompts, at_most):
    tasks = [asyncio.create_task(each) for each in await_each(model, prompts, at_most)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    return [task.result() if task.done() else "" for task in tasks]


@wrong("4.ask_all", "never ends")
async def sets_them_free(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def ask(prompt):
        await turn.acquire()
        return await text_of(model, prompt)

    return await asyncio.gather(*map(ask, prompts))


@wrong("4.ask_all", "sends other prompts")
async def looks_up_the_prompt_late(model, prompts, at_most):
    turn, tasks = asyncio.Semaphore(at_most), []
    async with asyncio.TaskGroup() as group:
        for prompt in prompts:

            async def one():
                async with turn:
                    return await text_of(model, prompt)  # noqa: B023

            tasks.append(group.create_task(one()))
    return [task.result() for task in tasks]


@wrong("4.ask_all", "sends other prompts")
async def returns_after_the_first(model, prompts, at_most):
    texts = []
    for prompt in prompts:
        texts.append(await text_of(model, prompt))
        return texts
    return texts


@wrong("4.ask_all", "returns too early")
async def waits_for_no_task(model, prompts, at_most):
    turn, texts = asyncio.Semaphore(at_most), []

    async def one(prompt):
        async with turn:
            texts.append((await model.ainvoke(prompt)).content)

    for prompt in prompts:
        asyncio.create_task(one(prompt))  # noqa: RUF006
    return texts


@wrong("4.ask_all", "never ends")
async def sleeps_while_it_is_locked(model, prompts, at_most):
    turn = asyncio.Semaphore(at_most)

    async def one(prompt):
        while turn.locked():
            time.sleep(0.1)
        async with turn:
            return await text_of(model, prompt)

    return await asyncio.gather(*map(one, prompts))


@wrong("4.ask_all", "one reply twice")
async def by_prompt(model, prompts, at_most):
    turn, texts = asyncio.Semaphore(at_most), {}

    async def one(prompt):
        async with turn:
            texts[prompt] = await text_of(model, prompt)

    await asyncio.gather(*map(one, prompts))
    return [texts[prompt] for prompt in prompts]


@wrong("4.ask_all", "others go on")
async def awaits_one_task_after_the_other(model, prompts, at_most):
    tasks = [asyncio.create_task(each) for each in await_each(model, prompts, at_most)]
    return [await task for task in tasks]


@wrong("4.ask_all", "result too early")
async def stops_waiting_at_the_first_error(model, prompts, at_most):
    tasks = [asyncio.create_task(each) for each in await_each(model, prompts, at_most)]
    if tasks:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    return [task.result() for task in tasks]


@wrong("4.ask_all", "changes an argument", "changed its argument `prompts`")
async def takes_prompts_off_the_list(model, prompts, at_most):
    texts = {}

    async def work():
        while prompts:
            at, prompt = len(texts), prompts.pop(0)
            texts[at] = ""
            texts[at] = await text_of(model, prompt)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_most):
            group.create_task(work())
    return [texts[at] for at in sorted(texts)]


@wrong("4.ask_all", "never calls the model")
async def calls_nothing(model, prompts, at_most):
    return ["" for prompt in prompts]


@wrong("4.ask_all", "swallows the cancellation")
async def returns_what_it_has(model, prompts, at_most):
    try:
        return await asks_in_a_group(model, prompts, at_most)
    except asyncio.CancelledError:
        return []


notebooks_model = FakeListChatModel(responses=["Not asked for."])


@wrong("4.ask_all", "another model", "called the notebook's `notebooks_model`")
async def asks_the_notebooks_and_hides_it(model, prompts, at_most):
    texts = (text_of(notebooks_model, prompt) for prompt in prompts)
    return await asyncio.gather(*texts, return_exceptions=True)


@wrong("4.ask_all", "another model", "called the notebook's `notebooks_model`")
async def asks_the_notebooks_in_threads(model, prompts, at_most):
    replies = [asyncio.to_thread(notebooks_model.invoke, prompt) for prompt in prompts]
    return [reply.content for reply in await asyncio.gather(*replies)]
