"""Extra cases, derived from the first case, for every exercise whose check records a `Run`.

They cover a first chunk that contains text and, where applicable, a long reply, a lost connection,
a reader who stops early, and a cancelled task. `only_gc_closes` is for an exercise's `notes`.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch

from utils.checks.engine.raised import learners_own
from utils.checks.engine.run import RIVERS, Case, Run

_LEFT = "when its reader stopped early"
_LONG = 4 * RIVERS  # long enough to be cut into more than 100 pieces


def compact(run: Run) -> Case:
    """Return the run's case, but without chunks that have only a role or a finish reason."""
    when = "for a reply with text in its first chunk and in the one with the finish reason"
    return replace(run.case, compact=True, when=when)


def stress(run: Run, opts_out: Sequence[str]) -> Iterator[Case]:
    """Yield more cases for an exercise, derived from the first case's run."""
    # only for `Case` itself: in a subclass, other fields may depend on the text
    if type(run.case) is Case and "stops early" not in opts_out:
        yield replace(run.case, text=_LONG, pieces=None, when="for a long reply")
    if "swallows the error" not in opts_out:
        for pieces in (0, 3):
            yield replace(run.case, fails_after=pieces, when="when the connection was lost")
    if run.streams and "left open" not in opts_out:
        yield replace(run.case, leave_after=1, when=_LEFT)
    if run.asynchronous and "swallows the cancellation" not in opts_out:
        # cancel during a long silence, so that a stream still being read in a thread is detected
        yield replace(
            run.case,
            cancel_after=run.reply.arrives(3) + run.reply.gap / 2,
            silences={**run.case.silences, 4: 30.0},
            when="after a cancellation",
        )


def only_gc_closes(
    observe: Callable[[Any, Any], Run],
    method: str = "utils.checks.engine.virtual_loop.VirtualLoop._asyncgen_firstiter_hook",
) -> Callable[[Run], bool]:
    """Return a predicate for answers that rely on garbage collection to close a stream.

    When the learner's own code calls `method`, references to its arguments and result are kept, so
    that only an explicit `close()` or `aclose()` closes them. By default, `method` is the event
    loop's hook that Python calls when code starts to iterate over an async generator.
    """

    def applies(s: Run) -> bool:
        kept: list[Any] = []
        real = resolve_name(method)

        def keeping(*args: Any, **kwargs: Any) -> Any:
            result = real(*args, **kwargs)
            if learners_own(sys._getframe(1).f_code.co_filename):
                kept.append((args, result))
            return result

        with patch(method, keeping):
            # three items, since the first may be yielded before the stream begins
            return observe(s.answer, replace(s.case, leave_after=3, when=_LEFT)).still_open

    return applies
