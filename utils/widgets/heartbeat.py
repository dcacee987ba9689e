"""`Heartbeat`: shows whether the event loop is alive, or somebody holds it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from time import perf_counter
from types import TracebackType
from typing import Self

import traitlets
from IPython.display import display

from utils.widgets.base import as_text
from utils.widgets.coalesce import TICK
from utils.widgets.sheet import Sheet, script
from utils.widgets.style import seconds, stylesheet

FROZEN = 5  # beats' time; a busy machine may make the loop late by less


class Heartbeat(Sheet):
    """A dot that beats ten times a second, as long as the event loop has a turn to give.

        heart = Heartbeat().show()
        async with heart:
            for chunk in model.stream(prompt):  # holds the loop: the heart stands still
                ...

    It beats by a task of the loop that runs the cell, so it stands still exactly as long as any
    other task of this loop would have to wait. Each block begins anew. After a block it prints its
    line.

    Attributes:
        title: Shown beside the dot, and named in the printed line.
        phase: "ready", "beating" or "over".
        text: What the widget says.
        end: When the last block ended, seconds from its start; 0 while it runs.
    """

    _esm = script("heartbeat")
    _css = stylesheet("heartbeat")

    title = traitlets.Unicode().tag(sync=True)
    phase = traitlets.Unicode("ready").tag(sync=True)
    text = traitlets.Unicode("not started").tag(sync=True)
    every = traitlets.Float().tag(sync=True)
    end = traitlets.Float().tag(sync=True)

    def __init__(
        self,
        title: str = "Heartbeat",
        *,
        every: float = TICK,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Make a heart that does not beat yet.

        Args:
            title: Shown beside the dot.
            every: Seconds between two beats.
            clock: Seconds from any fixed point; for tests.
        """
        super().__init__(title=as_text(title, "title"), every=every)
        self._clock = clock
        self._start = 0.0
        self._times: list[float] = []
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"Heartbeat({self.title!r})"

    def show(self) -> Self:
        """Display it, and return it, so that it can be made and shown in one line."""
        display(self)  # type: ignore[no-untyped-call]
        return self

    @property
    def beats(self) -> int:
        """How often it beat in the last block; while one runs, so far."""
        return len(self._times)

    @property
    def longest(self) -> float:
        """The longest time without a beat in the last block, seconds; while one runs, so far.

        What passed between the last beat and the block's end counts, too: code that never gives
        the loop a turn leaves no beat but the first.
        """
        if not self._times:
            return 0.0
        end = self._elapsed if self.phase == "beating" else self.end
        return max(b - a for a, b in pairwise([*self._times, end]))

    @property
    def froze(self) -> bool:
        """Whether it stood still for longer than five beats' time, half a second."""
        return self.longest > FROZEN * self.every

    def line(self) -> str:
        """What is printed after a block, for when the widget has gone."""
        if not self._times:
            return f"{self.title}: has not beaten yet"
        if self.froze:
            return f"{self.title}: froze for {seconds(self.longest)}"
        return f"{self.title}: beat on, never more than {seconds(self.longest)} apart"

    async def __aenter__(self) -> Self:
        """Begin to beat.

        Raises:
            RuntimeError: If a block of this heart runs already.
        """
        if self._task is not None:
            raise RuntimeError(f"{self!r} is beating already. Make a second Heartbeat.")
        self._times = []
        with self.hold_sync():
            self.phase, self.text, self.end = "beating", "beating", 0.0
        self.become([])
        self.push()
        self._start = self._clock()
        self._task = asyncio.create_task(self._beat())
        await asyncio.sleep(0)  # the first beat
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end = self._elapsed
        if self._task is not None:
            self._task.cancel()
            self._task = None
        with self.hold_sync():
            self.phase, self.end = "over", end
            self.text = self.line().partition(": ")[2]
        print(self.line())

    async def _beat(self) -> None:
        """Beat at each multiple of `every`; beats that were missed are not made up for."""
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
