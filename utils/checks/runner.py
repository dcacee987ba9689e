"""Turns an answer into an outcome: finds the exercise, runs the answer, looks for mistakes.

An exercise's check is the variable `check` in a file such as `lesson_1/shout.py`. Its
messages are in that folder's `messages.py`, under the file's name in capitals.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from typing import Any

from utils import lesson_source
from utils.checks.engine.exercise import Exercise, Messages, Mistakes
from utils.checks.engine.timeout import ANSWER_SECONDS, OutOfTime, within
from utils.checks.engine.untouched import UNTOUCHED, untouched
from utils.checks.exercise_numbers import MISSING, Moved, found, the_checked_number
from utils.checks.outcome import Outcome, display


def check(number: object = MISSING, answer: object = MISSING, *more: object) -> None:
    """Check the answer to an exercise, and show the outcome under the cell.

    Args:
        number: The exercise, such as "1.2".
        answer: The function, string, dict … that the exercise asks for.
        more: Not accepted; pass an answer in two parts as one tuple.

    Raises:
        Misuse: If there is no such exercise, or no answer; the message says what to fix.
    """
    display(evaluate(number, answer, *more))


def evaluate(
    number: object, answer: object, *more: object, limit: float = ANSWER_SECONDS
) -> Outcome:
    """Like `check`, but return the outcome instead of showing it; `limit` is in seconds."""
    try:
        number = the_checked_number(number, answer, more)
    except Moved as moved:
        return Outcome(str(number), "not attempted", str(moved))
    exercise = find(number)
    if untouched(answer, number):
        return Outcome(number, "not attempted", UNTOUCHED)
    try:
        return within(limit, lambda: exercise.outcome(answer))
    except OutOfTime:
        message = (
            f"Your code was stopped after {limit:g} s. Is there a loop that never ends, or "
            "something that waits for an event that never happens?"
        )
        return Outcome(number, "not yet", message, "never ends")


def _endless(reason: BaseException, case: Any) -> str:
    """Return the message for an answer that never ends when run with `case`, which may be None."""
    when = f" This happened {case.when}." if getattr(case, "when", "") else ""
    lost = getattr(case, "fails_after", None) is not None
    question = " Does a task fail before it can wake the rest?" if lost else ""
    return f"{reason}{when}{question}"


class Loaded:
    """A numbered exercise, with the shared mistakes and messages added to its own."""

    def __init__(self, number: str, exercise: Exercise[Any, Any], messages: Messages[Any]) -> None:
        from utils.checks.engine import messages as shared

        self.number = number
        self.exercise = exercise
        self.messages: Messages[Any] = {**shared.SHARED, **messages}

    def outcome(self, answer: object) -> Outcome:
        """Run the answer with each case until one reveals a mistake."""
        from utils.checks.engine.isolation import isolated  # imports LangChain, which is slow

        # `_outcome` is separate so that its locals are gone when `isolated` collects garbage
        with isolated(answer):
            return self._outcome(answer)

    def _outcome(self, answer: object) -> Outcome:
        from utils.checks.engine.isolation import noting
        from utils.checks.engine.run import Run
        from utils.checks.engine.virtual_time import NeverEnds

        records: list[Any] = []  # one for each case so far
        for case, stressed in self._cases(records):
            try:
                with noting():
                    seen = self.exercise.observe(answer, case)
            except NeverEnds as reason:
                return Outcome(self.number, "not yet", _endless(reason, case), "never ends")
            records.append(seen)
            mistakes = self._stressed() if stressed else self._mistakes(isinstance(seen, Run))
            for name, applies in mistakes.items():
                if applies(seen):
                    return Outcome(self.number, "not yet", self._message(name, seen), name)
        first = records[0]
        notes = [name for name, applies in self.exercise.notes.items() if applies(first)]
        sentences = [self._message(name, first) for name in ("correct", *notes)]
        return Outcome(self.number, "correct", " ".join(sentences))

    def _message(self, name: str, seen: Any) -> str:
        message = self.messages[name]
        return message if isinstance(message, str) else message(seen)

    def _cases(self, records: Sequence[Any]) -> Iterator[tuple[Any, bool]]:
        """Yield each case, and whether it is from `stress`; the caller appends to `records`."""
        from utils.checks.engine.extra_cases import compact, stress
        from utils.checks.engine.run import Run

        for case in self.exercise.cases:
            yield case, False
        if isinstance(records[0], Run):
            yield compact(records[0]), False
            for case in stress(records[0], list(self.exercise.opts_out)):
                yield case, True

    def _mistakes(self, shared: bool) -> Mistakes[Any]:
        """Return the mistakes to look for, in order, including shared ones if `shared`."""
        from utils.checks.engine.mistakes import FIRST, LAST

        first, own = self.exercise.first, self.exercise.mistakes
        if not shared:
            return {**first, **own}
        left_out = {*self.exercise.opts_out, *first, *own}
        before = {name: FIRST[name] for name in FIRST if name not in left_out}
        after = {name: LAST[name] for name in LAST if name not in left_out}
        return {**first, **before, **own, **after}

    def _stressed(self) -> Mistakes[Any]:
        """Return mistakes to look for in `stress` cases; the exercise's own replace shared ones."""
        from utils.checks.engine.mistakes import STRESSED

        own = {**self.exercise.first, **self.exercise.mistakes}
        kept = [name for name in STRESSED if name not in self.exercise.opts_out]
        return {name: own.get(name, STRESSED[name]) for name in kept}


def find(number: str) -> Loaded:
    """Return the exercise with this number.

    Raises:
        Misuse: If there is none; the message lists the lesson's exercises.
    """
    found(lesson_source.stub, number)  # raises `Misuse` if there is none
    return next(each for each in loaded(number.partition(".")[0]) if each.number == number)


def loaded(lesson: str) -> Iterator[Loaded]:
    """Yield all exercises of a lesson."""
    folder = f"utils.checks.lesson_{lesson}"
    package = importlib.import_module(folder)
    messages = importlib.import_module(f"{folder}.messages")
    numbers = lesson_source.numbers(int(lesson))
    for module in pkgutil.iter_modules(package.__path__):
        exercise = getattr(importlib.import_module(f"{folder}.{module.name}"), "check", None)
        if isinstance(exercise, Exercise):
            yield Loaded(numbers[module.name], exercise, getattr(messages, module.name.upper()))
