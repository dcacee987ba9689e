"""Recorders that time streams and whole replies.

All times are in seconds since the request was sent. The first `next()` sends the request and
starts the clock, because generators do nothing until then. A piece counts as arrived when the
reading loop receives it, so if that loop is slow, the recorded times are late.
"""

import time
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from typing import Any, Generic, Self, TypeVar

from utils.timing.chunks import content_of, finish_reason_of, mapping_of
from utils.timing.recording import Outcome, Piece, Recording
from utils.timing.token_counts import usage_of
from utils.unicode import well_formed

T = TypeVar("T")
Clock = Callable[[], float]


class _Recorder(Generic[T]):
    """Base class of `Recorder` and `AsyncRecorder`.

    Items are parsed only when `recording` is read, so that timing a stream costs almost nothing.
    """

    def __init__(self, source: Any, owner: object, label: str, clock: Clock) -> None:
        """`source` is the iterator of the iterable `owner`; both are closed at the end."""
        self._sources: tuple[object, ...] = (source,) if source is owner else (source, owner)
        self._source = source
        self._label = label
        self._clock = clock
        self._start: float | None = None  # a clock reading, like those in `_arrived` and `_end`
        self._arrived: list[tuple[float, T]] = []
        self._pieces: list[Piece] = []  # the items parsed so far
        self._finish_reason: str | None = None
        self._usages: list[Mapping[str, Any]] = []  # token counts, which several items may contain
        self._end: float | None = None
        self._outcome: Outcome = "streaming"
        self._error: str | None = None

    @property
    def recording(self) -> Recording:
        """A snapshot of the stream so far."""
        start = self._clock() if self._start is None else self._start
        for arrival, item in self._arrived[len(self._pieces) :]:
            text, reasoning = content_of(item)
            self._pieces.append(Piece(arrival - start, text, reasoning))
            self._finish_reason = finish_reason_of(item) or self._finish_reason
            if usage := mapping_of(item, "usage_metadata"):
                self._usages.append(usage)
        texts = [piece.reasoning + piece.text for piece in self._pieces]
        end = self._clock() if self._end is None else self._end
        return Recording(
            label=self._label,
            pieces=tuple(self._pieces),
            e2e=end - start,
            outcome=self._outcome,
            error=self._error,
            finish_reason=self._finish_reason,
            usage=usage_of(self._usages, texts),
            sent=start,
        )

    @property
    def elapsed(self) -> float:
        """Seconds since the request was sent; 0 before that."""
        return 0.0 if self._start is None else self._clock() - self._start

    def _ended(self, outcome: Outcome, error: BaseException | None = None) -> None:
        """Stop the clock; only the first call has any effect."""
        if self._end is not None:
            return
        self._end = self._clock()
        self._start = self._end if self._start is None else self._start
        self._outcome = outcome
        if error is not None:  # stored as text: an exception would keep stack frames alive
            self._error = well_formed(f"{type(error).__name__}: {error}")

    def _closers(self, method: str) -> Iterator[Callable[[], Any]]:
        """Stop the clock and yield the functions that close the iterator and the iterable."""
        self._ended("left")
        sources, self._sources = self._sources, ()
        for source in sources:
            if close := getattr(source, method, None):
                yield close


class Recorder(_Recorder[T], Iterator[T]):
    """Iterator that passes a stream through unchanged while timing it; returned by `record`."""

    def __next__(self) -> T:
        if self._end is not None:
            raise StopIteration
        if self._start is None:
            self._start = self._clock()
        try:
            item: T = next(self._source)
        except StopIteration:
            self._ended("finished")
            raise
        except Exception as error:
            self._ended("failed", error)
            raise
        except BaseException:  # such as a kernel interrupt (■)
            self.close()
            raise
        self._arrived.append((self._clock(), item))
        return item

    def close(self) -> None:
        """Close the source, so that the server stops generating. Safe to call more than once."""
        for close in self._closers("close"):
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._end is None:
            self.close()


class AsyncRecorder(_Recorder[T], AsyncIterator[T]):
    """Async version of `Recorder`; returned by `arecord`."""

    async def __anext__(self) -> T:
        if self._end is not None:
            raise StopAsyncIteration
        if self._start is None:
            self._start = self._clock()
        try:
            item: T = await anext(self._source)
        except StopAsyncIteration:
            self._ended("finished")
            raise
        except Exception as error:
            self._ended("failed", error)
            raise
        except BaseException:  # the reading task was cancelled
            await self.aclose()
            raise
        self._arrived.append((self._clock(), item))
        return item

    async def aclose(self) -> None:
        """Close the source, so that the server stops generating. Safe to call more than once."""
        for close in self._closers("aclose"):
            await close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def record(
    stream: Iterable[T], label: str = "", *, clock: Clock = time.perf_counter
) -> Recorder[T]:
    """Time a stream while passing its items through unchanged, without reading ahead.

    The source is closed by `close()`, at the end of `with record(…) as recorder:`, and immediately
    after a `break` if the recorder isn't assigned to a variable. A recorder in a variable stays
    open after a `break`, as any generator would.

    Args:
        stream: Any iterable of message chunks, strings, or dicts shaped like message chunks.
            The first item sets TTFB, even if it has no text.
        label: A name for charts and tables.
        clock: A function that returns seconds; for tests.

    Returns:
        An iterator over the same items; `.recording` is available at any time.
    """
    if isinstance(stream, AsyncIterable):
        raise TypeError("This is an async stream: time it with `arecord(…)` and `async for`.")
    if hasattr(stream, "content") or not isinstance(stream, Iterable):
        raise TypeError(_not_a_stream(stream, "model.stream(…)", "record_call(model.invoke, …)"))
    return Recorder(iter(stream), stream, label, clock)


def arecord(
    stream: AsyncIterable[T], label: str = "", *, clock: Clock = time.perf_counter
) -> AsyncRecorder[T]:
    """Time an async stream while passing its items through; async version of `record`.

    The source is closed when `aclose()` is called, when an `async with arecord(…)` block ends, or
    when the reading task is cancelled. After a `break`, if the recorder isn't assigned to a
    variable, the source is closed on the next iteration of the event loop.
    """
    if not isinstance(stream, AsyncIterable):
        if isinstance(stream, Iterable) and not hasattr(stream, "content"):
            raise TypeError("This is a synchronous stream: time it with `record(…)` and `for`.")
        raise TypeError(
            _not_a_stream(stream, "model.astream(…)", "await arecord_call(model.ainvoke, …)")
        )
    return AsyncRecorder(aiter(stream), stream, label, clock)


def record_call(
    call: Callable[..., T],
    *args: object,
    label: str = "",
    clock: Clock = time.perf_counter,
    **kwargs: object,
) -> tuple[T, Recording]:
    """Make a blocking call, such as `model.invoke`; return the reply and its recording.

    The recording has one piece, so its TTFT is its E2E latency. Exceptions propagate. `label` is
    the recording's name in charts. `clock` returns seconds. `call` receives all other arguments.
    """
    start = clock()
    reply = call(*args, **kwargs)
    return reply, _whole(reply, label, start, clock())


async def arecord_call(
    call: Callable[..., Awaitable[T]],
    *args: object,
    label: str = "",
    clock: Clock = time.perf_counter,
    **kwargs: object,
) -> tuple[T, Recording]:
    """Await a whole reply, and return it with its recording; async version of `record_call`."""
    start = clock()
    reply = await call(*args, **kwargs)
    return reply, _whole(reply, label, start, clock())


def _whole(reply: object, label: str, start: float, end: float) -> Recording:
    text, reasoning = content_of(reply)
    return Recording(
        label=label,
        pieces=(Piece(end - start, text, reasoning),),
        e2e=end - start,
        finish_reason=finish_reason_of(reply),
        usage=mapping_of(reply, "usage_metadata") or None,
        sent=start,
    )


def _not_a_stream(thing: object, stream: str, call: str) -> str:
    return (
        f"An object of type {type(thing).__name__} is not a stream. Pass what `{stream}` returns, "
        f"or time a whole reply with `{call}`."
    )
