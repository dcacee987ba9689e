"""Reads async streams until they end, fail or are stopped; also defines the Stop button."""

import asyncio
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)

import ipywidgets as widgets  # type: ignore[import-untyped]

from utils.widgets.base.throttle import TICK

GRACE = 0.5  # seconds for a stream to close once cancelled; it is cancelled at most twice
LEFT_OPEN = "Stopped, but the stream did not close: its server may go on generating."

Source = AsyncIterable[object] | Awaitable[object]


class StreamReader:
    """Reads one stream in a separate task, which Stop can cancel at any time."""

    def __init__(
        self,
        open_stream: Callable[[], AsyncIterable[object]],
        take: Callable[[object], None],
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        """`take` receives each item; `tick` is called every 100 ms."""
        self._open_stream = open_stream
        self._take = take
        self._tick = tick
        self.stopped = False  # whether Stop or an interrupt ended the stream
        self.error: BaseException | None = None  # the exception that ended the stream
        self.closed = True  # False if the stream didn't close after it was cancelled
        self._task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Stop reading, and ignore any further items. Safe to call from any thread, at any time."""
        task = self._task
        if task is None or task.done() or self.stopped:  # cancelling again would interrupt cleanup
            return
        self.stopped = True
        task.get_loop().call_soon_threadsafe(task.cancel)

    async def run(self) -> None:
        """Read until the stream ends, fails or is stopped, and set `stopped`, `error` and `closed`.

        The event loop wakes up every 100 ms, so that a kernel interrupt (■) takes effect even
        while the stream is silent.

        Raises:
            asyncio.CancelledError: If the caller was cancelled, for example by an interrupt (■).
                The stream gets time to close first: see `closed`.
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
        """Wait for the stream to close; if it takes too long, cancel the task again."""
        await asyncio.wait({task}, timeout=GRACE)
        if not task.done():  # Python 3.11 can lose a cancellation in `asyncio.wait_for`
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE)

    def _conclude(self, task: asyncio.Task[None]) -> None:
        if not task.done():
            self.closed = False
        elif task.cancelled():
            if not self.stopped:
                self.error = RuntimeError("The stream was cancelled from within.")
        else:
            self.error = task.exception()

    async def _read(self) -> None:
        stream = self._open_stream()
        items = aiter(stream)
        try:
            async for item in items:
                if self.stopped:
                    await asyncio.sleep(0)  # lets CancelledError be raised here, not during cleanup
                    break
                self._take(item)
        finally:
            sources = [items] if items is stream else [items, stream]
            for source in sources:
                if close := getattr(source, "aclose", None):
                    await close()


class StopButton(widgets.Button):  # type: ignore[misc]
    """A button that stops the readers passed to `arm`."""

    def __init__(self) -> None:
        super().__init__(
            description="Stop",
            icon="stop",
            tooltip="Stop the reply",
            disabled=True,
            _dom_classes=["course-stop"],
        )
        self._readers: Sequence[StreamReader] = ()
        self.on_click(lambda _: self._press())

    def arm(self, readers: Sequence[StreamReader]) -> None:
        """Set the readers that the button stops; an empty sequence disables the button."""
        self._readers, self.disabled = readers, not readers

    def _press(self) -> None:
        for reader in self._readers:
            reader.stop()


def as_stream(source: object, *, whole: bool = False) -> AsyncIterable[object]:
    """Return `source` as an async stream; a whole reply becomes a stream of one item.

    Args:
        source: An async iterable, a reply, or an awaitable of either.
        whole: Whether any object that isn't a stream counts as a whole reply. By default, only
            strings and messages do.

    Raises:
        TypeError: If `source` isn't an async stream or a reply; the message suggests what to pass.
    """
    if isinstance(source, AsyncIterable):
        return source
    if isinstance(source, Awaitable):
        return _awaited(source)
    # a list or dict may be a whole reply, but an iterator is always a stream
    synchronous = isinstance(source, Iterator if whole else Iterable)
    if isinstance(source, str) or hasattr(source, "content") or (whole and not synchronous):
        return _single(source)
    if synchronous and not isinstance(source, Mapping):
        raise TypeError(
            "This is a synchronous stream, which would keep the kernel too busy to receive Stop. "
            "Use an async one, such as `model.astream(…)`."
        )
    raise TypeError(
        f"An object of type {type(source).__name__} is not a stream. Use an async one, such as "
        "`model.astream(…)`."
    )


async def _awaited(source: Awaitable[object]) -> AsyncIterator[object]:
    stream = as_stream(await source, whole=True)
    try:
        async for item in stream:
            yield item
    finally:
        if close := getattr(stream, "aclose", None):
            await close()


async def _single(reply: object) -> AsyncIterator[object]:
    yield reply
