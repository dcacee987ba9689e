"""Base class for widgets that show one stream below a title, a badge and a Stop button."""

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from time import perf_counter
from typing import Any, Generic, TypeVar

import ipywidgets as widgets  # type: ignore[import-untyped]
from IPython.display import display

from utils.errors import sentence
from utils.timing import Recording, record
from utils.widgets.base.panel import Panel
from utils.widgets.base.stream_reader import Source, StopButton
from utils.widgets.base.throttle import timer_thread
from utils.widgets.stream_view.lane import Lane, read_together

T = TypeVar("T")


class StreamView(widgets.VBox, Generic[T]):  # type: ignore[misc]
    """A title, a badge and a Stop button above a panel that shows a stream.

    `run` shows an async stream, with a Stop button. `show` shows a synchronous stream, without the
    button: a synchronous loop keeps the kernel too busy to receive clicks. Interrupting the kernel
    (■) stops the stream in both cases.

    The widget displays itself when it first runs, unless it has already been displayed.
    """

    def __init__(
        self, title: str, panel: Panel, *, clock: Callable[[], float] = perf_counter
    ) -> None:
        self._lane = Lane(title, panel, clock=clock)
        self._stop = StopButton()
        self._stop.layout.display = "none"
        self._shown = False
        self._busy = False
        head = widgets.Box([self._lane.badge, self._stop], _dom_classes=["course-head"])
        super().__init__([head, panel], _dom_classes=["course-live"])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._lane.label!r})"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self._shown = True
        return super()._repr_mimebundle_(**kwargs)

    @property
    def recording(self) -> Recording | None:
        """The recording of the last run, with its latency; None until that run has ended."""
        return self._lane.recording

    @property
    def stopped(self) -> bool:
        """Whether Stop or a kernel interrupt (■) ended the last run."""
        return self.recording is not None and self.recording.outcome == "left"

    async def run(self, source: Source) -> T:
        """Show an async stream until it ends or Stop is pressed, then print a summary.

        Args:
            source: An async iterable, such as `model.astream(…)`, or an awaitable of a whole reply,
                such as `model.ainvoke(…)`.

        Returns:
            The content received. Stop doesn't raise an exception: see `stopped`.

        Raises:
            Exception: Any exception from the stream; the panel shows it, too.
        """
        self._enter(stop=True)
        try:
            (reader,) = await read_together([(self._lane, lambda: source)], self._stop)
            if reader.error is not None:
                raise reader.error
        finally:
            self._leave()
        return self._result()

    def show(self, stream: Iterable[object]) -> T:
        """Show a synchronous stream, such as `model.stream(…)`; see `run` for everything else."""
        if isinstance(stream, AsyncIterable | Awaitable):
            raise TypeError("`show` needs a synchronous stream. Use `await ….run(…)` instead.")
        recorder = record(stream, self._lane.label, clock=self._lane.clock)
        self._enter(stop=False)
        problem = ""
        try:
            self._lane.begin(timer_thread)
            for item in recorder:
                self._lane.add(item, recorder.elapsed)
        except Exception as error:
            problem = sentence(error)
            raise
        finally:
            recorder.close()
            self._lane.end(recorder.recording, problem)
            self._leave()
        return self._result()

    def line(self) -> str:
        """Return the line printed after a run."""
        return self._lane.line()

    def _result(self) -> T:
        raise NotImplementedError

    def _enter(self, *, stop: bool) -> None:
        if self._busy:
            raise RuntimeError(
                f"{self!r} is showing a reply already. Wait for it, or make a second "
                f"{type(self).__name__}."
            )
        self._busy = True
        self._stop.layout.display = "" if stop else "none"
        if not self._shown:
            display(self)  # type: ignore[no-untyped-call]

    def _leave(self) -> None:
        self._busy = False
        print(self.line())
