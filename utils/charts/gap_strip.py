"""The gap strip: whether the pieces of a reply arrived steadily or in bursts."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from utils.charts.palette import DELIVERED, FAINT, INK, TEXT, WAITING
from utils.charts.recording_rows import Rows, names_of, patch, sentences, split_at_pauses
from utils.charts.settings import default_settings
from utils.formatting import counted, in_milliseconds, in_seconds
from utils.timing import Recording

if TYPE_CHECKING:
    from utils.charts.chart import Chart


@default_settings
def gap_strip(*recordings: Recording, title: str | None = None, verdict: bool = True) -> Chart:
    """Draw one strip per recording, with a line where each piece arrived.

    Each green line is a piece with text or reasoning. Orange is the time before the first piece;
    grey is silence after it.

    Pauses longer than a twentieth of the time from the request to the last piece split a reply into
    parts. A part, or the whole reply, is **one delivery** if its pieces arrive at least ten times
    as fast as the average from the request to the last piece. A delivery of five or more pieces has
    a label such as `50 at once` if there is room. A reply arrives "all at once" if it is one piece
    or one delivery, and "in bursts" if deliveries contain at least three quarters of its pieces, so
    that a few clumps on a busy machine aren't bursts.

    Args:
        *recordings: The recordings to draw, from top to bottom.
        title: Replaces the generated title.
        verdict: Whether the chart describes how the pieces arrive. If False, it shows only how
            many arrived and how long that took, so that learners can judge for themselves.

    Raises:
        ValueError: If there is nothing to draw.
    """
    names = names_of(recordings)
    ways = [_way(recording) for recording in recordings]
    if verdict:
        generated = _title(names, ways)
        summaries = described = [_summary(*pair) for pair in zip(recordings, ways, strict=True)]
    else:
        generated = "Every mark is a piece that arrived"
        summaries = [_count(recording) for recording in recordings]
        described = [_in_numbers(recording) for recording in recordings]
    rows = Rows(
        "Gap strip",
        title or generated,
        recordings,
        summaries,
        swatches=[
            patch(WAITING, "nothing yet"),
            patch(DELIVERED, "a piece arrives"),
            patch(FAINT, "silence"),
        ],
        axis="seconds since sending",
        height=1.1,
        details=sentences(names, described),
    )
    for middle, recording in zip(rows.middles, recordings, strict=True):
        arrivals = recording.arrivals
        rows.bar(middle, 0, recording.e2e, FAINT)
        rows.bar(middle, 0, arrivals[0] if arrivals else recording.e2e, WAITING)
        rows.axes.vlines(arrivals, middle - 0.21, middle + 0.21, color=DELIVERED, lw=1.2)
        if verdict:
            _name_deliveries(rows, arrivals, middle)
    return rows.chart


def _way(recording: Recording) -> str:
    """Return the words that follow "arrives" in a title."""
    arrivals = recording.arrivals
    if not arrivals:
        return "not at all"
    deliveries = _deliveries(arrivals)
    if len(arrivals) == 1 or deliveries == [arrivals]:
        return "all at once"
    if sum(map(len, deliveries)) >= 0.75 * len(arrivals):
        return "in bursts"
    spread = arrivals[-1] - arrivals[0]
    pauses = [gap for gap in recording.gaps if gap > max(5 * median(recording.gaps), spread / 20)]
    return "with pauses" if sum(pauses) >= 0.5 * spread else "steadily"


def _deliveries(arrivals: Sequence[float]) -> list[Sequence[float]]:
    """Return the arrival times in each delivery, as defined in `gap_strip`."""
    if len(arrivals) < 2:
        return []
    even = arrivals[-1] / len(arrivals)  # seconds per piece if the pieces were evenly spread

    def together(run: Sequence[float]) -> bool:
        return len(run) > 1 and run[-1] - run[0] <= (len(run) - 1) * even / 10

    parts = split_at_pauses(arrivals, arrivals[-1] / 20)
    return [arrivals] if together(arrivals) else list(filter(together, parts))


def _count(recording: Recording) -> str:
    count = len(recording.arrivals)
    pieces = counted(count, "piece") if count else "nothing"
    return f"{pieces} in {in_seconds(recording.e2e)}"


def _in_numbers(recording: Recording) -> str:
    arrivals = recording.arrivals
    if not arrivals:
        return _count(recording)
    first, last = in_seconds(arrivals[0]), in_seconds(arrivals[-1])
    return f"{_count(recording)}, the first after {first}, the last after {last}"


def _summary(recording: Recording, way: str) -> str:
    count = len(recording.arrivals)
    if recording.ttft is None:
        return f"nothing arrives in {in_seconds(recording.e2e)}"
    if way == "all at once":
        size = "in one piece" if count == 1 else f"{count} pieces at once"
        return f"{size}, after {in_seconds(recording.ttft)}"
    if way in ("in bursts", "with pauses"):
        return f"{count} pieces {way}, up to {in_seconds(max(recording.gaps))} apart"
    return f"{count} pieces, one every {in_milliseconds(median(recording.gaps))}"


def _title(names: Sequence[str], ways: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} arrives {ways[0]}"
    if len(set(ways)) == 1:
        return f"{'Both' if len(names) == 2 else f'All {len(names)}'} arrive {ways[0]}"
    groups: dict[str, list[str]] = {}
    for name, way in zip(names, ways, strict=True):
        groups.setdefault(way, []).append(name)
    parts = (f"{way} ({', '.join(members)})" for way, members in groups.items())
    return f"They arrive {', '.join(parts)}"


def _name_deliveries(rows: Rows, arrivals: Sequence[float], middle: float) -> None:
    """Where there is room, label each delivery of five or more pieces with its size."""
    end = rows.end
    room = 0.12 * end  # width of a label, in seconds on the axis
    for delivery in _deliveries(arrivals):
        first, last = delivery[0], delivery[-1]
        before = first - max((at for at in arrivals if at < first), default=0.0)
        after = min((at for at in arrivals if at > last), default=end) - last
        if len(delivery) >= 5 and max(before, after) > room:
            right = after > room
            rows.axes.annotate(
                f"{len(delivery)} at once", (last if right else first, middle),
                xytext=(4 if right else -4, 0), textcoords="offset points",
                ha="left" if right else "right", va="center", size=TEXT, color=INK,
            )  # fmt: skip
