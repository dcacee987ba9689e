"""Pattern bars: how long a reader sees a blank screen, a status, or text."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from utils.charts.palette import FAINT, WAITING
from utils.charts.recording_rows import (
    Rows,
    alike,
    names_of,
    patch,
    remark_on_counts,
    sentences,
    span,
)
from utils.charts.settings import default_settings
from utils.charts.wait_bars import stall_swatch
from utils.formatting import in_seconds
from utils.reader_model import WORDS_PER_MINUTE, reading
from utils.timing import Recording

if TYPE_CHECKING:
    from utils.charts.chart import Chart

_STATUS_OPACITY = 0.4


@dataclass(frozen=True, slots=True)
class Pattern:
    """A recorded reply, and when a status appeared on the screen."""

    recording: Recording  # the recorded reply; its label is the pattern's name
    # seconds from the request until a status, spinner or empty form appeared; infinite if none did
    # (the name `sign` stays, since learners' notebooks use it)
    sign: float = inf


@default_settings
def pattern_bars(*patterns: Pattern, wpm: float = WORDS_PER_MINUTE) -> Chart:
    """Draw bars that show how long a reader sees a blank screen, a status, and text.

    Orange: blank. Pale orange, hatched: a status but no text. Pink: the reader has caught up and
    is waiting. Grey: the reader reads while more arrives. The chart doesn't show how much shorter
    an explained wait *feels*, since there is no agreed measure of that. `wpm` is the reader's
    speed, in words per minute.
    """
    recordings = [pattern.recording for pattern in patterns]
    names = names_of(recordings)
    readings = [reading(recording, wpm) for recording in recordings]
    firsts = [r.first for r in readings]  # seconds until the first word
    totals = [recording.e2e for recording in recordings]
    blanks = [min(p.sign, first) for p, first in zip(patterns, firsts, strict=True)]  # seconds
    summaries = [
        f"blank {in_seconds(blank)} · first word {in_seconds(first)} · all {in_seconds(total)}"
        for blank, first, total in zip(blanks, firsts, totals, strict=True)
    ]
    rows = Rows(
        "Pattern bars",
        _title(names, blanks, firsts),
        recordings,
        summaries,
        swatches=[
            patch(WAITING, "blank"),
            patch(WAITING, "a status, no text", alpha=_STATUS_OPACITY, hatch="///"),
            *stall_swatch(readings),
            patch(FAINT, "reads while more arrives"),
        ],
        axis=f"seconds; a reader of {wpm:g} words a minute",
        details=sentences(names, summaries, recordings),
    )
    striped = {"alpha": _STATUS_OPACITY, "hatch": "///", "ec": "white", "lw": 0}
    columns = rows.middles, recordings, readings, blanks
    for middle, recording, r, blank in zip(*columns, strict=True):
        rows.bar(middle, 0, recording.e2e, FAINT)
        rows.bar(middle, 0, blank, WAITING)
        rows.bar(middle, blank, r.first, "white", lw=0)  # background of the translucent bar
        rows.bar(middle, blank, r.first, WAITING, **striped)
        rows.stalls(middle, r.first, r.wait)  # `wait` is `first` plus all stalls
    remark_on_counts(rows.chart, recordings)
    return rows.chart


def _title(names: list[str], blanks: list[float], firsts: list[float]) -> str:
    if len(names) == 1:
        return f"Blank for {in_seconds(blanks[0])}, first word after {in_seconds(firsts[0])}"
    if alike(blanks):
        finding = f"Each screen is blank for about {in_seconds(max(blanks))}"
    else:
        finding = f"Blank for {span(names, blanks)}"
    soon, late = in_seconds(min(firsts)), in_seconds(max(firsts))
    when = soon if soon == late else f"{soon} to {late}"
    return f"{finding}; first words after {when}"
