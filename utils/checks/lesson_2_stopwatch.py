"""The check of exercise 2.2: a handler that measures TTFT by the clock it was given."""

import inspect
from collections.abc import Callable

from langchain_core.callbacks import BaseCallbackHandler

from utils.checks.handlers import listening, never_called, the_class
from utils.checks.lesson_2_heard import streamed
from utils.checks.observe import kind, near
from utils.checks.outcome import NotYet
from utils.checks.streams import Probe, cut
from utils.checks.texts import DANUBE, TIDE

_MakeHandler = Callable[..., BaseCallbackHandler]

_IDLE = 50.0  # seconds between making the handler and using it


def stopwatch(answer: object) -> str:
    """A handler that measures TTFT by the clock it was given."""
    make = the_class(answer, "Stopwatch")
    measured = _timed(make, Probe(cut(DANUBE, 71)))
    _timed(make, Probe(["", "", *cut(TIDE, 72)]), "for a reply with empty tokens before its text")
    _timed(make, Probe([""]), "for a reply without any text")
    return (
        f"It measured {measured:.1f} s to the first text, though it was made long before and empty "
        "tokens came first."
    )


def _timed(make: _MakeHandler, probe: Probe, when: str = "") -> float | None:
    """The TTFT in seconds that the handler measured, and rightly."""
    looked: list[float] = []

    def clock() -> float:
        looked.append(probe.clock())
        return looked[-1]

    handler = make(clock=clock)
    probe.clock.advance(_IDLE)
    asked = probe.clock()
    looked.clear()
    readings: list[object] = []  # of `.ttft`, until text came and then on
    first: float | None = None
    at_first: object = None
    with listening(handler, when):
        for chunk in streamed(probe, handler):
            reading = getattr(handler, "ttft", None)
            if chunk.text and first is None:
                first, at_first = probe.clock() - asked, reading
            if first is None:
                readings.append(reading)
    early = next((reading for reading in readings if reading is not None), None)
    final = getattr(handler, "ttft", None)
    case = f" {when}" if when else ""
    if first is None:
        if final is not None:
            raise NotYet(f"`.ttft` got a figure{case}. Where no text comes, it stays `None`.")
        return None
    if final is None:
        raise NotYet(
            f"The reply is over, and `.ttft` is still `None`{case}{never_called(handler)}."
        )
    suspect = next(reading for reading in (early, at_first, final) if reading is not None)
    if isinstance(suspect, bool) or not isinstance(suspect, int | float):
        raise NotYet(f"`.ttft` is {kind(suspect)}; it should be a number of seconds.")
    if not looked:
        raise NotYet(
            f"`.ttft` came out as {suspect:.4f} s, and nobody looked at `self.clock` while the "
            "model ran. By which clock was that?"
        )
    _not_another_time(suspect, asked, first, case)
    if early is not None:
        raise NotYet(
            f"`.ttft` was {suspect:.1f} s when no text had come yet{case}. The first text came "
            f"after {first:.1f} s.{_what_is_held(handler)}"
        )
    if at_first is None:
        raise NotYet(f"Text was there, and `.ttft` still `None`{case}; it got its figure later.")
    if final != at_first:
        raise NotYet(
            f"`.ttft` was {suspect:.1f} s when the first text came, and {final:.1f} s when the "
            f"reply was over{case}. Which token should it measure?"
        )
    if not near(suspect, first):
        raise NotYet(
            f"`.ttft` came out as {suspect:.1f} s{case}, and the first text came {first:.1f} s "
            "after the model was asked. When does your handler begin to count?"
        )
    return suspect


def _what_is_held(handler: BaseCallbackHandler) -> str:
    """A sentence, if the method takes the chunk where the token was meant."""
    names = inspect.signature(handler.on_llm_new_token).parameters
    if "chunk" not in names or "token" in names:
        return ""
    return " By the name `chunk` LangChain hands over an object, which is true without text, too."


def _not_another_time(ttft: float, asked: float, first: float, case: str) -> None:
    if ttft < 0:
        raise NotYet(f"`.ttft` came out as {ttft:.1f} s{case}. Which look at the clock came first?")
    if near(ttft, 1000 * first):
        raise NotYet(f"`.ttft` came out as {ttft:.0f}{case}; the exercise asks for seconds.")
    if ttft >= asked:
        raise NotYet(
            f"`.ttft` came out as {ttft:.1f}{case}, which is what the clock showed. How long "
            "something took is the difference between two looks at a clock."
        )
    if ttft > _IDLE:
        raise NotYet(
            f"`.ttft` came out as {ttft:.1f} s{case}. Of these, {_IDLE:.0f} s lay between making "
            "the handler and asking the model."
        )
