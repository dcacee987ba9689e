"""The check for a clinic: compares the learner's diagnoses with those in the lesson's solution.

A clinic's patients are the programs to diagnose, which are in `utils/clinics/`.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import Any

from utils import lesson_source
from utils.checks.engine.exercise import Exercise, Messages, Mistakes
from utils.checks.engine.wording import joined, kind, listed, shown

# former labels, which learners' notebooks may still use, mapped to current labels
_FORMER = {"cut off": "truncated", "fails in silence": "fails silently"}


@dataclass(frozen=True)
class Diagnosis:
    """The learner's diagnoses and the correct ones, keyed by patient name."""

    answer: Any
    truth: Mapping[str, str]
    choices: Sequence[str]

    @property
    def unknown(self) -> list[str]:
        """The names in the answer that don't belong to any patient."""
        return [str(name) for name in self.answer if name not in self.truth]

    @property
    def missing(self) -> list[str]:
        """The patients without a diagnosis, or with a placeholder such as `...`."""
        return [name for name in self.truth if self.answer.get(name) in (None, ..., "")]

    @property
    def odd(self) -> list[str]:
        """The patients whose diagnosis isn't one of the choices."""
        return [name for name in self.truth if self.given(name) not in self.choices]

    @property
    def wrong(self) -> str:
        """The first patient with a wrong diagnosis; "" if there is none."""
        return next((name for name, true in self.truth.items() if self.given(name) != true), "")

    @property
    def mistake(self) -> str:
        """The first wrong diagnosis, as "GIVEN for CORRECT"; "" if all are right."""
        return f"{self.given(self.wrong)} for {self.truth[self.wrong]}" if self.wrong else ""

    def given(self, name: str) -> str:
        """Return the learner's label for a patient, in lower case and current wording."""
        label = str(self.answer[name]).strip().lower()
        return _FORMER.get(label, label)


FORM: Mistakes[Diagnosis] = {  # mistakes in the answer's format, looked for first
    "no dict": lambda s: not isinstance(s.answer, Mapping),
    "no such patient": lambda s: bool(s.unknown),
    "diagnosis missing": lambda s: bool(s.missing),
    "no such diagnosis": lambda s: bool(s.odd),
}


def clinic(name: str, choices: Sequence[str]) -> Exercise[Diagnosis, None]:
    """Return the check for exercise `name`, such as "1.diagnosis".

    `choices` are the possible diagnoses; the correct diagnoses are read from the solution.
    """

    def observe(answer: Any, _: None) -> Diagnosis:
        return Diagnosis(answer, _truth(name), choices)

    pairs = [f"{given} for {true}" for given, true in permutations(choices, 2)]
    wrong: Mistakes[Diagnosis] = {pair: partial(_makes, pair) for pair in pairs}
    return Exercise(observe, cases=(None,), mistakes={**FORM, **wrong})


def _makes(mistake: str, seen: Diagnosis) -> bool:
    return seen.mistake == mistake


def clinic_messages(
    patient: str, correct: str, evidence: Mapping[str, str], *, denied: Mapping[str, str] = {}
) -> Messages[Diagnosis]:
    """Return a clinic's messages.

    Args:
        patient: What the learner diagnoses, such as "deployment".
        correct: The message for a correct answer.
        evidence: For each pair of a wrong and a correct diagnosis, such as "healthy for buffered",
            a pointer to the evidence.
        denied: For a diagnosis, or a pair, the phrase to use where "isn't" plus the diagnosis would
            be ungrammatical, such as {"slow model": "isn't a slow model"}.
    """

    def wrong(seen: Diagnosis, where: str) -> str:
        given = seen.given(seen.wrong)
        no = denied.get(seen.mistake, denied.get(given, f"isn't {given}"))
        return f"{seen.wrong} {no}. {where}"

    return {
        "correct": correct,
        "no dict": lambda s: (
            f"The diagnosis should be a dict with the keys {listed(s.truth)}, not {kind(s.answer)}."
        ),
        "no such patient": lambda s: (
            f"There is no {patient} {joined(s.unknown, 'or')}; there are {joined(list(s.truth))}."
        ),
        "diagnosis missing": lambda s: f"There is no diagnosis yet for {joined(s.missing)}.",
        "no such diagnosis": lambda s: (
            f"{s.odd[0]}: {shown(str(s.answer[s.odd[0]]))} isn't one of the diagnoses: "
            f"{listed(s.choices)}."
        ),
        **{name: partial(wrong, where=where) for name, where in evidence.items()},
    }


def _truth(name: str) -> dict[str, str]:
    for statement in ast.parse(lesson_source.solution(name)).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict):
            found: dict[str, str] = ast.literal_eval(statement.value)
            return found
    raise LookupError(f"The solution of exercise {name} contains no dict of diagnoses.")
