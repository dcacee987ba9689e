"""What a learner calls in an exercise: `check`, `hint`, `solution` and `predict`.

    check("1.2", words)    # judges your answer; says what it saw, never the answer
    hint("1.2")            # the next hint at each call
    solution("1.2")        # the solution, from the lesson's own source
    predict("1.1")         # asks before the code answers

The judging of one lesson's exercises lives in `lesson_1.py` and its like, which are imported when
they are first needed; the streams that they watch live in `streams.py`, and how they try callback
handlers in `handlers.py`.
"""

from utils.checks.outcome import NotYet, Outcome
from utils.checks.runner import check, evaluate
from utils.checks.show import hint, predict, solution

__all__ = ["NotYet", "Outcome", "check", "evaluate", "hint", "predict", "solution"]
