"""The look and the wording that all widgets share; the rules of the look stand in `course.css`."""

from __future__ import annotations

from pathlib import Path

from utils.charts import palette
from utils.timing import Recording

HERE = Path(__file__).parent

_COLOURS = {
    "waiting": palette.WAITING,
    "reading": palette.READING,
    "stall": palette.STALL,
    "delivered": palette.DELIVERED,
    "quiet": palette.QUIET,
}
_ENDINGS = {"finished": "done", "left": "stopped", "failed": "failed"}


def stylesheet(*more: str) -> str:
    """The style sheet for a page: the course's colours as variables, then the rules.

    Args:
        *more: Names of further sheets of this folder, without `.css`.
    """
    variables = "".join(f"  --course-{name}: {value};\n" for name, value in _COLOURS.items())
    rules = "".join(
        (HERE / f"{name}.css").read_text(encoding="utf-8") for name in ("course", *more)
    )
    return f":root {{\n{variables}}}\n{rules}"


def scripts(*names: str) -> str:
    """A page's script that consists of several files of this folder, named without `.js`.

    What `dom.js` and `hearing.js` have is in each; a widget exports itself as `hearing({ … })`.
    """
    files = (HERE / f"{name}.js" for name in ("dom", "hearing", *names))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def seconds(duration: float) -> str:
    """Write a duration in seconds the way every badge does: `3.2 s`, but `0.04 s`."""
    return f"{duration:.1f} s" if duration >= 0.095 else f"{duration:.2f} s"


def latency(recording: Recording) -> str:
    """Say in a few words when a reply began and ended: `first words 0.2 s · done 10.0 s`."""
    return when(recording.ttfat, recording.e2e, recording.outcome)


def when(first: float | None, total: float, outcome: str, what: str = "words") -> str:
    """The words of `latency`, from its figures.

    Args:
        first: Seconds from sending to the first words; None if there were none.
        total: Seconds from sending to the end.
        outcome: That of a `Recording`.
        what: What came first, where words are not the word for it.
    """
    begun = f"no {what}" if first is None else f"first {what} {seconds(first)}"
    if outcome == "streaming":
        return f"{begun} · {seconds(total)} so far"
    return f"{begun} · {_ENDINGS[outcome]} {seconds(total)}"
