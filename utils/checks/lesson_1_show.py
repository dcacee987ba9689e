"""The check of exercise 1.1: each piece on the screen as it arrives, and the whole text back."""

import re
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from langchain_core.messages import BaseMessage

from utils.checks.attempt import learners_code
from utils.checks.lesson_1_given import HARBOUR, PROMPT, RIVERS
from utils.checks.observe import (
    asked_for_a_stream,
    first_difference,
    kind,
    plain_call,
    the_function,
)
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import Probe, ProbeModel, Screen, cut


def show(answer: object) -> str:
    """Prints each piece as it arrives, flushed, and returns the whole text."""
    function = the_function(answer, "show")
    for seed, text in ((11, RIVERS), (12, HARBOUR)):
        probe = Probe(cut(text, seed))
        screen = Screen(probe)
        returned = _called(function, probe, screen)
        plain_call(returned, "show", probe)
        asked_for_a_stream(probe, "show")
        _printed(screen.getvalue(), probe)
        _printed_in_time(probe, screen)
        _nothing_from_before(returned, function, probe)
        _returned_text(returned, probe)
    return (
        f"Each of {len(probe.pieces)} pieces was on the screen before the next one was asked for, "
        "and the whole text came back."
    )


def _called(function: Callable[..., Any], probe: Probe, screen: Screen) -> object:
    with redirect_stdout(screen), learners_code():
        return function(ProbeModel(probe=probe), PROMPT)


def _printed(printed: str, probe: Probe) -> None:
    text = probe.text
    if printed.strip() == text:
        return
    if not printed.strip():
        raise NotYet("Nothing was printed. The reader should see each piece of text.")
    if re.search(r"\bcontent=", printed):
        raise NotYet(
            "What was printed is the chunk with all its fields, "
            f"{shown(printed.splitlines()[0])}. A reader wants the text in it."
        )
    if printed.split() != text.split() and "".join(printed.split()) == "".join(text.split()):
        between = "a new line" if printed.count("\n") > text.count("\n") else "something"
        raise NotYet(
            f"There is {between} between the pieces: {shown(printed[:40])}. "
            "What does `print` add after each piece?"
        )
    raise NotYet(f"What was printed differs from the reply. {first_difference(printed, text)}")


def _printed_in_time(probe: Probe, screen: Screen) -> None:
    total = len(probe.pieces)
    if probe.most_held == total:
        raise NotYet(
            f"The screen stayed blank until all {total} pieces of the reply were there. The text "
            "is right, and it was collected first and printed afterwards."
        )
    if probe.most_held:
        raise NotYet(
            f"At one time {probe.most_held} of {total} pieces had arrived and weren't printed. "
            "Each should be on the screen before the next one is asked for."
        )
    if not screen.flushed:
        raise NotYet(
            "Each piece was printed in time but not flushed, so Python may keep it in a buffer "
            "and deliver it late. `print` has an argument for that."
        )


def _nothing_from_before(returned: object, function: Callable[..., Any], probe: Probe) -> None:
    """One call's text must not be in the next one's; to be sure, there is a next one."""
    if not isinstance(returned, str) or returned == probe.text:
        return
    if not returned.endswith(probe.text):
        return
    probe = Probe(probe.pieces)
    again = _called(function, probe, Screen(probe))
    if isinstance(again, str) and again == returned + probe.text:
        raise NotYet(
            "The printing is right. The text that came back ends with the reply, and text of an "
            f"earlier call still stands before it: {shown(returned[: -len(probe.text)])}. "
            "Each call should begin with nothing."
        )


def _returned_text(returned: object, probe: Probe) -> None:
    if isinstance(returned, str):
        if returned != probe.text:
            raise NotYet(
                f"The printing is right. The text that came back differs: it has {len(returned)} "
                f"characters, and the reply {len(probe.text)}."
            )
        return
    if returned is None:
        raise NotYet(
            "The printing is right, and the function returns `None`. A program also needs the "
            "whole text, to store it."
        )
    if isinstance(returned, BaseMessage):
        raise NotYet(
            "The printing is right. What comes back is a message; the exercise asks for its text."
        )
    raise NotYet(
        f"The printing is right. What comes back is {kind(returned)}; the exercise asks for one "
        "text."
    )
