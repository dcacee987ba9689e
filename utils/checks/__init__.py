"""What a learner calls in an exercise: `check`, `hint`, `solution` and `predict`.

    check("1.2", words)    # judges your answer; says what it saw, never the answer
    hint("1.2")            # the next hint at each call
    solution("1.2")        # the solution, from the lesson's own source
    predict("P1.1")        # asks before the code answers

The check of an exercise is a file in its lesson's folder, such as `lesson_1/shout.py`, and what it
says is in that folder's `messages.py`. What checks are built from is in `engine/`.
"""

from utils.checks.outcome import Outcome
from utils.checks.runner import check, evaluate
from utils.checks.show import hint, predict, solution

__all__ = ["Outcome", "check", "evaluate", "hint", "predict", "solution"]
