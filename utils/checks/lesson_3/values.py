"""The values that the JSON parser yields for a reply's pieces; the check runs the parser."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from langchain_core.output_parsers import JsonOutputParser

from utils.checks.engine.exercise import Exercise, Mistakes

_PIECES = ('{"city', '": "Ro', 'me", "te', 'mp": 2', "1}")


@dataclass(frozen=True)
class Seen:
    """A learner's list of values, and the parser's."""

    answer: Any
    yielded: Sequence[dict[str, Any]]

    @cached_property
    def at(self) -> int:
        """The index of the first difference; the length of the shorter list if there is none."""
        pairs = enumerate(zip(self.answer, self.yielded, strict=False))
        shorter = min(len(self.answer), len(self.yielded))
        return next((at for at, (given, value) in pairs if given != value), shorter)

    @property
    def given(self) -> Any:
        """The learner's first value that differs."""
        return self.answer[self.at]

    @property
    def value(self) -> dict[str, Any] | None:
        """The parser's value at that index; None if one list is shorter."""
        differs = self.at < min(len(self.answer), len(self.yielded))
        return self.yielded[self.at] if differs else None

    @property
    def unknown(self) -> str:
        """The value's first key that isn't in the JSON, not even partially, or ""."""
        names = map(str, self.given)
        return next((n for n in names if not any(k.startswith(n) for k in self.yielded[-1])), "")

    @property
    def key(self) -> str:
        """The first key whose value differs."""
        value = self.value or {}
        return next((name for name in value if self.given.get(name) != value[name]), "")


def observe(answer: Any, _: None) -> Seen:
    """Compare the list with what the parser actually yields."""
    return Seen(answer, list(JsonOutputParser().transform(iter(_PIECES))))


MISTAKES: Mistakes[Seen] = {
    "no list": lambda s: not isinstance(s.answer, list | tuple),
    "repeats a value": lambda s: 0 < s.at < len(s.answer) and s.given == s.answer[s.at - 1],
    "too few values": lambda s: len(s.answer) == s.at < len(s.yielded),
    "too many values": lambda s: len(s.answer) > s.at == len(s.yielded),
    "no dict": lambda s: s.value is not None and not isinstance(s.given, dict),
    "unknown key": lambda s: s.value is not None and bool(s.unknown),
    "begins too late": lambda s: s.value == {},
    "key without a value": lambda s: (
        s.value is not None and (None in s.given.values() or len(s.given) > len(s.value))
    ),
    "another value": lambda s: s.value is not None,
}

check = Exercise(observe, cases=(None,), mistakes=MISTAKES)
