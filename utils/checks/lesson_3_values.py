"""The check of exercise 3.6: what the JSON parser yields for pieces of a reply; it is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.output_parsers import JsonOutputParser

from utils.checks.engine.wording import shown
from utils.checks.observe import kind
from utils.checks.outcome import NotYet

_PIECES = ('{"city', '": "Ro', 'me", "te', 'mp": 2', "1}")

_TWICE = "A value that is the same as the one before isn't yielded again."


def values(answer: object) -> str:
    """What the JSON parser yields for five pieces; it is asked."""
    if not isinstance(answer, list | tuple):
        raise NotYet(f"The answer is a list of values, not {kind(answer)}.")
    if not answer:
        raise NotYet("There are no values yet.")
    right = list(JsonOutputParser().transform(iter(_PIECES)))
    if ... in answer:
        raise NotYet(f"Value {list(answer).index(...) + 1} is still missing.")
    for number, (given, value) in enumerate(zip(answer, right, strict=False), start=1):
        if not isinstance(given, dict):
            raise NotYet(f"Value {number} is {kind(given)}; each is a dict, if only a partial one.")
        if given == value:
            continue
        yours = f"Your value {number} is {shown(repr(given))}."
        if number > 1 and given == answer[number - 2]:
            raise NotYet(f"{yours} {_TWICE}")
        raise NotYet(f"{yours} {_look_at(given, value, right)}")
    if len(answer) > len(right):
        twice = f" {_TWICE}" if answer[len(right)] == right[-1] else ""
        raise NotYet(f"All that the parser yields is there, and then you have more.{twice}")
    if len(answer) < len(right):
        raise NotYet(
            f"{'Your value is' if len(answer) == 1 else f'Your {len(answer)} values are'} right, "
            "and there are more to come."
        )
    return f"All {len(right)}, as the parser has just yielded them."


def _look_at(
    given: Mapping[str, Any], value: Mapping[str, Any], right: Sequence[Mapping[str, Any]]
) -> str:
    """Which line of the lesson's own example to compare with."""
    for name in given:
        # A key that has come in part is another mistake, told below.
        if not any(key.startswith(str(name)) for key in right[-1]):
            return f"There is no key {shown(str(name))}."
    for name, entry in given.items():
        if isinstance(entry, str) and isinstance(right[-1].get(name), int):
            return f"Its `{name}` is a text, {shown(repr(entry))}, where the JSON has a number."
    if not value:
        verdict = "One comes before it" if given in right else "That value never comes"
        return (
            f"{verdict}: look at what the parser above yielded when all it had was the beginning "
            "of a key."
        )
    if None in given.values() or len(given) > len(value):
        return "A key is in it of which no value has come yet: look at `admin` above."
    name = next((name for name in value if given.get(name, ...) != value[name]), "")
    if isinstance(value.get(name), str):
        return "How far has the text come at that point? Look at `Jo` and `John` above."
    if isinstance(value.get(name), int):
        return "How much of the number has come at that point? Look at `age` above."
    return "Go through it piece by piece: what has come at that point, and is it a value yet?"
