"""Check for `show`: print each piece as it arrives and return the whole text."""

import threading
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.isolation import Printed
from utils.checks.engine.mistakes import TEXT, unspaced
from utils.checks.engine.reply import Reply
from utils.checks.engine.run import REPLIES, Case, Run
from utils.checks.engine.stream_runner import call


class Screen(Printed):
    """A stand-in for standard output that records whether printed text is flushed in time."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self._reply = reply
        reply.between = self._await_threads
        self._threads = threading.active_count()
        self._shows_all = threading.Condition()
        self._patience = 0.5  # the longest wait for other threads during a delay, in real seconds
        # value of `taken` when the oldest unflushed text was printed; None if everything is flushed
        self._waiting_since: int | None = None
        self.flushed = True  # whether all printed text was flushed before the next piece was taken

    def write(self, text: str) -> int:
        """Write the text, and add it to the reply's log."""
        self._look()
        if text:
            self._reply.out(text)
            if self._waiting_since is None:
                self._waiting_since = self._reply.taken
        with self._shows_all:
            self._shows_all.notify()
            return super().write(text)

    def flush(self) -> None:
        """Record that all text printed so far is now visible."""
        self._look()
        self._waiting_since = None

    def _await_threads(self) -> None:
        """Let other threads print the pieces taken so far, as a real delay would."""
        with self._shows_all:
            if threading.active_count() > self._threads and not self._shows_all.wait_for(
                lambda: self.tell() >= sum(map(len, self._reply.pieces[: self._reply.taken])),
                self._patience,
            ):
                self._patience = 0.0

    def _look(self) -> None:
        """Set `flushed` to False if a piece was taken before the printed text was flushed."""
        since = self._waiting_since  # another thread may change it
        if since is not None and self._reply.taken > since:
            self.flushed = False


@dataclass(kw_only=True)
class Seen(Run):
    printed: str
    flushed: bool  # see `Screen`
    again: Any  # the return value of the second call
    right: bool  # whether the printed text is the reply, ignoring line breaks around it
    respaced: bool  # whether the printed text differs from the reply only in white space


def observe(answer: Any, case: Case) -> Seen:
    runs, screens = [], []
    for reply in (case.reply(), case.reply()):
        screens.append(Screen(reply))
        args = (case.model(reply), case.prompt)
        with redirect_stdout(screens[-1]):
            runs.append(call("show", answer, case, reply, *args, passes_on=True))
    printed, text = screens[0].getvalue(), runs[0].reply.text
    right = text in printed and not printed.replace(text, "", 1).strip("\n")
    return Seen.of(
        runs[0],
        printed=printed,
        flushed=screens[0].flushed,
        again=runs[1].returned,
        right=right,
        respaced=not right and unspaced(printed) == unspaced(text),
    )


MISTAKES: Mistakes[Seen] = {
    "drops the first chunk": TEXT["drops the first chunk"],
    "prints nothing": lambda s: bool(s.reply.text) and not s.printed.strip(),
    "prints chunks": lambda s: not s.right and "content=" in s.printed,
    "prints each piece on a line": lambda s: (
        s.respaced and s.printed.count("\n") > s.reply.text.count("\n") + 2
    ),
    "prints something between": lambda s: s.respaced and len(s.printed) > len(s.reply.text),
    "prints without white space": lambda s: s.respaced,
    "prints the text again": lambda s: (
        not s.right and not s.printed.replace(s.reply.text, "").strip("\n")
    ),
    "prints the text so far": lambda s: (
        not s.right
        and len(s.printed) > 2 * len(s.reply.text)
        and s.printed.rstrip("\n").endswith(s.reply.text)
    ),
    "prints another text": lambda s: not s.right,
    "doesn't flush": lambda s: not s.flushed and s.reply.most_held == 0,
    "keeps text of an earlier call": lambda s: (
        s.returned != s.again and s.again == f"{s.returned}{s.reply.text}"
    ),
    **TEXT,
}

check = Exercise(observe, cases=REPLIES, mistakes=MISTAKES)
