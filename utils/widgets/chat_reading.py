"""One attempt at a reply: the stream is read until it ends, fails or is stopped, and then closed.

Nothing is drawn here, and nothing is known of turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from utils.widgets.coalesce import TICK

GRACE = 0.5  # seconds that a stopped stream has to close itself, twice


class Attempt:
    """Reads one stream in a task of its own, so that Stop can end it at any moment.

    Attributes:
        stopped: Whether somebody wanted it to end: by Stop, or by interrupting the cell.
        error: What the stream raised, if it did.
        closed: Whether the stream let go of its connection in time.
    """

    def __init__(
        self,
        send: Callable[[], object],
        take: Callable[[object], None],
        tick: Callable[[], None],
    ) -> None:
        """Prepare to read.

        Args:
            send: Makes the stream: an async iterable, or an awaitable of one or of a whole reply.
            take: Gets each item.
            tick: Called every 100 ms, also while nothing comes. That wakes the event loop, too, so
                that the kernel's own interrupt (■) is heard.
        """
        self._send = send
        self._take = take
        self._tick = tick
        self.stopped = False
        self.error: BaseException | None = None
        self.closed = True
        self._task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """End it, from any thread. No item is taken any more from this moment on."""
        task = self._task
        if task is None or task.done() or self.stopped:  # twice would cut the closing short
            return
        self.stopped = True
        task.get_loop().call_soon_threadsafe(task.cancel)

    async def run(self) -> None:
        """Read to the end, whatever end that is; what happened is in the attributes.

        Raises:
            asyncio.CancelledError: If the caller was cancelled, such as by ■ in its cell. By then
                the stream is closed.
        """
        task = self._task = asyncio.create_task(self._read())
        try:
            while not task.done() and not self.stopped:
                await asyncio.wait({task}, timeout=TICK)
                self._tick()
            await self._closing(task)
        except asyncio.CancelledError:
            self.stop()
            await self._closing(task)
            raise
        finally:
            self.stop()
            self._conclude(task)

    async def _closing(self, task: asyncio.Task[None]) -> None:
        """Wait until a stopped stream has closed."""
        await asyncio.wait({task}, timeout=GRACE)
        if not task.done():  # Python 3.11 can lose a cancellation in `asyncio.wait_for`
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE)

    def _conclude(self, task: asyncio.Task[None]) -> None:
        if not task.done():
            self.closed = False  # it does not hear its cancellation; it is left to itself
        elif task.cancelled():
            if not self.stopped:
                self.error = RuntimeError("The stream was cancelled from within.")
        else:
            self.error = task.exception()

    async def _read(self) -> None:
        source = self._send()
        if isinstance(source, Awaitable) and not isinstance(source, AsyncIterable):
            source = await source
        stream = _as_stream(source)
        items = aiter(stream)
        try:
            async for item in items:
                if self.stopped:
                    await asyncio.sleep(0)  # the cancellation arrives here, not while it closes
                    break
                self._take(item)
        finally:
            for closing in (items,) if items is stream else (items, stream):
                if close := getattr(closing, "aclose", None):
                    await close()


def _as_stream(source: object) -> AsyncIterable[object]:
    """A stream as it is; a whole reply as a stream of one item.

    Raises:
        TypeError: If it is neither; the message says what to return.
    """
    if isinstance(source, AsyncIterable):
        return source
    if isinstance(source, str) or hasattr(source, "content"):
        return _whole(source)
    if isinstance(source, Iterable):
        raise TypeError(
            "`reply` returned a synchronous stream, which would keep the kernel too busy to hear "
            "Stop. Return an async one, such as `model.astream(history)`."
        )
    raise TypeError(
        f"`reply` returned {type(source).__name__}, which is no stream. Return an async one, "
        "such as `model.astream(history)`."
    )


async def _whole(reply: Any) -> AsyncIterator[object]:
    yield reply
