"""Check for 3.values: which values the JSON parser yields for the pieces of a reply."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.output_parsers import JsonOutputParser

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.wording import differ_at

_PIECES = ('{"city', '": "Ro', 'me", "te', 'mp": 2', "1}")


@dataclass(frozen=True)
class Seen:
    answer: Any
    yielded: Sequence[dict[str, Any]]
    at: int = 0  # the index of the first difference; if there is none, the shorter list's length
    given: Any = None  # the learner's value at index `at`
    # the parser's value at `at`; None if the lists differ only in length, or not at all
    value: dict[str, Any] | None = None
    unknown: str = ""  # the first key in `given` that isn't a prefix of any key in the JSON
    key: str = ""  # the first key in `value` whose value is missing or different in `given`


def observe(answer: Any, _: None) -> Seen:
    yielded = list(JsonOutputParser().transform(iter(_PIECES)))
    if not isinstance(answer, list | tuple):
        return Seen(answer, yielded)
    at = differ_at(answer, yielded)
    given = answer[at] if at < len(answer) else None
    value = yielded[at] if at < min(len(answer), len(yielded)) else None
    entries = given if isinstance(given, dict) else {}
    right_entries = value or {}
    keys = yielded[-1]
    unknown = [key for key in map(str, entries) if not any(k.startswith(key) for k in keys)]
    return Seen(
        answer,
        yielded,
        at=at,
        given=given,
        value=value,
        unknown=next(iter(unknown), ""),
        key=next((key for key in right_entries if entries.get(key) != right_entries[key]), ""),
    )


MISTAKES: Mistakes[Seen] = {
    "no list": lambda s: not isinstance(s.answer, list | tuple),
    "repeats a value": lambda s: 0 < s.at < len(s.answer) and s.given == s.answer[s.at - 1],
    "no values": lambda s: not s.answer,
    "too few values": lambda s: s.at == len(s.answer) and s.at < len(s.yielded),
    "too many values": lambda s: s.at == len(s.yielded) and s.at < len(s.answer),
    "no dict": lambda s: s.value is not None and not isinstance(s.given, dict),
    "unknown key": lambda s: s.value is not None and bool(s.unknown),
    "begins too late": lambda s: s.value == {},
    "key without a value": lambda s: (
        s.value is not None and (None in s.given.values() or len(s.given) > len(s.value))
    ),
    "only what is new": lambda s: (
        s.value is not None and s.at > 0 and s.key in s.yielded[s.at - 1] and s.key not in s.given
    ),
    "another value": lambda s: s.value is not None,
}

check = Exercise(observe, cases=(None,), mistakes=MISTAKES)
