"""The course's own `watched` is a correct answer to its exercise."""

from utils.checks import evaluate
from utils.stall_timeout import watched


def test_the_courses_own_watched_passes_its_exercise() -> None:
    assert evaluate("5.watched", watched).status == "correct"
