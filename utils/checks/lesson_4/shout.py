"""Check for `shout`: yield a reply in capitals from an async generator."""

from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.run import REPLIES, Case, Run
from utils.checks.engine.stream_runner import run_async


@dataclass(kw_only=True)
class Seen(Run):
    """The yielded text, and the reply in capitals."""

    @property
    def expected(self) -> str:
        """The reply in capitals."""
        return self.reply.text.upper()


def observe(answer: Any, case: Case) -> Seen:
    """Read the answer's stream for one reply."""
    reply = case.reply()
    args = (case.model(reply), case.prompt)
    return Seen.of(run_async("shout", answer, case, reply, *args, streams=True, passes_on=True))


MISTAKES: Mistakes[Seen] = {
    "not in capitals": lambda s: s.wrong_text and s.output.upper() == s.expected,
    **TEXT,
}

check = Exercise(
    observe,
    cases=(
        *REPLIES,
        Case(pieces=("", "é", "", " ", "\n", "b"), when="for a reply with empty pieces"),
    ),
    mistakes=MISTAKES,
)
