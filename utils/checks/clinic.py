"""How a clinic's diagnosis is judged; what each patient has stands in the lesson's own solution."""

import ast
from collections.abc import Mapping

from utils import source
from utils.checks.engine.wording import shown
from utils.checks.observe import kind, listed
from utils.checks.outcome import NotYet

_NUMBERS = ("none", "one", "two", "three", "four", "five", "six")


def diagnosed(
    answer: object,
    number: str,
    patient: str,
    evidence: Mapping[tuple[str, str], str],
    *,
    denied: Mapping[str, str] = {},
    granted: Mapping[tuple[str, str], str] = {},
) -> None:
    """Turn down a dict of diagnoses that isn't the truth, and name the evidence to look at.

    Args:
        answer: What the learner found, by the patient's name.
        number: The exercise, such as "1.6".
        patient: What a patient is called, such as "deployment".
        evidence: For each wrong pair, (the learner's diagnosis, the truth), where to look.
        denied: How a diagnosis is denied after the patient's name, where "isn't" and the diagnosis
            make no sentence: {"slow model": "isn't a slow model"}.
        granted: For a wrong pair whose diagnosis is true, too, what stands in place of a denial.

    Raises:
        NotYet: If a diagnosis is missing or wrong.
    """
    truth = _truth(number)
    if not isinstance(answer, Mapping):
        raise NotYet(
            f"The diagnosis is a dict with {listed(list(truth))} as keys, not {kind(answer)}."
        )
    unknown = [str(name) for name in answer if name not in truth]
    if unknown:
        there = f"{', '.join(list(truth)[:-1])} and {list(truth)[-1]}"
        raise NotYet(f"There is no {patient} {' or '.join(unknown)}; there are {there}.")
    missing = [name for name in truth if answer.get(name, ...) is ...]
    if missing:
        raise NotYet(f"No diagnosis yet for {' and '.join(missing)}.")
    choices = list(dict.fromkeys(given for given, _ in evidence))
    wrong: list[str] = []
    for name, right in truth.items():
        given = str(answer[name]).strip().lower()
        if given not in choices:
            raise NotYet(
                f"{name}: {shown(str(answer[name]))} isn't one of the {_NUMBERS[len(choices)]}: "
                f"{listed(choices)}."
            )
        if given != right:
            no = denied.get(given, f"isn't {given}")
            seen = granted.get((given, right), no)
            wrong.append(f"{name} {seen}. {evidence[given, right]}")
    if wrong:
        raise NotYet(" ".join(wrong))


def _truth(number: str) -> dict[str, str]:
    """The answer in the lesson, which is the one place that knows the patients."""
    for statement in ast.parse(source.solution(number)).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict):
            found: dict[str, str] = ast.literal_eval(statement.value)
            return found
    raise LookupError(f"The solution of exercise {number} holds no dict of diagnoses.")
