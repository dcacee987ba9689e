"""`race`: several replies side by side, on one clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter

import ipywidgets as widgets  # type: ignore[import-untyped]
from IPython.display import display

from utils.timing import Recording
from utils.widgets.lane import Lane, close_below
from utils.widgets.pane import Pane
from utils.widgets.reading import Source, Stop, read_together


async def race(
    lanes: Mapping[str, Callable[[], Source]], *, clock: Callable[[], float] = perf_counter
) -> dict[str, Recording]:
    """Start several requests together and watch what each shows, and when.

        await race({
            "invoke": lambda: model.ainvoke(prompt),
            "stream": lambda: model.astream(prompt),
        })

    One lane's error is shown in that lane and ends no other. Stop ends all. Afterwards one line for
    each lane is printed.

    Args:
        lanes: For each label, a function that makes an async stream, or an awaitable of a whole
            reply.
        clock: Seconds from any fixed point; for tests.

    Returns:
        The recordings by label, in the order given; also of lanes that failed or were stopped.

    Raises:
        ValueError: If there is no lane.
        TypeError: If a lane is not a function.
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
    """The widget of `race`."""

    def __init__(
        self,
        lanes: Mapping[str, Callable[[], Source]],
        *,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Lay out a lane for each label; arguments as for `race`."""
        plain = widgets.Layout()  # one for all, which nobody changes
        self._lanes = {
            label: Lane(label, Pane(f"Reply of {label}", layout=plain), clock=clock, layout=plain)
            for label in lanes
        }
        self._sends = lanes
        self._stop = Stop(layout=plain)

        def box(children: list[widgets.Widget], name: str) -> widgets.Box:
            return widgets.Box(children, layout=plain, _dom_classes=[name])

        panes = [box([lane.badge, lane.panel], "course-lane") for lane in self._lanes.values()]
        children = [box(panes, "course-lanes"), box([self._stop.button], "course-head")]
        super().__init__(children, layout=plain, _dom_classes=["course-race"])

    def __repr__(self) -> str:
        return f"Race({', '.join(map(repr, self._lanes))})"

    async def run(self) -> dict[str, Recording]:
        """Run all lanes to their end; see `race`."""
        lanes = self._lanes.values()
        for lane in lanes:
            lane.panel.at_rest = False
        try:
            sends = self._sends.values()
            tasks = await read_together(list(zip(lanes, sends, strict=True)), self._stop)
        finally:
            for lane in lanes:
                lane.panel.at_rest = True
                print(lane.line())
        for task in tasks:
            task.exception()  # shown in its lane, and told by its recording
        recordings = {label: lane.recording for label, lane in self._lanes.items()}
        return {label: found for label, found in recordings.items() if found is not None}

    def close(self) -> None:
        """Remove it, and all it is made of, from every page."""
        close_below(self)
        super().close()
