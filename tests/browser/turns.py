"""A kernel that waits for the page, so that no test depends on which of the two is quicker."""

from __future__ import annotations

from pathlib import Path

_KERNELS_HALF = """
import asyncio, pathlib, time

def waiting(name):
    taken, limit = pathlib.Path({folder!r}, name), time.monotonic() + 90
    while not taken.exists():
        if time.monotonic() > limit:
            raise TimeoutError(f"The test never took the turn {{name!r}}.")
        yield
    taken.unlink()

async def turn(name):
    for _ in waiting(name):
        await asyncio.sleep(0.01)

def turn_of_a_thread(name):
    for _ in waiting(name):
        time.sleep(0.01)
"""


class Turns:
    """`await turn("name")` in the kernel ends once the test has called `take("name")`.

    The test takes a turn when the page shows what the kernel said before it. A busy kernel hears
    no message, so files are what tells it. A name can be used again once its turn is over.
    """

    def __init__(self, folder: Path) -> None:
        """Say where the files go.

        Args:
            folder: An empty folder that nobody else writes into.
        """
        self._folder = folder

    @property
    def code(self) -> str:
        """Code for a cell, which defines `turn` and, for plain functions, `turn_of_a_thread`."""
        return _KERNELS_HALF.format(folder=str(self._folder))

    def take(self, name: str) -> None:
        """Let the kernel go on from where it waits, or will wait next."""
        (self._folder / name).touch()
