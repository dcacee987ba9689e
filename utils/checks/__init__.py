"""The functions that learners call: `check`, `hint`, `solution` and `predict`.

    check("1.2", words)    # checks your answer without revealing the solution
    hint("1.2")            # shows the next hint
    solution("1.2")        # shows the solution
    predict("P1.1")        # asks for a prediction before you run the code

The check for an exercise is a file in the lesson folder, such as `lesson_1/shout.py`; its messages
are in `messages.py` in the same folder. The building blocks of checks are in `engine/`.
"""

from utils.checks.evaluation import check, evaluate
from utils.checks.hints import hint, predict, solution
from utils.checks.outcome import Outcome

__all__ = ["Outcome", "check", "evaluate", "hint", "predict", "solution"]
