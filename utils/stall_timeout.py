"""A stall timeout for streams: the course's solution to the `watched` exercise."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


class Stalled(Exception):  # noqa: N818 (learners catch it by this name)
    """A stream was silent for too long."""


async def watched(stream: AsyncGenerator[T], seconds: float) -> AsyncGenerator[T]:
    """Yield a stream's pieces as they arrive; raise `Stalled` after `seconds` of silence.

    Time that the caller spends on a piece doesn't count. The stream is always closed.
    """
    async with aclosing(stream):
        while True:
            try:
                async with asyncio.timeout(seconds) as limit:
                    piece = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if not limit.expired():  # the stream itself raised this exception
                    raise
                raise Stalled(f"Nothing arrived for {seconds:g} s.") from None
            yield piece
