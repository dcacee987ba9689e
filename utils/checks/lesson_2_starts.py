"""The check of exercise 2.4: how often handlers in three places hear a model start."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable

from utils.checks.engine.wording import shown
from utils.checks.lesson_2_heard import attached
from utils.checks.observe import kind
from utils.checks.outcome import NotYet
from utils.checks.streams import Probe, ProbeModel
from utils.checks.texts import DANUBE

_PLACES = ("the model's constructor", "`with_config`", "the call's config")
_CASES = {1: ("A", "", "B"), 2: ("A", "A", "A"), 3: ("", "B", "A"), 4: ("", "", "")}
_AS_TEXTS = [str(case) for case in _CASES]


class _Tally(BaseCallbackHandler):
    def __init__(self) -> None:
        self.starts = 0

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self.starts += 1


def starts(answer: object) -> str:
    """How often each handler hears a model start in the four cases, which are run."""
    if not isinstance(answer, Mapping):
        raise NotYet(f"The answer is a dict with a case's number as key, not {kind(answer)}.")
    texts = [case for case in answer if isinstance(case, str) and case.strip() in _AS_TEXTS]
    if texts:
        raise NotYet(f"The keys are numbers, and {shown(repr(texts[0]))} is a text.")
    unknown = [str(case) for case in answer if case not in _CASES]
    if unknown:
        raise NotYet(f"There is no case {', '.join(unknown)}.")
    wrong: list[str] = []
    for case, places in _CASES.items():
        truth = _counted(places)
        for name, given in _given(answer.get(case, ...), case).items():
            if given != truth[name]:
                wrong.append(_evidence_of(case, name, given, places.count(name)))
    if wrong:
        raise NotYet(" ".join(wrong))
    return "All four, as four real runs have just counted them."


def _counted(places: Sequence[str]) -> dict[str, int]:
    """The starts that `A` and `B` count when attached to the three `places`."""
    tallies = {"A": _Tally(), "B": _Tally()}
    built_in, bound, called = (attached(*([tallies[name]] if name else [])) for name in places)
    model = ProbeModel(probe=Probe([DANUBE]), **built_in)
    chain: Runnable[Any, Any] = ChatPromptTemplate.from_template("Name a {thing}.") | model
    chain.with_config(bound).invoke({"thing": "river"}, called)
    return {name: tally.starts for name, tally in tallies.items()}


def _given(entry: object, case: int) -> dict[str, int]:
    """The learner's numbers for one case, from `("A", 1, "B", 2)`, `(1, 2)` or a dict."""
    if isinstance(entry, Mapping):
        numbers = [_looked_up(entry, name) for name in "AB"]
    elif isinstance(entry, Sequence) and len(entry) == 4 and (entry[0], entry[2]) == ("A", "B"):
        numbers = [entry[1], entry[3]]
    elif isinstance(entry, Sequence) and len(entry) == 2:
        numbers = list(entry)
    elif entry is ... or entry is None:
        numbers = [..., ...]
    else:
        raise NotYet(f'Case {case} should look like `("A", …, "B", …)`, with two numbers.')
    missing = [
        f"`{name}`"
        for name, number in zip("AB", numbers, strict=True)
        if number is ... or number is None
    ]
    if missing:
        raise NotYet(f"Case {case} has no number yet for {' and '.join(missing)}.")
    odd = next((number for number in numbers if type(number) is not int), None)
    if odd is not None:
        raise NotYet(f"Case {case}: a number of starts is a whole number, not {kind(odd)}.")
    return dict(zip("AB", numbers, strict=True))


def _looked_up(entry: Mapping[str, Any], name: str) -> Any:
    """The number for `name`, also of a mapping that answers 0 where nothing was noted."""
    try:
        return copy(entry)[name]  # a copy, since a defaultdict would note it
    except KeyError:
        return ...


def _evidence_of(case: int, name: str, given: int, places: int) -> str:
    if not places:
        return f"Case {case}: nothing in that row names `{name}`; who would call it?"
    if not given:
        return (
            f"Case {case}: `{name}` does hear the start. Would one place replace another? Look at "
            "what two objects, one in each place, counted above."
        )
    if places > 1:
        return (
            f"Case {case}: `{name}` doesn't count {given}. It is one object in {places} places; "
            "look at what one object in the constructor and the config counted above."
        )
    return (
        f"Case {case}: `{name}` doesn't count {given}. It stands in one place, and the chain asks "
        "its model once."
    )
