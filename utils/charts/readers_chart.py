"""The reader's chart: words on the screen and words read over time, one panel per recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from utils.charts.palette import DELIVERED, FAINT, INK, READING, STALL, TEXT, WAITING
from utils.charts.recording_rows import end_of, names_of, patch, remark_on_counts, sentences
from utils.charts.settings import default_settings
from utils.charts.wait_bars import stall_swatch, summary, waits_title
from utils.formatting import in_seconds
from utils.reader_model import WORDS_PER_MINUTE, Reading, reading
from utils.timing import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from utils.charts.chart import Chart


@default_settings
def readers_chart(*recordings: Recording, wpm: float = WORDS_PER_MINUTE) -> Chart:
    """Plot words on the screen and words read over time, one panel per recording; shade the waits.

    Orange: nothing to read yet. Pink, hatched: the reader has caught up and is waiting. Green:
    words on the screen that haven't been read yet. Blue: words read. All panels have the same axes.
    The time axis ends when the last reader finishes, but it is at least 20% and at most 50% longer
    than the longest reply. `wpm` is the reader's speed, in words per minute.
    """
    from utils.charts.chart import BELOW, Chart

    names = names_of(recordings)
    readings = [reading(recording, wpm) for recording in recordings]
    summaries = [summary(*pair) for pair in zip(recordings, readings, strict=True)]
    height = 3.2 if len(recordings) == 1 else 1.9
    row = height + 1.05  # inches, including the heading and the axis
    chart = Chart(
        f"Reader's chart at {wpm:g} words a minute",
        waits_title(names, recordings, readings),
        sentences(names, summaries, recordings),
        body=row * len(recordings) + 0.45,
    )
    chart.legend_row(
        patch(WAITING, "waits for the first word"),
        *stall_swatch(readings, "waits in the middle"),
        patch(DELIVERED, "on the screen, still to be read", alpha=0.25),
        patch(READING, "read", alpha=0.45),
    )
    last = end_of(recordings)
    end = min(1.5 * last, max(1.2 * last, *(r.finished for r in readings)))
    # the upper end of the y axis, in words, with room above the highest value
    top = max(1.0, *(r.words for r in readings)) * 1.25
    for i, name in enumerate(names):
        bottom = BELOW + row * (len(names) - 1 - i)
        axes = chart.panel(bottom, height)
        axes.set(xlim=(0, end), ylim=(0, top))
        axes.grid(axis="y", color=FAINT)
        axes.locator_params(axis="y", nbins=5, integer=True)
        axes.set_ylabel("words")
        _draw_reading(axes, recordings[i], readings[i], end)
        chart.heading(bottom + height + 0.12, name, summaries[i])
    remark_on_counts(chart, recordings)
    chart.x_label(f"seconds since sending; a reader of {wpm:g} words a minute")
    return chart


def _draw_reading(axes: Axes, recording: Recording, r: Reading, end: float) -> None:
    axes.axvspan(0, r.first, color=WAITING, lw=0)
    for stall in r.stalls:
        wide = stall.seconds > 0.01 * end
        axes.axvspan(
            stall.at, stall.at + stall.seconds, facecolor=STALL, alpha=1 if wide else 0.5,
            hatch="///" if wide else None, ec="white", lw=0,
        )  # fmt: skip
    if r.first > 0.2 * end:
        axes.text(
            r.first / 2, 0.5, "nothing to read", transform=axes.get_xaxis_transform(),
            ha="center", va="center", size=TEXT, color=INK,
        )  # fmt: skip
    horizon = max(end, r.finished)
    steps = [(0.0, 0.0)]  # (time, words on the screen); the number of words rises with each piece
    for at, words in (*r.delivered, (horizon, r.words)):
        steps += [(at, steps[-1][1]), (at, words)]
    progress = [(0.0, 0.0), *r.read, (horizon, r.words)]  # (time, words read)
    # paint the area white first, so that the translucent colours don't mix with the stall colour
    axes.fill(*zip(*progress, (horizon, 0.0), strict=True), color="white", lw=0)
    axes.fill(*zip(*steps, *reversed(progress), strict=True), color=DELIVERED, alpha=0.25, lw=0)
    axes.fill(*zip(*progress, (horizon, 0.0), strict=True), color=READING, alpha=0.45, lw=0)
    axes.plot(*zip(*steps, strict=True), color=DELIVERED, lw=2.2)
    axes.plot(*zip(*progress, strict=True), color=READING, lw=2.2)
    endings = {"finished": "all here", "failed": "fails", "left": "left", "streaming": "so far"}
    late = recording.e2e > 0.5 * end
    mark = "X" if recording.outcome == "failed" else "o"
    axes.plot(recording.e2e, r.words, mark, color=INK, ms=7, clip_on=False, zorder=4)
    axes.annotate(
        f"{endings[recording.outcome]} at {in_seconds(recording.e2e)}",
        (recording.e2e, r.words), xytext=(-6 if late else 6, 7), textcoords="offset points",
        ha="right" if late else "left", size=TEXT, color=INK, zorder=4,
        bbox={"fc": "white", "alpha": 0.85, "lw": 0, "pad": 1} if r.stalls else None,
    )  # fmt: skip
