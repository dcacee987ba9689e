"""The guard chart: a guard's cost and benefit, by number of characters held back.

A guard checks a streamed reply for forbidden text. It holds back the latest characters, since they
may be the beginning of such text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from utils.charts.palette import FAINT, QUIET, STALL, WAITING
from utils.charts.settings import default_settings
from utils.formatting import counted, in_seconds
from utils.reader_model import readers_wait
from utils.timing import Recording, held_back

if TYPE_CHECKING:
    from utils.charts.chart import Chart

_HIGH = 1.35  # inches per panel
_ABOVE = 0.45  # inches for the text above a panel


@default_settings
def guard_chart(
    recording: Recording,
    forbidden: str | re.Pattern[str],
    sizes: Sequence[int] = range(61),
) -> Chart:
    """Plot the reader's wait, and the forbidden text shown, by number of characters held back.

    The guard checks all the text so far whenever a piece arrives. The upper panel shows the wait if
    the guard allows the reply. The lower panel shows how many forbidden characters are displayed
    before the guard refuses the reply.

    Args:
        recording: A reply that contains forbidden text.
        forbidden: A regular expression that matches the forbidden text.
        sizes: The numbers of characters to hold back, in ascending order.
    """
    from matplotlib.ticker import MaxNLocator

    from utils.charts.chart import BELOW, Chart

    if not sizes:
        raise ValueError("There is nothing to draw: pass at least one size.")
    waits = [readers_wait(held_back(recording, label="", size=size)) for size in sizes]
    shown = [_shown(recording, forbidden, size) for size in sizes]
    # the index of the first size at which nothing forbidden is shown
    enough = next((at for at, characters in enumerate(shown) if not characters), None)
    details = [
        f"{counted(sizes[at], 'character')} held back: "
        f"wait {in_seconds(waits[at])}, {shown[at]} shown"
        for at in sorted({0, enough or 0, len(sizes) - 1})
    ]
    chart = Chart(
        "Guard chart",
        _title(sizes, waits, shown, enough),
        details,
        body=2 * (_HIGH + _ABOVE) + BELOW,
    )
    upper = "seconds that the reader waits if the guard says yes"
    lower = "forbidden characters shown before the guard says no"
    for bottom, values, colour, name in (
        (BELOW + _HIGH + _ABOVE, waits, WAITING, upper),
        (BELOW, shown, STALL, lower),
    ):
        is_lower = name == lower
        axes = chart.panel(bottom, _HIGH)
        axes.plot(sizes, values, color=colour, lw=3, clip_on=False)
        axes.set(xlim=(0, sizes[-1] or 1), ylim=(0, 1.08 * max(values) or 1))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=is_lower))
        axes.grid(axis="y", color=FAINT)
        axes.tick_params(axis="x", labelbottom=is_lower)
        if enough is not None:
            axes.axvline(sizes[enough], color=QUIET, lw=1.5, ls="--")
            axes.plot(sizes[enough], values[enough], "o", color=colour, ms=9, clip_on=False)
        chart.words(0.15, bottom + _HIGH + 0.12, name)
    chart.x_label("characters held back")
    return chart


def _shown(recording: Recording, forbidden: str | re.Pattern[str], size: int) -> int:
    """Return how many characters of the forbidden text are shown before it is complete.

    `size` is the number of characters held back.
    """
    text = "".join(piece.text for piece in recording.pieces)
    found = re.search(forbidden, text)
    if found is None:
        raise ValueError("The reply contains nothing forbidden.")
    # numbers of characters; `before` excludes the piece that completes the match
    arrived = before = 0
    for piece in recording.pieces:
        if arrived < found.end():
            before, arrived = arrived, arrived + len(piece.text)
    return max(0, before - size - found.start())


def _title(
    sizes: Sequence[int], waits: Sequence[float], shown: Sequence[int], enough: int | None
) -> str:
    if enough is None:
        held, leaked = counted(sizes[-1], "character"), counted(shown[-1], "forbidden one")
        return f"Even with {held} held back, {leaked} can be seen before the guard says no"
    wait, least = in_seconds(waits[enough]), in_seconds(waits[0])
    less = "" if wait == least else f", not {least}"
    return (
        f"With {counted(sizes[enough], 'character')} held back, nothing forbidden is shown; "
        f"the reader waits {wait}{less}"
    )
