"""Registers and collects right and wrong answers to the exercises.

    @right("1.shout")
    def a_generator_function(model): ...

    @wrong("1.shout", "one item")
    def joins_in_a_generator(model): ...

    wrong("1.diagnosis", "no such diagnosis")({"A": "asleep", "B": ..., "C": ...})

    edit = edits("1.shout", a_generator_function)
    edit("unchanged", {".upper()": ""})  # a wrong answer: a copy with some code replaced
    edit(None, {"piece": "text"})  # a right one

The answers are in modules such as `tests/checks/lesson_1/shout.py`; `test_answers.py` checks that
each one gets the expected outcome.
"""

import functools
import importlib
import inspect
import itertools
import linecache
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utils import lesson_source

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Answer:
    """An answer, with the mistake that the check should report (None for a right answer)."""

    number: str  # an exercise's number, such as "1.6"
    value: Any  # what a learner would pass to `check`
    mistake: str | None
    says: str  # a regular expression that must match part of the check's message

    @property
    def name(self) -> str:
        name = getattr(self.value, "__name__", "value")
        return f"{self.number}-{self.mistake or 'right'}-{name}"


ANSWERS: list[Answer] = []
NUMBERS = itertools.count()  # for unique file names of edited code


def right(exercise, says=""):
    return wrong(exercise, None, says)


def wrong(exercise, mistake, says=""):
    """Return a decorator that adds an answer to `ANSWERS`."""
    number = numbered(exercise)

    def register(value):
        ANSWERS.append(Answer(number, value, mistake, says))
        return value

    return register


numbered = functools.cache(lesson_source.number)  # maps "1.shout" to a number such as "1.6"


def edits(exercise, answer):
    """Return a function that registers a copy of `answer` with some code replaced.

    Its arguments are the expected mistake, or None for a right answer, `{old code: new code}` and
    a regular expression for the check's message.
    """

    def edit(mistake, changes, says=""):
        return wrong(exercise, mistake, says)(edited(answer, changes))

    return edit


def edited(answer, changes, /, **names):
    """Return a copy of a function or class, with `changes` (`{old: new}`) made to its code.

    The copy can use the names in the original module and in `names`.
    """
    code = source(answer)
    for old, new in changes.items():
        assert old in code, f"{old} isn't in\n{code}"
        code = code.replace(old, new)
    file = f"<answer {next(NUMBERS)}>"
    # A check's message quotes an answer's lines from this cache.
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    names = {**vars(sys.modules[answer.__module__]), **names}
    exec(compile(code, file, "exec"), names)
    return names[answer.__name__]


@functools.cache
def source(answer):
    """Return the code of a function or class, without decorators."""
    text = inspect.getsource(answer)
    return text[re.search(r"^(async def|def|class) ", text, re.MULTILINE).start() :]


def diagnoses(exercise, patient, truth):
    """Register right and wrong answers to a diagnosis exercise whose solution is `truth`.

    `patient` is the word for a diagnosed item in messages: "program", for example.
    """
    right(exercise)(truth)
    right(exercise)(dict(reversed(truth.items())))
    right(exercise)({name: f" {value.upper()} " for name, value in truth.items()})
    for name, true in truth.items():
        for given in truth.values():
            if given == true:
                continue
            others = "|".join(each for each in truth.values() if each != given)
            says = rf"^{name} (?!.*({others}))"  # the message must not name any other diagnosis
            wrong(exercise, f"{given} for {true}", says)({**truth, name: given})
    first, second, *_ = truth
    wrong(exercise, "no such diagnosis", "`asleep` isn't one of")({**truth, first: "asleep"})
    wrong(exercise, "no such patient", f"no {patient} Z; there are A")({**truth, "Z": truth[first]})
    wrong(exercise, "no such patient", f"no {patient} a or b; ")({"a": truth[first], "b": ...})
    wrong(exercise, "diagnosis missing", f" for .*{second}")({first: truth[first], second: ...})
    wrong(exercise, "diagnosis missing", f" for {first}\\.")({**truth, first: ""})
    wrong(exercise, "no dict", "be a dict with")(truth[first])


def collected():
    """Import every answer module and return all answers."""
    for path in sorted(HERE.glob("lesson_*/[!_]*.py")):
        importlib.import_module(f"tests.checks.{path.parent.name}.{path.stem}")
    return ANSWERS
