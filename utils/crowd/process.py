"""Runs the server under test in its own process."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from utils.errors import Sentence
from utils.simulator.client import SPEED_VARIABLE
from utils.simulator.process.child_process import Child

_FASTEST = 1.5  # maximum `COURSE_SPEED`; beyond it, work that can't be sped up would dominate


class LoadError(Sentence, RuntimeError):
    """The measurement can't be made. A notebook shows only the message, which says what to do."""


@asynccontextmanager
async def server() -> AsyncIterator[int]:
    """Run `utils.crowd.app` in a child process during the `with` block; yield its local port.

    The server stops when the block ends, or when the calling process ends or is killed.
    """
    speed = float(os.environ.get(SPEED_VARIABLE) or 1)
    try:
        child = Child("utils.crowd", variables={SPEED_VARIABLE: str(min(speed, _FASTEST))})
    except OSError as error:
        raise LoadError(_why(f"The system says: {error}")) from None
    try:
        port = await asyncio.to_thread(child.port)
        if port is None:
            raise LoadError(_why(child.last_output()))
        yield port
    finally:
        await asyncio.shield(asyncio.to_thread(child.end))


def _why(last_words: str) -> str:
    return (
        "The server to measure could not start. `python3 course.py doctor` shows what is missing. "
        f"{last_words}"
    )
