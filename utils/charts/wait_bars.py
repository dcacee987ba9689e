"""Wait bars: how long a reader waits during each of several replies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from utils.charts.palette import FAINT, STALL, WAITING
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
from utils.formatting import in_seconds
from utils.reader_model import WORDS_PER_MINUTE, Reading, reading
from utils.timing import Recording

if TYPE_CHECKING:
    from matplotlib.patches import Patch

    from utils.charts.chart import Chart

_UNNOTICED = 0.005  # seconds; a shorter stall would be displayed as 0.00 s


@default_settings
def wait_bars(*recordings: Recording, wpm: float = WORDS_PER_MINUTE) -> Chart:
    """For each reply, draw a bar of the reader's waits: before the first word, and mid-reply.

    During the rest, drawn in grey, the reader has something to read while more arrives.
    `wpm` is the reader's speed, in words per minute.
    """
    names = names_of(recordings)
    readings = [reading(recording, wpm) for recording in recordings]
    summaries = [summary(*pair) for pair in zip(recordings, readings, strict=True)]
    rows = Rows(
        f"Wait bars at {wpm:g} words a minute",
        waits_title(names, recordings, readings),
        recordings,
        summaries,
        swatches=[
            patch(WAITING, "waits for the first word"),
            *stall_swatch(readings),
            patch(FAINT, "reads while more arrives"),
        ],
        axis=f"seconds; a reader of {wpm:g} words a minute",
        details=sentences(names, summaries, recordings),
    )
    for middle, recording, r in zip(rows.middles, recordings, readings, strict=True):
        rows.bar(middle, 0, recording.e2e, FAINT)
        rows.bar(middle, 0, r.first, WAITING)
        rows.stalls(middle, r.first, r.wait)  # `wait` is `first` plus all stalls
    remark_on_counts(rows.chart, recordings)
    return rows.chart


def stall_swatch(
    readings: Iterable[Reading], label: str = "waits in the middle, added up"
) -> list[Patch]:
    """Return the legend entry for stalls; an empty list if all are too short to notice."""
    stalled = any(r.stalled > _UNNOTICED for r in readings)
    return [patch(STALL, label, hatch="///")] if stalled else []


def summary(recording: Recording, r: Reading) -> str:
    """Describe the reader's wait for one reply, on one line."""
    ending = {
        "finished": "whole reply",
        "failed": "failed after",
        "left": "left after",
        "streaming": "still streaming at",
    }[recording.outcome]
    wait = f"waits {in_seconds(r.wait)}"
    if not recording.text:
        wait = "no text"
    elif r.stalled > _UNNOTICED:
        wait += f", {in_seconds(r.stalled)} of it in the middle"
    return f"{wait} · {ending} {in_seconds(recording.e2e)}"


def waits_title(
    names: Sequence[str], recordings: Sequence[Recording], readings: Sequence[Reading]
) -> str:
    """Return a title that compares how long the readers wait."""
    if len(names) == 1:
        return _one_wait(recordings[0], readings[0])
    replies = list(zip(names, recordings, strict=True))
    with_text = [name for name, reply in replies if reply.text]
    waits = [r.wait for r, reply in zip(readings, recordings, strict=True) if reply.text]
    if not waits:
        return "None of the replies had any text"
    if len(waits) == 1:
        finding = f"The reader waits {in_seconds(waits[0])} ({with_text[0]})"
    elif alike(waits):
        finding = f"The reader waits about as long each time, {in_seconds(max(waits))}"
    else:
        finding = f"The reader waits {span(with_text, waits)}"
    failed = [name for name, reply in replies if reply.text and reply.outcome == "failed"]
    silent = [name for name, reply in replies if not reply.text]
    finding += f"; failed: {', '.join(failed)}" if failed else ""
    return finding + (f"; no text: {', '.join(silent)}" if silent else "")


def _one_wait(recording: Recording, r: Reading) -> str:
    total, wait = in_seconds(recording.e2e), in_seconds(r.wait)
    if not recording.text:
        return f"{total} of waiting, and no text"
    match recording.outcome:
        case "failed":
            return f"The reader waits {wait}, then the reply fails after {total}"
        case "left":
            return f"The reader waits {wait}; the reply was stopped after {total}"
        case "streaming":
            return f"The reader waits {wait} in the reply's first {total}"
    if r.wait > 0.95 * recording.e2e:
        return f"The reader waits for the whole reply: {wait}"
    return f"The reader waits {wait} in a reply that takes {total}"
