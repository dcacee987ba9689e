"""Finds the check for an exercise, runs an answer with each case, and looks for mistakes.

The check is the `check` variable in a file such as `lesson_1/shout.py`. Its messages are in
`messages.py` in the same folder, in a variable named after the check's file, in capitals.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from typing import Any

from utils import lesson_source
from utils.checks.engine import messages as shared_messages
from utils.checks.engine.exercise import Exercise, Messages, Mistakes
from utils.checks.engine.extra_cases import compact, stress
from utils.checks.engine.isolation import isolated, recording_side_effects
from utils.checks.engine.mistakes import CAUSES, FIRST, LAST, STRESSED
from utils.checks.engine.run import Case, Run
from utils.checks.engine.virtual_time import NeverEnds
from utils.checks.outcome import Outcome

_KEEPS_STATE = (
    "Your answer was right for the first input, but wrong when it got the same input again. Which "
    "variable keeps its value in between? Default values and class attributes are shared by all "
    "calls."
)


def find(number: str) -> NumberedExercise:
    """Return the exercise with this number.

    Raises:
        NotThere: If there is no such exercise; the message lists the exercises in the lesson.
    """
    lesson_source.stub(number)  # raises `NotThere` if there is no such exercise
    return next(each for each in exercises_of(number.partition(".")[0]) if each.number == number)


def exercises_of(lesson: str) -> Iterator[NumberedExercise]:
    """Yield all exercises of a lesson."""
    folder = f"utils.checks.lesson_{lesson}"
    package = importlib.import_module(folder)
    messages = importlib.import_module(f"{folder}.messages")
    numbers = lesson_source.numbers(int(lesson))
    for module in pkgutil.iter_modules(package.__path__):
        exercise = getattr(importlib.import_module(f"{folder}.{module.name}"), "check", None)
        if isinstance(exercise, Exercise):
            own_messages = getattr(messages, module.name.upper())
            yield NumberedExercise(numbers[module.name], exercise, own_messages)


class NumberedExercise:
    """A numbered exercise, combined with the mistakes and messages that all exercises share."""

    def __init__(self, number: str, exercise: Exercise[Any, Any], messages: Messages[Any]) -> None:
        self.number = number
        self.exercise = exercise
        self.messages: Messages[Any] = {**shared_messages.SHARED, **messages}

    def outcome(self, answer: object) -> Outcome:
        """Run the answer with each case until one reveals a mistake."""
        # `_outcome` is separate, so that its locals are gone when `isolated` collects garbage
        with isolated(answer):
            return self._outcome(answer)

    def _outcome(self, answer: object) -> Outcome:
        records: list[Any] = []
        for case, stressed in self._cases(records):
            try:
                with recording_side_effects():
                    seen = self.exercise.observe(answer, case)
            except NeverEnds as reason:
                return Outcome(self.number, "not yet", _endless(reason, case), "never ends")
            records.append(seen)
            name = self._mistake(seen, stressed)
            if not name:
                continue
            if len(records) == 1 and isinstance(seen, Run):  # report a cause, if there is one
                name = next((each for each in CAUSES if CAUSES[each](seen)), name)
            # the message of "another loop" is more specific: it names the object that is kept
            if len(records) > 1 and name != "another loop" and self._keeps_state(answer):
                return Outcome(self.number, "not yet", _KEEPS_STATE, "keeps state")
            return Outcome(self.number, "not yet", self._message(name, seen), name)
        first = records[0]
        notes = [name for name, applies in self.exercise.notes.items() if applies(first)]
        sentences = [self._message(name, first) for name in ("correct", *notes)]
        return Outcome(self.number, "correct", " ".join(sentences))

    def _keeps_state(self, answer: object) -> bool:
        """Whether the answer fails the first case, which it passed before."""
        try:
            with recording_side_effects():
                seen = self.exercise.observe(answer, self.exercise.cases[0])
        except NeverEnds:
            return False
        return bool(self._mistake(seen))

    def _mistake(self, seen: Any, stressed: bool = False) -> str:
        """Return the name of the first mistake in a run; "" if there is none."""
        mistakes = self._stressed() if stressed else self._mistakes(isinstance(seen, Run))
        return next((name for name, applies in mistakes.items() if applies(seen)), "")

    def _message(self, name: str, seen: Any) -> str:
        message = self.messages[name]
        return message if isinstance(message, str) else message(seen)

    def _cases(self, records: Sequence[Any]) -> Iterator[tuple[Any, bool]]:
        """Yield each case, and whether it comes from `stress`.

        The caller must add each case's record to `records`; the first record determines the extra
        cases.
        """
        for case in self.exercise.cases:
            yield case, False
        if isinstance(records[0], Run):
            yield compact(records[0]), False
            for case in stress(records[0], list(self.exercise.opts_out)):
                yield case, True

    def _mistakes(self, shared: bool) -> Mistakes[Any]:
        """Return the mistakes to look for, in order; if `shared`, include `FIRST` and `LAST`."""
        first, own = self.exercise.first, self.exercise.mistakes
        if not shared:
            return {**first, **own}
        left_out = {*self.exercise.opts_out, *first, *own}
        before = {name: FIRST[name] for name in FIRST if name not in left_out}
        after = {name: LAST[name] for name in LAST if name not in left_out}
        return {**first, **before, **own, **after}

    def _stressed(self) -> Mistakes[Any]:
        """Return the mistakes to look for in `stress` cases; an exercise can redefine them."""
        own = {**self.exercise.first, **self.exercise.mistakes}
        kept = [name for name in STRESSED if name not in self.exercise.opts_out]
        return {name: own.get(name, STRESSED[name]) for name in kept}


def _endless(reason: BaseException, case: Case) -> str:
    when = f" This happened {case.when}." if case.when else ""
    connection_lost = case.fails_after is not None
    question = " Does a task fail before it can wake the rest?" if connection_lost else ""
    return f"{reason}{when}{question}"
