"""Reads the exercise numbers that learners pass to `check`, `hint`, `solution` and `predict`.

A notebook may contain an outdated number if exercises were added or moved later. `check` then finds
the exercise by the answer's name. From then on, `hint` and `solution` accept the outdated number.
"""

import re
import sys
from collections.abc import Sequence

from utils import lesson_source
from utils.checks.engine.wording import shown
from utils.errors import Sentence

MISSING = object()  # stands for an argument that wasn't passed
_NUMBER = re.compile(r"\s*([Pp]?)(\d+\.\w+)\s*")  # such as "1.2", "1.words" or "P1.2"

_MOVED = {"4.stages": "5.agent_stages"}  # new names of moved exercises, keyed by old name
_former: dict[str, str] = {}  # former numbers passed to `check`, mapped to current numbers


class Misuse(Sentence, LookupError):  # noqa: N818 (learners see the name)
    """Raised for an invalid call to `check`, `hint`, etc.; learners see only the message."""


class Moved(Misuse):
    """Raised if the answer belongs to an exercise that has moved to another lesson."""


def number_from(given: object, call: str, more: Sequence[object] = ()) -> str:
    """Return the number of an exercise or prediction as a string; the float 1.2 becomes "1.2".

    Raises:
        Misuse: If `given` is invalid or ambiguous, or if there are `more` arguments.
    """
    found = _parsed(given)
    if found is None:
        what = "" if given is MISSING else f"; it was given {_described(given)}"
        example = f'`{call}("{"P1.2" if call == "predict" else "1.2"}")`'
        raise Misuse(f"`{call}` takes the number as a string, such as {example}{what}.")
    if more:
        raise Misuse(f'`{call}` takes only the number: `{call}("{found}")`.')
    _reject_ambiguous(given, f'{call}("', '")')
    # predictions have no former numbers
    return found if call == "predict" else _former.get(found, found)


def number_from_check(number: object, answer: object, more: Sequence[object] = ()) -> str:
    """Return an exercise's number, as `number_from` does, but for a call to `check`.

    If the answer's name is that of a different exercise in the lesson, the number in the notebook
    is outdated: return the current number of that exercise.
    """
    found = _parsed(number)
    if found is None:
        other = _parsed(answer)  # the arguments may have been swapped
        name = getattr(number, "__name__", "your_answer")
        received = "" if other or number is MISSING else f" It was given {_described(number)}."
        raise Misuse(
            "`check` takes the number of the exercise first, and then your answer: "
            f'`check("{other or "1.2"}", {name})`.{received}'
        )
    if answer is MISSING:
        raise Misuse(f'`check` takes your answer, too: `check("{found}", your_answer)`.')
    if more:
        raise Misuse(
            "`check` takes one answer; if it has two parts, put them in parentheses: "
            f'`check("{found}", (first, second))`.'
        )
    name = getattr(answer, "__name__", "your_answer")
    _reject_ambiguous(number, 'check("', f'", {name})')
    lesson = found.removeprefix("P").partition(".")[0]
    if f"{lesson}.{name}" in _MOVED:
        there = lesson_source.number(_MOVED[f"{lesson}.{name}"])
        raise Moved(f"`{name}` has moved to lesson {there[0]}, as Exercise {there}.")
    numbers = lesson_source.numbers(int(lesson))
    named = {numbers[name] for name in _names(answer) if name in numbers}
    if named and found not in named:
        current = named.pop()
        _former[found] = current
        return current
    return found


def _names(answer: object) -> set[str]:
    """Return an answer's `__name__` or, for a list or dict, the names of variables holding it."""
    if not isinstance(answer, list | dict):
        return {getattr(answer, "__name__", "").lower()}  # exercise `collector`, class `Collector`
    variables = vars(sys.modules["__main__"])
    return {name for name, value in variables.copy().items() if value is answer}


def _reject_ambiguous(given: object, code_before: str, code_after: str) -> None:
    """Raise `Misuse` for a number such as 5.1 if there is also an exercise 5.10."""
    if isinstance(given, float) and f"{given}0" in lesson_source.numbers(int(given)).values():
        raise Misuse(
            f"To Python, {given}0 and {given} are the same number. Write it as a string: "
            f"`{code_before}{given}{code_after}` or `{code_before}{given}0{code_after}`."
        )


def _parsed(given: object) -> str | None:
    """Return "1.2" for the float 1.2, for "1.2" and for "1.words"; None if `given` is invalid."""
    match = _NUMBER.fullmatch(str(given)) if isinstance(given, str | float) else None
    return lesson_source.number(match[1].upper() + match[2]) if match else None


def _described(given: object) -> str:
    if isinstance(given, str | int | float):
        return shown(repr(given))
    return f"a value of type {shown(type(given).__name__)}"
