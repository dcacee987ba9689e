"""What a reader waits for: the reader's chart of each reply, and bars of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from utils.charts.common import (
    FAINT,
    details,
    end_of,
    names_of,
    patch,
    remark_on_counts,
    without_counts,
)
from utils.charts.palette import DELIVERED, READING, STALL, WAITING
from utils.formatting import in_seconds
from utils.reader_model import WORDS_PER_MINUTE, Reading, reading
from utils.timing import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from utils.charts.figure import Chart

UNNOTICED: Final = 0.005  # seconds; shorter stalls would be told as 0.00 s, so they are not told


def readers_chart(
    *recordings: Recording, wpm: float = WORDS_PER_MINUTE, title: str | None = None
) -> Chart:
    """Words on the screen against words read, the waiting shaded: one panel a recording.

    Orange: nothing to read yet. Pink, hatched: the reader caught up and waits again. Green: words
    that stand on the screen and are still to be read. Blue: words read. The reader is the one of
    `reader_model`. All panels share their axes, which go on after the last reply for up to half of
    the time that it took, while the reader reads on.

    Args:
        *recordings: What to draw, top to bottom; the labels name the panels.
        wpm: The reader's speed, words a minute.
        title: Instead of the finding.

    Returns:
        A matplotlib figure with `alt_text`; as the last expression of a cell it is shown.

    Raises:
        ValueError: If there is nothing to draw, or `wpm` is not above zero.
    """
    from utils.charts.figure import Chart

    names = names_of(recordings)
    readings = [reading(recording, wpm) for recording in recordings]
    accounts = [_account(*pair) for pair in zip(recordings, readings, strict=True)]
    height = 3.2 if len(recordings) == 1 else 1.9
    row = height + 1.05
    chart = Chart(
        f"Reader's chart at {wpm:g} words a minute",
        title or _waits(names, recordings, readings),
        details(names, accounts) + without_counts(names, recordings),
        body=row * len(recordings) + 0.45,
    )
    stalled = any(r.stalled > UNNOTICED for r in readings)
    chart.legend_row(
        patch(WAITING, "waits for the first word"),
        *([patch(STALL, "waits in the middle", hatch="///")] if stalled else []),
        patch(DELIVERED, "on the screen, still to be read", alpha=0.25),
        patch(READING, "read", alpha=0.45),
    )
    last = end_of(recordings)
    end = min(1.5 * last, max(1.2 * last, *(r.finished for r in readings)))
    words = max(1.0, *(r.words for r in readings)) * 1.25
    for i, name in enumerate(names):
        bottom = 0.75 + row * (len(names) - 1 - i)
        axes = chart.panel(bottom, height)
        axes.set(xlim=(0, end), ylim=(0, words))
        axes.grid(axis="y", color=FAINT)
        axes.locator_params(axis="y", nbins=5, integer=True)
        axes.set_ylabel("words")
        _draw_reading(axes, recordings[i], readings[i], end)
        chart.heading(bottom + height + 0.12, name, accounts[i])
    remark_on_counts(chart, recordings)
    chart.x_label(f"seconds since sending; a reader of {wpm:g} words a minute")
    return chart


def wait_bars(
    *recordings: Recording, wpm: float = WORDS_PER_MINUTE, title: str | None = None
) -> Chart:
    """The reader's wait in several replies as bars: before the first word, and in the middle.

    Grey is the rest of the time that the reply took: more was coming, and the reader had something
    to read meanwhile.

    Args:
        *recordings: One bar each, top to bottom.
        wpm: The reader's speed, words a minute.
        title: Instead of the finding.

    Returns:
        A matplotlib figure with `alt_text`; as the last expression of a cell it is shown.

    Raises:
        ValueError: If there is nothing to draw, or `wpm` is not above zero.
    """
    from utils.charts.figure import LEFT, Chart

    names = names_of(recordings)
    readings = [reading(recording, wpm) for recording in recordings]
    accounts = [_account(*pair) for pair in zip(recordings, readings, strict=True)]
    row = 0.95
    chart = Chart(
        f"Wait bars at {wpm:g} words a minute",
        title or _waits(names, recordings, readings),
        details(names, accounts) + without_counts(names, recordings),
        body=row * len(names) + 1.05,
    )
    stalled = any(r.stalled > UNNOTICED for r in readings)
    chart.legend_row(
        patch(WAITING, "waits for the first word"),
        *([patch(STALL, "waits in the middle", hatch="///")] if stalled else []),
        patch(FAINT, "reads while more arrives"),
    )
    axes = chart.panel(0.75, row * len(names), left=LEFT / 3)
    axes.set(xlim=(0, end_of(recordings) * 1.01), ylim=(row * len(names), 0), yticks=[])
    for i, (recording, r) in enumerate(zip(recordings, readings, strict=True)):
        middle = row * (i + 0.66)
        axes.barh(middle, recording.e2e, 0.36, color=FAINT)
        axes.barh(middle, r.first, 0.36, color=WAITING)
        axes.barh(middle, r.stalled, 0.36, left=r.first, color=STALL, hatch="///", ec="white", lw=0)
        top = 0.75 + row * (len(names) - i - 0.36)
        chart.heading(top, names[i], accounts[i], left=LEFT / 3)
    remark_on_counts(chart, recordings)
    chart.x_label(f"seconds; a reader of {wpm:g} words a minute")
    return chart


def _account(recording: Recording, r: Reading) -> str:
    """One reader's story in a line."""
    ending = {
        "finished": "whole reply",
        "failed": "failed after",
        "left": "left after",
        "streaming": "still streaming at",
    }[recording.outcome]
    wait = f"waits {in_seconds(r.wait)}"
    if not recording.text:
        wait = "no text"
    elif r.stalled > UNNOTICED:
        wait += f", {in_seconds(r.stalled)} of it in the middle"
    return f"{wait} · {ending} {in_seconds(recording.e2e)}"


def _waits(
    names: Sequence[str], recordings: Sequence[Recording], readings: Sequence[Reading]
) -> str:
    """The finding of a chart of waits."""
    if len(names) == 1:
        return _one_wait(recordings[0], readings[0])
    told = sorted(
        (r.wait, name)
        for name, recording, r in zip(names, recordings, readings, strict=True)
        if recording.text
    )
    if not told:
        return "None of the replies brought any text"
    (short, best), (long, worst) = told[0], told[-1]
    if len(told) == 1:
        finding = f"The reader waits {in_seconds(short)} ({best})"
    elif long < 1.15 * short or in_seconds(long) == in_seconds(short):
        finding = f"The reader waits about as long each time, {in_seconds(long)}"
    else:
        to = "or" if len(told) == 2 else "to"
        finding = f"The reader waits {in_seconds(short)} ({best}) {to} {in_seconds(long)} ({worst})"
    failed = [n for n, r in zip(names, recordings, strict=True) if r.text and r.outcome == "failed"]
    silent = [n for n, r in zip(names, recordings, strict=True) if not r.text]
    finding += f"; broken off: {', '.join(failed)}" if failed else ""
    return finding + (f"; no text: {', '.join(silent)}" if silent else "")


def _one_wait(recording: Recording, r: Reading) -> str:
    total, wait = in_seconds(recording.e2e), in_seconds(r.wait)
    if not recording.text:
        return f"{total} of waiting, and no text"
    match recording.outcome:
        case "failed":
            return f"The reader waits {wait}, then the reply breaks off after {total}"
        case "left":
            return f"The reader waits {wait}; the reply was left after {total}"
        case "streaming":
            return f"The reader waits {wait} in the reply's first {total}"
    if r.wait > 0.95 * recording.e2e:
        return f"The reader waits for the whole reply: {wait}"
    return f"The reader waits {wait} in a reply that takes {total}"


def _draw_reading(axes: Axes, recording: Recording, r: Reading, end: float) -> None:
    from utils.charts.figure import INK, TEXT

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
    steps = [(0.0, 0.0)]
    for at, words in (*r.delivered, (horizon, r.words)):
        steps += [(at, steps[-1][1]), (at, words)]
    progress = [(0.0, 0.0), *r.read, (horizon, r.words)]
    axes.fill(*zip(*progress, (horizon, 0.0), strict=True), color="white", lw=0)
    axes.fill(*zip(*steps, *reversed(progress), strict=True), color=DELIVERED, alpha=0.25, lw=0)
    axes.fill(*zip(*progress, (horizon, 0.0), strict=True), color=READING, alpha=0.45, lw=0)
    axes.plot(*zip(*steps, strict=True), color=DELIVERED, lw=2.2)
    axes.plot(*zip(*progress, strict=True), color=READING, lw=2.2)
    _mark_end(axes, recording, r, end)


def _mark_end(axes: Axes, recording: Recording, r: Reading, end: float) -> None:
    """Where the reply ends, in words, on the side that has room."""
    from utils.charts.figure import INK, TEXT

    what = {"finished": "all here", "failed": "breaks off", "left": "left", "streaming": "so far"}
    late = recording.e2e > 0.5 * end
    mark = "X" if recording.outcome == "failed" else "o"
    axes.plot(recording.e2e, r.words, mark, color=INK, ms=7, clip_on=False, zorder=4)
    axes.annotate(
        f"{what[recording.outcome]} at {in_seconds(recording.e2e)}",
        (recording.e2e, r.words), xytext=(-6 if late else 6, 7), textcoords="offset points",
        ha="right" if late else "left", size=TEXT, color=INK, zorder=4,
        bbox={"fc": "white", "alpha": 0.85, "lw": 0, "pad": 1} if r.stalls else None,
    )  # fmt: skip
