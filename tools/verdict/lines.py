"""The lines of the verdict table, in order, and `judge`, which tests an endpoint for each."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from . import delivery, failures, readers
from .case import WITHOUT_SIMULATOR, BufferedError, Case, Seen, failed
from .endpoint import EndpointError
from .model import NAME


class Line(NamedTuple):
    check: Callable[[Case], Awaitable[Seen]]  # runs one scenario and returns the result
    exercise: str  # the name of the exercise that explains the line
    anywhere: bool = False  # whether the line can fail without the simulator


LINES = {
    "first text long before the last": Line(delivery.early, "1.diagnosis", anywhere=True),
    "not buffered on the way": Line(delivery.not_buffered, "1.diagnosis", anywhere=True),
    "every character intact": Line(delivery.intact, "4.frame", anywhere=True),
    "the end is announced": Line(delivery.end_announced, "4.create_app", anywhere=True),
    "a failure in mid-reply is announced": Line(failures.break_announced, "4.create_app"),
    "a failure doesn't cause a second request": Line(failures.one_request, "4.create_app"),
    "nothing doubled or lost by a retry": Line(failures.not_doubled, "5.first_that_answers"),
    "leaving stops the model, or readers can rejoin": Line(readers.leaving, "5.text_until"),
    "Stop stops the model": Line(readers.stop, "5.text_until"),
    "other visitors aren't blocked": Line(readers.others, "4.who_blocks", anywhere=True),
    "a slow reader doesn't grow memory": Line(readers.slow_reader, "4.create_app"),
    "Retry-After is respected": Line(failures.retry_after, "5.first_that_answers"),
    "a silence is survived or announced": Line(failures.silent, "5.watched"),
    "no key and no traceback in any answer": Line(
        failures.no_secrets, "5.first_that_answers", anywhere=True
    ),
}


async def judge(case: Case, report: Callable[[str, Seen], None]) -> dict[str, Seen]:
    """Test and report each line; without the simulator, skip those that need it."""
    await case.warm_up()
    table: dict[str, Seen] = {}
    try:
        for name, line in LINES.items():
            try:
                untried = case.model is None and not line.anywhere
                table[name] = WITHOUT_SIMULATOR if untried else await line.check(case)
            except BufferedError:
                table[name] = Seen("not tried", "text arrived too late to test it: see above")
            except EndpointError as error:
                table[name] = failed(str(error))
            if table[name] != WITHOUT_SIMULATOR:
                report(name, table[name])
    finally:
        if case.model is not None:
            await case.model.behave(NAME)  # removes any fault that the last check set
    return table
