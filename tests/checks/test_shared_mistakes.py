"""Shared mistakes that no exercise's wrong answers cover, and code that isn't a mistake."""

import asyncio
import contextlib

from utils.checks.engine.exercise import Exercise
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.run import Case
from utils.checks.engine.stream_runner import run_async
from utils.checks.runner import Loaded

kept = []


def mistake(answer, *cases, run=run_async, more=(), **how):
    """Check an answer, called with a model, a prompt and `more`; return its mistake, or None."""

    def observe(answer, case):
        reply = case.reply()
        return run("answer", answer, case, reply, case.model(reply), case.prompt, *more, **how)

    check = Exercise(observe, cases=(Case(), *cases), mistakes={})
    return Loaded("9.1", check, {"correct": lambda seen: "Right."}).outcome(answer).mistake


async def passes(model, prompt, *_):
    async for chunk in model.astream(prompt):
        yield chunk.text


async def whole(model, prompt):
    return "".join([chunk.text async for chunk in model.astream(prompt)])


def test_a_plain_function_cannot_be_awaited():
    assert mistake(whole) is None
    assert mistake(lambda model, prompt: "text") == "not to be awaited"


async def goes_on_when_cancelled(model, prompt):
    try:
        return await whole(model, prompt)
    except asyncio.CancelledError:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(1000)


def test_a_cancelled_task_should_end():
    assert mistake(goes_on_when_cancelled) == "outlives the cancellation"


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


def test_waiting_for_a_lost_reply_never_ends():
    for answer in (reads_in_a_task, waits_forever):
        assert mistake(answer, streams=True) == "never ends"


async def waits_in_a_task(model, prompt):
    kept.append(asyncio.ensure_future(asyncio.Event().wait()))
    return await whole(model, prompt)


async def raises_no_exception(model, prompt):
    class Stalled(BaseException):
        pass

    await whole(model, prompt)
    raise Stalled("nothing arrived")


def test_tasks_of_asyncios_own_coroutines_and_base_exceptions_are_reported():
    assert mistake(waits_in_a_task) == "leaves a task"
    assert mistake(raises_no_exception) == "raises"


def test_a_list_of_models_must_not_be_changed():
    def changing(change):
        async def answer(model, prompt, models):
            change(models)
            async for chunk in model.astream(prompt):
                yield chunk.text

        return mistake(answer, more=([FakeModel.of({}), FakeModel.of({})],), streams=True)

    assert changing(len) is None
    for change in (list.pop, list.reverse, lambda models: setattr(models[0], "temperature", 2)):
        assert changing(change) == "changes an argument"
    # a list of functions is accepted
    assert mistake(passes, more=([print, passes],), streams=True) is None


async def ends_when_cancelled(model, prompt):
    with contextlib.suppress(asyncio.CancelledError):
        async for chunk in model.astream(prompt):
            yield chunk.text


def test_an_exercises_own_case_may_stop_early_fail_or_cancel():
    cancelled = Case(cancel_after=1.0)
    assert (
        mistake(passes, Case(leave_after=2), Case(fails_after=2), cancelled, streams=True) is None
    )
    assert mistake(ends_when_cancelled, cancelled, streams=True) == "swallows the cancellation"
