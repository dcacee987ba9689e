"""An exercise's check as data: how to observe answers, and which mistakes to look for, in order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Generic, TypeVar

Seen = TypeVar("Seen")
Case = TypeVar("Case")

Mistakes = Mapping[str, Callable[[Seen], bool]]
Messages = Mapping[str, str | Callable[[Seen], str]]  # "correct" is for a correct answer


@dataclass(frozen=True)
class Exercise(Generic[Seen, Case]):
    """An exercise's check; its messages are in the lesson's `messages.py`.

    Attributes:
        observe: Runs or reads the answer for one case, and returns a record. If the record is a
            `Run`, the runner also looks for the shared mistakes (`engine.mistakes`), and runs the
            answer with the `extra_cases`.
        cases: The inputs to run the answer with, in order; the first is an ordinary one. Only the
            first mistake found is reported.
        mistakes: Predicates for this exercise's mistakes, by name, checked in order after the
            shared ones in `FIRST`. A mistake with the name of a shared one replaces it.
        first: Mistakes to look for before the shared ones.
        notes: Predicates on the first case's record. If one applies to a correct answer, the
            message of the same name is appended.
        opts_out: Shared mistakes that aren't mistakes here, each with a reason.
    """

    observe: Callable[[Any, Case], Seen]
    _: KW_ONLY
    cases: Sequence[Case]
    mistakes: Mistakes[Seen]
    first: Mistakes[Seen] = field(default_factory=dict)
    notes: Mistakes[Seen] = field(default_factory=dict)
    opts_out: Mapping[str, str] = field(default_factory=dict)
