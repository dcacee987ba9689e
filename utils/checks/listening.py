"""How a check reads a stream that an answer makes, and leaves it: to the end, early, or cancelled.

It runs inside `loops.run`, so times are virtual seconds, counted from when reading began. What is
said of a reading is `watching`'s.
"""

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from langchain_core.messages import BaseMessage

from utils.checks.async_streams import LiveProbe
from utils.checks.engine import virtual_time as loops
from utils.checks.outcome import NotYet
from utils.checks.streams import Probe

_MOST = 500  # items; no stream of a check has as many
_PATIENCE = 60.0  # virtual seconds for a cancelled task to end


@dataclass
class Heard:
    """What a reader got.

    Attributes:
        items: All that was yielded, in order.
        times: When each came.
        error: What ended the stream, if it failed.
        seconds: When the stream ended or was left.
        let_go: Whether soon after that all its sources had ended or were closed.
    """

    items: list[Any] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    error: Exception | None = None
    seconds: float = 0.0
    let_go: bool = False

    @property
    def text(self) -> str:
        """The texts of the items as one."""
        return "".join(map(text_of, self.items))


@dataclass(eq=False)  # two feeds are never the same one
class Feed:
    """A stream of items, each after a silence, that is read with a plain `async for`.

    Attributes:
        steps: (seconds of silence, item), in order.
        error: What it fails with after them; None is a good end.
        made: How often it was asked for.
        times: When each item was taken, by the loop's clock.
        let_go: No stream of it is under way: none was begun, or all ended or were closed.
    """

    steps: Sequence[tuple[float, Any]]
    error: Exception | None = None
    made: int = 0
    times: list[float] = field(default_factory=list)
    let_go: bool = True

    @property
    def items(self) -> list[Any]:
        """The items alone."""
        return [item for _, item in self.steps]

    def __call__(self) -> AsyncGenerator[Any]:
        """The stream."""
        self.made += 1
        return self._stream()

    async def _stream(self) -> AsyncGenerator[Any]:
        self.let_go = False
        try:
            for seconds, item in self.steps:
                await asyncio.sleep(seconds)
                self.times.append(loops.now())
                yield item
            if self.error is not None:
                raise self.error
        finally:
            self.let_go = True


async def listen(
    stream: AsyncIterable[Any],
    *sources: LiveProbe | Feed,
    leave_after: int | None = None,
    pause: float = 0.0,
    into: Heard | None = None,
) -> Heard:
    """Read a stream and close it; what it raises is noted and goes no further.

    Args:
        stream: What the learner's function made.
        sources: Where it comes from; probes note each text that comes out, and anything else as an
            empty one.
        leave_after: Leave after so many items that aren't empty.
        pause: Seconds that the reader takes for each item.
        into: Where to write, for readers that are cancelled.

    Raises:
        NotYet: If it goes on for ever, or yields what nobody has awaited.
    """
    began, left = loops.now(), 0
    heard = Heard() if into is None else into
    try:
        async for item in stream:
            heard.items.append(item)
            heard.times.append(loops.now() - began)
            for source in sources:
                if isinstance(source, Probe):
                    source.out(text_of(item))
            if inspect.isawaitable(item):
                raise NotYet("What your code yields is still to be awaited: an `await` is missing.")
            if len(heard.items) > _MOST:
                raise NotYet(f"After {_MOST} pieces the stream still goes on. What ends your loop?")
            left += _is_something(item)
            if left == leave_after:
                break
            if pause:
                await asyncio.sleep(pause)
    except NotYet:
        raise
    except Exception as error:
        heard.error = error
    heard.seconds = loops.now() - began
    try:
        await _close(stream)
    except Exception as error:
        if "ignored GeneratorExit" in str(error):
            raise NotYet(
                "The reader left, and the stream went on: it yielded another piece. Which `except` "
                "or `finally` keeps it from ending?"
            ) from error
        heard.error = heard.error or error
    await loops.soon()
    heard.let_go = all(source.let_go for source in sources)
    return heard


def text_of(item: object) -> str:
    """The text of what was yielded: a text's own, a chunk's, and none for anything else."""
    if isinstance(item, BaseMessage):
        return str(item.text)
    return item if isinstance(item, str) else ""


def _is_something(item: object) -> bool:
    return bool(text_of(item)) or not isinstance(item, str | BaseMessage)


async def _close(stream: object) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()


@dataclass(frozen=True)
class Cancelled:
    """What became of a task that was cancelled.

    Attributes:
        how: "cancelled" is as it should be; "early" ended before it was cancelled at all.
        error: What it raised instead, if it "raised".
        seconds: How long that took.
        let_go: Whether soon after that all sources had ended or were closed.
    """

    how: Literal["cancelled", "returned", "raised", "went on", "early"]
    error: BaseException | None = None
    seconds: float = 0.0
    let_go: bool = True


async def cancelled(work: Awaitable[Any], after: float, *sources: LiveProbe | Feed) -> Cancelled:
    """Cancel `work` after so many seconds, and say what became of it and of its sources."""
    task = asyncio.ensure_future(work)
    await asyncio.wait({task}, timeout=after)
    if task.done():
        return Cancelled("early", None if task.cancelled() else task.exception())
    task.cancel()
    began = loops.now()
    await asyncio.wait({task}, timeout=_PATIENCE)
    took = loops.now() - began
    if not task.done():
        return Cancelled("went on", seconds=took)
    await loops.soon()
    let_go = all(source.let_go for source in sources)
    if task.cancelled():
        return Cancelled("cancelled", None, took, let_go)
    error = task.exception()
    if isinstance(error, NotYet):
        raise error
    return Cancelled("raised" if error else "returned", error, took, let_go)
