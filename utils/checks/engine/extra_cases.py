"""Extra cases for every exercise whose check records a `Run`, derived from its first case.

They cover a first chunk with text and, where applicable, a long reply, a lost connection, a reader
who stops early, and a cancelled task.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from utils.checks.engine.run import RIVERS, Case, Run

_LONG = 4 * RIVERS  # long enough to be cut into more than 100 pieces


def compact(run: Run) -> Case:
    """Return a copy of the run's case whose first chunk has text, as with some providers."""
    return replace(run.case, compact=True, when="for a reply whose first chunk has text")


def stress(run: Run, opts_out: Sequence[str]) -> Iterator[Case]:
    """Yield further cases for an exercise, derived from the run of its first case."""
    if type(run.case) is Case and "stops early" not in opts_out:
        yield replace(run.case, text=_LONG, pieces=None, when="for a long reply")
    if "swallows the error" not in opts_out:
        for pieces in (0, 3):
            yield replace(run.case, fails_after=pieces, when="when the connection was lost")
    if run.streams and "left open" not in opts_out:
        yield replace(run.case, leave_after=1, when="when its reader stopped early")
    if run.asynchronous and "swallows the cancellation" not in opts_out:
        after = run.reply.arrives(3) + run.reply.gap / 2
        yield replace(run.case, cancel_after=after, when="after a cancellation")
