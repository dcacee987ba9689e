"""Check for `shout`: yield a reply in capitals, each piece before taking the next one."""

from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.run import REPLIES, Case, Run
from utils.checks.engine.stream_runner import run_async


def observe(answer: Any, case: Case) -> Run:
    reply = case.reply()
    args = (case.model(reply), case.prompt)
    run = run_async("shout", answer, case, reply, *args, streams=True, passes_on=True)
    run.expected = reply.text.upper()
    return run


MISTAKES: Mistakes[Run] = {
    "not in capitals": lambda s: s.wrong_text and s.output.upper() == s.expected,
    **TEXT,
}

check = Exercise(
    observe,
    cases=(
        *REPLIES,
        Case(pieces=("", "éß", "", " ", "\n", "b"), when="for a reply with empty pieces"),
    ),
    mistakes=MISTAKES,
)
