"""`race`: several replies that stream side by side, each in a lane, timed by one clock."""

from collections.abc import Callable, Mapping
from time import perf_counter

import ipywidgets as widgets  # type: ignore[import-untyped]
from IPython.display import display

from utils.timing import Recording
from utils.widgets.base.stream_reader import Source, StopButton
from utils.widgets.base.theme import stylesheet
from utils.widgets.live_text.widget import PlainText
from utils.widgets.stream_view.lane import Lane, read_together


async def race(
    lanes: Mapping[str, Callable[[], Source]], *, clock: Callable[[], float] = perf_counter
) -> dict[str, Recording]:
    """Send several requests concurrently, and show the replies and their latency.

        await race({
            "invoke": lambda: model.ainvoke(prompt),
            "stream": lambda: model.astream(prompt),
        })

    An error is shown in its lane, while the other lanes continue. The Stop button stops all lanes.
    At the end, one line per lane is printed.

    Args:
        lanes: Maps each label to a function that returns an async stream or an awaitable of a whole
            reply.
        clock: Returns the time in seconds.

    Returns:
        The recordings by label, in the order of `lanes`, including those of failed and stopped
        replies.
    """
    if not lanes:
        raise ValueError("A race needs at least one lane: race({'stream': lambda: …}).")
    for label, send in lanes.items():
        if not callable(send):
            raise TypeError(
                f"The lane {label!r} has already been sent: write `lambda: …` before it, "
                "so that all lanes start together."
            )
    view = Race(lanes, clock=clock)
    display(view)  # type: ignore[no-untyped-call]
    return await view.run()


class Race(widgets.VBox):  # type: ignore[misc]
    """The widget that `race` displays."""

    def __init__(
        self,
        lanes: Mapping[str, Callable[[], Source]],
        *,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._sends = lanes  # the functions that send the requests, by label
        self._panels = {label: RacePanel() for label in lanes}
        self._lanes = {
            label: Lane(label, panel, clock=clock) for label, panel in self._panels.items()
        }
        self._stop = StopButton()

        def box(children: list[widgets.Widget], name: str) -> widgets.Box:
            return widgets.Box(children, _dom_classes=[name])

        panes = [box([lane.badge, lane.panel], "course-lane") for lane in self._lanes.values()]
        children = [box(panes, "course-lanes"), box([self._stop], "course-head")]
        super().__init__(children, _dom_classes=["course-live", "course-race"])

    def __repr__(self) -> str:
        return f"Race({', '.join(map(repr, self._lanes))})"

    async def run(self) -> dict[str, Recording]:
        """Run all lanes until every reply has ended; see `race`."""
        try:
            pairs = zip(self._lanes.values(), self._sends.values(), strict=True)
            await read_together(list(pairs), self._stop)
        finally:
            for panel in self._panels.values():
                panel.at_rest = True
            for lane in self._lanes.values():
                print(lane.line())
        done = {label: lane.recording for label, lane in self._lanes.items()}
        return {label: recording for label, recording in done.items() if recording is not None}


class RacePanel(PlainText):
    """A lane's text panel, as tall as the neighbouring panels."""

    _css = stylesheet("race/race.css")
