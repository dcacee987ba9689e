"""Pictures of recordings: what a reader waits for, and how a reply arrives.

Each function takes recordings and returns a figure whose title states the finding, computed from
what was recorded. The numbers come from `timing` and `perception`, the colours from `palette`.
matplotlib is imported when the first chart is drawn, not with this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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

Way = Literal["not at all", "all at once", "in bursts", "with pauses", "steadily"]

_NEUTRAL: Final = "Every mark is a piece that arrived"
UNNOTICED: Final = 0.005  # seconds; shorter stalls would be told as 0.00 s, so they are not told
FAINT: Final = "#E5E7EB"


def readers_chart(
    *recordings: Recording, wpm: float = WORDS_PER_MINUTE, title: str | None = None
) -> Chart:
    """Words on the screen against words read, the waiting shaded: one panel a recording.

    Orange: nothing to read yet. Pink, hatched: the reader caught up and waits again. Green: words
    that stand on the screen and are still to be read. Blue: words read. The reader is the one of
    `perception`. All panels share their axes, which go on after the last reply for up to half of
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
    from utils.figure import Chart

    names = _names(recordings)
    readings = [reading(recording, wpm) for recording in recordings]
    accounts = [_account(*pair) for pair in zip(recordings, readings, strict=True)]
    height = 3.2 if len(recordings) == 1 else 1.9
    row = height + 1.05
    chart = Chart(
        f"Reader's chart at {wpm:g} words a minute",
        title or _waits(names, recordings, readings),
        _details(names, accounts),
        body=row * len(recordings) + 0.45,
    )
    stalled = any(r.stalled > UNNOTICED for r in readings)
    chart.legend_row(
        _patch(WAITING, "waits for the first word"),
        *([_patch(STALL, "waits in the middle", hatch="///")] if stalled else []),
        _patch(DELIVERED, "on the screen, still to be read", alpha=0.25),
        _patch(READING, "read", alpha=0.45),
    )
    last = _end(recordings)
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


def gap_strip(*recordings: Recording, title: str | None = None, verdict: bool = True) -> Chart:
    """When each piece arrived, one strip a recording: steady, bursty and buffered side by side.

    Each green line is a piece with text or reasoning. Orange is the time before the first, grey
    the silence after it.

    Pieces count as **one delivery** if they come at least ten times as fast as they would if all
    were spread evenly over the time to the last one. That may be the whole reply, or what lies
    between two pauses of more than a twentieth of that time. `50 at once` stands beside a delivery
    of five pieces or more. A reply arrives "all at once" in one delivery, and "in bursts" if
    deliveries bring three quarters of its pieces. A few clumps in an otherwise steady stream, as a
    busy machine makes them, are no bursts.

    Args:
        *recordings: One strip each, top to bottom.
        title: Instead of the finding.
        verdict: Whether the picture says in words how the pieces arrive. False, for learners who
            are to see it themselves: only how many came, and in how many seconds.

    Returns:
        A matplotlib figure with `alt_text`; as the last expression of a cell it is shown.

    Raises:
        ValueError: If there is nothing to draw.
    """
    from utils.figure import LEFT, Chart

    names = _names(recordings)
    ways = [_way(recording) for recording in recordings]
    told = accounts = [_arrival(*pair) for pair in zip(recordings, ways, strict=True)]
    if not verdict:
        accounts = [_count(recording) for recording in recordings]
        told = [_in_numbers(recording) for recording in recordings]
    row = 1.1
    chart = Chart(
        "Gap strip",
        title or (_arrivals(names, ways) if verdict else _NEUTRAL),
        _details(names, told),
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
        _draw_arrivals(axes, recording, row * (i + 0.66))
        if verdict:
            _name_deliveries(axes, recording, row * (i + 0.66), end)
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
    arrivals = _arrivals_of(recording)
    if not arrivals:
        return "not at all"
    deliveries = _deliveries(arrivals)
    if len(arrivals) == 1 or any(d.pieces == len(arrivals) for d in deliveries):
        return "all at once"
    if sum(d.pieces for d in deliveries) >= 0.75 * len(arrivals):
        return "in bursts"
    spread = arrivals[-1] - arrivals[0]
    pauses = [gap for gap in recording.gaps if gap > max(5 * median(recording.gaps), spread / 20)]
    return "with pauses" if sum(pauses) >= 0.5 * spread else "steadily"


@dataclass(frozen=True, slots=True)
class _Delivery:
    """Pieces that count as one: when the first and the last came (seconds), and how many."""

    first: float
    last: float
    pieces: int


def _deliveries(arrivals: Sequence[float]) -> list[_Delivery]:
    """Pieces that come together; `gap_strip` says what that means."""
    if len(arrivals) < 2:
        return []
    even = arrivals[-1] / len(arrivals)  # seconds a piece

    def together(run: Sequence[float]) -> bool:
        return len(run) > 1 and run[-1] - run[0] <= (len(run) - 1) * even / 10

    pause = arrivals[-1] / 20
    cuts = [at for at, (a, b) in enumerate(pairwise(arrivals), start=1) if b - a > pause]
    parts = [arrivals[i:j] for i, j in pairwise([0, *cuts, len(arrivals)])]
    runs = [arrivals] if together(arrivals) else filter(together, parts)
    return [_Delivery(run[0], run[-1], len(run)) for run in runs]


def _arrivals_of(recording: Recording) -> list[float]:
    return [piece.at for piece in recording.pieces if not piece.empty]


def _count(recording: Recording) -> str:
    """What came, without a word on how."""
    count = len(_arrivals_of(recording))
    pieces = {0: "nothing", 1: "1 piece"}.get(count, f"{count} pieces")
    return f"{pieces} in {in_seconds(recording.e2e)}"


def _in_numbers(recording: Recording) -> str:
    """`_count`, and what the picture shows besides: between which times it came."""
    arrivals = _arrivals_of(recording)
    if not arrivals:
        return _count(recording)
    first, last = in_seconds(arrivals[0]), in_seconds(arrivals[-1])
    return f"{_count(recording)}, the first after {first}, the last after {last}"


def _arrival(recording: Recording, way: Way) -> str:
    """One recording's arrivals in a line."""
    count = sum(not piece.empty for piece in recording.pieces)
    if recording.ttft is None:
        return f"nothing arrives in {in_seconds(recording.e2e)}"
    if way == "all at once":
        size = "in one piece" if count == 1 else f"{count} pieces at once"
        return f"{size}, after {in_seconds(recording.ttft)}"
    if way in ("in bursts", "with pauses"):
        return f"{count} pieces {way}, up to {in_seconds(max(recording.gaps))} apart"
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


def _draw_arrivals(axes: Axes, recording: Recording, middle: float) -> None:
    arrivals = _arrivals_of(recording)
    axes.barh(middle, recording.e2e, 0.48, color=FAINT)
    axes.barh(middle, arrivals[0] if arrivals else recording.e2e, 0.48, color=WAITING)
    axes.vlines(arrivals, middle - 0.24, middle + 0.24, color=DELIVERED, lw=1.2)


def _name_deliveries(axes: Axes, recording: Recording, middle: float, end: float) -> None:
    """Say how many pieces came together, beside those deliveries that have room beside them."""
    from utils.figure import INK, TEXT

    arrivals = _arrivals_of(recording)
    room = 0.12 * end  # what the words take
    for delivery in _deliveries(arrivals):
        before = delivery.first - max((at for at in arrivals if at < delivery.first), default=0.0)
        after = min((at for at in arrivals if at > delivery.last), default=end) - delivery.last
        if delivery.pieces >= 5 and max(before, after) > room:
            right = after > room
            axes.annotate(
                f"{delivery.pieces} at once", (delivery.last if right else delivery.first, middle),
                xytext=(4 if right else -4, 0), textcoords="offset points",
                ha="left" if right else "right", va="center", size=TEXT, color=INK,
            )  # fmt: skip
