"""Fixtures for the build's tests; the sample lesson has only one exercise."""

import pytest

from tools import lint_headings


@pytest.fixture(autouse=True)
def one_exercise_is_enough(monkeypatch):
    """Allow a lesson with one exercise; `monkeypatch.undo()` requires four again."""
    monkeypatch.setattr(lint_headings, "FEWEST_EXERCISES", 1)
