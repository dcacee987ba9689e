"""Turns an answer into an outcome: finds the exercise, runs the answer, looks for mistakes.

An exercise's check is the variable `check` in a file such as `lesson_1/shout.py`. Its
messages are in that folder's `messages.py`, under the file's name in capitals.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from utils import lesson_source
from utils.checks.engine.exercise import CORRECT, Exercise, Messages
from utils.checks.engine.timeout import ANSWER_SECONDS, OutOfTime, within
from utils.checks.engine.untouched import untouched
from utils.checks.exercise_numbers import MISSING, Misuse, the_checked_number
from utils.checks.outcome import Outcome

_STUB = "Write your answer where it says `your code here`, and run the cell again."


def check(number: str | float, answer: object = MISSING) -> None:
    """Check `answer` to exercise `number`, and show the outcome under the cell.

    Args:
        number: The exercise, such as "1.2".
        answer: The function, string, dict … that the exercise asks for.

    Raises:
        Misuse: If there is no such exercise, or no answer; the message says what to fix.
    """
    from IPython.display import display

    display(evaluate(number, answer))  # type: ignore[no-untyped-call]


def evaluate(number: str | float, answer: object, limit: float = ANSWER_SECONDS) -> Outcome:
    """Like `check`, but return the outcome instead of showing it; `limit` is in seconds."""
    number = the_checked_number(number, answer)
    exercise = find(number)
    if untouched(answer, number):
        return Outcome(number, "not attempted", _STUB)
    try:
        return within(limit, lambda: exercise.outcome(answer))
    except OutOfTime:
        message = (
            f"Your code was stopped after {limit:g} s. Is there a loop that never ends, or "
            "something that waits for an event that never happens?"
        )
        return Outcome(number, "not yet", message, "never ends")


def _endless(reason: BaseException, case: Any) -> str:
    """Return the message for an answer that never ends in this case."""
    when = f" This happened {case.when}." if getattr(case, "when", "") else ""
    lost = getattr(case, "fails_after", None) is not None
    return f"{reason}{when}{' Does a task fail before it can wake the rest?' if lost else ''}"


class Loaded:
    """A numbered exercise, with the shared mistakes and messages added to its own."""

    def __init__(self, number: str, exercise: Exercise[Any, Any], messages: Messages[Any]) -> None:
        from utils.checks.engine import messages as shared

        self.number = number
        self.exercise = exercise
        self.messages: Messages[Any] = {**shared.SHARED, **messages}

    def outcome(self, answer: object) -> Outcome:
        """Run the answer with each case until one reveals a mistake; return the outcome."""
        from utils.checks.engine.isolation import isolated

        with isolated(answer):
            return self._first_mistake(answer)

    def _first_mistake(self, answer: object) -> Outcome:
        from utils.checks.engine.virtual_time import NeverEnds

        seen: list[Any] = []
        for case, mistakes in self._cases(seen):
            try:
                seen.append(self._observed(answer, case))
            except NeverEnds as reason:
                return self._outcome("not yet", _endless(reason, case), "never ends")
            for name, applies in mistakes(seen[-1]).items():
                if applies(seen[-1]):
                    return self._outcome("not yet", self.messages[name](seen[-1]), name)
        notes = [name for name, applies in self.exercise.notes.items() if applies(seen[0])]
        said = [self.messages[name](seen[0]) for name in (CORRECT, *notes)]
        return self._outcome("correct", " ".join(said), None)

    def mistakes(self, seen: object) -> Mapping[str, Callable[[Any], bool]]:
        """Return the mistakes to look for, in order; for `stress` cases, see `_stressed`."""
        from utils.checks.engine.mistakes import FIRST, LAST
        from utils.checks.engine.run import Run

        first, own = self.exercise.first, self.exercise.mistakes
        if not isinstance(seen, Run):
            return {**first, **own}
        return {**first, **self._shared(FIRST), **own, **self._shared(LAST)}

    def _cases(self, seen: list[Any]) -> Iterator[tuple[Any, Callable[[Any], Mapping[str, Any]]]]:
        from utils.checks.engine.extra_cases import compact, stress
        from utils.checks.engine.run import Run

        for case in self.exercise.cases:
            yield case, self.mistakes
        if isinstance(seen[0], Run):
            yield compact(seen[0]), self.mistakes
            for case in stress(seen[0], list(self.exercise.opts_out)):
                yield case, lambda _: self._stressed

    @property
    def _stressed(self) -> dict[str, Any]:
        """The mistakes in `STRESSED`, with the exercise's replacements and without its opt-outs."""
        from utils.checks.engine.mistakes import STRESSED

        own = {**self.exercise.first, **self.exercise.mistakes}
        kept = [name for name in STRESSED if name not in self.exercise.opts_out]
        return {name: own.get(name, STRESSED[name]) for name in kept}

    def _shared(self, mistakes: Mapping[str, Any]) -> dict[str, Any]:
        left_out = {*self.exercise.opts_out, *self.exercise.first, *self.exercise.mistakes}
        return {name: applies for name, applies in mistakes.items() if name not in left_out}

    def _observed(self, answer: object, case: object) -> Any:
        from utils.checks.engine.isolation import noting

        with noting():
            return self.exercise.observe(answer, case)

    def _outcome(self, status: Any, message: str, mistake: str | None) -> Outcome:
        return Outcome(self.number, status, message, mistake)


def find(number: str) -> Loaded:
    """Return the exercise with this number.

    Raises:
        Misuse: If there is none; the message lists the existing ones.
    """
    lesson = number.partition(".")[0]
    exercises = {each.number: each for each in loaded(lesson)}
    if number not in exercises:
        numbers = ", ".join(sorted(exercises, key=_order))
        there = f"; there are {numbers}" if numbers else f": lesson {lesson} has none"
        raise Misuse(f"There is no exercise {number}{there}.")
    return exercises[number]


def loaded(lesson: str) -> Iterator[Loaded]:
    """Yield all exercises of a lesson; none if there is no such lesson."""
    folder = f"utils.checks.lesson_{lesson}"
    try:
        package = importlib.import_module(folder)
    except ModuleNotFoundError as error:
        if error.name != folder:
            raise
        return
    messages = importlib.import_module(f"{folder}.messages")
    numbers = lesson_source.numbers(int(lesson))
    for found in pkgutil.iter_modules(package.__path__):
        exercise = getattr(importlib.import_module(f"{folder}.{found.name}"), "check", None)
        if isinstance(exercise, Exercise):
            yield Loaded(numbers[found.name], exercise, getattr(messages, found.name.upper()))


def _order(number: str) -> list[int]:
    return [int(part) for part in number.split(".")]
