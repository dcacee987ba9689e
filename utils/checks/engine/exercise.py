"""The check for an exercise, as data: how to observe answers, and which mistakes to look for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Generic, TypeVar

Seen = TypeVar("Seen")
Case = TypeVar("Case")

Mistakes = Mapping[str, Callable[[Seen], bool]]  # predicates on a record, keyed by mistake name
Messages = Mapping[str, str | Callable[[Seen], str]]  # keyed by mistake name, or "correct"


@dataclass(frozen=True)
class Exercise(Generic[Seen, Case]):
    """The check for an exercise; its messages are in `messages.py` in the lesson folder.

    Attributes:
        observe: Runs or reads the answer for one case and returns a record. If the record is a
            `Run`, the runner also looks for the shared mistakes (`engine.mistakes`), and runs the
            answer with the `extra_cases`.
        cases: The inputs, an ordinary one first. Only the first mistake found is reported.
        mistakes: Predicates for this exercise's own mistakes, by name, checked in order after the
            shared mistakes in `FIRST`. They override shared mistakes of the same name.
        first: Mistakes to look for before the shared mistakes.
        notes: Predicates on the record of the first case. If one is true of a correct answer,
            the message of the same name is added to the "correct" one.
        opts_out: Shared mistakes that don't count as mistakes here, each with a reason.
    """

    observe: Callable[[Any, Case], Seen]
    _: KW_ONLY
    cases: Sequence[Case]
    mistakes: Mistakes[Seen]
    first: Mistakes[Seen] = field(default_factory=dict)
    notes: Mistakes[Seen] = field(default_factory=dict)
    opts_out: Mapping[str, str] = field(default_factory=dict)
