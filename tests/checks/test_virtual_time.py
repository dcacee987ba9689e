"""The virtual event loop, and models that stream on it: exact times, no real waits, no hangs."""

import asyncio
import threading
import time
from contextlib import suppress
from time import monotonic, perf_counter, sleep
from types import BuiltinFunctionType

import pytest

from utils.checks import evaluate
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reply
from utils.checks.engine.virtual_time import BEGIN, NeverEnds, run

# `run(main, answer)` runs `main` in virtual time, which begins at `BEGIN`. Calls to `sleep` in
# `answer` advance this time.

# --- Time -----------------------------------------------------------------------------------------


async def ticks(work):
    """Run `work` while a clock ticks every second; return the result and the tick times."""
    times = []

    async def tick():
        while True:
            await asyncio.sleep(1)
            times.append(loops.now() - BEGIN)

    ticking = asyncio.create_task(tick())
    result = await work
    ticking.cancel()
    return result, times


def test_sleep_in_a_coroutine_blocks_the_loop():
    async def sleeps():
        await asyncio.sleep(2.5)
        sleep(4)  # noqa: ASYNC251 (intended)
        await asyncio.sleep(2)
        return loops.blocked()  # total seconds

    assert run(lambda: ticks(sleeps()), sleeps) == (4, [1, 2, 6.5, 7.5])


def test_sleep_in_a_thread_does_not_block_the_loop():
    def in_a_thread():
        time.sleep(2.5)
        return perf_counter() - BEGIN, loops.blocked()

    result = run(lambda: ticks(asyncio.to_thread(in_a_thread)), in_a_thread)
    assert result == ((2.5, 0), [1, 2])


def test_the_functions_of_time_are_restored():
    def of_python():
        return [isinstance(each, BuiltinFunctionType) for each in (time.sleep, sleep, monotonic)]

    async def main():
        assert not any(of_python())
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(main, main)
    assert all(of_python())


def test_other_threads_keep_the_real_time():
    seen = []

    async def main():
        thread = threading.Thread(target=lambda: seen.append(time.monotonic()))
        thread.start()
        thread.join()

    before = time.monotonic()
    run(main, main)
    assert before <= seen[0] <= time.monotonic()


# --- The end of a run -----------------------------------------------------------------------------


async def waits_forever():
    await asyncio.Event().wait()


async def polls_forever():
    while True:  # noqa: ASYNC110 (intended)
        await asyncio.sleep(1)


async def polls_without_a_pause():
    while True:  # noqa: ASYNC110 (intended)
        await asyncio.sleep(0)


async def sleeps_forever():
    while True:
        time.sleep(1)  # noqa: ASYNC251 (intended)


async def sleeps_in_a_thread():
    await asyncio.to_thread(sleep, 1e6)


async def never_gives_up():
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(1)


@pytest.mark.parametrize(
    ("main", "message"),
    [
        (waits_forever, "waits for something"),
        (polls_forever, "never finished"),
        (polls_without_a_pause, "never finished"),
        (sleeps_forever, "never finished"),
        (sleeps_in_a_thread, "never finished"),
        (never_gives_up, "never finished"),
    ],
)
def test_endless_code_is_stopped(main, message):
    with pytest.raises(NeverEnds, match=message):
        run(main, main)


def test_remaining_tasks_are_cancelled_without_output(caplog, capfd):
    ends = []

    async def left_behind():
        try:
            await asyncio.sleep(1000)
        finally:
            ends.append("closed")

    async def main():
        main.task = asyncio.create_task(left_behind())
        main.failed = asyncio.create_task(fails())
        await asyncio.sleep(1)

    async def fails():
        raise ValueError("unheard")

    run(main)
    assert ends == ["closed"]
    assert main.task.cancelled()
    del main.failed
    assert caplog.text == ""
    assert capfd.readouterr().err == ""


def test_remaining_generators_are_closed():
    reply = Reply(["Ri", "vers ", "bend."])

    async def main():
        main.kept = FakeModel.of({"Why?": reply}).astream("Why?")
        await anext(main.kept)

    run(main)
    assert reply.readings[0].left is not None
    assert not reply.ended


# --- Checks ---------------------------------------------------------------------------------------


async def test_a_check_runs_while_another_loop_is_running():
    async def shout(model, prompt):
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()

    assert evaluate("4.shout", shout).status == "correct"
    await asyncio.sleep(0)
