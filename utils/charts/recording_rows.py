"""Code shared by charts of recordings: rows, names, legends, and notes on token counts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from utils.charts.palette import STALL
from utils.formatting import in_seconds
from utils.timing import Recording
from utils.unicode import well_formed

if TYPE_CHECKING:
    from matplotlib.patches import Patch

    from utils.charts.chart import Chart

_LONGEST_NAME = 28  # maximum length of a name, in characters
# distances from the top of a row to its heading and its bar, as fractions of the row height
_HEADING = 0.36
_BAR = 0.66


class Rows:
    """A chart with one row per recording on a shared time axis."""

    def __init__(
        self,
        kind: str,
        title: str,
        recordings: Sequence[Recording],
        summaries: Sequence[str],
        swatches: Sequence[Patch],
        axis: str,
        details: list[str],
        height: float = 0.95,
    ) -> None:
        """Create the chart, with a heading above each row.

        `summaries` appear in the headings, `axis` labels the x axis, `details` become sentences of
        the alternative text, and `height` is in inches per row.
        """
        from utils.charts.chart import BELOW, LEFT, Chart

        names = names_of(recordings)
        count, left = len(names), LEFT / 3
        self._height = height
        body = height * count + 1.05  # inches, including the legend and the axis
        self.chart = Chart(kind, title, details, body=body)
        self.chart.legend_row(*swatches)
        self.axes = self.chart.panel(BELOW, height * count, left=left)  # shared by all rows
        self.end = end_of(recordings) * 1.01  # seconds
        # the middle of each row's bar, in inches from the top
        self.middles = [height * (row + _BAR) for row in range(count)]
        self.axes.set(xlim=(0, self.end), ylim=(height * count, 0), yticks=[])
        for i, (name, summary) in enumerate(zip(names, summaries, strict=True)):
            bottom = BELOW + height * (count - i - _HEADING)
            self.chart.heading(bottom, name, summary, left=left)
        self.chart.x_label(axis)

    def bar(self, middle: float, start: float, end: float, colour: str, **look: Any) -> None:
        """Draw a bar from `start` to `end`, in seconds."""
        thick = 0.38 * self._height
        self.axes.barh(middle, end - start, thick, left=start, color=colour, **look)

    def stalls(self, middle: float, start: float, end: float) -> None:
        """Draw the reader's total stall time as one hatched bar."""
        self.bar(middle, start, end, STALL, hatch="///", ec="white", lw=0)


def names_of(recordings: Sequence[Recording]) -> list[str]:
    """Return a name for each recording; raise `ValueError` if `recordings` is empty."""
    if not recordings:
        raise ValueError("There is nothing to draw: pass at least one recording.")
    many = len(recordings) > 1
    names = [r.label or (f"reply {i}" if many else "reply") for i, r in enumerate(recordings, 1)]
    return [name_of(name) for name in names]


def name_of(label: str) -> str:
    """Return a label, shortened and cleaned up for a chart."""
    label = well_formed(label)
    return label if len(label) <= _LONGEST_NAME else label[: _LONGEST_NAME - 1] + "…"


def sentences(
    names: Sequence[str], summaries: Sequence[str], doubted: Sequence[Recording] = ()
) -> list[str]:
    """Return sentences for the alternative text: summaries, then notes on doubtful token counts."""
    summaries = [f"{name}: {summary}" for name, summary in zip(names, summaries, strict=True)]
    pairs = zip(names, doubted, strict=False)
    return summaries + [f"{name}: {r.count_doubt}" for name, r in pairs if r.count_doubt]


def remark_on_counts(chart: Chart, recordings: Sequence[Recording]) -> None:
    """Add a note to a chart if a word count replaces an implausible token count."""
    if any(recording.count_doubt for recording in recordings):
        chart.words(0.15, 0.15, "Implausible token count: words are used.")


def patch(colour: str, label: str, alpha: float = 1.0, hatch: str | None = None) -> Patch:
    """Return a legend entry for `Chart.legend_row`: a colour and its meaning."""
    from matplotlib.patches import Patch

    return Patch(
        facecolor=colour, label=label, alpha=alpha, hatch=hatch, edgecolor="white", linewidth=0
    )


def split_at_pauses(arrivals: Sequence[float], pause: float) -> list[Sequence[float]]:
    """Split arrival times at each pause of more than `pause` seconds."""
    pairs = enumerate(pairwise(arrivals), start=1)
    cuts = [at for at, (before, after) in pairs if after - before > pause]
    ends = pairwise([0, *cuts, len(arrivals)])
    return [arrivals[first:last] for first, last in ends if first < last]


def alike(durations: Sequence[float]) -> bool:
    """Return whether durations, in seconds, differ by less than 15% or look the same in a title."""
    short, long = min(durations), max(durations)
    return long < 1.15 * short or in_seconds(long) == in_seconds(short)


def span(names: Sequence[str], durations: Sequence[float]) -> str:
    """Return the shortest and the longest duration, each with all names that share it.

    For example, `0.20 s (a) or 3.1 s (b)`, or `about 0.20 s (a and b) to 3.1 s (c)`.
    """
    ends = min(durations), max(durations)

    def shared(end: float) -> str:
        near = {
            name: duration
            for name, duration in zip(names, durations, strict=True)
            if alike([duration, end]) and end == min(ends, key=lambda e: abs(e - duration))
        }
        about = "" if {*map(in_seconds, near.values())} == {in_seconds(end)} else "about "
        *others, last = near
        named = f"{', '.join(others)} and {last}" if others else last
        return f"{about}{in_seconds(end)} ({named})"

    return f"{shared(ends[0])} {'or' if len(names) == 2 else 'to'} {shared(ends[1])}"


def end_of(recordings: Sequence[Recording]) -> float:
    """Return the longest E2E latency, in seconds; 1 if all are zero."""
    return max(recording.e2e for recording in recordings) or 1.0
