"""Checks whether an answer was attempted and whether it is right."""

from utils.checks.engine.raised import stopped_at
from utils.checks.engine.timeout import ANSWER_SECONDS, OutOfTime, within
from utils.checks.engine.untouched import UNTOUCHED, untouched
from utils.checks.exercise_numbers import MISSING, Moved, number_from_check
from utils.checks.outcome import Outcome, display


def check(number: object = MISSING, answer: object = MISSING, *more: object) -> None:
    """Check the answer to an exercise and show the outcome under the cell.

    Args:
        number: The exercise's number, such as "1.2".
        answer: The function, string, dict, etc. that the exercise asks for.
        more: Not accepted; pass a two-part answer as one tuple.

    Raises:
        LookupError: If there is no such exercise or no answer; the message says what to fix.
    """
    display(evaluate(number, answer, *more))


def evaluate(
    number: object, answer: object, *more: object, limit: float = ANSWER_SECONDS
) -> Outcome:
    """Like `check`, but return the outcome instead of showing it; `limit` is in seconds."""
    from utils.checks.runner import find  # imported late, since it imports LangChain

    try:
        number = number_from_check(number, answer, more)
    except Moved as moved:
        return Outcome(str(number), "not attempted", str(moved))
    exercise = find(number)
    if untouched(answer, number):
        return Outcome(number, "not attempted", UNTOUCHED)
    try:
        return within(limit, lambda: exercise.outcome(answer))
    except OutOfTime as stopped:
        waits, stack = stopped.args
        asynchronous = any(frame.name == "run_until_complete" for frame in stack)
        cause = (
            "It was waiting for something that never happened. What should end the wait?"
            if waits
            else "It was running all that time, not waiting. Which loop never ends"
            f"{', or awaits only what has already happened' if asynchronous else ''}?"
        )
        message = f"Your code was stopped after {limit:g} s{stopped_at(stack)}. {cause}"
        return Outcome(number, "not yet", message, "never ends")
