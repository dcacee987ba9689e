"""Print each piece as it arrives, and return the whole text."""

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.reply import Reply
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run
from utils.checks.engine.stream_runner import call


class Screen(io.StringIO):
    """Standard output that tells its reply what becomes visible, and when.

    Attributes:
        flushed: Whether everything printed was flushed before the next piece was taken.
    """

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self._reply = reply
        self._waiting_since: int | None = None
        self.flushed = True

    def write(self, text: str) -> int:
        """Take what is printed."""
        self._look()
        if text:
            self._reply.out(text)
            if self._waiting_since is None:
                self._waiting_since = self._reply.taken
        return super().write(text)

    def flush(self) -> None:
        """Make it visible."""
        self._look()
        self._waiting_since = None

    def _look(self) -> None:
        if self._waiting_since is not None and self._reply.taken > self._waiting_since:
            self.flushed = False


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What was printed, and what a second call returned."""

    printed: str
    flushed: bool
    again: Any

    @property
    def in_order(self) -> bool:
        """Whether the reply was printed, and nothing but line breaks around it."""
        text = self.reply.text
        return text in self.printed and not self.printed.replace(text, "", 1).strip("\n")

    @property
    def loose(self) -> bool:
        """Whether only white space differs."""
        return "".join(self.printed.split()) == "".join(self.reply.text.split())

    @property
    def earlier(self) -> str:
        """What was returned before the reply's own text."""
        return str(self.returned).removesuffix(self.reply.text)


def observe(answer: Callable[..., Any], case: Case) -> Seen:
    """Call it with standard output watched, and a second time."""
    runs = []
    screens = []
    for reply in (case.reply(), case.reply()):
        screens.append(Screen(reply))
        with redirect_stdout(screens[-1]):
            runs.append(call("show", answer, case, reply, case.model(reply), case.prompt))
    screen = screens[0]
    again = runs[1].returned
    return Seen.of(runs[0], printed=screen.getvalue(), flushed=screen.flushed, again=again)


MISTAKES: Mistakes[Seen] = {
    "prints nothing": lambda s: bool(s.reply.text) and not s.printed.strip(),
    "prints chunks": lambda s: not s.in_order and bool(re.search(r"\bcontent=", s.printed)),
    "prints each piece on a line": lambda s: (
        not s.in_order and s.loose and s.printed.count("\n") > s.reply.text.count("\n") + 2
    ),
    "prints something between": lambda s: (
        not s.in_order and s.loose and len(s.printed) > len(s.reply.text)
    ),
    "prints without white space": lambda s: not s.in_order and s.loose,
    "drops the first chunk": lambda s: (
        s.case.compact and s.printed.strip("\n") == "".join(s.reply.pieces[1:])
    ),
    "prints another text": lambda s: not s.in_order,
    "collected first": lambda s: 1 < s.total == s.reply.most_held,
    "held back": lambda s: s.reply.most_held > 0,
    "doesn't flush": lambda s: not s.flushed,
    "keeps text of an earlier call": lambda s: (
        s.returned != s.again and s.again == f"{s.returned}{s.reply.text}"
    ),
    "strips the text": lambda s: (
        s.returned != s.reply.text and s.returned.strip() == s.reply.text.strip()
    ),
    "returns part of the text": lambda s: s.returned != s.reply.text and s.returned in s.reply.text,
    "returns another text": lambda s: s.returned != s.reply.text,
}

check = Exercise(
    observe,
    cases=(
        Case(text=RIVERS, seed=11),
        Case(text=HARBOUR, seed=12),
        Case(text=" \nThe tide turns.\n\nTwice a day. ", seed=13),
        Case(text=RIVERS, seed=14, compact=True),
        Case(text=RIVERS, seed=15, prompt=" Why do rivers bend?\n"),
        Case(pieces=(), when="for an empty reply"),
    ),
    mistakes=MISTAKES,
)
