"""`Heartbeat`: shows whether the event loop is running or blocked."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from time import perf_counter
from typing import Self

import traitlets

from utils.formatting import in_seconds
from utils.widgets.base.course_widget import Showable, as_text
from utils.widgets.base.synced_list import SyncedList
from utils.widgets.base.theme import script, stylesheet
from utils.widgets.base.throttle import TICK

FROZEN = 5  # beat intervals; only longer gaps are freezes, since a busy machine causes short ones


class Heartbeat(Showable, SyncedList):
    """A dot that beats, by default ten times a second, while the event loop isn't blocked.

        heart = Heartbeat().show()
        async with heart:
            for chunk in model.stream(prompt):  # blocks the loop: no beats
                ...

    The beats come from a task on the cell's event loop, so a gap shows how long every task on that
    loop had to wait. Each `async with` block starts over and prints a line when it ends.
    """

    _esm = script("heartbeat/heartbeat.js")
    _css = stylesheet("heartbeat/heartbeat.css")

    title = traitlets.Unicode().tag(sync=True)  # the heading, which also begins the printed line
    phase = traitlets.Unicode("ready").tag(sync=True)  # "ready", "beating" or "over"
    text = traitlets.Unicode("not started").tag(sync=True)  # the badge's text
    every = traitlets.Float().tag(sync=True)  # seconds between beats
    # duration of the last `async with` block, in seconds; 0 during a block
    end = traitlets.Float().tag(sync=True)

    def __init__(
        self,
        title: str = "Heartbeat",
        *,
        every: float = TICK,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        super().__init__(title=as_text(title, "title"), every=every)
        self._clock = clock
        self._start = 0.0  # clock reading at the start of the block
        self._times: list[float] = []  # time of each beat, in seconds since the start of the block
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"Heartbeat({self.title!r})"

    @property
    def beats(self) -> int:
        """The number of beats in the current or last `async with` block."""
        return len(self._times)

    @property
    def longest(self) -> float:
        """The longest gap in the current or last `async with` block, in seconds.

        The time from the last beat to the end of the block also counts as a gap: if the block
        never yields to the event loop, the first beat is the only one.
        """
        if not self._times:
            return 0.0
        end = self._elapsed if self.phase == "beating" else self.end
        return max(b - a for a, b in pairwise([*self._times, end]))

    @property
    def froze(self) -> bool:
        """Whether a gap was longer than five beat intervals (half a second by default)."""
        return self.longest > FROZEN * self.every

    def line(self) -> str:
        """Return the line printed at the end of an `async with` block."""
        if not self._times:
            return f"{self.title}: has not beaten yet"
        if self.froze:
            return f"{self.title}: froze for {in_seconds(self.longest)}"
        return f"{self.title}: kept beating, longest gap {in_seconds(self.longest)}"

    async def __aenter__(self) -> Self:
        if self._task is not None:
            raise RuntimeError(f"{self!r} is beating already. Make a second Heartbeat.")
        self._times = []
        with self.hold_sync():
            self.phase, self.text, self.end = "beating", "beating", 0.0
        self.replace([])
        self.push()
        self._start = self._clock()
        self._task = asyncio.create_task(self._beat())
        await asyncio.sleep(0)  # lets the task beat for the first time
        return self

    async def __aexit__(self, *_: object) -> None:
        end = self._elapsed
        assert self._task is not None
        self._task.cancel()
        self._task = None
        with self.hold_sync():
            self.phase, self.end = "over", end
            self.text = self.line().partition(": ")[2]  # without the title
        print(self.line())

    async def _beat(self) -> None:
        """Beat at each multiple of `every`; skip missed beats."""
        while True:
            now = self._elapsed
            self._times.append(now)
            self.append(round(now, 3))
            self.push()
            next_beat = (round(now / self.every) + 1) * self.every
            await asyncio.sleep(next_beat - now)

    @property
    def _elapsed(self) -> float:
        return self._clock() - self._start
