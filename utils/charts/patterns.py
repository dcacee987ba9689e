"""What stands on the screen while a reply is awaited: nothing, a sign of life, or text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from utils.charts.common import (
    FAINT,
    details,
    end_of,
    names_of,
    patch,
    remark_on_counts,
    without_counts,
)
from utils.charts.palette import STALL, WAITING
from utils.charts.waits import UNNOTICED
from utils.formatting import in_seconds
from utils.reader_model import WORDS_PER_MINUTE, reading
from utils.timing import Recording

if TYPE_CHECKING:
    from utils.charts.figure import Chart

_EXPLAINED = 0.4  # how strong the colour of waiting is where something says why


@dataclass(frozen=True, slots=True)
class Pattern:
    """A way to show a reply.

    Attributes:
        recording: How the reply came; its label names the pattern.
        sign: Seconds from sending until the screen showed something true that is no text, such as
            a status or a skeleton; None if nothing did.
    """

    recording: Recording
    sign: float | None = None


def pattern_bars(
    *patterns: Pattern, wpm: float = WORDS_PER_MINUTE, title: str | None = None
) -> Chart:
    """How long the screen stays blank, then shows a sign without text, then text, as bars.

    Orange: blank. Pale orange, hatched: a sign of life, and no text. Pink: the reader caught up and
    waits again. Grey: there is something to read while more arrives. How much shorter a wait
    *feels* that is explained is not drawn: there is no agreed figure for it.

    Args:
        *patterns: One bar each, top to bottom.
        wpm: The reader's speed, words a minute.
        title: Instead of the finding.

    Returns:
        A matplotlib figure with `alt_text`; as the last expression of a cell it is shown.

    Raises:
        ValueError: If there is nothing to draw, or `wpm` is not above zero.
    """
    from utils.charts.figure import LEFT, Chart

    recordings = [pattern.recording for pattern in patterns]
    names = names_of(recordings)
    firsts = [reading(recording, wpm).first for recording in recordings]
    blanks = [_blank(*pair) for pair in zip(patterns, firsts, strict=True)]
    stalls = [reading(recording, wpm).stalled for recording in recordings]
    accounts = [
        f"blank {in_seconds(blank)} · first word {in_seconds(first)} · all {in_seconds(r.e2e)}"
        for blank, first, r in zip(blanks, firsts, recordings, strict=True)
    ]
    row = 0.95
    chart = Chart(
        "Pattern bars", title or _finding(names, blanks, firsts),
        details(names, accounts) + without_counts(names, recordings), body=row * len(names) + 1.05,
    )  # fmt: skip
    stalled = max(stalls) > UNNOTICED
    chart.legend_row(
        patch(WAITING, "blank"),
        patch(WAITING, "a sign, no text", alpha=_EXPLAINED, hatch="///"),
        *([patch(STALL, "waits in the middle", hatch="///")] if stalled else []),
        patch(FAINT, "reads while more arrives"),
    )
    axes = chart.panel(0.75, row * len(names), left=LEFT / 3)
    axes.set(xlim=(0, end_of(recordings) * 1.01), ylim=(row * len(names), 0), yticks=[])
    for i, recording in enumerate(recordings):
        middle, blank, first = row * (i + 0.66), blanks[i], firsts[i]
        axes.barh(middle, recording.e2e, 0.36, color=FAINT)
        axes.barh(middle, blank, 0.36, color=WAITING)
        axes.barh(
            middle, first - blank, 0.36, left=blank, color="white", lw=0,
        )  # fmt: skip
        axes.barh(
            middle, first - blank, 0.36, left=blank, color=WAITING, alpha=_EXPLAINED,
            hatch="///", ec="white", lw=0,
        )  # fmt: skip
        axes.barh(middle, stalls[i], 0.36, left=first, color=STALL, hatch="///", ec="white", lw=0)
        top = 0.75 + row * (len(names) - i - 0.36)
        chart.heading(top, names[i], accounts[i], left=LEFT / 3)
    remark_on_counts(chart, recordings)
    chart.x_label(f"seconds; a reader of {wpm:g} words a minute")
    return chart


def _blank(pattern: Pattern, first: float) -> float:
    """Seconds in which the screen shows nothing at all."""
    return first if pattern.sign is None else min(pattern.sign, first)


def _finding(names: list[str], blanks: list[float], firsts: list[float]) -> str:
    """Which screen is blank longest and shortest, and when the first words come."""
    if len(names) == 1:
        return f"Blank for {in_seconds(blanks[0])}, first word after {in_seconds(firsts[0])}"
    longest, shortest = max(blanks), min(blanks)
    if in_seconds(longest) == in_seconds(shortest):
        finding = f"Each screen is blank for about {in_seconds(longest)}"
    else:
        best, worst = names[blanks.index(shortest)], names[blanks.index(longest)]
        finding = f"Blank for {in_seconds(shortest)} ({best}) to {in_seconds(longest)} ({worst})"
    soon, late = in_seconds(min(firsts)), in_seconds(max(firsts))
    return f"{finding}; first words after {soon if soon == late else f'{soon} to {late}'}"
