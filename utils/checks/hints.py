"""Shows hints, solutions and predictions from the lesson source."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from utils import lesson_source
from utils.checks.exercise_numbers import MISSING, number_from
from utils.checks.outcome import display, in_html, panel

_shown: Counter[str] = Counter()  # how many times `hint` has been called for each exercise


@dataclass(frozen=True)
class Hint:
    """One hint or, once every hint has been shown, all of them."""

    heading: str
    steps: Sequence[str]
    after: str  # what the learner can run next

    def __repr__(self) -> str:
        return "\n".join((self.heading, *self.steps, self.after))

    def _repr_html_(self) -> str:
        steps = "".join(f"<p>{in_html(step)}</p>" for step in self.steps)
        return panel(
            "not attempted",  # for its colour
            f"<strong>{self.heading}</strong>{steps}<small>{in_html(self.after)}</small>",
        )


@dataclass(frozen=True)
class Solution:
    """The solution to an exercise, as in the instructor's edition."""

    number: str
    code: str

    def __repr__(self) -> str:
        return self.code

    def _repr_markdown_(self) -> str:
        return f"One answer to exercise {self.number}:\n\n```python\n{self.code}\n```"


def hint(number: object = MISSING, *more: object) -> None:
    """Show the next hint for exercise `number`, such as "1.2"; after the last one, show them all.

    Raises:
        LookupError: If the exercise has no hints; the message lists the exercises that have some.
    """
    number = number_from(number, "hint", more)
    steps = lesson_source.hints(number)
    at = _shown[number]  # the index of the hint to show; after the last one, all are shown
    _shown[number] += 1
    one_of_many = len(steps) > 1 and at < len(steps)
    which = f"hint {at + 1} of {len(steps)}" if one_of_many else "all the hints"
    after = f'For the next one, run `hint("{number}")` again.'
    if at + 1 >= len(steps):
        after = f'There are no more; `solution("{number}")` shows an answer.'
    display(Hint(f"Exercise {number}: {which}.", steps[at : at + 1] or steps, after))


def solution(number: object = MISSING, *more: object) -> None:
    """Show the solution to exercise `number`, such as "1.2".

    Raises:
        LookupError: If there is no such exercise; the message lists the existing ones.
    """
    number = number_from(number, "solution", more)
    display(Solution(number, lesson_source.solution(number)))


def predict(number: object = MISSING, *more: object) -> None:
    """Show prediction `number`, such as "P1.2": a question to answer before running the code.

    Raises:
        LookupError: If there is no such prediction; the message lists the existing ones.
    """
    from utils.widgets import Prediction

    prediction = lesson_source.prediction(number_from(number, "predict", more))
    display(Prediction(prediction.question, prediction.choices))
