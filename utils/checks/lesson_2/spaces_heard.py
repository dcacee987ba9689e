"""Check for `spaces_heard`: attach a handler, and return how many spaces it receives."""

from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import NUMBER, REPLIES, RIVERS, Case
from utils.checks.engine.stream_runner import call
from utils.checks.lesson_2 import handlers
from utils.checks.lesson_2.handlers import Attaching


def observe(answer: Any, case: Case) -> Attaching:
    """Call the answer twice, to find out whether its handler carries over the first count."""
    runs = []
    with handlers.overheard() as log:
        for _ in range(2):
            reply = case.reply()
            args = (case.model(reply), case.prompt)
            runs.append(call("spaces_heard", answer, case, reply, *args, wants=NUMBER))
    return Attaching.seen(runs[0], reply.text.count(" "), again=runs[1].returned, log=log)


def _none_hears(s: Attaching, *events: str) -> bool:
    return not any(handlers.hears(each, *events) for each in s.handlers)


MISTAKES: Mistakes[Attaching] = {
    **handlers.ATTACHED,
    "no handler": lambda s: not s.handlers,
    "no methods": _none_hears,
    "counts the finished reply": lambda s: _none_hears(s, "on_llm_new_token"),
    "counted twice": lambda s: s.wrong and s.returned == 2 * s.right,
    "another number": lambda s: s.wrong,
}

check = Exercise(
    observe,
    cases=(Case(text=f"{RIVERS} Give it more."), *REPLIES[1:]),
    mistakes=MISTAKES,
    first={"a class": lambda s: isinstance(s.answer, type), **handlers.ATTACHED_FIRST},
    opts_out={"collected first": "the number is wanted when the reply is over"},
)
