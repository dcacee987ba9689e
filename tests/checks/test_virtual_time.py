"""The virtual event loop, and models that stream on it: exact times, no real waiting, no hangs."""

import asyncio
import threading
import time
from contextlib import suppress
from time import monotonic, perf_counter, sleep
from types import BuiltinFunctionType

import pytest

from utils.checks import evaluate
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.asgi_client import get
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reply
from utils.checks.engine.virtual_time import BEGIN, SOON, NeverEnds, run

PIECES = ["Ri", "vers ", "bend."]


async def text_of(model, prompt="Why?"):
    return "".join([chunk.content async for chunk in model.astream(prompt)])


# --- Time -----------------------------------------------------------------------------------------


def test_silence_takes_virtual_time_alone():
    async def main():
        await asyncio.sleep(300)
        return asyncio.get_running_loop().time(), monotonic(), time.perf_counter(), time.time()

    assert run(main, main) == (BEGIN + 300,) * 4


def test_timers_fire_in_their_order():
    async def main():
        order = []

        async def after(seconds):
            await asyncio.sleep(seconds)
            order.append((seconds, loops.now() - BEGIN))

        await asyncio.gather(*map(after, (3, 0.5, 2)))
        return order

    assert run(main) == [(0.5, 0.5), (2, 2.0), (3, 3.0)]


def test_a_timeout_is_exact():
    async def main():
        with suppress(TimeoutError):
            async with asyncio.timeout(2.5):
                await asyncio.Event().wait()
        return loops.now()

    assert run(main) == BEGIN + 2.5


def test_a_sleep_of_the_module_time_blocks_the_loop_in_virtual_time():
    async def main():
        beats = []

        async def heart():
            while True:
                await asyncio.sleep(1)
                beats.append(loops.now() - BEGIN)

        beating = asyncio.create_task(heart())
        await asyncio.sleep(2.5)
        sleep(4)  # noqa: ASYNC251 (it blocks)
        await asyncio.sleep(2)
        beating.cancel()
        return beats, loops.blocked()

    assert run(main, main) == ([1, 2, 6.5, 7.5], 4)


def test_a_thread_may_sleep_and_the_loop_goes_on():
    async def main():
        beats = []

        async def heart():
            while True:
                await asyncio.sleep(1)
                beats.append(loops.now() - BEGIN)

        def in_a_thread():
            time.sleep(2.5)
            return perf_counter() - BEGIN

        beating = asyncio.create_task(heart())
        after = await asyncio.to_thread(in_a_thread)
        beating.cancel()
        return after, beats, loops.blocked()

    assert run(main, main) == (2.5, [1, 2], 0)


def test_time_stands_still_while_a_thread_is_at_work():
    async def main():
        go = threading.Event()
        threading.Timer(0.05, go.set).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                return await asyncio.to_thread(go.wait, 10), loops.now()
        return "the clock didn't wait"

    assert run(main) == (True, BEGIN)


def test_the_functions_of_time_are_put_back():
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


# --- Ends -----------------------------------------------------------------------------------------


async def waits_for_ever():
    await asyncio.Event().wait()


async def polls_for_ever():
    while True:  # noqa: ASYNC110 (it never ends)
        await asyncio.sleep(1)


async def polls_without_a_pause():
    while True:  # noqa: ASYNC110 (it never ends)
        await asyncio.sleep(0)


async def sleeps_for_ever():
    while True:
        time.sleep(1)  # noqa: ASYNC251 (it never ends)


async def sleeps_in_a_thread():
    await asyncio.to_thread(sleep, 1e6)


async def never_gives_up():
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(1)


@pytest.mark.parametrize(
    ("main", "said"),
    [
        (waits_for_ever, "waits for something"),
        (polls_for_ever, "never finished"),
        (polls_without_a_pause, "never finished"),
        (sleeps_for_ever, "never finished"),
        (sleeps_in_a_thread, "never finished"),
        (never_gives_up, "never finished"),
    ],
)
def test_what_never_ends_is_told_so(main, said):
    with pytest.raises(NeverEnds, match=said):
        run(main, main)


def test_what_polls_sees_time_go_by():
    async def main():
        until = loops.now() + 5
        while loops.now() < until:  # noqa: ASYNC110 (as a learner may)
            await asyncio.sleep(0)
        return True

    assert run(main)


def test_tasks_left_behind_are_cancelled_without_a_word(caplog, capfd):
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


def test_generators_left_behind_are_closed():
    reply = Reply(PIECES)

    async def main():
        main.kept = FakeModel.of({"Why?": reply}).astream("Why?")
        await anext(main.kept)

    run(main)
    assert reply.readings[0].closed


# --- Streams --------------------------------------------------------------------------------------


def test_pieces_come_when_they_should():
    reply = Reply(PIECES, silences={1: 30})

    async def main():
        assert await text_of(FakeModel.of({"Why?": reply})) == "Rivers bend."
        return loops.now() - BEGIN

    assert run(main) == pytest.approx(reply.lasts)
    came = [at - BEGIN for at in reply.readings[0].arrived]
    assert came == pytest.approx([reply.arrives(at) for at in range(3)])
    assert came == pytest.approx([0.6, 30.7, 30.8])


@pytest.mark.parametrize(
    ("method", "blocking"),
    [("ainvoke", False), ("astream", False), ("invoke", True), ("stream", True)],
)
def test_who_blocks_the_loop_is_noted(method, blocking):
    reply = Reply(PIECES)

    async def main():
        answer = getattr(FakeModel.of({"Why?": reply}), method)("Why?")
        if method == "ainvoke":
            await answer
        elif method == "astream":
            assert [chunk async for chunk in answer]
        elif method == "stream":
            list(answer)
        return loops.blocked()

    blocked = run(main)
    assert reply.blocking is blocking
    assert blocked == pytest.approx(reply.lasts if blocking else 0)


def test_a_thread_that_invokes_does_not_block_the_loop():
    reply = Reply(PIECES)

    async def main():
        await asyncio.to_thread(FakeModel.of({"Why?": reply}).invoke, "Why?")
        return loops.now() - BEGIN

    assert run(main) == pytest.approx(reply.lasts)
    assert not reply.blocking


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.65, 5])
def test_a_reader_who_leaves_lets_it_go(seconds):
    reply = Reply(PIECES, silences={2: 100})

    async def main():
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await text_of(FakeModel.of({"Why?": reply}))
        await asyncio.sleep(SOON)
        return reply.readings[0].closed, reply.readings[0].left - BEGIN

    assert run(main) == (True, pytest.approx(seconds))


def test_leaving_the_loop_lets_it_go():
    reply = Reply(PIECES)

    async def leaves():
        async for chunk in FakeModel.of({"Why?": reply}).astream("Why?"):
            if chunk.content:
                break

    async def main():
        await leaves()
        await asyncio.sleep(SOON)
        return reply.readings[0].closed, reply.taken

    assert run(main) == (True, 1)


# --- Servers --------------------------------------------------------------------------------------


async def an_app(scope, receive, send):
    """Send three events, a second apart, unless the client disconnects."""
    start = {"type": "http.response.start", "status": 200, "headers": [(b"X-Kind", b"test")]}
    await send(start)
    for number in range(3):
        await asyncio.sleep(1)
        body = f"data: {number}\n\n".encode()
        await send({"type": "http.response.body", "body": body, "more_body": number < 2})


def test_a_visit_sees_each_event_when_it_comes():
    heard = []

    async def main():
        return await get(an_app, "/", {}, heard.append)

    visit = run(main)
    assert [event.data for event in heard] == ["0", "1", "2"]
    assert [at - BEGIN for at, _ in visit.events] == [1, 2, 3]
    assert (visit.status, visit.headers["x-kind"], visit.left) == (200, "test", None)


@pytest.mark.parametrize(("leave_after", "left", "events"), [(2, 2, 2), (1.5, 1.5, 1)])
def test_a_client_leaves_after_events_or_seconds(leave_after, left, events):
    async def main():
        return await get(an_app, "/", {}, leave_after=leave_after)

    visit = run(main)
    assert visit.left == BEGIN + left
    assert len(visit.events) == events


def test_a_request_is_cancelled_while_its_client_reads_no_more():
    waited = []

    async def notes(scope, receive, send):
        try:
            await an_app(scope, receive, send)
        finally:
            waited.append(loops.now() - BEGIN)

    async def main():
        return await get(notes, "/", {}, leave_after=1, slow=True)

    visit = run(main)
    assert waited == [6.0]
    assert (visit.left, len(visit.events), visit.error) == (BEGIN + 6, 1, None)


def test_the_app_is_told_that_its_client_left():
    told = []

    async def listens(scope, receive, send):
        while (message := await receive())["type"] != "http.disconnect":
            told.append(message["type"])
        told.append(loops.now() - BEGIN)

    async def main():
        return await get(listens, "/", {}, leave_after=2.0)

    run(main)
    assert told == ["http.request", 2.0]


# --- Checks ---------------------------------------------------------------------------------------


async def test_a_check_works_beside_a_running_loop():
    async def shout(model, prompt):
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()

    assert evaluate("4.shout", shout).status == "correct"
    await asyncio.sleep(0)
