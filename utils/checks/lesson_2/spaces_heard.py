"""Check for `spaces_heard`: attach a handler, and return how many spaces it receives."""

from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import HARBOUR, NUMBER, RIVERS, Case
from utils.checks.engine.stream_runner import call
from utils.checks.lesson_2 import handlers
from utils.checks.lesson_2.handlers import Attaching

_MOST_EMPTY = 4  # the maximum number of empty tokens in a reply
# Tokens that only handlers receive, so the reply contains fewer spaces than the tokens do.
_ASIDES = (" ", "by the by")


def observe(answer: Any, case: Case) -> Attaching:
    """Call the answer twice, to find out whether its handler carries over the first count."""
    runs = []
    with handlers.overheard() as log:
        for _ in range(2):
            reply = case.reply(asides=_ASIDES if case.whole and case.pieces is None else ())
            args = (case.model(reply), case.prompt)
            runs.append(call("spaces_heard", answer, case, reply, *args, wants=NUMBER))
    right = "".join((reply.text, *reply.asides)).count(" ")
    return Attaching.seen(runs[0], right, again=runs[1].returned, log=log)


def _of_the_reply(s: Attaching) -> bool:
    return s.wrong and bool(s.returned == s.reply.text.count(" "))


MISTAKES: Mistakes[Attaching] = {
    **handlers.ATTACHED,
    "no handler": lambda s: s.wrong and not s.handlers,
    "counts the finished reply": lambda s: (
        _of_the_reply(s) and any(handlers.hears(each, "on_llm_end") for each in s.handlers)
    ),
    "counts the reply": _of_the_reply,
    "no methods": lambda s: s.wrong and not any(map(handlers.hears, s.handlers)),
    "counted twice": lambda s: (
        s.wrong and s.returned - s.right in (s.right, s.reply.text.count(" "))
    ),
    "counts other white space": lambda s: (
        s.wrong and s.returned == sum(map(str.isspace, "".join((s.reply.text, *s.reply.asides))))
    ),
    "counts tokens": lambda s: (
        s.wrong and s.returned - s.total - len(s.reply.asides) in range(_MOST_EMPTY + 1)
    ),
    "another number": lambda s: s.wrong,
}

check = Exercise(
    observe,
    cases=(
        Case(text=RIVERS, seed=51),
        Case(
            text=f"{HARBOUR}\n\n  Then\tall\u00a0at once. ",
            seed=52,
            prompt=" Describe a harbour.\n",
        ),
        Case(pieces=(), when="for an empty reply"),
    ),
    mistakes=MISTAKES,
    first={"a class": lambda s: isinstance(s.answer, type), **handlers.ATTACHED_FIRST},
    opts_out={"collected first": "the number is wanted when the reply is over"},
)
