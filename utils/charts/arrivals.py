"""How a reply arrives: the gap strip, and what counts as steady, bursty or all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

from utils.charts.common import FAINT, arrivals_of, details, end_of, names_of, patch
from utils.charts.palette import DELIVERED, WAITING
from utils.formatting import in_milliseconds, in_seconds
from utils.timing import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from utils.charts.figure import Chart

Way = Literal["not at all", "all at once", "in bursts", "with pauses", "steadily"]

_NEUTRAL: Final = "Every mark is a piece that arrived"


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
    from utils.charts.figure import LEFT, Chart

    names = names_of(recordings)
    ways = [_way(recording) for recording in recordings]
    told = accounts = [_arrival(*pair) for pair in zip(recordings, ways, strict=True)]
    if not verdict:
        accounts = [_count(recording) for recording in recordings]
        told = [_in_numbers(recording) for recording in recordings]
    row = 1.1
    chart = Chart(
        "Gap strip",
        title or (_arrivals(names, ways) if verdict else _NEUTRAL),
        details(names, told),
        body=row * len(names) + 1.05,
    )
    chart.legend_row(
        patch(WAITING, "nothing yet"),
        patch(DELIVERED, "a piece arrives"),
        patch(FAINT, "silence"),
    )
    axes = chart.panel(0.75, row * len(names), left=LEFT / 3)
    end = end_of(recordings) * 1.01
    axes.set(xlim=(0, end), ylim=(row * len(names), 0), yticks=[])
    for i, recording in enumerate(recordings):
        _draw_arrivals(axes, recording, row * (i + 0.66))
        if verdict:
            _name_deliveries(axes, recording, row * (i + 0.66), end)
        top = 0.75 + row * (len(names) - i - 0.36)
        chart.heading(top, names[i], accounts[i], left=LEFT / 3)
    chart.x_label("seconds since sending")
    return chart


def _way(recording: Recording) -> Way:
    """How the pieces arrive, judged by proportions, so that it holds at any speed."""
    arrivals = arrivals_of(recording)
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


def _count(recording: Recording) -> str:
    """What came, without a word on how."""
    count = len(arrivals_of(recording))
    pieces = {0: "nothing", 1: "1 piece"}.get(count, f"{count} pieces")
    return f"{pieces} in {in_seconds(recording.e2e)}"


def _in_numbers(recording: Recording) -> str:
    """`_count`, and what the picture shows besides: between which times it came."""
    arrivals = arrivals_of(recording)
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


def _draw_arrivals(axes: Axes, recording: Recording, middle: float) -> None:
    arrivals = arrivals_of(recording)
    axes.barh(middle, recording.e2e, 0.48, color=FAINT)
    axes.barh(middle, arrivals[0] if arrivals else recording.e2e, 0.48, color=WAITING)
    axes.vlines(arrivals, middle - 0.24, middle + 0.24, color=DELIVERED, lw=1.2)


def _name_deliveries(axes: Axes, recording: Recording, middle: float, end: float) -> None:
    """Say how many pieces came together, beside those deliveries that have room beside them."""
    from utils.charts.figure import INK, TEXT

    arrivals = arrivals_of(recording)
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
