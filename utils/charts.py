"""Pictures of recordings: what a reader waits for, and how a reply arrives.

Each function takes recordings and returns a figure whose title states the finding, computed from
what was recorded. The numbers come from `timing` and `perception`, the colours from `palette`.
matplotlib is imported when the first chart is drawn, not with this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

from utils.palette import DELIVERED, READING, STALL, WAITING
from utils.perception import WORDS_PER_MINUTE, Reading, reading
from utils.timing import Recording, in_milliseconds, in_seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

    from utils.figure import Chart

Way = Literal["not at all", "all at once", "in bursts", "steadily"]

UNNOTICED: Final = 0.005  # seconds; shorter stalls would be told as 0.00 s, so they are not told
FAINT: Final = "#E5E7EB"


def readers_chart(
    *recordings: Recording, wpm: float = WORDS_PER_MINUTE, title: str | None = None
) -> Chart:
    """Words on the screen against words read, the waiting shaded: one panel a recording.

    Orange: nothing to read yet. Pink, hatched: the reader caught up and waits again. Green: words
    that stand on the screen and are still to be read. The reader is the one of `perception`. All
    panels share their axes, which end soon after the last reply does, even if the reader reads on.

    Args:
        *recordings: What to draw, top to bottom; the labels name the panels.
        wpm: The reader's speed, words a minute.
        title: Instead of the finding.

    Returns:
        A matplotlib figure with `alt_text`; as the last expression of a cell it is shown.

    Raises:
        ValueError: If there is nothing to draw, or `wpm` is not above zero.
    """
    from utils.figure import Chart

    names = _names(recordings)
    readings = [reading(recording, wpm) for recording in recordings]
    accounts = [_account(*pair) for pair in zip(recordings, readings, strict=True)]
    height = 3.2 if len(recordings) == 1 else 1.9
    row = height + 0.8
    chart = Chart(
        f"Reader's chart at {wpm:g} words a minute",
        title or _waits(names, recordings, readings),
        _details(names, accounts),
        body=row * len(recordings) + 0.95,
    )
    stalled = any(r.stalled > UNNOTICED for r in readings)
    chart.legend_row(
        _patch(WAITING, "waiting"),
        *([_patch(STALL, "stalled", hatch="///")] if stalled else []),
        _patch(DELIVERED, "on the screen, still to be read", alpha=0.25),
        _patch(READING, "read", alpha=0.45),
    )
    end = _end(recordings) * 1.2
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
        axes.tick_params(labelbottom=i == len(names) - 1)
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
    from utils.figure import LEFT, Chart

    names = _names(recordings)
    readings = [reading(recording, wpm) for recording in recordings]
    accounts = [_account(*pair) for pair in zip(recordings, readings, strict=True)]
    row = 0.95
    chart = Chart(
        f"Wait bars at {wpm:g} words a minute",
        title or _waits(names, recordings, readings),
        _details(names, accounts),
        body=row * len(names) + 1.05,
    )
    stalled = any(r.stalled > UNNOTICED for r in readings)
    chart.legend_row(
        _patch(WAITING, "waits for the first word"),
        *([_patch(STALL, "waits in the middle", hatch="///")] if stalled else []),
        _patch(FAINT, "reads while more arrives"),
    )
    axes = chart.panel(0.75, row * len(names), left=LEFT / 3)
    axes.set(xlim=(0, _end(recordings) * 1.01), ylim=(row * len(names), 0), yticks=[])
    for i, (recording, r) in enumerate(zip(recordings, readings, strict=True)):
        middle = row * (i + 0.66)
        axes.barh(middle, recording.e2e, 0.36, color=FAINT)
        axes.barh(middle, r.first, 0.36, color=WAITING)
        axes.barh(middle, r.stalled, 0.36, left=r.first, color=STALL, hatch="///", ec="white", lw=0)
        top = 0.75 + row * (len(names) - i - 0.36)
        chart.heading(top, names[i], accounts[i], left=LEFT / 3)
    chart.x_label(f"seconds; a reader of {wpm:g} words a minute")
    return chart


def gap_strip(*recordings: Recording, title: str | None = None) -> Chart:
    """When each piece arrived, one strip a recording: steady, bursty and buffered side by side.

    Each green line is a piece with text or reasoning. `50 at once` stands beside lines that fall
    together. Orange is the time before the first, grey the silence after it.

    Args:
        *recordings: One strip each, top to bottom.
        title: Instead of the finding.

    Returns:
        A matplotlib figure with `alt_text`; as the last expression of a cell it is shown.

    Raises:
        ValueError: If there is nothing to draw.
    """
    from utils.figure import LEFT, Chart

    names = _names(recordings)
    ways = [_way(recording) for recording in recordings]
    accounts = [_arrival(*pair) for pair in zip(recordings, ways, strict=True)]
    row = 1.1
    chart = Chart(
        "Gap strip",
        title or _arrivals(names, ways),
        _details(names, accounts),
        body=row * len(names) + 1.05,
    )
    chart.legend_row(
        _patch(WAITING, "nothing yet"),
        _patch(DELIVERED, "a piece arrives"),
        _patch(FAINT, "silence"),
    )
    axes = chart.panel(0.75, row * len(names), left=LEFT / 3)
    end = _end(recordings) * 1.01
    axes.set(xlim=(0, end), ylim=(row * len(names), 0), yticks=[])
    for i, recording in enumerate(recordings):
        _draw_arrivals(axes, recording, row * (i + 0.66), end)
        top = 0.75 + row * (len(names) - i - 0.36)
        chart.heading(top, names[i], accounts[i], left=LEFT / 3)
    chart.x_label("seconds since sending")
    return chart


# --- findings in words ---------------------------------------------------------------------------


def _names(recordings: Sequence[Recording]) -> list[str]:
    if not recordings:
        raise ValueError("There is nothing to draw: hand over at least one recording.")
    many = len(recordings) > 1
    names = [r.label or (f"reply {i}" if many else "reply") for i, r in enumerate(recordings, 1)]
    return [name if len(name) <= 28 else name[:27] + "…" for name in names]


def _details(names: Sequence[str], accounts: Sequence[str]) -> list[str]:
    return [f"{name}: {account}" for name, account in zip(names, accounts, strict=True)]


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


def _way(recording: Recording) -> Way:
    """How the pieces arrive, judged by proportions, so that it holds at any speed."""
    arrivals = [piece.at for piece in recording.pieces if not piece.empty]
    if not arrivals:
        return "not at all"
    spread = arrivals[-1] - arrivals[0]
    if spread <= 0.1 * arrivals[-1]:
        return "all at once"
    pauses = [g for g in recording.gaps if g > 5 * median(recording.gaps) and g > 0.03 * spread]
    return "in bursts" if sum(pauses) >= 0.5 * spread else "steadily"


def _arrival(recording: Recording, way: Way) -> str:
    """One recording's arrivals in a line."""
    count = sum(not piece.empty for piece in recording.pieces)
    if recording.ttft is None:
        return f"nothing arrives in {in_seconds(recording.e2e)}"
    if way == "all at once":
        size = "in one piece" if count == 1 else f"{count} pieces at once"
        return f"{size}, after {in_seconds(recording.ttft)}"
    if way == "in bursts":
        return f"{count} pieces in bursts, up to {in_seconds(max(recording.gaps))} apart"
    return f"{count} pieces, one every {in_milliseconds(median(recording.gaps))}"


def _arrivals(names: Sequence[str], ways: Sequence[Way]) -> str:
    """The finding of a gap strip."""
    if len(names) == 1:
        return f"{names[0]} arrives {ways[0]}"
    if len(set(ways)) == 1:
        return f"All {len(names)} arrive {ways[0]}"
    groups = {way: [n for n, w in zip(names, ways, strict=True) if w == way] for way in ways}
    return "They arrive " + ", ".join(f"{way} ({', '.join(g)})" for way, g in groups.items())


# --- drawing -------------------------------------------------------------------------------------


def _patch(colour: str, label: str, alpha: float = 1.0, hatch: str | None = None) -> Patch:
    from matplotlib.patches import Patch

    return Patch(
        facecolor=colour, label=label, alpha=alpha, hatch=hatch, edgecolor="white", linewidth=0
    )


def _end(recordings: Sequence[Recording]) -> float:
    """The last moment of all, seconds; a second if nothing took any time."""
    return max(recording.e2e for recording in recordings) or 1.0


def _draw_reading(axes: Axes, recording: Recording, r: Reading, end: float) -> None:
    from utils.figure import INK, TEXT

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
    from utils.figure import INK, TEXT

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


def _draw_arrivals(axes: Axes, recording: Recording, middle: float, end: float) -> None:
    from utils.figure import INK, TEXT

    top, bottom = middle - 0.24, middle + 0.24
    arrivals = [piece.at for piece in recording.pieces if not piece.empty]
    axes.barh(middle, recording.e2e, 0.48, color=FAINT)
    axes.barh(middle, arrivals[0] if arrivals else recording.e2e, 0.48, color=WAITING)
    axes.vlines(arrivals, top, bottom, color=DELIVERED, lw=1.2)
    clusters = _clusters(arrivals, 0.005 * end)
    room = 0.12 * end  # what the words take
    for i, (first, last, count) in enumerate(clusters):
        before = first - (clusters[i - 1][1] if i else 0.0)
        after = (clusters[i + 1][0] if i + 1 < len(clusters) else end) - last
        brief = last - first < 0.03 * end and count >= max(5, 0.08 * len(arrivals))
        if brief and max(before, after) > room:
            right = after > room
            axes.annotate(
                f"{count} at once", (last if right else first, middle),
                xytext=(4 if right else -4, 0), textcoords="offset points",
                ha="left" if right else "right", va="center", size=TEXT, color=INK,
            )  # fmt: skip


def _clusters(arrivals: Sequence[float], near: float) -> list[tuple[float, float, int]]:
    """Runs of arrivals that follow each other within `near` seconds: (first, last, how many)."""
    if not arrivals:
        return []
    cuts = [i for i, (a, b) in enumerate(pairwise(arrivals), start=1) if b - a > near]
    return [(arrivals[i], arrivals[j - 1], j - i) for i, j in pairwise([0, *cuts, len(arrivals)])]
