"""How checks that aren't data yet are wrapped: no model but theirs may be called."""

from collections.abc import Callable
from functools import wraps

from utils.checks.engine import isolation
from utils.checks.engine.student_code import LearnersError
from utils.checks.outcome import NotYet

Check = Callable[[object], str]


def judged(name: str) -> Callable[[Check], Check]:
    """Wrap a check of the learner's function of that name.

    The wrapped check raises `NotYet` whenever a model was called that isn't the check's, whatever
    the learner's code made of it.
    """

    def wrap(check: Check) -> Check:
        @wraps(check)
        def judge(answer: object) -> str:
            said = ""
            failed = None
            with isolation.isolated(answer):
                try:
                    said = check(answer)
                except (NotYet, LearnersError, isolation.OtherModel) as error:
                    # A new one: the old one's traceback holds on to all that the code left behind.
                    failed = NotYet(str(error))
                other = isolation.other_model(answer)
            if other:
                raise NotYet(
                    f"`{name}` was given a model and called {other}. Does a helper use that one?"
                )
            if failed is not None:
                raise failed
            return said

        return judge

    return wrap
