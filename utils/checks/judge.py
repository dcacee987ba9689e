"""From an answer to its outcome: finds the exercise's check and runs it within a time limit."""

import importlib
import inspect
import io
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from utils.checks.attempt import LearnersError, untouched
from utils.checks.calls import MISSING, Misuse, the_checked_number
from utils.checks.limit import OutOfTime, within, within_async
from utils.checks.outcome import NotYet, Outcome

LIMIT = 5.0  # seconds; a right answer takes a few milliseconds, also on a busy machine

Check = Callable[[Any], Any]


class _Nowhere(io.TextIOBase):
    """Where an answer prints to while it is judged, since a check runs it many times.

    A check that is about printing puts a screen of its own in its place.
    """

    def write(self, text: str) -> int:
        """Forget it."""
        return len(text)


def check(number: str | float, answer: object = MISSING) -> None:
    """Judge `answer` to exercise `number` and show the outcome under the cell.

    Args:
        number: The exercise, such as "1.2".
        answer: What the exercise asks for: a function, a text, a dict …

    Raises:
        Misuse: If there is no such exercise, or no answer; the message says what to write.
    """
    from IPython.display import display

    display(evaluate(number, answer))  # type: ignore[no-untyped-call]


def evaluate(number: str | float, answer: object, limit: float = LIMIT) -> Outcome:
    """Judge without showing; `limit` is in seconds. See `check` for the rest."""
    number = the_checked_number(number, answer)
    judge = _find(number)
    if untouched(answer, number):
        return Outcome(
            number,
            "not attempted",
            "Write your answer where it says `your code here`, and run the cell again.",
        )
    try:
        with redirect_stdout(_Nowhere()):
            if inspect.iscoroutinefunction(judge):
                message = within_async(limit, lambda: judge(answer))
            else:
                message = within(limit, lambda: judge(answer))
    except NotYet as reason:
        return Outcome(number, "not yet", str(reason))
    except LearnersError as error:
        return Outcome(number, "not yet", str(error))
    except OutOfTime:
        return Outcome(
            number,
            "not yet",
            f"Your code was stopped after {limit:g} s. Is there a loop that never ends, or "
            "something that waits for what never comes?",
        )
    return Outcome(number, "correct", message)


def _find(number: str) -> Check:
    lesson = number.partition(".")[0]
    try:
        checks = importlib.import_module(f"utils.checks.lesson_{lesson}").CHECKS
    except ModuleNotFoundError as error:
        if error.name != f"utils.checks.lesson_{lesson}":
            raise
        checks = {}
    if number not in checks:
        there = f"; there are {', '.join(checks)}" if checks else f": lesson {lesson} has none"
        raise Misuse(f"There is no exercise {number}{there}.")
    found: Check = checks[number]
    return found
