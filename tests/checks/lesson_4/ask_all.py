"""Right and wrong answers to 4.ask_all, which asks for replies to all prompts, a few at a time."""

# ruff: noqa: F401 (used in edits)

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import anyio
from langchain_core.output_parsers import StrOutputParser

from tests.checks.answers import edits, right, wrong

TURNS = asyncio.Semaphore(2)


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
TURN, ASK = "async with turn:", "return await text_of(model, prompt)"
GO, RESULTS = "for prompt in prompts]", "return [task.result() for task in tasks]"
GROUP = """async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(prompt)) for prompt in prompts]
    """
END = GROUP + RESULTS
TASKS = f"tasks = [asyncio.create_task(ask(prompt)) {GO}\n    "
GATHER = "return await asyncio.gather(*map(ask, prompts))"
KEEPING_ERRORS = "await asyncio.gather(*map(ask, prompts), return_exceptions=True)"
RAISES_LATE = f"""texts = {KEEPING_ERRORS}
    for text in texts:
        if isinstance(text, BaseException):
            raise text
    return texts"""
WAIT = "await asyncio.wait(tasks, return_when=asyncio.FIRST_{})\n    ".format
DONE = "return [task.result() if task.done() else '' for task in tasks]"
NEXT = "\n            "  # a line break and the indentation of `ASK`
CANCELS = "\n    finally:\n        for task in tasks:\n            task.cancel()"
AWAITS = f"{CANCELS}\n        await asyncio.gather(*tasks, return_exceptions=True)"
GATHER_TASKS = f"{TASKS}try:\n        return await asyncio.gather(*tasks)"

edit(None, {RESULTS: "return tuple(task.result() for task in tasks)"})
edit(None, {"asyncio.Semaphore": "anyio.CapacityLimiter"})
edit(None, {ASK: "return await prompt", "(ask(prompt))": "(ask(text_of(model, prompt)))"})
edit(None, {END: f"{GATHER_TASKS}{AWAITS}", ASK: "return (await model.ainvoke(prompt)).text"})
edit(None, {END: f"{TASKS}try:\n        if tasks:{NEXT}{WAIT('EXCEPTION')}    {DONE}{AWAITS}"})
edit(None, {END: RAISES_LATE, ASK: "return await (model | StrOutputParser()).ainvoke(prompt)"})
edit("never awaited", {ASK: "model.ainvoke(prompt)"}, "`ainvoke` made a coroutine")
edit("over the limit", {"(at_most)": "(3)"})
edit("under the limit", {"(at_most)": "(min(at_most, 3))"})
edit("under the limit", {END: f"return [await ask(prompt) {GO}"})
edit(
    "idle while prompts wait",
    {
        END: """texts = []
    for at in range(0, len(prompts), at_most):
        texts += await asyncio.gather(*map(ask, prompts[at : at + at_most]))
    return texts"""
    },
)
KEEPS_TURN = "await turn.acquire()\n        if turn:"
edit("never ends", {TURN: KEEPS_TURN, END: GATHER})
edit(
    "never ends",
    {
        TURN: KEEPS_TURN,
        ASK: f"text = await text_of(model, prompt){NEXT}turn.release(){NEXT}return text",
        END: RAISES_LATE,
    },
    "when the connection of one reply was lost",
)
edit(
    "idle while prompts wait",
    {TURN: f"while turn.locked():{NEXT}await asyncio.sleep(0.05)\n        {TURN}"},
    "free for 0.05 s.*at intervals",
)
edit("never ends", {TURN: f"while turn.locked():{NEXT}sleep(0.1)\n        {TURN}", END: GATHER})
edit("another loop", {"turn =": "_ =", "with turn": "with TURNS", END: GATHER})
edit("order of finishing", {RESULTS: "return [task.result() for task in tasks][::-1]"})
edit("other replies go on", {END: GATHER})
edit("cancels without waiting", {END: f"{GATHER_TASKS}{CANCELS}"})
edit("result too early", {END: f"{TASKS}if tasks:\n        {WAIT('EXCEPTION')}{RESULTS}"})
edit("returns too early", {END: f"{TASKS}{WAIT('COMPLETED')}{DONE}"})
edit("no strings", {ASK: "return [chunk.content async for chunk in model.astream(prompt)]"})
edit("returns its tasks", {RESULTS: "return tasks"})
edit("returns what isn't awaited", {RESULTS: f"return [asyncio.create_task(ask(prompt)) {GO}"})
edit("returns the wrong type", {RESULTS: "return dict(enumerate(tasks))"})
edit("never calls the model", {END: f"return ['' {GO}"})
edit("sends other prompts", {GO: "for prompt in prompts[1:]]"})
edit("drops a repetition", {GO: "for prompt in dict.fromkeys(prompts)]"})
BY_PROMPT = {RESULTS: f"texts = dict(zip(prompts, tasks))\n    return [texts[prompt].result() {GO}"}
edit("one reply twice", BY_PROMPT)
edit("changes an argument", {"    turn": "    prompts.reverse()\n    turn"})
edit("changes white space", {ASK: "return ' '.join((await text_of(model, prompt)).split())"})
PART = f"async for chunk in model.astream(prompt):{NEXT}    if chunk.text: return chunk.text"
edit("stops early", {ASK: PART})
edit("an empty text", {ASK: "return [chunk.content async for chunk in model.astream(prompt)][-1]"})
edit("tries again", {ASK: f"try:{NEXT}    {ASK}{NEXT}except Exception:{NEXT}    {ASK}"})
edit("wrong number of replies", {RESULTS: RESULTS + " + ['All done.']"})
edit("another text", {RESULTS: "return [task.result().upper() for task in tasks]"})
edit("swallows the error", {END: f"return {KEEPING_ERRORS}"})
CANCELLED = "except asyncio.CancelledError:\n        return []\n    "
GUARDED = f"try:\n        {GROUP.replace('    tasks', '        tasks')}{CANCELLED}"
edit("swallows the cancellation", {GROUP: GUARDED})


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


@wrong("4.ask_all", "replaces the error")
async def raises_an_error_of_its_own(model, prompts, at_most):
    try:
        return await asks_in_a_group(model, prompts, at_most)
    except ExceptionGroup as group:
        raise RuntimeError("a reply failed") from group


@wrong("4.ask_all", "reads in threads")
async def uses_a_pool_of_threads(model, prompts, at_most):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(at_most)

    def ask(prompt):
        return model.invoke(prompt).text

    with pool:
        jobs = [loop.run_in_executor(pool, ask, prompt) for prompt in prompts]
        return await asyncio.gather(*jobs)
