"""The mistakes to look for, in order, in all exercises whose check records a `Run`.

A mistake is a predicate on a `Run`, the record of what an answer did with a prepared reply. In an
exercise's own cases, and in the case from `compact`, the runner looks for the mistakes in `FIRST`,
then the exercise's own, then those in `LAST`. In the cases from `stress`, it looks for those in
`STRESSED`. An exercise can opt out of a shared mistake by naming it and giving a reason.
Exercises about text include `TEXT`, which compares a run's `output` with the `expected` text.
"""

import inspect
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.messages import BaseMessage

from utils.checks.engine.exercise import Mistakes
from utils.checks.engine.run import ANYTHING, STRING, Run, from_yield, text_of
from utils.checks.engine.virtual_time import SOON

# errors that usually indicate a mistake in the learner's code
SLIPS = (ArithmeticError, AttributeError, ImportError, LookupError, NameError, TypeError)
_COLLECTIONS = (str, list, tuple, set, dict)


def _raised(run: Run) -> bool:
    """Whether the answer itself failed, rather than propagating or wrapping the reply's error."""
    if run.error is None or run.error is run.reply.error:
        return False
    return not run.lost or isinstance(run.error, SLIPS)


def _replaced(run: Run) -> bool:
    """Whether the answer replaced the connection error with a different exception."""
    error = run.error
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return run.lost and error is not run.reply.error and not isinstance(error, SLIPS)


def _returned(run: Run) -> bool:
    """Whether the answer raised no exception and the exercise asks for a specific return type."""
    return not run.streams and run.wants is not ANYTHING and run.error is None


def _stopped(run: Run) -> bool:
    """Whether the answer stopped reading before the end of the reply."""
    failed = any(reading.failed for reading in run.reply.readings)
    return run.case.whole and not run.reply.ended and not run.goes_on and not failed


def _odd_items(run: Run) -> list[Any]:
    """Return the streamed items that have the wrong type."""
    if not run.streams or run.wants is ANYTHING:
        return []
    return [item for item in run.items if not run.wants.fits(item)]


def unspaced(text: str) -> str:
    """Return the text without any white space."""
    return "".join(text.split())


def _prints(run: Run) -> bool:
    """Whether text was printed instead of being returned or yielded."""
    printed, output, expected = map(unspaced, (run.stdout, run.output, run.expected))
    only_printed = bool(printed) and printed in expected and printed not in output
    # the output is shorter than expected by at least the length of the printed text
    instead = len(output) <= len(expected) - len(printed)
    prints_all = printed == expected and not run.streams
    return only_printed and (instead or prints_all) and output != expected


def sent_late(run: Run) -> bool:
    """Whether a piece was passed on before the next one arrived, but after a delay."""
    return run.passes_on and not run.reply.most_held and run.reply.most_late > SOON


FIRST: Mistakes[Run] = {
    "not a function": lambda run: not callable(run.answer),
    "another model": lambda run: bool(run.other_model),
    "never awaited": lambda run: (
        bool(run.forgotten) or run.unread in ("ainvoke", "abatch", "agenerate")
    ),
    "yields while closing": lambda run: "ignored GeneratorExit" in str(run.error),
    "another loop": lambda run: bool(run.foreign),
    "leaves a thread": lambda run: run.outlived,
    "raises": _raised,
    "makes a coroutine": lambda run: (
        run.streams and run.awaited and isinstance(run.returned, AsyncIterator)
    ),
    "never read": lambda run: "stream" in run.unread,
    "async def": lambda run: (
        not run.asynchronous
        and (inspect.iscoroutine(run.returned) or inspect.isasyncgen(run.returned))
    ),
    "yields": lambda run: not run.streams and from_yield(run.returned),
    "unread generator": lambda run: not run.streams and inspect.isgenerator(run.returned),
    "plain generator": lambda run: run.asynchronous and inspect.isgenerator(run.returned),
    "unread async generator": lambda run: (
        run.asynchronous and not run.streams and isinstance(run.returned, AsyncIterator)
    ),
    "blocks the loop": lambda run: (
        run.blocked > 0 or any(each.blocking for each in run.reply.readings)
    ),
    "spins": lambda run: run.spun,
    "not awaitable": lambda run: run.asynchronous and not run.streams and not run.awaited,
    "never calls the model": lambda run: run.model is not None and not run.model.readings,
    "another prompt": lambda run: run.model is not None and bool(run.model.other.readings),
    "calls twice": lambda run: run.reply.requests > 1,
    "changes the model": lambda run: bool(run.settings),
    "invoke": lambda run: any(not each.streamed for each in run.reply.readings),
    "limits the reply": lambda run: bool(run.limited_by),
    "goes on": lambda run: run.goes_on,
    "changes an item": lambda run: run.altered,
    "returns a collection": lambda run: run.streams and isinstance(run.returned, _COLLECTIONS),
    "no yield": lambda run: run.streams and not run.read and run.returned is None,
    "not a stream": lambda run: run.streams and not run.read,
    "reads ahead": lambda run: run.streams and run.ahead > 0,
    "stops at the first chunk": lambda run: (
        run.reply.requests > 0 and run.reply.taken == 0 and run.total > 0 and _stopped(run)
    ),
    "stops early": lambda run: 0 < run.reply.taken < run.total and _stopped(run),
    "returns nothing": lambda run: _returned(run) and run.returned is None,
    "prints": lambda run: run.wants is STRING and run.error is None and _prints(run),
    "returns a message": lambda run: (
        _returned(run) and run.wants is STRING and isinstance(run.returned, BaseMessage)
    ),
    "returns the wrong type": lambda run: _returned(run) and not run.wants.fits(run.returned),
    "yields messages": lambda run: (
        run.wants is STRING and any(isinstance(item, BaseMessage) for item in _odd_items(run)[:1])
    ),
    "yields the wrong type": lambda run: bool(_odd_items(run)),
}


def _repeats(run: Run) -> bool:
    """Whether the last item repeats all of the text, or the output ends by repeating part of it."""
    ends_with_all = bool(run.items) and text_of(run.items[-1]) == run.expected
    added = run.output.removeprefix(run.expected)
    longer = len(run.output) > len(run.expected) + 1  # one extra character isn't a repetition
    return longer and (ends_with_all or added in run.expected)


TEXT: Mistakes[Run] = {
    "no text": lambda run: bool(run.expected) and not run.output,
    "drops the first chunk": lambda run: (
        run.wrong_text and run.total > 0 and run.output == run.expected[len(run.reply.pieces[0]) :]
    ),
    "strips the text": lambda run: run.wrong_text and run.output.strip() == run.expected.strip(),
    "changes white space": lambda run: (
        run.wrong_text and unspaced(run.output) == unspaced(run.expected)
    ),
    "repeats text": _repeats,
    "adds text": lambda run: run.wrong_text and run.expected in run.output,
    "loses the end": lambda run: run.wrong_text and run.expected.startswith(run.output),
    "loses the beginning": lambda run: run.wrong_text and run.expected.endswith(run.output),
    "another order": lambda run: run.wrong_text and sorted(run.output) == sorted(run.expected),
    "another text": lambda run: run.wrong_text,
}

_CANCELLED: Mistakes[Run] = {
    "swallows the cancellation": lambda run: run.cancelled == "returned",
    "replaces the cancellation": lambda run: run.cancelled == "raised",
    "outlives the cancellation": lambda run: run.cancelled == "went on",
}

_LEFT: Mistakes[Run] = {
    "leaves a task": lambda run: bool(run.tasks),
    "cancels without waiting": lambda run: bool(run.unawaited) and not run.streams,
    "left open": lambda run: run.still_open,
}

LAST: Mistakes[Run] = {
    **_CANCELLED,
    "collected first": lambda run: run.passes_on and run.reply.most_held == run.total > 1,
    "held back": lambda run: run.passes_on and run.reply.most_held > 0,
    "changes an argument": lambda run: bool(run.changed),
    **_LEFT,
}

# If the first case reveals a mistake, one of these may be its cause, and is reported instead. By
# itself, reading a stream again after its end is harmless.
CAUSES: Mistakes[Run] = {
    "reads twice": lambda run: (
        any(each.ends_signalled > 1 and each.items > 0 for each in run.reply.readings)
        and (run.error is not None or not (run.returned or run.items))
    ),
}

STRESSED: Mistakes[Run] = {
    "another model": FIRST["another model"],
    "never awaited": FIRST["never awaited"],
    "yields while closing": FIRST["yields while closing"],
    "tries again": lambda run: run.case.fails_after is not None and run.reply.requests > 1,
    "swallows the error": lambda run: run.case.fails_after is not None and run.error is None,
    "replaces the error": _replaced,
    **_CANCELLED,
    "raises": _raised,
    "stops early": FIRST["stops early"],
    **_LEFT,
    "reads on": lambda run: run.case.leave_after is not None and run.reply.ended,
}
