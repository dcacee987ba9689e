"""An exercise's check as data: how to observe an answer, and the mistakes to look for in order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Generic, TypeVar

Seen = TypeVar("Seen")
Case = TypeVar("Case")

Mistakes = Mapping[str, Callable[[Seen], bool]]
Messages = Mapping[str, Callable[[Seen], str]]

CORRECT = "correct"  # name of the message for a right answer


@dataclass(frozen=True)
class Exercise(Generic[Seen, Case]):
    """An exercise's check; its messages are in the lesson's `messages.py`.

    It is named after its module, and its number follows from its place in the lesson.

    Attributes:
        observe: Runs the answer against fakes, and returns what it did. If that is a `Run`,
            the shared mistakes (`engine.mistakes`) are looked for too, also in `extra_cases`.
        cases: The inputs to run the answer with, in order; the first is an ordinary one. The first
            mistake in the first case that has one is reported.
        mistakes: Names and predicates, in order, looked for after those of `FIRST`. A mistake with
            the name of a shared one replaces it.
        first: Mistakes to look for before the shared ones.
        notes: Remarks about a right answer's run of the first case, added to its message.
        opts_out: Shared mistakes that aren't mistakes here, each with the reason.
    """

    observe: Callable[[Any, Case], Seen]
    _: KW_ONLY
    cases: Sequence[Case]
    mistakes: Mistakes[Seen]
    first: Mistakes[Seen] = field(default_factory=dict)
    notes: Mistakes[Seen] = field(default_factory=dict)
    opts_out: Mapping[str, str] = field(default_factory=dict)
