"""The check of exercise 3.5: half-written Markdown with its code fence closed."""

import re
from collections.abc import Callable
from typing import Any

from utils.checks.engine.student_code import learners_code
from utils.checks.engine.wording import shown
from utils.checks.observe import not_asked_for, plain_call, the_function
from utils.checks.outcome import NotYet

_FENCE = "`" * 3
_SPACES = ("no space", "one space", "two spaces", "three spaces")  # more, and it isn't a fence
_MARKDOWN = f"""# A loop

Call `next` or write:

{_FENCE}python
for chunk in stream:
    print(chunk)
{_FENCE}

A fence is ``` at the start of a line.

- In a list:

  {_FENCE}
  ok
  {_FENCE}

Done"""

_TEXTS = (
    ("a text without a fence", "Call `next`.\n\nThen wait.\n"),
    ("a block that is closed", f"See:\n\n{_FENCE}python\nx = 1\n{_FENCE}\n\nDone"),
    ("an open block", f"See:\n\n{_FENCE}python\nx = 1"),
    ("a block that has only begun", f"See:\n\n{_FENCE}"),
    ("a block that is closed and one that is open", f"{_FENCE}\na\n{_FENCE}\n{_FENCE}\nb"),
    ("three backticks inside a line", f"Write {_FENCE} to begin"),
    ("three backticks after four spaces", f"Write:\n\n    {_FENCE}\n    x"),
    ("a half-written bold word", "Sort it **in "),
    ("a line of one backtick in the middle", "See:\n`\nor that"),
    ("a line of two backticks in the middle of a block", f"{_FENCE}\n``\nx"),
    ("a last line of one backtick", "See:\n`"),
    ("a last line of two backticks", "See:\n``"),
    ("two backticks in an open block", f"{_FENCE}\nx = 1\n``"),
    ("a last line that is short", "See:\nab"),
    ("a last line that ends in a backtick", "Call `next`"),
    ("a last line that begins with inline code", "See:\n`next` waits"),
    ("an empty text", ""),
    *(
        (f"{what} whose fences stand after {_SPACES[len(indent)]}", text)
        for indent in (" ", "  ", "   ")
        for what, text in (
            ("an open block", f"- Run:\n\n{indent}{_FENCE}sh\n{indent}ls"),
            ("a closed block", f"- Run:\n\n{indent}{_FENCE}\n{indent}ls\n{indent}{_FENCE}\n- See"),
        )
    ),
    ("a block with one fence indented", f"{_FENCE}\nls\n  {_FENCE}\n\nDone"),
)


def closed(answer: object) -> str:
    """Half-written Markdown, at any point of it, with its fence closed."""
    function = the_function(answer, "closed")
    for what, text in _TEXTS:
        _repaired(function, text, what)
    for end in range(len(_MARKDOWN)):
        _repaired(function, _MARKDOWN[:end], f"the first {end} characters of a reply")
    return f"A reply with two blocks, shown after each of its {len(_MARKDOWN)} characters."


def _repaired(function: Callable[..., Any], text: str, what: str) -> None:
    with learners_code(f"for {what}"):
        returned = function(text)
    plain_call(returned, "closed")
    if not isinstance(returned, str):
        raise NotYet(not_asked_for(returned, "a text"))
    kept, is_open = _kept(text)
    right = _with_fence(kept, is_open)
    loosely = is_open or kept != text
    got = _end_loosely(returned, is_open)
    if returned == right or (loosely and got == _end_loosely(right, is_open)):
        return
    if text.endswith((" `", " ``")) and got == _end_loosely(_with_fence(text, is_open), is_open):
        return  # half a fence after spaces may stay: the exercise speaks of backticks alone
    raise NotYet(f"For {what}, {_seen(text)}: {_unlike(returned, text, kept, is_open)}")


def _unlike(returned: str, text: str, kept: str, is_open: bool) -> str:
    """What is wrong with a repair."""
    half_fences = [line for line in returned.split("\n") if line.strip() in ("`", "``")]
    if kept != text and half_fences:
        return "the last line may be a fence to come, and is still there."
    if (line := _begins_with_code(kept)) and line not in returned:
        return f"{_seen(returned)} came back. The last line is more than backticks, and it is gone."
    if _squeezed(kept) not in _squeezed(returned):
        if not is_open and kept == text:
            return f"nothing is to be repaired, and {_seen(returned)} came back."
        return f"{_seen(returned)} came back, and some of the text is lost or changed."
    added, wanted = _fences(returned) - _fences(kept), int(is_open)
    if added > wanted:
        return "a fence was added" + (" twice." if is_open else ", and no block is open.")
    if added < wanted and returned.rstrip().endswith(_FENCE) and _fences(returned):
        return f"{_seen(returned)} came back, where the last fence isn't on a line of its own."
    if added < wanted:
        return f"{_seen(returned)} came back, where the block is still open."
    if not is_open and kept == text:
        return f"nothing is to be repaired, and {_seen(returned)} came back."
    if kept.rstrip("\n") not in returned:
        return f"{_seen(returned)} came back, with other blank lines in the text than it had."
    return f"{_seen(returned)} came back."


def _seen(text: str) -> str:
    """A text for a message as Python to copy, whole."""
    return shown(repr(text), 4 * len(_MARKDOWN))


def _with_fence(text: str, is_open: bool) -> str:
    return f"{text}\n{_FENCE}" if is_open else text


def _end_loosely(text: str, is_open: bool) -> str:
    """A text without what does no harm at its end.

    That is blank lines before the new fence, spaces before it, and blank lines at the end.
    """
    if is_open:
        return re.sub(rf"\n+ {{0,3}}{_FENCE}\s*\Z", f"\n{_FENCE}", text)
    return text.rstrip("\n")


def _begins_with_code(text: str) -> str:
    """The last line, if it begins with inline code."""
    last = text.split("\n")[-1]
    return last if re.match("`{1,2}[^`]", last) else ""


def _squeezed(text: str) -> str:
    return re.sub(r"\n+", "\n", text).strip("\n")


def _kept(text: str) -> tuple[str, bool]:
    """The text without half a fence at its end, and whether a block is open in it."""
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    kept = "\n".join(lines)
    return kept, bool(_fences(kept) % 2)


def _fences(text: str) -> int:
    return len(re.findall(f"^ {{0,3}}{_FENCE}", text, re.MULTILINE))
