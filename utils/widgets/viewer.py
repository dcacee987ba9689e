"""`Viewer`: what reads one stream into a widget with a title, a badge and a Stop button.

What it shows, and what its `show` and `run` return, is up to each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped]
from IPython.display import display

from utils.errors import sentence
from utils.timing import Recording, record
from utils.widgets.coalesce import timer_thread
from utils.widgets.lane import Lane, close_below
from utils.widgets.pane import Panel
from utils.widgets.reading import Source, Stop, read_together


class Viewer(widgets.VBox):  # type: ignore[misc]
    """A title, a badge, a Stop button, and a panel below that shows a stream.

    A synchronous stream has no Stop button: a plain loop keeps the kernel busy, and a busy kernel
    does not hear a click; the kernel's own ■ works always.

    It shows itself when it first runs, unless it has been displayed before.
    """

    def __init__(
        self,
        title: str,
        panel: Panel,
        *,
        stop: bool = True,
        display: bool = True,
        first: str = "words",
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Lay it out.

        Args:
            title: Shown above the panel.
            panel: Shows what arrives.
            stop: Whether an async stream comes with a Stop button.
            display: Whether it shows itself; False where it stands inside another widget.
            first: What the badge calls the first thing that a reader sees.
            clock: Seconds from any fixed point; for tests.
        """
        self._title = title
        self._lane = Lane(title, panel, first=first, clock=clock)
        self._stop = Stop(layout=widgets.Layout(display="none"))
        self._offers_stop = stop
        self._to_display = display
        self._busy = False
        head = [self._lane.badge, self._stop.button]
        super().__init__(
            [widgets.Box(head, _dom_classes=["course-head"]), panel], _dom_classes=["course-live"]
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._title!r})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any] | None:
        self._to_display = False
        bundle: dict[str, Any] | None = super()._repr_mimebundle_(**kwargs)
        return bundle

    @property
    def recording(self) -> Recording | None:
        """The last run with its latency figures; None until one has ended."""
        return self._lane.recording

    @property
    def stopped(self) -> bool:
        """Whether the last run was ended by Stop or by the kernel's ■."""
        return self.recording is not None and self.recording.outcome == "left"

    async def aview(self, source: Source) -> Recording:
        """Show an async stream until it ends or Stop is pressed, then print a line.

        Args:
            source: An async iterable, or an awaitable of a whole reply.

        Returns:
            Its recording. Stop is not an error: see `.stopped`.

        Raises:
            RuntimeError: If a stream is running here already.
            Exception: Whatever the stream raises, after it has been shown as a sentence.
        """
        self._enter(stop=self._offers_stop)
        try:
            (task,) = await read_together([(self._lane, lambda: source)], self._stop)
            return task.result()
        finally:
            self._leave()

    def view(self, stream: Iterable[object]) -> Recording:
        """Show a stream until it ends, then print a line.

        Args:
            stream: Any iterable.

        Returns:
            Its recording.

        Raises:
            RuntimeError: If a stream is running here already.
            Exception: Whatever the stream raises, after it has been shown as a sentence.
        """
        recorder = record(stream, self._title, clock=self._lane.clock)
        self._enter(stop=False)
        told = ""
        try:
            self._lane.begin(timer_thread)
            for item in recorder:
                self._lane.add(item, recorder.elapsed)
        except Exception as error:
            told = sentence(error)
            raise
        finally:
            recorder.close()
            self._lane.end(recorder.recording, told)
            self._leave()
        return recorder.recording

    def line(self) -> str:
        """What is printed after a run, for when the widget has gone."""
        return self._lane.line()

    def close(self) -> None:
        """Remove it, and all it is made of, from every page."""
        close_below(self)
        super().close()

    def _enter(self, *, stop: bool) -> None:
        if self._busy:
            raise RuntimeError(
                f"{self!r} is showing a reply already. Wait for it, or make a second "
                f"{type(self).__name__}."
            )
        self._busy = True
        self._stop.button.layout.display = "" if stop else "none"
        if self._to_display:
            display(self)  # type: ignore[no-untyped-call]

    def _leave(self) -> None:
        self._busy = False
        print(self.line())
