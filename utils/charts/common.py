"""What the charts share: names of recordings, details for the alternative text, swatches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from utils.timing import Recording
from utils.unicode import well_formed

if TYPE_CHECKING:
    from matplotlib.patches import Patch

    from utils.charts.figure import Chart

FAINT: Final = "#E5E7EB"
_LONGEST_NAME: Final = 28  # characters


def names_of(recordings: Sequence[Recording]) -> list[str]:
    """What the recordings are called, those without a label included.

    Raises:
        ValueError: If there are none.
    """
    if not recordings:
        raise ValueError("There is nothing to draw: hand over at least one recording.")
    many = len(recordings) > 1
    names = [r.label or (f"reply {i}" if many else "reply") for i, r in enumerate(recordings, 1)]
    return [name_of(name) for name in names]


def name_of(label: str) -> str:
    """A label in a form and a length that a chart can show."""
    label = well_formed(label)
    return label if len(label) <= _LONGEST_NAME else label[: _LONGEST_NAME - 1] + "…"


def details(names: Sequence[str], accounts: Sequence[str]) -> list[str]:
    """A sentence for each recording, for the alternative text."""
    return [f"{name}: {account}" for name, account in zip(names, accounts, strict=True)]


def without_counts(names: Sequence[str], recordings: Sequence[Recording]) -> list[str]:
    """A sentence for each recording whose token count can't be used, for the alternative text."""
    pairs = zip(names, recordings, strict=True)
    return [f"{name}: {doubt}" for name, r in pairs if (doubt := r.count_doubt)]


def remark_on_counts(chart: Chart, recordings: Sequence[Recording]) -> None:
    """Say at the foot of a chart of reading that words were counted, where tokens can't be."""
    if any(recording.count_doubt for recording in recordings):
        chart.words(0.15, 0.15, "Implausible token count: words are used.")


def patch(colour: str, label: str, alpha: float = 1.0, hatch: str | None = None) -> Patch:
    """A colour and its meaning, for `Chart.legend_row`."""
    from matplotlib.patches import Patch

    return Patch(
        facecolor=colour, label=label, alpha=alpha, hatch=hatch, edgecolor="white", linewidth=0
    )


def end_of(recordings: Sequence[Recording]) -> float:
    """The last moment of all, seconds; a second if nothing took any time."""
    return max(recording.e2e for recording in recordings) or 1.0


def arrivals_of(recording: Recording) -> list[float]:
    """When each piece with text or reasoning arrived, seconds since sending."""
    return [piece.at for piece in recording.pieces if not piece.empty]
