"""`StreamReader`: reading, stopping and closing a stream; `as_stream`: what counts as a stream."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from tests.widgets.doubles import Tap, stream, stubborn
from utils.widgets.base import stream_reader
from utils.widgets.base.stream_reader import StreamReader, as_stream


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time allowed for a stopped stream to close."""
    monkeypatch.setattr(stream_reader, "GRACE", 0.01)


async def begun(stream: Any) -> tuple[StreamReader, list[Any], asyncio.Task[None]]:
    """Start reading and wait for an item; return the reader, the received items and the task.

    If the stream is a `Tap`, which the test feeds, first put "Half" into it.
    """
    if isinstance(stream, Tap):
        stream._items.put_nowait("Half")
    taken, arrived = [], asyncio.Event()

    def take(item: object) -> None:
        taken.append(item)
        arrived.set()

    reader = StreamReader(lambda: stream, take)
    run = asyncio.create_task(reader.run())
    await asyncio.wait_for(arrived.wait(), 240)
    return reader, taken, run


@pytest.mark.parametrize("times", [1, 2])
async def test_stop_ends_reading_and_closes_the_stream(tap, times):
    reader, taken, run = await begun(tap)
    tap._items.put_nowait("too late")  # arrives in the same event loop iteration as the stop
    for _ in range(times):
        reader.stop()
    await run
    assert (taken, reader.stopped, tap.closed) == (["Half"], True, True)


async def test_stop_before_and_after_reading_has_no_effect(tap):
    reader = StreamReader(lambda: tap, lambda _: None)
    reader.stop()
    tap.end()
    await reader.run()
    reader.stop()
    assert not reader.stopped


async def test_stop_after_the_last_item_has_no_effect(tap):
    reader, _, run = await begun(tap)
    assert reader._task is not None
    reader._task.add_done_callback(lambda _: reader.stop())
    tap.end()
    await run
    assert not reader.stopped


async def test_stop_between_two_items_lets_the_stream_finish_closing():
    closed: list[str] = []
    readers: list[StreamReader] = []

    async def stream():
        try:
            readers[0].stop()
            yield "too late"
        finally:
            await asyncio.sleep(0)  # like LangChain, which runs callbacks before it closes a stream
            closed.append("to its end")

    taken: list[object] = []
    readers.append(StreamReader(stream, taken.append))
    await readers[0].run()
    assert (taken, closed, readers[0].stopped) == ([], ["to its end"], True)


async def test_a_cancellation_that_arrives_while_the_stream_closes_is_a_stop():
    class Late(Tap):
        """Yields an item when cancelled and raises when closed, as can happen on Python 3.11."""

        async def __anext__(self) -> Any:
            try:
                return await super().__anext__()
            except asyncio.CancelledError:
                return "too late"

        async def aclose(self) -> None:
            await super().aclose()
            raise asyncio.CancelledError

    reader, taken, run = await begun(Late())
    reader.stop()
    await run
    assert (taken, reader.stopped, reader.error) == (["Half"], True, None)


async def test_a_lost_cancellation_is_sent_again(quick):
    closed: list[bool] = []

    async def forgetful():  # swallows the cancellation, as `asyncio.wait_for` can on Python 3.11
        try:
            yield "Half"
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    reader, _, run = await begun(forgetful())
    reader.stop()
    await run
    assert (reader.closed, closed) == (True, [True])


async def test_a_stream_that_ignores_every_cancellation_is_abandoned(quick):
    released = asyncio.Event()
    reader, taken, run = await begun(stubborn(released))
    reader.stop()
    await run
    assert (reader.stopped, reader.closed) == (True, False)
    released.set()
    assert reader._task is not None
    await asyncio.wait([reader._task])
    assert taken == ["Half"]


@pytest.mark.parametrize("stop", [True, False])
async def test_an_interrupt_propagates_with_or_without_stop(tap, stop):
    reader, _, run = await begun(tap)
    if stop:
        reader.stop()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert (reader.stopped, tap.closed) == (True, True)


async def test_a_stream_that_cancels_itself_has_failed():
    async def cancelled():
        yield "Half"
        raise asyncio.CancelledError

    reader, _, run = await begun(cancelled())
    await run
    assert "cancelled from within" in str(reader.error)


async def awaited(reply: object) -> object:
    return reply


@pytest.mark.parametrize(
    ("source", "items"),
    [
        (lambda: stream("Half", " of it"), ["Half", " of it"]),
        (lambda: awaited(stream("Half", " of it")), ["Half", " of it"]),
        (lambda: "whole", ["whole"]),
        (lambda: awaited("whole"), ["whole"]),
        (lambda: awaited({"name": "Ada"}), [{"name": "Ada"}]),
    ],
)
async def test_a_stream_may_be_awaited_or_a_whole_reply(source, items):
    assert [item async for item in as_stream(source())] == items


@pytest.mark.parametrize(
    ("source", "words"),
    [(iter("ab"), "synchronous stream"), (["a"], "synchronous stream"), (5, "int is not a stream")],
)
def test_other_objects_are_refused(source, words):
    with pytest.raises(TypeError, match=words):
        as_stream(source)


async def test_an_awaitable_of_a_synchronous_stream_is_refused_too():
    with pytest.raises(TypeError, match="synchronous stream"):
        [item async for item in as_stream(awaited(iter("ab")))]
