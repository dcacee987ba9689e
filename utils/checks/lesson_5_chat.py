"""The checks of Exercises 5.1 and 5.3: a turn of a chat, and Stop.

Streams are read on a loop of virtual time (`loops`), so a silence of half a minute costs nothing,
and how late something comes is exact.
"""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from utils.checks import loops
from utils.checks.async_streams import LiveModel, LiveProbe
from utils.checks.attempt import LearnersError, learners_code
from utils.checks.awaited import the_result
from utils.checks.listening import Cancelled, Heard, cancelled, without_locals
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import ConnectionLost, cut
from utils.checks.watching import (
    PROMPT,
    asked_well,
    came_out,
    ended_when_cancelled,
    left_open,
    no_error,
    nothing_held,
    often,
    on_a_loop,
    right_text,
    run_cancelled,
    run_stream,
)

T = TypeVar("T")

_FOX = "The fox stops at the road at night. It looks both ways, and so should you."
_LONG = 30.0  # seconds of a silence in which anybody would press Stop


def _fox(**how: Any) -> LiveProbe:
    return LiveProbe(cut(_FOX, 5), **how)


# --- 5.1 turn(model, history, question) -----------------------------------------------------------

_BEFORE = (HumanMessage("What is a fox?"), AIMessage("A small wild dog."))
_LEFT_AFTER = 3  # pieces


def turn(answer: object) -> str:
    """A turn of a chat: streamed, and in the history however it ends."""
    function = the_function(answer, "turn")
    probe, history = _fox(), list(_BEFORE)
    heard = _turn(function, probe, history)
    no_error(heard)
    _asked_with(probe)
    right_text(heard.items, probe.text, "turn")
    nothing_held(probe, "turn")
    _stored(history, probe.text, "After a whole reply")

    probe, history = _fox(), list(_BEFORE)
    heard = _turn(function, probe, history, leave_after=_LEFT_AFTER)
    no_error(heard, "when the reader left in mid-reply")
    _stored(history, heard.text, f"After a reader who left with {_LEFT_AFTER} pieces")
    left_open(heard)

    probe, history, heard = _fox(silences={4: _LONG}), list(_BEFORE), Heard()
    args = (LiveModel(probe=probe), history, PROMPT)
    run_cancelled(function, args, "turn", probe, after=5.0, into=heard)
    _stored(history, heard.text, "After a Stop while it waited for a piece")

    probe, history = _fox(fails_after=4), list(_BEFORE)
    heard = _turn(function, probe, history)
    if heard.error is None:
        raise NotYet(
            "The connection was lost in mid-reply, and `turn` ended as if the reply were complete."
        )
    if not came_out(heard.error, ConnectionLost):
        no_error(heard, "when the connection was lost")
    _stored(history, heard.text, "After a lost connection")
    return (
        "Piece by piece; and the history holds what was said after a whole reply, after Stop and "
        "after a lost connection."
    )


def _turn(
    function: Callable[..., Any], probe: LiveProbe, history: list[BaseMessage], **how: Any
) -> Heard:
    return run_stream(function, (LiveModel(probe=probe), history, PROMPT), "turn", probe, **how)


def _asked_with(probe: LiveProbe) -> None:
    """Turn down a model that doesn't see the whole history with the question last."""
    asked_well(probe, "turn")
    seen = probe.seen[0]
    texts = [str(message.text) for message in seen]
    if PROMPT not in texts:
        raise NotYet(
            f"The question isn't among the {len(seen)} messages that the model saw; the last is "
            f"{shown(texts[-1])}."
        )
    if texts.count(PROMPT) > 1:
        raise NotYet("The model saw the question twice.")
    if len(seen) == 1:
        raise NotYet("The model saw the question alone, and nothing of what was said before.")
    if isinstance(seen[-1], AIMessage):
        raise NotYet(
            "The last message that the model saw isn't the question but an `AIMessage`. Does the "
            "reply's own stand in `history` before the model is asked?"
        )
    if texts != [*(message.text for message in _BEFORE), PROMPT]:
        raise NotYet(
            f"The model saw {len(seen)} messages, the last of them {shown(texts[-1])}. It should "
            "see what was said before, in order, and then the question."
        )


def _stored(history: list[BaseMessage], said: str, when: str) -> None:
    """Turn down a history that isn't as before with the question and what was said."""
    if tuple(history[: len(_BEFORE)]) != _BEFORE:
        raise NotYet("What stood in `history` before is no longer there as it was.")
    new = history[len(_BEFORE) :]
    if not new:
        raise NotYet(
            f"{when}, the list `history` is as it was. A new list, even of the same name, is known "
            "inside of `turn` alone."
        )
    for entry in new:
        if not isinstance(entry, HumanMessage | AIMessage):
            raise NotYet(
                f"{when}, `history` holds {kind(entry)}; the exercise asks for a `HumanMessage` "
                "and an `AIMessage`."
            )
    questions = [entry for entry in new if isinstance(entry, HumanMessage)]
    replies = [entry for entry in new if isinstance(entry, AIMessage)]
    if any(entry.text == PROMPT for entry in replies):
        raise NotYet(
            f"{when}, the question is stored as an `AIMessage`: that is what a model said."
        )
    if not replies and any(entry.text != PROMPT for entry in questions):
        raise NotYet(f"{when}, the reply is stored as a `HumanMessage`: that is what a user said.")
    if [entry.text for entry in questions] != [PROMPT]:
        there = f"stands there {often(len(questions))}" if questions else "isn't there"
        raise NotYet(f"{when}, the question {there} in `history`.")
    if len(replies) > 1:
        raise NotYet(f"{when}, `history` has {len(replies)} replies to one question.")
    if not replies:
        raise NotYet(
            f"{when}, `history` has the question and no reply, though {shown(said)} was shown."
        )
    if new[0] is replies[0]:
        raise NotYet(f"{when}, the reply stands before its question in `history`.")
    _said(replies[0].text, said, when)


def _said(stored: str, said: str, when: str) -> None:
    if stored == said:
        return
    if not stored:
        raise NotYet(f"{when}, {shown(said)} was shown, and the reply in `history` is empty.")
    if said.startswith(stored):
        raise NotYet(
            f"{when}, {shown(said)} was shown, and `history` lacks its end, "
            f"{shown(said[len(stored) :])}. When is a piece added to what was said?"
        )
    if said and said in stored:
        more = " … ".join(part for part in stored.split(said, 1) if part)
        raise NotYet(f"{when}, `history` says more than was shown: {shown(more)} too.")
    raise NotYet(f"{when}, {shown(said)} was shown, and `history` says {shown(stored)}.")


# --- 5.3 text_until(stop, model, prompt) ----------------------------------------------------------

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
        _Press(at, "in the silence before the first piece", {"first_after": _LONG})
        for at in (1.37, 1.27, 2.62)
    ),
    _Press(5.13, "in a silence after some pieces", {"silences": {4: _LONG}}),
    _Press(0.83, "while pieces came", {}),
    _Press(0.0, "before the question was asked", {}),
)


def text_until(answer: object) -> str:
    """The text so far, as soon as Stop is pressed, however silent the model is."""
    function = the_function(answer, "text_until")
    quiet = {"first_after": _LONG, "silences": {5: _LONG}}
    for how in ({}, quiet):
        probe = _fox(**how)
        ended = _stopped(function, probe, None)
        _whole_text(ended, probe, bool(how))
    for press in _PRESSES:
        probe = _fox(**press.how)
        ended = _stopped(function, probe, press.at, f"when Stop was pressed {press.what}")
        _heard_stop(ended, probe, press)
    probe = _fox(fails_after=4)
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
            error = without_locals(raised)
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
    except asyncio.CancelledError:
        ended = f"`text_until` ended by a `CancelledError` {when}".rstrip()
        raise NotYet(f"{ended}: whoever awaits a task that was cancelled gets one.") from None


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
            f"Nobody pressed Stop, and {shown(repr(value))} came back: a silence of {_LONG:g} s "
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
    came = [n for n in range(len(probe.pieces)) if probe.arrives(n) <= press.at]
    there = "".join(probe.pieces[n] for n in came)
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
    probe = _fox(silences={4: _LONG})

    async def main() -> Cancelled:
        work = function(asyncio.Event(), LiveModel(probe=probe), PROMPT)
        return await cancelled(work, 5.0, probe)

    ended_when_cancelled(on_a_loop(main, function), "text_until")
