"""The shared mistakes that lesson 1 can't show: of async streams, coroutines and lists."""

import asyncio
import contextlib
import time

import pytest

from utils.checks.engine.exercise import Exercise
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.run import ANYTHING, Case, Run
from utils.checks.engine.stream_runner import call, run_async
from utils.checks.runner import Loaded


def judged(observe, answer):
    check = Exercise(observe, cases=(Case(),), mistakes={})
    return Loaded("9.1", check, {"correct": lambda seen: "Right."}).outcome(answer)


def streams(answer, case):
    reply = case.reply()
    args = (case.model(reply), case.prompt)
    return run_async("passes", answer, case, reply, *args, streams=True, passes_on=True)


def returns(answer, case):
    reply = case.reply()
    return run_async("whole", answer, case, reply, case.model(reply), case.prompt)


# --- Async streams --------------------------------------------------------------------------------


async def passes(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.text


async def passes_and_closes(model, prompt):
    async with contextlib.aclosing(model.astream(prompt)) as chunks:
        async for chunk in chunks:
            yield chunk.text


def returns_an_async_generator(model, prompt):
    return passes(model, prompt)


def is_a_plain_generator(model, prompt):
    for chunk in model.stream(prompt):
        yield chunk.text


async def is_awaited(model, prompt):
    return passes(model, prompt)


async def blocks(model, prompt):
    for chunk in model.stream(prompt):
        yield chunk.text


async def sleeps(model, prompt):
    async for chunk in model.astream(prompt):
        time.sleep(0.1)  # noqa: ASYNC251 (the mistake)
        yield chunk.text


async def collects(model, prompt):
    for chunk in [chunk async for chunk in model.astream(prompt)]:
        yield chunk.text


async def yields_chunks(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk


async def swallows(model, prompt):
    with contextlib.suppress(Exception):
        async for chunk in model.astream(prompt):
            yield chunk.text


async def swallows_a_cancellation(model, prompt):
    with contextlib.suppress(asyncio.CancelledError):
        async for chunk in model.astream(prompt):
            yield chunk.text


async def replaces_a_cancellation(model, prompt):
    try:
        async for chunk in model.astream(prompt):
            yield chunk.text
    except asyncio.CancelledError:
        raise RuntimeError("cancelled") from None


kept = []


async def leaves_a_task(model, prompt):
    kept.append(asyncio.ensure_future(forever()))
    async for chunk in model.astream(prompt):
        yield chunk.text


async def reads_in_a_task(model, prompt):
    queue = asyncio.Queue()

    async def read():
        async for chunk in model.astream(prompt):
            await queue.put(chunk.text)
        await queue.put(None)

    task = asyncio.ensure_future(read())
    while (piece := await queue.get()) is not None:
        yield piece
    await task


async def waits_forever(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.text
    await asyncio.Event().wait()


async def yields_while_closing(model, prompt):
    try:
        async for chunk in model.astream(prompt):
            yield chunk.text
    finally:
        yield ""


@pytest.mark.parametrize("answer", [passes, passes_and_closes, returns_an_async_generator])
def test_an_async_stream_is_accepted(answer):
    assert judged(streams, answer).status == "correct"


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (is_a_plain_generator, "plain generator"),
        (is_awaited, "awaits to a stream"),
        (blocks, "blocks the loop"),
        (sleeps, "blocks the loop"),
        (collects, "collected first"),
        (yields_chunks, "yields messages"),
        (swallows, "swallows the error"),
        (swallows_a_cancellation, "swallows the cancellation"),
        (replaces_a_cancellation, "replaces the cancellation"),
        (leaves_a_task, "leaves a task"),
        (yields_while_closing, "yields while closing"),
    ],
)
def test_a_mistake_of_an_async_stream_is_named(answer, mistake):
    outcome = judged(streams, answer)
    assert outcome.mistake == mistake, outcome


def test_a_task_that_waits_for_a_lost_reply_never_ends():
    from utils.checks.engine.virtual_time import NeverEnds

    for answer in (reads_in_a_task, waits_forever):
        with pytest.raises(NeverEnds):
            judged(streams, answer)


# --- Coroutines -----------------------------------------------------------------------------------


async def whole(model, prompt):
    return "".join([chunk.text async for chunk in model.astream(prompt)])


async def whole_in_tasks(model, prompt):
    async with asyncio.TaskGroup() as group:
        task = group.create_task(whole(model, prompt))
    return task.result()


async def outlives(model, prompt):
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            return await whole(model, prompt) + await forever()


async def forever():
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1000)


def is_not_async(model, prompt):
    return "text"


async def forgets_to_await(model, prompt):
    return whole(model, prompt)


async def leaves_its_task(model, prompt):
    kept.append(asyncio.ensure_future(forever()))
    return await whole(model, prompt)


@pytest.mark.parametrize("answer", [whole, whole_in_tasks])
def test_a_coroutine_function_is_accepted(answer):
    outcome = judged(returns, answer)
    assert outcome.status == "correct", outcome


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (is_not_async, "not to be awaited"),
        (passes, "unread async generator"),
        (forgets_to_await, "never awaited"),
        (leaves_its_task, "leaves a task"),
    ],
)
def test_a_mistake_of_a_coroutine_is_named(answer, mistake):
    outcome = judged(returns, answer)
    assert outcome.mistake == mistake, outcome


# --- Arguments ------------------------------------------------------------------------------------


def given_a_list(answer, case) -> Run:
    reply = case.reply()
    model = FakeModel.of({case.prompt: reply})
    return call("all_of", answer, case, reply, model, [case.prompt], wants=ANYTHING)


@pytest.mark.parametrize(
    "change",
    [list.clear, list.pop, lambda prompts: prompts.append("more"), lambda p: p.insert(0, "")],
)
def test_a_changed_argument_is_named(change):
    def all_of(model, prompts):
        for prompt in list(prompts):
            for _ in model.stream(prompt):
                pass
        change(prompts)

    outcome = judged(given_a_list, all_of)
    assert outcome.mistake == "changes an argument", outcome
    assert "`prompts`" in outcome.message


# --- Lists of things that are no copies, and cases of an exercise's own ---------------------------


def given(*args, **case):
    def observe(answer, each):
        reply = each.reply()
        run_of = {"streams": True, "wants": ANYTHING}
        return run_async("asks", answer, each, reply, each.model(reply), *args, **run_of)

    check = Exercise(observe, cases=(Case(), Case(**case)), mistakes={})
    return lambda answer: (
        Loaded("9.1", check, {"correct": lambda seen: "Right."}).outcome(answer).mistake
    )


async def asks(model, models):
    async for chunk in model.astream(Case().prompt):
        yield chunk


async def asks_and_takes_one_out(model, models):
    models.pop()
    async for chunk in model.astream(Case().prompt):
        yield chunk


async def asks_and_turns_them_around(model, models):
    models.reverse()
    async for chunk in model.astream(Case().prompt):
        yield chunk


async def asks_and_sets_a_temperature(model, models):
    models[0].temperature = 2
    async for chunk in model.astream(Case().prompt):
        yield chunk


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (asks, None),
        (asks_and_takes_one_out, "changes an argument"),
        (asks_and_turns_them_around, "changes an argument"),
        (asks_and_sets_a_temperature, "changes an argument"),
    ],
)
def test_a_list_of_models_is_compared_by_what_it_holds(answer, mistake):
    assert given([FakeModel.of({}), FakeModel.of({})])(answer) == mistake


def test_functions_in_a_list_may_be_the_same_ones_afterwards():
    assert given([lambda: None, asks])(asks) is None


async def ends_when_cancelled(model):
    with contextlib.suppress(asyncio.CancelledError):
        async for chunk in model.astream(Case().prompt):
            yield chunk


def test_an_exercises_own_case_may_leave_early_or_cancel():
    async def whole(model):
        async for chunk in model.astream(Case().prompt):
            yield chunk

    assert given(leave_after=2)(whole) is None
    assert given(fails_after=2)(whole) is None
    assert given(cancel_after=1.0)(whole) is None
    assert given(cancel_after=1.0)(ends_when_cancelled) == "swallows the cancellation"


async def fills_one_list(model):
    pieces = []
    async for chunk in model.astream(Case().prompt):
        pieces.append(chunk.text)
        yield pieces


async def yields_new_lists(model):
    pieces = []
    async for chunk in model.astream(Case().prompt):
        pieces.append(chunk.text)
        yield [*pieces]


def test_an_item_is_changed_after_it_was_yielded():
    assert given()(fills_one_list) == "changes an item"
    assert given()(yields_new_lists) is None


# --- Tasks that run asyncio's own coroutines, and exceptions that aren't an `Exception` -----------


async def waits_in_a_task(model):
    kept.append(asyncio.ensure_future(asyncio.Event().wait()))
    async for chunk in model.astream(Case().prompt):
        yield chunk


async def raises_no_exception(model):
    class Stalled(BaseException):
        pass

    async for chunk in model.astream(Case().prompt):
        yield chunk
    raise Stalled("nothing came")


def test_a_task_that_runs_a_coroutine_of_asyncio_is_left():
    assert given()(waits_in_a_task) == "leaves a task"


def test_an_exception_of_the_learners_own_is_told_whatever_its_base():
    assert given()(raises_no_exception) == "raises"
