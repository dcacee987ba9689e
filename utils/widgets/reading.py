"""Reading async replies into lanes: together, with a Stop that ends them and closes their sources.

The synchronous way is `Viewer.view`. What lanes look like is `lane`'s business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped]

from utils.errors import sentence
from utils.timing import AsyncRecorder, Recording, arecord
from utils.widgets.coalesce import TICK, call_later
from utils.widgets.lane import Lane

Source = AsyncIterable[object] | Awaitable[object]


class Stop:
    """A Stop button, and the tasks that it ends.

    Attributes:
        button: The widget.
        wanted: Whether the reading should end: the button was pressed, or the cell interrupted.
    """

    def __init__(self, **look: Any) -> None:
        """Make a button that stops nothing yet.

        Args:
            **look: Passed on to ipywidgets, such as `layout`.
        """
        self.button = widgets.Button(
            description="Stop",
            icon="stop",
            tooltip="Stop the reply",
            disabled=True,
            _dom_classes=["course-stop"],
            **look,
        )
        self.button.on_click(lambda _: self.press())
        self.wanted = False
        self._tasks: Sequence[asyncio.Task[Recording]] = ()
        self._loop: asyncio.AbstractEventLoop | None = None

    def arm(self, tasks: Sequence[asyncio.Task[Recording]]) -> None:
        """Let the button end these tasks of the running loop."""
        self.wanted = False
        self._tasks, self._loop = tasks, asyncio.get_running_loop()
        self.button.disabled = False

    def press(self) -> None:
        """End the reading, from any thread; nothing happens where nothing is read."""
        if self._loop is not None and not self.wanted:  # twice would cut the closing short
            self.wanted = True
            for task in self._tasks:
                self._loop.call_soon_threadsafe(task.cancel)

    def disarm(self) -> None:
        """The reading is over."""
        self._tasks, self._loop = (), None
        self.button.disabled = True


async def read_together(
    lanes: Sequence[tuple[Lane, Callable[[], Source]]], stop: Stop
) -> list[asyncio.Task[Recording]]:
    """Read several replies at once, from one moment, until each has ended or Stop is pressed.

    A beat of 100 ms wakes the event loop, so that the kernel's own interrupt (■) is heard while
    nothing arrives.

    Args:
        lanes: Each lane, and a function that sends its request.
        stop: Ends all of them.

    Returns:
        The tasks, all done: each holds its recording or its exception.

    Raises:
        asyncio.CancelledError: If the cell was interrupted. By then every source is closed.
    """
    start = lanes[0][0].clock()
    tasks = [asyncio.create_task(read(lane, send, stop, at=start)) for lane, send in lanes]
    stop.arm(tasks)
    waiting: set[asyncio.Task[Recording]] = set(tasks)
    try:
        while waiting:
            _, waiting = await asyncio.wait(waiting, timeout=TICK)
    except asyncio.CancelledError:
        stop.press()
        await asyncio.wait(tasks)
        raise
    finally:
        stop.disarm()
    return tasks


async def read(lane: Lane, send: Callable[[], Source], stop: Stop, at: float) -> Recording:
    """Read one reply into a lane, and close its source whatever happens.

    Args:
        lane: Shows it, with an exception as a sentence.
        send: Makes the stream, or the awaitable of a whole reply.
        stop: Consulted after every item: Python 3.11 can lose a cancellation in `asyncio.wait_for`.
        at: The clock's reading that the lane counts from.

    Returns:
        What arrived; also after Stop.

    Raises:
        Exception: Whatever the source raised.
    """
    lane.begin(call_later, at)
    try:
        recorder = arecord(_as_stream(send()), lane.label, clock=lane.clock)
    except Exception as error:
        told = sentence(error)
        lane.end(Recording(lane.label, (), 0.0, "failed", told, sent=at), told)
        raise
    told = ""
    try:
        async for item in recorder:
            lane.add(item, recorder.elapsed)
            if stop.wanted:
                await asyncio.sleep(0)  # its cancellation arrives here, not while the source closes
                break
    except asyncio.CancelledError:
        if not stop.wanted:
            raise
    except Exception as error:
        told = sentence(error)
        raise
    finally:
        try:
            await _close(recorder, stop)
        finally:
            lane.end(recorder.recording, told)
    return recorder.recording


async def _close(recorder: AsyncRecorder[object], stop: Stop) -> None:
    """Close a lane's source; Stop's cancellation may arrive only now, where a piece came first."""
    try:
        await recorder.aclose()
    except asyncio.CancelledError:
        if not stop.wanted:
            raise
        await recorder.aclose()


def _as_stream(source: Source) -> AsyncIterable[object]:
    """A whole reply is a stream of one item; what is neither is refused by `arecord`."""
    if isinstance(source, Awaitable) and not isinstance(source, AsyncIterable):
        return _whole(source)
    return source


async def _whole(reply: Awaitable[object]) -> AsyncIterator[object]:
    yield await reply
