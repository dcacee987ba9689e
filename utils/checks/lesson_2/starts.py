"""Check for 2.starts: predict how many model starts two handlers count, in four cases."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel

# For each case, the handlers passed to the model's constructor, to `with_config` and to the call.
CASES = {1: ("A", "", "B"), 2: ("A", "A", "A"), 3: ("", "B", "A"), 4: ("", "", "")}


class _Tally(BaseCallbackHandler):
    def __init__(self) -> None:
        self.starts = 0

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self.starts += 1


@dataclass(frozen=True)
class Seen:
    """An answer, and how it differs from what handlers `A` and `B` actually count."""

    answer: Any
    strings: Sequence[str] = ()  # keys that are case numbers written as strings
    unknown: Sequence[str] = ()  # keys that aren't case numbers
    # the first case whose entry can't be read as two numbers; 0 if there is none
    misshapen: int = 0
    missing: Sequence[str] = ()  # which numbers are missing: "`A` in case 2", for example
    odd_case: int = 0  # the first case with a value that isn't an integer; 0 if there is none
    odd: Any = None  # the value that isn't an integer
    wrong_case: int = 0  # the first case with a wrong number; 0 if there is none
    handler: str = ""  # the name of the handler with the wrong number: "A" or "B"
    number: Any = 0  # the wrong number
    places: int = 0  # how many times `handler` is attached in `wrong_case`


def _row(entry: Any) -> Mapping[str, Any] | None:
    """Return an entry as a dict; {} if the entry is missing, None if its format is unknown.

    The known formats are a dict, `("A", 1, "B", 2)` and `(1, 2)`.
    """
    if entry is ... or entry is None:
        return {}
    if isinstance(entry, Mapping):
        return entry if {*entry} <= {"A", "B"} else None
    if not isinstance(entry, Sequence) or isinstance(entry, str):
        return None
    if len(entry) == 4 and (entry[0], entry[2]) == ("A", "B"):
        return {"A": entry[1], "B": entry[3]}
    return dict(zip("AB", entry, strict=True)) if len(entry) == 2 else None


def _number(row: Mapping[str, Any] | None, name: str) -> Any:
    """Return a row's number for a handler. If it is missing, return the row's default or None."""
    if row is None:
        return None
    with suppress(KeyError):
        return copy(row)[name]  # a copy, since a defaultdict would add the key to the answer
    return None


def observe(answer: Any, _: None) -> Seen:
    if not isinstance(answer, Mapping):
        return Seen(answer)
    rows = {case: _row(answer.get(case, ...)) for case in CASES}
    given = {(case, name): _number(row, name) for case, row in rows.items() for name in "AB"}
    truth = {case: _counted(places) for case, places in CASES.items()}
    odd = [(case, number) for (case, _), number in given.items() if type(number) is not int]
    odd_case, odd_value = odd[0] if odd else (0, None)
    wrong = [(case, name) for case, name in given if given[case, name] != truth[case][name]]
    wrong_case, handler = wrong[0] if wrong else (0, "")
    return Seen(
        answer,
        strings=[key for key in answer if isinstance(key, str) and key.strip() in map(str, CASES)],
        unknown=[str(key) for key in answer if key not in CASES],
        misshapen=next((case for case, row in rows.items() if row is None), 0),
        missing=[
            f"`{name}` in case {case}" for case, name in given if given[case, name] in (None, ...)
        ],
        odd_case=odd_case,
        odd=odd_value,
        wrong_case=wrong_case,
        handler=handler,
        number=given.get((wrong_case, handler)),
        places=CASES[wrong_case].count(handler) if wrong else 0,
    )


def _counted(places: Sequence[str]) -> dict[str, int]:
    """Run one case; return each handler's count of model starts."""
    tallies = {"A": _Tally(), "B": _Tally()}
    built_in, bound, called = ([tallies[name]] if name else [] for name in places)
    config: Any = {"callbacks": called}
    model = FakeModel.of({}, callbacks=built_in)
    chain: Runnable[Any, Any] = ChatPromptTemplate.from_template("Name a {thing}.") | model
    chain.with_config(callbacks=bound).invoke({"thing": "river"}, config)
    return {name: tally.starts for name, tally in tallies.items()}


MISTAKES: Mistakes[Seen] = {
    "no dict": lambda s: not isinstance(s.answer, Mapping),
    "strings as keys": lambda s: bool(s.strings),
    "no such case": lambda s: bool(s.unknown),
    "another form": lambda s: s.misshapen > 0,
    "number missing": lambda s: bool(s.missing),
    "not a number": lambda s: s.odd_case > 0,
    "not in the row": lambda s: s.wrong_case > 0 and s.places == 0,
    "one place for another": lambda s: s.wrong_case > 0 and s.number == 0,
    "once for each place": lambda s: s.places > 1 and s.number > 1,
    "another number": lambda s: s.wrong_case > 0,
}

check = Exercise(observe, cases=(None,), mistakes=MISTAKES)
