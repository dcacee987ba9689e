"""The check of exercise 1.3: lines in an order that measures TTFT and the total; they are run."""

import linecache
from collections.abc import Mapping
from typing import Any

from utils.checks.attempt import LearnersError, told
from utils.checks.lesson_1_given import HARBOUR, PROMPT
from utils.checks.observe import kind, near
from utils.checks.outcome import NotYet
from utils.checks.streams import FIRST_AFTER, ROLE_AFTER, Clock, Probe, ProbeModel, cut

_ORDER_FILE = "<your order>"


def order(answer: object) -> str:
    """An arrangement of lines that measures TTFT and the total; it is run."""
    if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], Mapping)):
        raise NotYet('The check wants the lines and your order: `check("1.3", (lines, order))`.')
    lines, letters = answer[0], _letters(answer[1], answer[0])
    probe = Probe(cut(HARBOUR, 31))
    values = _arranged(lines, letters, probe)
    _measured(values, _clocked(probe))
    return (
        f"It measured {values['ttft']:.1f} s to the first text and {values['total']:.1f} s in "
        "all, which is what the reply took."
    )


def _letters(given: object, lines: Mapping[str, str]) -> list[str]:
    if isinstance(given, list | tuple):
        given = "".join(str(letter) for letter in given)
    if not isinstance(given, str):
        raise NotYet(f'The order is a text such as "CAB", not {kind(given)}.')
    letters = [letter for letter in given.upper() if letter.isalnum()]
    if not letters:
        raise NotYet('The order is empty; write letters such as "CAB".')
    for letter in letters:
        if letter not in lines:
            raise NotYet(f"There is no line {letter}; the lines are {', '.join(lines)}.")
        if letters.count(letter) > 1:
            raise NotYet(f"Line {letter} stands in your order {letters.count(letter)} times.")
    return letters


def _arranged(lines: Mapping[str, str], letters: list[str], probe: Probe) -> dict[str, Any]:
    """The values that the lines leave behind."""
    text = "\n".join(lines[letter] for letter in letters)
    try:
        code = compile(text, _ORDER_FILE, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise NotYet(_unreadable(error, lines, letters)) from None
    linecache.cache[_ORDER_FILE] = (len(text), None, text.splitlines(keepends=True), _ORDER_FILE)
    values: dict[str, Any] = {
        "model": ProbeModel(probe=probe),
        "prompt": PROMPT,
        "perf_counter": probe.clock,
    }
    try:
        exec(code, values)
    except Exception as error:
        raise LearnersError(told(error, "in this order")) from error
    missing = [name for name in ("ttft", "total") if not isinstance(values.get(name), int | float)]
    if missing:
        names = " and ".join(f"`{name}`" for name in missing)
        raise NotYet(f"In this order {names} got no figure by the time the lines were done.")
    if probe.taken < len(probe.pieces):
        raise NotYet(
            f"In this order {probe.taken} of {len(probe.pieces)} pieces of the reply were read."
        )
    return values


def _unreadable(error: SyntaxError, lines: Mapping[str, str], letters: list[str]) -> str:
    at = min(error.lineno or 1, len(letters)) - 1
    here = letters[at]
    if "expected an indented block" in error.msg:
        if lines[here].rstrip().endswith(":") and at == len(letters) - 1:
            return f"Line {here} opens a block with its `:`, and nothing follows in it."
        return (
            f"Line {letters[at - 1]} opens a block with its `:`, and line {here} after it isn't "
            "indented deeper, so it can't be in the block."
        )
    if "indent" in error.msg:
        return (
            f"Line {here} is indented, and there is no open block of that depth before it for it "
            "to stand in."
        )
    return f"Python can't read line {here} here: {error.msg}."


def _clocked(probe: Probe) -> tuple[float, float]:
    """TTFT and total of a reply of the probe model, in seconds."""
    first = ROLE_AFTER + FIRST_AFTER
    clock = Clock(0.0)
    again = Probe(probe.pieces, clock=clock)
    for _ in ProbeModel(probe=again).stream(PROMPT):
        pass
    return first, clock.now


def _measured(values: Mapping[str, Any], truth: tuple[float, float]) -> None:
    ttft, total = values["ttft"], values["total"]
    first, whole = truth
    if not near(total, whole):
        raise NotYet(
            f"`total` came out as {total:.1f} s, and the reply took {whole:.1f} s. Which lines "
            "run between the two looks at the clock?"
        )
    if near(ttft, first):
        return
    if near(ttft, ROLE_AFTER):
        raise NotYet(
            f"`ttft` came out as {ttft:.1f} s: that is when an empty chunk arrived. The first "
            f"text came after {first:.1f} s."
        )
    if near(ttft, whole):
        raise NotYet(
            f"`ttft` came out as {ttft:.1f} s, as long as the whole reply, and the first text came "
            f"after {first:.1f} s. When does that line run, and how often?"
        )
    raise NotYet(f"`ttft` came out as {ttft:.1f} s, and the first text came after {first:.1f} s.")
