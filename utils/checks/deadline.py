"""The check of exercise 4.4: what arrives within a time limit, and nothing generated after it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import BaseMessage

from utils.checks.asked import asked_the_prompt, blocks_nothing
from utils.checks.async_streams import LiveProbe, LiveSwitchboard
from utils.checks.awaited import learners_tasks, tasks_at_work, the_result
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.virtual_time import SOON, run
from utils.checks.engine.wording import shown
from utils.checks.guard import judged
from utils.checks.listening import cancelled
from utils.checks.observe import (
    asked_the_given_model,
    first_difference,
    kind,
    names_in,
    no_blank_piece_lost,
    the_function,
)
from utils.checks.outcome import NotYet
from utils.checks.streams import GAP, ROLE_AFTER, ConnectionLost, cut, cut_at_lines
from utils.checks.texts import DANUBE, LIST, PROMPT, TIDE
from utils.checks.watching import ended_when_cancelled

_ANOTHER = "How does a tide come about?"
_QUICK = 0.1  # virtual seconds; who looks at a clock so often is quick enough


@judged("text_within")
def text_within(answer: object) -> str:
    """What arrived in time comes back in time, and the model is let go."""
    function = the_function(answer, "text_within")
    plenty = LiveProbe(cut_at_lines(LIST, 141))
    _within(function, plenty, 60.0)
    stalls = LiveProbe(cut(DANUBE, 142), silences={4: 30.0})
    _within(function, stalls, stalls.arrives(3) + 1)
    silent = LiveProbe(cut(TIDE, 143), first_after=20.0)
    _within(function, silent, 3.0, _ANOTHER)
    busy = LiveProbe(cut(DANUBE, 144))
    _within(function, busy, busy.arrives(7) + GAP / 5)
    nothing = LiveProbe(cut(TIDE, 148))
    _within(function, nothing, ROLE_AFTER / 2, when="when not even the empty first chunk had come")
    _loss_comes_out(function)
    _a_cancellation_comes_out(function)
    return (
        "The whole text where it fits, and what had come where it doesn't: in mid-reply, in a "
        "stall, and before the first token or any chunk at all. Each time the model was let go."
    )


@dataclass
class _Came:
    """What came of a call.

    Attributes:
        returned: What it returned.
        after: Seconds that it took.
        taken_later: Pieces that were taken from the model afterwards.
        let_go: Whether the model was let go soon after.
        at_work: The names of the learner's coroutines whose tasks were under way when it returned.
    """

    returned: Any
    after: float
    taken_later: int
    let_go: bool
    at_work: Sequence[str]


def _within(
    function: Callable[..., Any],
    probe: LiveProbe,
    seconds: float,
    prompt: str = PROMPT,
    when: str = "",
) -> None:
    came = run(lambda: _came_within(function, probe, seconds, prompt, when), function)
    in_time = [at for at in range(len(probe.pieces)) if probe.arrives(at) <= seconds]
    expected = "".join(probe.pieces[at] for at in in_time)
    fits = len(in_time) == len(probe.pieces)
    asked_the_given_model(probe, "text_within")
    allowed = f"{seconds:.1f} s were allowed, and `text_within` came back after {came.after:.1f} s"
    if not fits and came.after > seconds + _QUICK:
        _overran(probe, came, seconds, allowed)
    if not isinstance(came.returned, str):
        _no_text(came.returned)
    if came.after < min(seconds, probe.lasts) - _QUICK:
        text = shown(came.returned) if came.returned else "no text"
        if came.at_work:
            raise NotYet(
                f"{allowed}, with {text}. The task of `{came.at_work[0]}` was still at work. Who "
                "waits for it?"
            )
        raise NotYet(f"{allowed}, with {text}. More was to come. Is `seconds` used as it is?")
    if came.returned != expected:
        _other_text(probe, came, expected, allowed)
    if fits and came.after > probe.lasts + _QUICK:
        raise NotYet(
            f"The reply was complete after {probe.lasts:.1f} s, and `text_within` came back after "
            f"{came.after:.1f} s. What did it wait for?"
        )
    if came.taken_later:
        raise NotYet(
            f"The text came back in time. The model went on all the same: {came.taken_later} more "
            f"piece{'' if came.taken_later == 1 else 's'} of its reply were generated afterwards, "
            "and paid for."
        )
    if not came.let_go:
        raise NotYet(
            "The text came back in time. The stream is still open: the model would go on with "
            "nobody reading."
        )


async def _came_within(
    function: Callable[..., Any],
    probe: LiveProbe,
    seconds: float,
    prompt: str = PROMPT,
    when: str = "",
) -> _Came:
    began, other = loops.now(), LiveProbe(cut(TIDE, 147))
    try:
        with learners_tasks(when):
            returned = function(
                LiveSwitchboard(probe=other, probes={prompt: probe}), prompt, seconds
            )
        blocks_nothing("text_within", probe, other)
        result = await the_result(returned, "text_within", when)
    except Exception as error:
        if isinstance(error.__cause__, TimeoutError):
            raise NotYet(
                f"After {loops.now() - began:.1f} s a `TimeoutError` came out of `text_within`, "
                f"and with it nothing of the {probe.taken} pieces that had arrived."
                f"{_caught_elsewhere(function)}"
            ) from error
        raise
    after, taken, at_work = loops.now() - began, probe.taken, tasks_at_work()
    blocks_nothing("text_within", probe, other)
    asked_the_prompt(prompt, other)
    await loops.soon()
    let_go = probe.let_go
    await asyncio.sleep(100.0)
    return _Came(result, after, probe.taken - taken, let_go, at_work)


def _caught_elsewhere(function: Callable[..., Any]) -> str:
    """A word for code that means to catch this error, and does it where it isn't raised."""
    if "TimeoutError" not in names_in(function):
        return ""
    return (
        " Your code names that error, and this one passed it by: it is raised where the block of "
        "`asyncio.timeout` ends. Where does your `try` stand?"
    )


def _overran(probe: LiveProbe, came: _Came, seconds: float, allowed: str) -> None:
    last = max((at for at in range(probe.taken) if probe.arrives(at) < seconds), default=None)
    since = ROLE_AFTER if last is None else probe.arrives(last)
    if abs(came.after - since - seconds) <= SOON:
        raise NotYet(
            f"{allowed}: {seconds:.1f} s after the latest chunk. When does its time begin to count?"
        )
    if probe.ended:
        raise NotYet(f"{allowed}, when the reply had come to its end.")
    if "ainvoke" in probe.called:
        raise NotYet(f"{allowed}.")
    if any(abs(came.after - probe.arrives(at)) <= SOON for at in range(len(probe.pieces))):
        raise NotYet(
            f"{allowed}, when the next piece came after a silence. Who looks at the clock while "
            "nothing comes?"
        )
    raise NotYet(
        f"{seconds:.1f} s were allowed, and `text_within` stopped at {came.after:.1f} s, in the "
        "middle of a silence. Is `seconds` used as it is?"
    )


def _no_text(returned: object) -> None:
    if returned is None:
        raise NotYet("What comes back is `None`; the exercise asks for the text that arrived.")
    if isinstance(returned, BaseMessage):
        raise NotYet("What comes back is a message; the exercise asks for its text.")
    raise NotYet(f"What comes back is {kind(returned)}; the exercise asks for one text.")


def _other_text(probe: LiveProbe, came: _Came, expected: str, allowed: str) -> None:
    if "ainvoke" in probe.called and expected:
        raise NotYet(
            f"{allowed}, with {shown(came.returned) if came.returned else 'no text'}. "
            f"{shown(expected)} had been written by then, and `ainvoke` hands over nothing before "
            "the end."
        )
    no_blank_piece_lost(came.returned, probe.pieces)
    if not came.returned:
        last = " Its last chunk is empty. Does each chunk take the place of those before it?"
        raise NotYet(
            f"{allowed}, with no text. {shown(expected)} had arrived by then."
            f"{last if probe.ended else ''}"
        )
    if expected.startswith(came.returned):
        raise NotYet(
            f"{allowed}, with {shown(came.returned)}. What had arrived by then is longer: "
            f"{shown(expected)}."
        )
    if probe.text.startswith(came.returned):
        raise NotYet(
            f"{allowed}, with {shown(came.returned)}. {shown(came.returned[len(expected) :])} came "
            "later than that."
        )
    raise NotYet(
        f"{allowed}, and the text isn't what had arrived. "
        f"{first_difference(came.returned, expected)}"
    )


def _loss_comes_out(function: Callable[..., Any]) -> None:
    probe = LiveProbe(cut(DANUBE, 145), fails_after=3)
    try:
        came = run(lambda: _came_within(function, probe, 60.0), function)
    except Exception as error:
        if isinstance(error.__cause__, ConnectionLost):
            return
        raise
    raise NotYet(
        "When the connection is lost in mid-reply, `text_within` returns "
        f"{shown(repr(came.returned))} as if time were up. Which errors does it keep to itself?"
    )


def _a_cancellation_comes_out(function: Callable[..., Any]) -> None:
    """Turn down code that keeps a cancellation to itself that isn't its timeout's."""
    probe = LiveProbe(cut(DANUBE, 146))

    async def main() -> None:
        model = LiveSwitchboard(probe=probe, probes={})
        end = await cancelled(function(model, PROMPT, 60.0), probe.arrives(3) + GAP / 2, probe)
        # Who waits in a task of its own may leave that task behind: not asked for here.
        ended_when_cancelled(replace(end, let_go=True), "text_within")

    run(main, function)
