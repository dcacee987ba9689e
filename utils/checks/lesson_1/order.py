"""Lines to arrange so that they measure TTFT and the total; the check runs them."""

import linecache
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from utils.checks.engine import virtual_time
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.reply import FIRST_AFTER, ROLE_AFTER, Reply
from utils.checks.engine.run import HARBOUR, Case

_FILE = "<your order>"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An arrangement of the lines and, if Python can run it, what it measured."""

    answer: Any
    lines: Mapping[str, str] = field(default_factory=dict)
    letters: str = ""
    syntax: SyntaxError | None = None
    error: Exception | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    reply: Reply = field(default_factory=Reply)

    @property
    def given(self) -> Any:
        """The order that was passed."""
        return self.answer[1]

    @property
    def given_letters(self) -> bool:
        """Whether the order is a string, or a list of single letters."""
        return isinstance(self.given, str) or (
            isinstance(self.given, list | tuple)
            and all(isinstance(one, str) and len(one.strip()) == 1 for one in self.given)
        )

    @property
    def unknown(self) -> str:
        """The first letter that doesn't name a line, or ""."""
        return next((letter for letter in self.letters if letter not in self.lines), "")

    @property
    def repeated(self) -> str:
        """The first letter that appears more than once, or ""."""
        return next((one for one in self.letters if self.letters.count(one) > 1), "")

    @property
    def at(self) -> str:
        """The line in which Python found an error."""
        line = self.syntax.lineno if self.syntax else 1
        return self.letters[min(line or 1, len(self.letters)) - 1]

    @property
    def empty_block(self) -> str:
        """The line that opens an empty block, or ""."""
        found = re.search(r"expected an indented block .*on line (\d+)", str(self.syntax))
        return self.letters[int(found[1]) - 1] if found else ""

    @property
    def missing(self) -> list[str]:
        """The metrics that the lines didn't assign."""
        return [name for name in ("ttft", "total") if not isinstance(self.values.get(name), float)]

    @property
    def first(self) -> float:
        """The correct TTFT."""
        return ROLE_AFTER + FIRST_AFTER

    def is_(self, name: str, seconds: float) -> bool:
        """Whether a metric has this value, except for rounding."""
        return abs(float(self.values[name]) - seconds) < 1e-6


def observe(answer: Any, case: Case) -> Seen:
    """Run the lines in the given order."""
    if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], Mapping)):
        return Seen(answer=answer)
    lines, given = answer
    if isinstance(given, list | tuple):
        given = "".join(map(str, given))
    if not isinstance(given, str):
        return Seen(answer=answer, lines=lines)
    letters = "".join(letter for letter in given.upper() if letter.isalnum())
    if set(letters) - set(lines):
        return Seen(answer=answer, lines=lines, letters=letters)
    reply = case.reply()
    return _run(Seen(answer=answer, lines=lines, letters=letters, reply=reply), case)


def _run(seen: Seen, case: Case) -> Seen:
    text = "\n".join(seen.lines[letter] for letter in seen.letters)
    linecache.cache[_FILE] = (len(text), None, text.splitlines(keepends=True), _FILE)
    how: dict[str, Any] = {}
    with virtual_time.clock() as clock:
        names = {"model": case.model(seen.reply), "prompt": case.prompt, "perf_counter": clock.time}
        try:
            exec(compile(text, _FILE, "exec", dont_inherit=True), names)
        except SyntaxError as error:
            how["syntax"] = error
        except Exception as error:
            how["error"] = error
    return Seen(**{**vars(seen), **how, "values": names})


MISTAKES: Mistakes[Seen] = {
    "no lines": lambda s: not s.lines,
    "no string": lambda s: not s.given_letters,
    "empty": lambda s: not s.letters,
    "no such line": lambda s: bool(s.unknown),
    "repeats a line": lambda s: bool(s.repeated),
    "empty block": lambda s: bool(s.empty_block),
    "indented without a block": lambda s: (
        s.syntax is not None and "unexpected indent" in s.syntax.msg
    ),
    "syntax": lambda s: s.syntax is not None,
    "raises": lambda s: s.error is not None,
    "no figure": lambda s: bool(s.missing),
    "doesn't read the reply": lambda s: s.reply.taken < len(s.reply.pieces),
    "total": lambda s: not s.is_("total", s.reply.lasts),
    "first chunk": lambda s: s.is_("ttft", ROLE_AFTER),
    "last chunk": lambda s: s.is_("ttft", s.reply.lasts),
    "ttft": lambda s: not s.is_("ttft", s.first),
}

check = Exercise(observe, cases=(Case(text=HARBOUR, seed=31),), mistakes=MISTAKES)
