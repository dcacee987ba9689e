"""Half-written Markdown with its code fence closed."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.reply import Reply
from utils.checks.engine.run import Case, Run
from utils.checks.engine.stream_runner import call

_FENCE = "`" * 3
_OPENS = re.compile(rf"^ {{0,3}}{_FENCE}", re.MULTILINE)
_MARKDOWN = f"""# A loop

Call `next` or write:

{_FENCE}python
for chunk in stream:
    print(chunk)
{_FENCE}

A fence is ``` at the start of a line.

- In a list:

  {_FENCE}
  if a < b & c: pass
  {_FENCE}

Done"""


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """A repair of the case's text."""

    @property
    def given(self) -> str:
        """The text that was to be repaired."""
        return self.case.text

    @property
    def half_fence(self) -> bool:
        """Whether the last line is one or two backticks."""
        return self.given.split("\n")[-1].strip() in ("`", "``")

    @property
    def kept(self) -> str:
        """The text without half a fence at its end."""
        *lines, last = self.given.split("\n")
        return "\n".join(lines if self.half_fence else [*lines, last])

    @property
    def open(self) -> bool:
        """Whether a block is open in what is kept."""
        return bool(len(_OPENS.findall(self.kept)) % 2)

    @property
    def added(self) -> int:
        """How many fences were added."""
        return len(_OPENS.findall(self.returned)) - len(_OPENS.findall(self.kept))

    @property
    def right(self) -> bool:
        """Whether it is repaired; blank lines at the end, and beside a new fence, do no harm."""
        if self.given.endswith((" `", " ``")) and self._fits(self.given):
            return True  # half a fence after spaces may stay: the exercise speaks of backticks only
        return self._fits(self.kept)

    def _fits(self, kept: str) -> bool:
        if not self.open and kept == self.given:
            return bool(self.returned == kept)
        return _loosely(self.returned, self.open) == _loosely(
            f"{kept}\n{_FENCE}" if self.open else kept, self.open
        )

    @property
    def code_line(self) -> str:
        """The last line, if it begins with inline code."""
        last = self.kept.split("\n")[-1]
        return last if re.match("`{1,2}[^`]", last) else ""


def _loosely(text: str, is_open: bool) -> str:
    if is_open:
        return re.sub(rf"\n+ {{0,3}}{_FENCE}\s*\Z", f"\n{_FENCE}", text)
    return text.rstrip("\n")


def _squeezed(text: str) -> str:
    return re.sub(r"\n+", "\n", text).strip("\n")


def observe(answer: Callable[..., Any], case: Case) -> Seen:
    """Repair one text."""
    return Seen.of(call("closed", answer, case, Reply(), case.text))


def _half(s: Seen) -> list[str]:
    return [line for line in s.returned.split("\n") if line.strip() in ("`", "``")]


MISTAKES: Mistakes[Seen] = {
    "escapes HTML": lambda s: (
        not s.right
        and s.returned != s.given
        and (
            html.unescape(s.returned) != s.returned
            and _squeezed(s.kept) in _squeezed(html.unescape(s.returned))
        )
    ),
    "keeps half a fence": lambda s: not s.right and s.half_fence and bool(_half(s)),
    "drops inline code": lambda s: bool(s.code_line) and s.code_line not in s.returned,
    "repairs what is whole": lambda s: (
        not s.right and not s.open and not s.half_fence and s.added <= 0
    ),
    "loses text": lambda s: not s.right and _squeezed(s.kept) not in _squeezed(s.returned),
    "adds two fences": lambda s: not s.right and s.open and s.added > 1,
    "fence without an open block": lambda s: not s.right and not s.open and s.added > 0,
    "fence in mid-line": lambda s: (
        not s.right
        and s.added < s.open
        and s.returned.rstrip().endswith(_FENCE)
        and not _OPENS.match(s.returned.rstrip().split("\n")[-1])
    ),
    "leaves the block open": lambda s: not s.right and s.added < s.open,
    "changes blank lines": lambda s: not s.right and s.kept.rstrip("\n") not in s.returned,
    "another text": lambda s: not s.right,
}

_TEXTS = {
    "an open block": f"See:\n\n{_FENCE}python\nx = 1",
    "text without a fence": "Call `next`.\n\nThen wait.\n",
    "a block that is closed": f"See:\n\n{_FENCE}python\nx = 1\n{_FENCE}\n\nDone",
    "a block that has only begun": f"See:\n\n{_FENCE}",
    "a block that is closed and one that is open": f"{_FENCE}\na\n{_FENCE}\n{_FENCE}\nb",
    "three backticks inside a line": f"Write {_FENCE} to begin",
    "three backticks after four spaces": f"Write:\n\n    {_FENCE}\n    x",
    "three backticks after a tab": f"Write:\n\n\t{_FENCE}\n\tx",
    "text with other line breaks": "See:\r\n\r\nand wait",
    "one backtick and nothing else": "`",
    "two backticks and nothing else": "``",
    "a half-written bold word": "Sort it **in ",
    "code with < and & in it": f"{_FENCE}\nif a < b & c:\n    pass",
    "text with < and & in it": "Is a < b & c?",
    "a line of one backtick in the middle": "See:\n`\nor that",
    "a line of two backticks in the middle of a block": f"{_FENCE}\n``\nx",
    "a last line of one backtick": "See:\n`",
    "a last line of two backticks": "See:\n``",
    "two backticks in an open block": f"{_FENCE}\nx = 1\n``",
    "a last line that is short": "See:\nab",
    "a last line that ends in a backtick": "Call `next`",
    "a last line that begins with inline code": "See:\n`next` waits",
    "an empty text": "",
    "an open block indented by one space": f"- Run:\n\n {_FENCE}sh\n ls",
    "an open block indented by three spaces": f"- Run:\n\n   {_FENCE}sh\n   ls",
    "a closed block indented by two spaces": f"- Run:\n\n  {_FENCE}\n  ls\n  {_FENCE}\n- See",
    "a block with one fence indented": f"{_FENCE}\nls\n  {_FENCE}\n\nDone",
}

check = Exercise(
    observe,
    cases=(
        *(Case(text=text, when=f"for {what}") for what, text in _TEXTS.items()),
        *(
            Case(text=_MARKDOWN[:end], when=f"for the first {end} characters of a reply")
            for end in range(len(_MARKDOWN))
        ),
    ),
    mistakes=MISTAKES,
    opts_out={"swallows the error": "there is no stream in this exercise"},
)
