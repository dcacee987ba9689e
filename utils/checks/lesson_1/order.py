"""Check for 1.order: put lines of code in order, so that they measure TTFT and total time."""

import linecache
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.reply import FIRST_AFTER, ROLE_AFTER, Reply
from utils.checks.engine.run import HARBOUR, Case
from utils.checks.engine.virtual_time import clock, now

TTFT = ROLE_AFTER + FIRST_AFTER  # in seconds; an empty chunk precedes the first text

_FILE = "<your order>"  # the file name that tracebacks show for the ordered lines


@dataclass(frozen=True, kw_only=True)
class Seen:
    lines: Mapping[str, str] = field(default_factory=dict)  # the code of each line, by letter
    given: Any = ""
    is_order: bool = True  # whether the order is a string or a list of single letters
    letters: str = ""  # the letters of the order, without separators
    unknown: str = ""  # the first letter that doesn't name a line; "" if there is none
    repeated: str = ""  # the first letter that appears more than once; "" if there is none
    syntax: SyntaxError | None = None  # the error if Python can't parse the ordered lines
    error: Exception | None = None  # the exception that the ordered lines raised
    values: Mapping[str, Any] = field(default_factory=dict)  # the variables' values after the run
    missing: Sequence[str] = ()  # the metrics that the lines didn't set to a float
    reply: Reply = field(default_factory=Reply)  # the reply whose latency the lines measured
    at: str = ""  # the letter of the line with the syntax error; "" if there is none
    empty_block: str = ""  # the letter of the line that opens an empty block; "" if there is none

    def measured(self, name: str, seconds: float) -> bool:
        """Whether metric `name` equals `seconds`, allowing for rounding errors."""
        return abs(float(self.values[name]) - seconds) < 1e-6


def observe(answer: Any, case: Case) -> Seen:
    if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], Mapping)):
        return Seen()
    lines, given = answer
    is_order = isinstance(given, str)
    if isinstance(given, list | tuple):
        is_order = all(isinstance(part, str) and len(part.strip()) == 1 for part in given)
    seen = Seen(lines=lines, given=given, is_order=is_order, **letters_in(given, lines))
    return seen if seen.unknown else _run(seen, case)


def letters_in(given: object, names: Collection[str]) -> dict[str, Any]:
    """Return an order's letters in upper case, its first unknown letter and its first repeated one.

    The keys are fields of `Seen`. A value is "" if there is no such letter, or if `given` isn't a
    list, a tuple or a string.
    """
    text = "".join(map(str, given)) if isinstance(given, list | tuple) else given
    letters = "".join(filter(str.isalnum, text.upper())) if isinstance(text, str) else ""
    return {
        "letters": letters,
        "unknown": next((each for each in letters if each not in names), ""),
        "repeated": next((each for each in letters if letters.count(each) > 1), ""),
    }


def _run(seen: Seen, case: Case) -> Seen:
    text = "\n".join(seen.lines[letter] for letter in seen.letters)
    # so that messages can quote the line that raised an exception
    linecache.cache[_FILE] = (len(text), None, text.splitlines(keepends=True), _FILE)
    failure: dict[str, Any] = {}  # the fields of `Seen` that describe a failure
    reply = case.reply()
    with clock():
        names = {"model": case.model(reply), "prompt": case.prompt, "perf_counter": now}
        try:
            exec(compile(text, _FILE, "exec", dont_inherit=True), names)
        except SyntaxError as error:
            # matches "expected an indented block after 'for' statement on line 3", for example
            opens = re.search(r"expected an indented block .*on line (\d+)", str(error))
            line = min(error.lineno or 1, len(seen.letters))  # `lineno` may be past the last line
            failure = {"syntax": error, "at": seen.letters[line - 1]}
            failure["empty_block"] = seen.letters[int(opens[1]) - 1] if opens else ""
        except Exception as error:
            failure = {"error": error}
    missing = [name for name in ("ttft", "total") if not isinstance(names.get(name), float)]
    return replace(seen, **failure, values=names, missing=missing, reply=reply)


MISTAKES: Mistakes[Seen] = {
    "no lines": lambda s: not s.lines,
    "no string": lambda s: not s.is_order,
    "empty": lambda s: not s.letters,
    "no such line": lambda s: bool(s.unknown),
    "repeats a line": lambda s: bool(s.repeated),
    "all lines": lambda s: len(s.letters) == len(s.lines),
    "empty block": lambda s: bool(s.empty_block),
    "indented without a block": lambda s: (
        s.syntax is not None and "unexpected indent" in s.syntax.msg
    ),
    "syntax": lambda s: s.syntax is not None,
    "raises": lambda s: s.error is not None,
    "no figure": lambda s: bool(s.missing),
    "total": lambda s: not s.measured("total", s.reply.lasts),
    "first chunk": lambda s: s.measured("ttft", ROLE_AFTER),
    "last chunk": lambda s: s.measured("ttft", s.reply.lasts),
    "ttft": lambda s: not s.measured("ttft", TTFT),
}

check = Exercise(observe, cases=(Case(text=HARBOUR, seed=31),), mistakes=MISTAKES)
