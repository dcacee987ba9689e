"""What the build's tests share: the sample is a lesson in all but its length."""

import pytest

from tools import lint_headings


@pytest.fixture(autouse=True)
def one_exercise_is_enough(monkeypatch):
    """Let a lesson have one exercise; `monkeypatch.undo()` makes it four again."""
    monkeypatch.setattr(lint_headings, "FEWEST_EXERCISES", 1)
