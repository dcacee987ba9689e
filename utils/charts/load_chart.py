"""The load chart: TTFT by number of clients, with one line for each style of endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from math import log
from typing import TYPE_CHECKING

from utils.charts.palette import DELIVERED, FAINT, INK, QUIET, READING, STALL, TEXT, WAITING
from utils.charts.recording_rows import alike, name_of, span
from utils.charts.settings import default_settings
from utils.formatting import in_seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from utils.charts.chart import Chart
    from utils.crowd.rows import Row

_LOOKS = (  # a colour, marker and dash pattern per line, so that colour isn't the only cue
    (WAITING, "s", "-"),
    (READING, "o", "--"),
    (DELIVERED, "^", "-"),
    (STALL, "D", ":"),
    (QUIET, "v", "-."),
)
_APART = 0.32  # minimum distance between line labels, in inches


@default_settings
def load_chart(rows: Iterable[Row]) -> Chart:
    """Plot the longest wait for a first token against the number of clients, for each style.

    A style is a way to write the endpoint, such as `async def + .astream()`.

    Both axes are logarithmic: a wait proportional to the number of clients appears as a sloping
    line, and a constant wait as a horizontal one. A line ends at the largest number of clients
    measured for its style.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    from utils.charts.chart import BELOW, LEFT, Chart

    lines = _lines(rows)
    height = 3.6  # inches
    details = [
        f"{style}: " + ", ".join(f"{in_seconds(row.ttft_worst)} with {row.clients}" for row in line)
        for style, line in lines.items()
    ]
    chart = Chart("Load chart", _title(lines), details, body=height + 1.0)
    axes = chart.panel(BELOW, height, left=LEFT + 0.1)
    counts = sorted({row.clients for line in lines.values() for row in line})
    waits = [row.ttft_worst for line in lines.values() for row in line]
    axes.set(xscale="log", yscale="log")
    room = max(2, counts[-1] / counts[0]) ** 0.6  # widens the x axis, to fit the line labels
    axes.set(xlim=(counts[0] / 1.15, counts[-1] * room))
    axes.set(ylim=(min(waits) / 1.6, max(waits) * 1.6))
    axes.set_xticks(counts, [str(count) for count in counts], minor=False)
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} s")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(which="minor", length=0)
    axes.grid(axis="y", color=FAINT)
    for line, (colour, mark, dash) in zip(lines.values(), _LOOKS, strict=False):
        x, y = [row.clients for row in line], [row.ttft_worst for row in line]
        axes.plot(x, y, dash, color=colour, marker=mark, ms=9, lw=2.6)
    _label(axes, lines, height)
    chart.words(0.15, BELOW + height + 0.1, "seconds until the last client's first token")
    chart.x_label("concurrent clients")
    return chart


def _lines(rows: Iterable[Row]) -> dict[str, list[Row]]:
    lines: dict[str, list[Row]] = {}
    for row in rows:
        lines.setdefault(name_of(row.style), []).append(row)
    if not lines:
        raise ValueError("There is nothing to draw: pass at least one row.")
    if len(lines) > len(_LOOKS):
        raise ValueError(f"At most {len(_LOOKS)} styles can be told apart in one chart.")
    return {style: sorted(line, key=lambda row: row.clients) for style, line in lines.items()}


def _title(lines: dict[str, list[Row]]) -> str:
    """Return a title that compares the styles at the largest number of clients they share."""
    shared = set.intersection(*({row.clients for row in line} for line in lines.values()))
    if not shared:
        return "The wait for the first token, by number of clients"
    most = max(shared)
    waits = {
        style: row.ttft_worst
        for style, line in lines.items()
        for row in line
        if row.clients == most
    }
    who = "1 client" if most == 1 else f"The last of {most} clients"
    times = [*waits.values()]
    when = in_seconds(max(times)) if alike(times) else span([*waits], times)
    return f"{who} gets its first token after {when}"


def _label(axes: Axes, lines: dict[str, list[Row]], height: float) -> None:
    """Label each line at its end; move overlapping labels apart."""
    low, high = axes.get_ylim()

    def inches(wait: float) -> float:  # the height of a wait above the x axis
        return height * log(wait / low) / log(high / low)

    ends = sorted((line[-1].ttft_worst, style) for style, line in lines.items())
    places: list[float] = []
    for wait, _ in ends:
        place = inches(wait)
        places.append(max(place, places[-1] + _APART) if places else place)
    looks = dict(zip(lines, _LOOKS, strict=False))
    for (wait, style), place in zip(ends, places, strict=True):
        up = 72 * (place - inches(wait))  # points
        axes.annotate(
            style, (lines[style][-1].clients, wait), xytext=(12, up), textcoords="offset points",
            va="center", size=TEXT, color=INK, weight="bold", parse_math=False,
            bbox={"fc": "white", "ec": looks[style][0], "lw": 1.5, "boxstyle": "round,pad=0.2"},
        )  # fmt: skip
