"""Makes a kernel wait for the page, so that no test depends on which of the two is faster."""

from pathlib import Path

_KERNELS_HALF = """
import asyncio, pathlib, time

def waiting(name):
    taken, limit = pathlib.Path({folder!r}, name), time.monotonic() + 90
    while not taken.exists():
        if time.monotonic() > limit:
            raise TimeoutError(f"The test never took the turn {{name!r}}.")
        yield  # the caller sleeps between checks
    taken.unlink()

async def turn(name):
    for _ in waiting(name):
        await asyncio.sleep(0.01)

def turn_of_a_thread(name):
    for _ in waiting(name):
        time.sleep(0.01)
"""


class Turns:
    """`await turn("name")` in the kernel returns once the test has called `take("name")`.

    The test takes a turn once the page shows everything that the kernel sent before waiting. A busy
    kernel receives no messages, so the signals are files. A name can be reused once its turn is
    over.
    """

    def __init__(self, folder: Path) -> None:
        """Keep the signal files in `folder`, which must be empty."""
        self._folder = folder

    @property
    def code(self) -> str:
        """Code that defines `turn`, its blocking version `turn_of_a_thread`, and `waiting`."""
        return _KERNELS_HALF.format(folder=str(self._folder))

    def take(self, name: str) -> None:
        """Let the kernel's current or next `turn(name)` return."""
        (self._folder / name).touch()
