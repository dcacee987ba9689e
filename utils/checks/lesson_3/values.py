"""What the JSON parser yields for the pieces of a reply; it is called."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from langchain_core.output_parsers import JsonOutputParser

from utils.checks.engine.exercise import Exercise, Mistakes

_PIECES = ('{"city', '": "Ro', 'me", "te', 'mp": 2', "1}")


@dataclass(frozen=True)
class Seen:
    """A learner's list of values beside the parser's."""

    answer: Any
    yielded: Sequence[dict[str, Any]]

    @cached_property
    def at(self) -> int:
        """Where the two begin to differ; the length of the shorter one if they don't."""
        pairs = enumerate(zip(self.answer, self.yielded, strict=False))
        shorter = min(len(self.answer), len(self.yielded))
        return next((at for at, (given, value) in pairs if given != value), shorter)

    @property
    def given(self) -> Any:
        """The first value of the learner's that differs; None if none does."""
        return self.answer[self.at] if self.differs else None

    @property
    def value(self) -> dict[str, Any]:
        """What the parser yields in its place."""
        return self.yielded[self.at] if self.differs else {}

    @property
    def differs(self) -> bool:
        """Whether a value differs, and none is only missing or one too many."""
        return self.at < min(len(self.answer), len(self.yielded))

    @property
    def repeats(self) -> bool:
        """Whether the value there is the same as the one before."""
        return 0 < self.at < len(self.answer) and self.answer[self.at] == self.answer[self.at - 1]

    @property
    def earlier(self) -> int:
        """How many values come before the one that was given too early; 0 if it never comes."""
        later = [n for n, value in enumerate(self.yielded) if value == self.given]
        return later[0] - self.at if later else 0

    @property
    def unknown(self) -> str:
        """The first key of the value that the JSON doesn't have, not even in part; or ""."""
        keys = self.yielded[-1]
        names = (str(name) for name in self.given)
        return next((n for n in names if not any(key.startswith(n) for key in keys)), "")

    @property
    def quoted(self) -> str:
        """The first key whose number was given as a string, or ""."""
        last = self.yielded[-1]
        numbers = (n for n in self.given if isinstance(last.get(n), int))
        return next((n for n in numbers if isinstance(self.given[n], str)), "")

    @property
    def key(self) -> str:
        """The first key whose value differs."""
        return next((n for n in self.value if self.given.get(n, ...) != self.value[n]), "")


def observe(answer: Any, _: None) -> Seen:
    """Compare the list with what the parser yields now."""
    return Seen(answer, list(JsonOutputParser().transform(iter(_PIECES))))


MISTAKES: Mistakes[Seen] = {
    "no list": lambda s: not isinstance(s.answer, list | tuple),
    "empty list": lambda s: not s.answer,
    "value missing": lambda s: ... in s.answer,
    "repeats a value": lambda s: s.repeats,
    "no dict": lambda s: s.differs and not isinstance(s.given, dict),
    "unknown key": lambda s: s.differs and bool(s.unknown),
    "number as a string": lambda s: s.differs and bool(s.quoted),
    "begins too late": lambda s: s.differs and not s.value and s.earlier > 0,
    "no empty object": lambda s: s.differs and not s.value,
    "key without a value": lambda s: (
        s.differs and (None in s.given.values() or len(s.given) > len(s.value))
    ),
    "another string": lambda s: s.differs and isinstance(s.value.get(s.key), str),
    "another number": lambda s: s.differs,
    "too many values": lambda s: len(s.answer) > len(s.yielded),
    "too few values": lambda s: len(s.answer) < len(s.yielded),
}

check = Exercise(observe, cases=(None,), mistakes=MISTAKES)
