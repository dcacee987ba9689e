"""Check for `closed`: if Markdown ends in an open code block, add the fence that closes it."""

import re
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.reply import Reply
from utils.checks.engine.run import Case, Run
from utils.checks.engine.stream_runner import call

_FENCE = "`" * 3
_FENCES = re.compile(rf"^ {{0,3}}{_FENCE}", re.MULTILINE)
_HALF_FENCES = ("`", "``")  # last lines that may become a fence as more text arrives
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


@dataclass(kw_only=True)
class Seen(Run):
    kept: str  # the text, without the last line if that consists of one or two backticks
    open: bool  # whether a code block is still open at the end of `kept`

    @property
    def added(self) -> int:
        """How many more fences the result contains than `kept`."""
        return len(_FENCES.findall(self.returned)) - len(_FENCES.findall(self.kept))

    @property
    def right(self) -> bool:
        """Whether the result is correct, ignoring blank lines next to an added or removed fence."""
        text = self.case.text
        # the result may keep a last line of one or two backticks if that line is indented
        indented = text.endswith((" `", " ``"))
        return self._matches(self.kept) or (indented and self._matches(text))

    def _matches(self, kept: str) -> bool:
        """Whether the result is `kept`, followed by a fence on its own line if a block is open."""
        if self.open:
            found = re.fullmatch(rf"(.*?)\n+ {{0,3}}{_FENCE}\s*", self.returned, re.DOTALL)
            return found is not None and found[1] == kept.rstrip("\n")
        if kept == self.case.text:
            return bool(self.returned == kept)
        return bool(self.returned.rstrip("\n") == kept.rstrip("\n"))


def observe(answer: Any, case: Case) -> Seen:
    lines = case.text.split("\n")
    kept = "\n".join(lines[:-1] if lines[-1].strip() in _HALF_FENCES else lines)
    run = call("closed", answer, case, Reply(), case.text)  # the reply is a placeholder
    return Seen.of(run, kept=kept, open=len(_FENCES.findall(kept)) % 2 == 1)


MISTAKES: Mistakes[Seen] = {
    "escapes HTML": lambda s: (
        not s.right and any(each in s.returned for each in ("&lt;", "&amp;", "&quot;", "&#"))
    ),
    "keeps half a fence": lambda s: (
        not s.right
        and s.kept != s.case.text
        and any(line.strip() in _HALF_FENCES for line in s.returned.split("\n"))
    ),
    "fence without an open block": lambda s: not s.open and s.added > 0,
    "fence in mid-line": lambda s: (
        s.open
        and s.added < 1
        and s.returned.rstrip().endswith(_FENCE)
        and not s.returned.rstrip().split("\n")[-1].lstrip().startswith(_FENCE)
    ),
    "leaves the block open": lambda s: (
        not s.right and s.open and s.added < 1 and s.kept.rstrip("\n") in s.returned
    ),
    "changes the rest": lambda s: not s.right,
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
    "a line of three tildes": "See:\n\n~~~\nand wait",
    "a fence of four backticks": f"See:\n\n`{_FENCE}md\nx",
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
    "an empty string": "",
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
