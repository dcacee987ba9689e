"""What the build's tests share: the sample is a lesson in all but its length."""

import pytest

from tools import shape


@pytest.fixture(autouse=True)
def one_exercise_is_enough(monkeypatch):
    """Let a lesson have one exercise; `monkeypatch.undo()` makes it four again."""
    monkeypatch.setattr(shape, "FEWEST_EXERCISES", 1)
