"""What the tests of lessons' diagnoses share: the truth, and what a diagnosis looks like."""

import pytest

from utils import source


def the_lesson_says(truth):
    """A fixture that makes this the truth, whatever patients the lesson has."""

    @pytest.fixture
    def known(monkeypatch):
        monkeypatch.setattr(source, "solution", lambda number: f"diagnosis = {truth!r}")

    return known


def in_any_shape(truth):
    """Answers that are the truth."""
    answers = [
        truth,
        dict(reversed(truth.items())),
        {name: f" {value.capitalize()} " for name, value in truth.items()},
    ]
    return pytest.mark.parametrize("answer", answers)


def each_wrong_pair(truth):
    """Each patient, with each diagnosis that isn't its own."""
    pairs = [(name, given) for name in truth for given in truth.values() if given != truth[name]]
    return pytest.mark.parametrize(("name", "given"), pairs)


def no_diagnosis(truth, patient, well):
    """Answers that aren't a diagnosis of all four, and what is said of them.

    `patient` is what one of them is called; `well` is the diagnosis of one who has nothing.
    """
    cases = [
        ({**truth, "B": "asleep"}, "`asleep` isn't one of the four"),
        ({**truth, "E": well}, f"There is no {patient} E"),
        ({"A": well, "B": ...}, "No diagnosis yet for B and C and D"),
        (well, "is a dict with"),
    ]
    return pytest.mark.parametrize(("answer", "said"), cases)
