"""The check of Exercise 5.3: Stop. On virtual time, as `lesson_5_turn.py`'s."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from utils.checks.async_streams import LiveModel, LiveProbe
from utils.checks.awaited import the_result
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.student_code import LearnersError, learners_code
from utils.checks.engine.wording import shown
from utils.checks.guard import judged
from utils.checks.listening import Cancelled, cancelled
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import ConnectionLost
from utils.checks.watching import (
    LONG,
    PROMPT,
    asked_well,
    came_out,
    ended_when_cancelled,
    fox,
    on_a_loop,
    right_text,
)

T = TypeVar("T")

_HEARD = 0.1 + loops.SOON  # seconds; who looks for Stop ten times a second is quick enough


@dataclass(frozen=True)
class _Stopped:
    """What came back, after how many seconds, and whether the model was let go."""

    value: object
    error: LearnersError | None
    seconds: float
    let_go: bool


@dataclass(frozen=True)
class _Press:
    """When Stop is pressed, in seconds from the question, and what the reply is like then."""

    at: float
    what: str
    how: dict[str, Any]


# At odd moments, each other ones, so that who looks for Stop now and then misses some of them.
_PRESSES = (
    *(
        _Press(at, "in the silence before the first piece", {"first_after": LONG})
        for at in (1.37, 1.27, 2.62)
    ),
    _Press(5.13, "in a silence after some pieces", {"silences": {4: LONG}}),
    _Press(0.83, "while pieces came", {}),
    _Press(0.0, "before the question was asked", {}),
)


@judged("text_until")
def text_until(answer: object) -> str:
    """The text so far, as soon as Stop is pressed, however silent the model is."""
    function = the_function(answer, "text_until")
    quiet = {"first_after": LONG, "silences": {5: LONG}}
    for how in ({}, quiet):
        probe = fox(**how)
        ended = _stopped(function, probe, None)
        _whole_text(ended, probe, bool(how))
    for press in _PRESSES:
        probe = fox(**press.how)
        ended = _stopped(function, probe, press.at, f"when Stop was pressed {press.what}")
        _heard_stop(ended, probe, press)
    probe = fox(fails_after=4)
    ended = _stopped(function, probe, None, "when the connection was lost")
    if ended.error is None:
        raise NotYet(
            f"The connection was lost in mid-reply, and {shown(repr(ended.value))} came back as if "
            "nothing had happened. Nobody will learn that the text isn't complete."
        )
    if not came_out(ended.error, ConnectionLost):
        raise ended.error
    _cancelled_from_outside(function)
    return (
        "Stop is heard at once, in a silence too, and the model is let go; without it the whole "
        "text comes."
    )


def _stopped(
    function: Callable[..., Any], probe: LiveProbe, press_after: float | None, when: str = ""
) -> _Stopped:
    async def main() -> _Stopped:
        stop = asyncio.Event()
        if press_after == 0:
            stop.set()
        elif press_after is not None:
            asyncio.get_running_loop().call_later(press_after, stop.set)
        began = loops.now()
        value: object = None
        error: LearnersError | None = None
        with learners_code(when):
            returned = function(stop, LiveModel(probe=probe), PROMPT)
        if inspect.iscoroutine(returned):
            returned = _not_cancelled(returned, when)
        try:
            value = await the_result(returned, "text_until", when)
        except LearnersError as raised:
            error = raised
        seconds = loops.now() - began
        await loops.soon()
        return _Stopped(value, error, seconds, probe.let_go)

    try:
        return on_a_loop(main, function)
    except loops.NeverEnds as never:
        if probe.requests:
            raise
        raise NotYet(
            "`text_until` never let the event loop go: the model didn't even get its question, and "
            "nobody could have pressed Stop. What waits in it without `await`?"
        ) from never


async def _not_cancelled(work: Coroutine[Any, Any, T], when: str) -> T:
    """What comes of it; nobody cancels it here, so it could only be a task that it awaits."""
    try:
        return await work
    except ExceptionGroup as group:
        if _WRAPS and not group.message and len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        if not came_out(group, ConnectionLost):
            raise
        raise NotYet(
            "The connection was lost, and an `ExceptionGroup` came out with the error inside of "
            "it: an `except` for that error, such as your caller has, doesn't catch a group. The "
            "exercise asks for the error itself."
        ) from None
    except asyncio.CancelledError:
        ended = f"`text_until` ended by a `CancelledError` {when}".rstrip()
        raise NotYet(f"{ended}: whoever awaits a task that was cancelled gets one.") from None


def _wraps() -> bool:
    """Whether this Python puts a lone error that an `except*` raises into a group without a name.

    3.11.2 does, and 3.11.7 hands over the error itself, as every newer one.
    """
    try:
        try:
            raise ExceptionGroup("a group", [LookupError()])
        except* LookupError as group:
            raise group.exceptions[0] from None
    except ExceptionGroup:
        return True
    except LookupError:
        return False


_WRAPS = _wraps()


def _whole_text(ended: _Stopped, probe: LiveProbe, silences: bool) -> None:
    if ended.error is not None:
        raise ended.error
    asked_well(probe, "text_until")
    value = ended.value
    if value is None:
        raise NotYet("`text_until` returns `None`; the exercise asks for the text.")
    if isinstance(value, list | tuple):
        raise NotYet(f"`text_until` returns {kind(value)} of pieces; the exercise asks for a text.")
    if not isinstance(value, str):
        raise NotYet(f"`text_until` returns {kind(value)}; the exercise asks for a text.")
    if value == probe.text:
        return
    if not value and probe.closed and not silences:
        raise NotYet("`text_until` returned `''`: did a time limit close the stream?")
    if not value and not silences:
        raise NotYet(f"`text_until` returned `''`, and the model wrote {shown(probe.text)}.")
    if silences and probe.text.startswith(value):
        raise NotYet(
            f"Nobody pressed Stop, and {shown(repr(value))} came back: a silence of {LONG:g} s "
            "ended the reply."
        )
    right_text([value], probe.text, "text_until")


def _heard_stop(ended: _Stopped, probe: LiveProbe, press: _Press) -> None:
    pressed = f"Stop was pressed {press.what}"
    if ended.error is not None:
        raise ended.error
    late = ended.seconds - press.at
    if late > _HEARD:
        since = ""
        if probe.ended:
            since = ", when the reply had ended"
        elif any(
            press.at < probe.arrives(n) <= ended.seconds + loops.SOON for n in range(probe.taken)
        ):
            since = ", when the next piece had come"
        after = f"{late:.1f}" if late >= 1 else f"{late:.2f}"
        polls = "" if since else " Is it looked for only now and then?"
        raise NotYet(f"{pressed}, and it was heard {after} s later{since}.{polls}")
    if not ended.let_go:
        raise NotYet(
            f"{pressed}, and `text_until` came back; but the model goes on writing for nobody."
        )
    before = loops.BEGIN + press.at - loops.SOON  # what comes at that very moment may be missing
    there = "".join(probe.pieces[: sum(at <= before for at in probe.came_at)])
    value = ended.value
    if not isinstance(value, str):
        raise NotYet(
            f"{pressed}, and {shown(repr(value))} came back; the exercise asks for the text so far."
        )
    if not value.startswith(there) or not probe.text.startswith(value):
        raise NotYet(
            f"{pressed}. {shown(repr(there))} had come, and {shown(repr(value))} came back."
        )


def _cancelled_from_outside(function: Callable[..., Any]) -> None:
    probe = fox(silences={4: LONG})

    async def main() -> Cancelled:
        work = function(asyncio.Event(), LiveModel(probe=probe), PROMPT)
        return await cancelled(work, 5.0, probe)

    ended_when_cancelled(on_a_loop(main, function), "text_until")
