"""Check for `spaces_heard`: attach a handler and return how many spaces it receives."""

from typing import Any
from unittest.mock import patch

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import NUMBER, REPLIES, RIVERS, Case, Run
from utils.checks.engine.stream_runner import call
from utils.checks.lesson_2 import handlers
from utils.checks.lesson_2.handlers import Attaching

_MOST_EMPTY = 4  # the maximum number of empty tokens in a reply
# the LangChain method that passes tokens to handlers; `{}` stands for "" or "Async"
_TOKENS = "langchain_core.callbacks.manager.{}CallbackManagerForLLMRun.on_llm_new_token"


def observe(answer: Any, case: Case) -> Attaching:
    """Call the answer twice, to detect a reused handler."""
    with handlers.callback_log() as log:
        run, again = _run(answer, case), _run(answer, case)
    return Attaching.seen(run, run.reply.text.count(" "), again=again.returned, log=log)


def _run(answer: Any, case: Case) -> Run:
    reply = case.reply()
    args = (case.model(reply), case.prompt)
    return call("spaces_heard", answer, case, reply, *args, wants=NUMBER)


def _counts_the_reply(s: Attaching) -> bool:
    """Whether the answer returns the right number even if its handlers receive no tokens."""
    with patch(_TOKENS.format("")), patch(_TOKENS.format("Async")):
        return bool(0 < s.right == s.returned == _run(s.answer, s.case).returned)


def _none_overrides(s: Attaching, *events: str) -> bool:
    return not any(handlers.overrides(each, *events) for each in s.handlers)


MISTAKES: Mistakes[Attaching] = {
    **handlers.ATTACHED,
    "no handler": lambda s: not s.handlers,
    "no methods": _none_overrides,
    "counts the finished reply": lambda s: _none_overrides(s, "on_llm_new_token"),
    "counted twice": lambda s: s.wrong and s.returned == 2 * s.right,
    "counts other white space": lambda s: (
        s.wrong and s.returned == sum(map(str.isspace, s.reply.text))
    ),
    "counts tokens": lambda s: s.wrong and s.returned - s.total in range(_MOST_EMPTY + 1),
    "another number": lambda s: s.wrong,
    "counts the reply": _counts_the_reply,
}

check = Exercise(
    observe,
    # the first reply contains 32 spaces, the number in the lesson's stored outputs
    cases=(Case(text=f"{RIVERS} Give it more."), *REPLIES[1:]),
    mistakes=MISTAKES,
    first={"a class": lambda s: isinstance(s.answer, type), **handlers.ATTACHED_FIRST},
    opts_out={"collected first": "the number is returned after the reply has ended"},
)
