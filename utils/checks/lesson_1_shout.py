"""The check of exercise 1.4: a chain that answers in capitals and still streams."""

from collections.abc import Iterator
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable

from utils.checks.attempt import learners_code
from utils.checks.lesson_1_given import HARBOUR, PROMPT, RIVERS
from utils.checks.observe import (
    asked_the_given_model,
    first_difference,
    kind,
    plain_call,
    the_function,
)
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import Probe, ProbeModel, cut


def shout(answer: object) -> str:
    """A chain that answers in capitals and streams."""
    function = the_function(answer, "shout")
    for seed, text in ((41, RIVERS), (42, HARBOUR)):
        probe = Probe(cut(text, seed))
        with learners_code():
            chain = function(ProbeModel(probe=probe))
        chain = _the_chain(chain, probe)
        items = []
        for item in _items_from(chain, probe):
            asked_the_given_model(probe, "shout")  # now, since another one may take long
            items.append(item)
        asked_the_given_model(probe, "shout")
        _in_capitals(items, probe)
        _still_streams(items, probe)
    return (
        f"The first text came out before the model had written the rest, in {len(items)} items, "
        "all in capitals."
    )


def _the_chain(chain: object, probe: Probe) -> Runnable[Any, Any]:
    if probe.requests:
        raise NotYet(
            "`shout` already asked the model. It should build a chain and return it; whoever "
            "calls `.stream()` on the chain asks."
        )
    if isinstance(chain, Runnable):
        return chain
    if isinstance(chain, Iterator):
        raise NotYet(
            "`shout` returns a stream. It should return the chain, on which others call "
            "`.stream()`, as often as they like."
        )
    if chain is None:
        raise NotYet("`shout` returns `None`; is there a `return`?")
    plain_call(chain, "shout")
    raise NotYet(f"`shout` returns {kind(chain)}; the exercise asks for a chain, made with `|`.")


def _items_from(chain: Runnable[Any, Any], probe: Probe) -> Iterator[Any]:
    with learners_code():
        yield from probe.watch(chain.stream(PROMPT))


def _in_capitals(items: list[Any], probe: Probe) -> None:
    odd = next((item for item in items if not isinstance(item, str)), None)
    if odd is not None:
        raise NotYet(f"The chain hands out {kind(odd)}; {_no_text(odd)}")
    text, whole = "".join(items), probe.text.upper()
    if text == whole:
        return
    if text == probe.text:
        raise NotYet("The text came out unchanged: it isn't in capitals.")
    if text == probe.text.lower():
        raise NotYet("The text came out in small letters; the exercise asks for capitals.")
    if text.upper() == whole:
        raise NotYet("Some of the text is in capitals and some isn't.")
    if not text:
        raise NotYet("No text came out of the chain.")
    if whole.startswith(text.upper()):
        what = "character" if len(text) == 1 else f"{len(text)} characters"
        raise NotYet(
            f"Only the first {what} of {len(whole)} came out: {shown(text)}. What ends your step "
            "there?"
        )
    raise NotYet(f"The text changed. {first_difference(text, whole)}")


def _no_text(item: object) -> str:
    """The second half of a sentence on an item of a chain that isn't a text."""
    if isinstance(item, BaseMessage):
        return "the text is to come out as text. Which step of the colleague's chain saw to that?"
    if isinstance(item, Iterator):
        return (
            "nobody has taken the text out of it yet. LangChain calls a function with the stream "
            "if the function itself has a `yield` in it, and else once, with the whole text."
        )
    return "each item is to be a text. What does your step hand on?"


def _still_streams(items: list[str], probe: Probe) -> None:
    total = len(probe.pieces)
    if probe.invoked:
        raise NotYet(
            "The text is right, and the model was called with `invoke` inside the chain: it "
            f"answered only when all {total} pieces were written."
        )
    if sum(bool(item) for item in items) == 1:
        raise NotYet(
            f"The text is right, and it came in one item, after all {total} pieces had gone in. "
            "One of the steps waits for the whole text."
        )
    if probe.most_held == total:
        raise NotYet(
            f"The text is right, and it was collected first: all {total} pieces had gone in before "
            f"the first of {len(items)} items came out. Cutting it up again doesn't bring the "
            "time back."
        )
    if probe.most_held > total / 2:
        raise NotYet(
            f"The text starts in time, and then up to {probe.most_held} of {total} pieces are "
            "held back."
        )
