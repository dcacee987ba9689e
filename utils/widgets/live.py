"""`LiveText`: one reply that appears while it streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped]
from IPython.display import display

from utils.timing import Recording, content_of, record
from utils.widgets.coalesce import timer_thread
from utils.widgets.lane import Lane, close_below
from utils.widgets.reading import Source, Stop, read_together
from utils.widgets.style import sentence
from utils.widgets.ticker import ticking


class LiveText(widgets.VBox):  # type: ignore[misc]
    """A reply on the page, word by word, with its latency beside it.

    In a cell, either of:

        text = await LiveText("Haiku").run(model.astream("Write a haiku."))
        text = LiveText("Haiku").show(model.stream("Write a haiku."))

    The first has a Stop button. The second has none: a plain loop keeps the kernel busy, and a busy
    kernel does not hear a click; the kernel's own ■ works in both.

    A LiveText shows itself when it first runs, unless it has been displayed before.
    """

    def __init__(
        self,
        title: str = "",
        *,
        stop: bool = True,
        display: bool = True,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Lay out an empty pane.

        Args:
            title: Shown above the text, and named in the printed line.
            stop: Whether `run` offers a Stop button.
            display: Whether it shows itself; False where it stands inside another widget.
            clock: Seconds from any fixed point; for tests.
        """
        self._title = title
        self._lane = Lane(title, clock=clock)
        self._stop = Stop()
        self._stop.button.layout.display = "none"
        self._offers_stop = stop
        self._to_display = display
        self._busy = False
        head = widgets.Box([*self._lane.head, self._stop.button]).add_class("course-head")
        super().__init__([head, self._lane.pane])
        self.add_class("course-live")

    def __repr__(self) -> str:
        return f"LiveText({self._title!r})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any] | None:
        self._to_display = False
        bundle: dict[str, Any] | None = super()._repr_mimebundle_(**kwargs)
        return bundle

    @property
    def text(self) -> str:
        """The reply as far as it came."""
        return self._lane.pane.whole if self.recording is None else self.recording.text

    @property
    def recording(self) -> Recording | None:
        """The last run with its latency figures; None until one has ended."""
        return self._lane.recording

    @property
    def stopped(self) -> bool:
        """Whether the last run was ended by Stop or by the kernel's ■."""
        return self.recording is not None and self.recording.outcome == "left"

    async def run(self, source: Source) -> str:
        """Show an async stream until it ends or Stop is pressed, then print its latency.

        Args:
            source: What `model.astream(…)` returns, or any async iterable of message chunks or
                strings. An awaitable of a whole reply, such as `model.ainvoke(…)`, works too.

        Returns:
            The text that arrived. Stop is not an error: see `.stopped`.

        Raises:
            RuntimeError: If this LiveText is running already.
            Exception: Whatever the stream raises, after it has been shown as a sentence.
        """
        self._enter(stop=self._offers_stop)
        try:
            (task,) = await read_together([(self._lane, lambda: source)], self._stop)
            return task.result().text
        finally:
            self._leave()

    def show(self, stream: Iterable[object]) -> str:
        """Show a stream until it ends, then print its latency.

        Args:
            stream: What `model.stream(…)` returns, or any iterable of message chunks or strings.

        Returns:
            The whole text.

        Raises:
            RuntimeError: If this LiveText is running already.
            Exception: Whatever the stream raises, after it has been shown as a sentence.
        """
        recorder = record(stream, self._title, clock=self._lane.clock)
        self._enter(stop=False)
        told = ""
        try:
            self._lane.begin(timer_thread)
            with ticking(self._lane.tick):
                for item in recorder:
                    self._lane.add(content_of(item)[0])
        except Exception as error:
            told = sentence(error)
            raise
        finally:
            recorder.close()
            self._lane.end(recorder.recording, told)
            self._leave()
        return recorder.recording.text

    def close(self) -> None:
        """Remove it, and all it is made of, from every page."""
        close_below(self)
        super().close()

    def _enter(self, *, stop: bool) -> None:
        if self._busy:
            raise RuntimeError(
                f"{self!r} is showing a reply already. Wait for it, or make a second LiveText."
            )
        self._busy = True
        self._stop.button.layout.display = "" if stop else "none"
        if self._to_display:
            display(self)  # type: ignore[no-untyped-call]

    def _leave(self) -> None:
        self._busy = False
        print(self._lane.line())
