"""An async generator that yields the reply in capitals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run
from utils.checks.engine.stream_runner import run_async


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """The text that was yielded, beside the reply in capitals."""

    @property
    def capitals(self) -> str:
        """The reply in capitals."""
        return self.reply.text.upper()


def observe(answer: Callable[..., Any], case: Case) -> Seen:
    """Read what the answer yields for one reply."""
    reply = case.reply()
    model = case.model(reply)
    return Seen.of(
        run_async("shout", answer, case, reply, model, case.prompt, streams=True, passes_on=True)
    )


MISTAKES: Mistakes[Seen] = {
    "no text": lambda s: bool(s.capitals) and not s.text,
    "unchanged": lambda s: s.text == s.reply.text != s.capitals,
    "yields the chunk's fields": lambda s: s.text.lower().startswith("content="),
    "some capitals": lambda s: s.text != s.capitals == s.text.upper(),
    "yields text again": lambda s: len(s.text) > len(s.capitals) and s.items[-1] == s.capitals,
    "loses white space": lambda s: (
        s.text != s.capitals and "".join(s.text.split()) == "".join(s.capitals.split())
    ),
    "another text": lambda s: s.text != s.capitals,
}

check = Exercise(
    observe,
    cases=(
        Case(text=RIVERS, seed=41),
        Case(text=f"  {HARBOUR}\n", seed=42, prompt="Describe a harbour."),
        Case(pieces=("", "a", "", " ", "\n", "b"), when="for a reply with empty pieces"),
        Case(pieces=(), when="for an empty reply"),
    ),
    mistakes=MISTAKES,
)
