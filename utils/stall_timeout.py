"""A stream that isn't waited for without end: Exercise 5.4 as the course solves it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


class Stalled(Exception):  # noqa: N818 (what happened, in one word)
    """Nothing came for too long."""


async def watched(stream: AsyncGenerator[T], seconds: float) -> AsyncGenerator[T]:
    """Yield what a stream yields, as it comes.

    The time that the reader takes between two pieces doesn't count. The stream is closed at the
    end, however that comes about.

    Args:
        stream: An async generator, such as `model.astream(…)`.
        seconds: The longest silence, before the first piece or between two.

    Raises:
        Stalled: If nothing came for `seconds`.
    """
    async with aclosing(stream):
        while True:
            try:
                async with asyncio.timeout(seconds) as limit:
                    piece = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if not limit.expired():  # the stream's own
                    raise
                raise Stalled(f"Nothing came for {seconds:g} s.") from None
            yield piece
