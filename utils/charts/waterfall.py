"""The waterfall: several streams on one time axis, each from its request to its end."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from utils.charts.palette import DELIVERED, INK, WAITING
from utils.charts.recording_rows import alike, names_of, patch, sentences, split_at_pauses
from utils.charts.settings import default_settings
from utils.formatting import in_seconds
from utils.timing import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from utils.charts.chart import Chart

_ROOMY = 8  # with up to this many rows, each row has a heading
_NAMED = 30  # with up to this many rows, each row has its name beside it
_LETTER = 0.11  # inches per character of a name
_ENDS = {  # for each outcome, the mark at the end of a row and its meaning
    "finished": ("o", "finished"),
    "left": ("<", "left"),
    "failed": ("X", "failed"),
    "streaming": (">", "still streaming"),
}


@default_settings
def waterfall(*recordings: Recording) -> Chart:
    """Draw several streams as rows on one time axis, to show how they overlap.

    A row begins when its request is sent. Green: text arrives. Orange: no text arrives, either
    before the first text or in a gap longer than both a twentieth of the axis and five times the
    stream's median gap. The mark at the end of a row shows how the stream ended. The recordings
    must share a clock, as recordings made in one notebook do.

    With up to 8 rows, each has a heading above it; with up to 30, a name beside it.
    """
    from matplotlib.lines import Line2D

    from utils.charts.chart import BELOW, LEFT, Chart

    names = names_of(recordings)
    summaries = [_summary(recording) for recording in recordings]
    start = min(recording.sent for recording in recordings)
    span = max(recording.sent + recording.e2e for recording in recordings) - start
    count = len(recordings)
    roomy, named = count <= _ROOMY, _ROOMY < count <= _NAMED
    row = 0.95 if roomy else 0.32 if named else max(0.06, 6 / count)  # inches
    chart = Chart(
        "Waterfall",
        _title(recordings, in_seconds(span)),
        sentences(names, summaries),
        body=row * count + 1.05,  # in inches, including the legend and the axis
    )
    outcomes = {recording.outcome for recording in recordings}
    chart.legend_row(
        patch(WAITING, "waiting"),
        patch(DELIVERED, "text arrives"),
        *(
            Line2D([], [], color=INK, marker=mark, ls="none", ms=8, label=words)
            for outcome, (mark, words) in _ENDS.items()
            if outcome in outcomes
        ),
    )
    left = 0.4 + _LETTER * max(map(len, names)) if named else LEFT / 3
    axes = chart.panel(BELOW, row * count, left=left)
    axes.set(xlim=(0, span * 1.01 or 1), ylim=(row * count, 0), yticks=[])
    for i, recording in enumerate(recordings):
        middle, thick = (row * i + 0.66, 0.36) if roomy else (row * (i + 0.5), 0.7 * row)
        _draw(axes, recording, recording.sent - start, middle, thick, span / 20)
        top = BELOW + row * (count - i)
        if roomy:
            chart.heading(top - 0.36 * row, names[i], summaries[i], left=left)
        elif named:
            chart.words(left - 0.1, top - row / 2, names[i], ha="right", va="center")
    chart.x_label("seconds since the first was sent")
    return chart


def _summary(recording: Recording) -> str:
    ttft = recording.ttft
    first = "no text" if ttft is None else f"first text {in_seconds(ttft)}"
    return f"{first} · {_ENDS[recording.outcome][1]} {in_seconds(recording.e2e)}"


def _title(recordings: Sequence[Recording], span: str) -> str:
    firsts = sorted(r.ttft for r in recordings if r.ttft is not None)
    failed = sum(recording.outcome == "failed" for recording in recordings)
    broken = f"; {failed} failed" if failed else ""
    if len(recordings) == 1:
        first = f"first text after {in_seconds(firsts[0])}" if firsts else "no text"
        return f"One stream in {span}: {first}{broken}"
    most = max(  # the largest number of concurrent streams, counted at the start of each stream
        sum(other.sent <= one.sent < other.sent + other.e2e for other in recordings)
        for one in recordings
    )
    how = {1: "one after another", len(recordings): "all at once"}.get(most, f"{most} at a time")
    if not firsts:
        first = "no text"
    elif alike(firsts):
        first = f"the first text of each after about {in_seconds(firsts[-1])}"
    else:
        first = f"first text after {in_seconds(firsts[0])} to {in_seconds(firsts[-1])}"
    return f"{len(recordings)} streams, {how}, in {span}: {first}{broken}"


def _draw(
    axes: Axes, recording: Recording, sent: float, middle: float, thick: float, pause: float
) -> None:
    """Draw one row; `sent` is in seconds since the first request, and `thick` is in inches.

    A gap longer than both `pause` seconds and five times the median gap is drawn as waiting.
    """
    axes.barh(middle, recording.e2e, thick, left=sent, color=WAITING, lw=0)
    pause = max(pause, 5 * median(recording.gaps)) if recording.gaps else pause
    for run in split_at_pauses(recording.arrivals, pause):
        axes.barh(middle, run[-1] - run[0], thick, left=sent + run[0], color=DELIVERED, lw=0)
    axes.vlines(
        [sent + at for at in recording.arrivals],
        middle - thick / 2, middle + thick / 2, color=DELIVERED, lw=1,
    )  # fmt: skip
    mark = _ENDS[recording.outcome][0]
    size = 8 if thick > 0.2 else 3
    axes.plot(sent + recording.e2e, middle, mark, color=INK, ms=size, clip_on=False, zorder=4)
