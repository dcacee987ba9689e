"""The checks of lesson 5's exercises; those of its capstone are `capstone.py`'s.

Streams are read on a loop of virtual time (`loops`), so a silence of half a minute costs nothing,
and how late something comes is exact.
"""

import asyncio
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage

from utils.checks import capstone, loops
from utils.checks.async_streams import LiveModel, LiveProbe
from utils.checks.attempt import LearnersError, learners_code
from utils.checks.awaited import the_result
from utils.checks.clinic import diagnosed
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import ConnectionLost, cut
from utils.checks.watching import (
    AT_ONCE,
    PROMPT,
    Cancelled,
    Feed,
    Heard,
    asked_well,
    came_out,
    cancelled,
    ended_when_cancelled,
    no_error,
    nothing_held,
    nothing_late,
    on_a_loop,
    right_text,
    run_cancelled,
    run_stream,
)

FOX = "The fox stops at the road at night. It looks both ways, and so should you."
OTHER = "Foxes hear a mouse under the snow. They need no light for that."
LONG = 30.0  # seconds of a silence in which anybody would press Stop


def _fox(**how: Any) -> LiveProbe:
    return LiveProbe(cut(FOX, 5), **how)


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
    _let_go(heard)

    probe, history, heard = _fox(silences={4: LONG}), list(_BEFORE), Heard()
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


def _let_go(heard: Heard) -> None:
    if not heard.let_go:
        raise NotYet(
            "The reader has left, and the model goes on writing: its stream is still open."
        )


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
        if isinstance(entry, AIMessageChunk) or not isinstance(entry, HumanMessage | AIMessage):
            raise NotYet(
                f"{when}, `history` holds {kind(entry)}; the exercise asks for a `HumanMessage` "
                "and an `AIMessage`."
            )
    questions = [entry for entry in new if isinstance(entry, HumanMessage)]
    replies = [entry for entry in new if isinstance(entry, AIMessage)]
    if [entry.text for entry in questions] != [PROMPT]:
        often = "isn't there" if not questions else f"stands there {len(questions)} times"
        raise NotYet(f"{when}, the question {often} in `history`.")
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
    if said.startswith(stored):
        raise NotYet(
            f"{when}, {shown(said)} was shown, and `history` lacks its end, "
            f"{shown(said[len(stored) :])}. When is a piece added to what was said?"
        )
    if stored.startswith(said):
        raise NotYet(
            f"{when}, `history` says more than was shown: {shown(stored[len(said) :])} too."
        )
    raise NotYet(f"{when}, {shown(said)} was shown, and `history` says {shown(stored)}.")


# --- 5.2 caption(done, total, seconds) ------------------------------------------------------------


@dataclass(frozen=True)
class _Job:
    done: int
    total: int | None
    seconds: float
    right: str

    @property
    def call(self) -> str:
        seconds = f"{self.seconds:g}"
        return f"`caption({self.done}, {self.total}, {seconds})`"


_JOBS = (
    _Job(10, 40, 4.0, "10 of 40, about 12 s left"),
    _Job(12, None, 4.0, "12 so far, 4 s"),
    _Job(0, 40, 0.0, "0 of 40"),
    _Job(0, 40, 3.0, "0 of 40"),
    _Job(40, 40, 16.0, "40 of 40, about 0 s left"),
    _Job(3, 10, 7.0, "3 of 10, about 16 s left"),
    _Job(500, None, 61.7, "500 so far, 62 s"),
    _Job(0, None, 2.0, "0 so far, 2 s"),
    _Job(0, 0, 1.0, "0 of 0"),
)


def caption(answer: object) -> str:
    """How far a job is, and no promise that nothing stands behind."""
    function = the_function(answer, "caption")
    for job in _JOBS:
        with learners_code(_situation(job)):
            returned = function(job.done, job.total, job.seconds)
        if inspect.iscoroutine(returned):
            returned.close()
            raise NotYet("`caption` is an `async def`; nothing in it has to be waited for.")
        if returned is None:
            raise NotYet(
                f"{job.call} returns `None`. The caption is to be returned, so that somebody can "
                "show it."
            )
        if not isinstance(returned, str):
            raise NotYet(f"{job.call} returns {kind(returned)}; the exercise asks for a text.")
        if returned != job.right:
            raise NotYet(f"{job.call} gave {shown(returned)}. {_misleading(returned, job)}")
    return "A known length, an unknown one, the very beginning and the end."


def _situation(job: _Job) -> str:
    if job.total is None:
        return f"when nobody knows the total: {job.call}"
    return f"when nothing is done yet: {job.call}" if not job.done else f"for {job.call}"


def _misleading(returned: str, job: _Job) -> str:
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", returned)]
    right = [float(number) for number in re.findall(r"\d+", job.right)]
    if job.total is None:
        if "%" in returned or "left" in returned or " of " in returned:
            return "Nobody knows how much there is to come, so that is a promise without a reason."
    elif not job.done and job.total and ("left" in returned or "so far" in returned):
        return "After nothing is done, nothing can be said about what is left."
    elif not job.total and "so far" in returned:
        return "A total of 0 is a known one; only `None` is unknown."
    elif len(numbers) == 3 and numbers[:2] == right[:2] and abs(numbers[2] - right[2]) > 1:
        return _wrong_estimate(numbers[2], job)
    if "%" in returned:
        return "The docstring's three forms count; none of them has a percentage."
    if [round(number) for number in numbers] == right and re.search(r"\d\.\d", returned):
        return "The numbers are right, and the exercise asks for whole seconds."
    if len(numbers) == len(right) and any(
        0 < abs(one - other) <= 1 for one, other in zip(numbers, right, strict=True)
    ):
        return "That is one off: are the seconds rounded, or cut off?"
    if numbers == right:
        return "The numbers are right, and the docstring words it differently."
    return "Which of the docstring's three forms fits here?"


def _wrong_estimate(left: float, job: _Job) -> str:
    assert job.total is not None
    pace = job.seconds / job.done  # seconds for one
    if abs(left - pace * job.total) <= 1:
        return f"{left:g} s is what the whole job takes, and {job.seconds:g} s of it have gone by."
    if abs(left - job.seconds) <= 1:
        return f"{left:g} s is what has gone by, not what is left."
    if left == job.total - job.done:
        return f"{left:g} is how many are left; how many seconds do they take?"
    return (
        f"{job.done} took {job.seconds:g} s. How long do the {job.total - job.done} that are left "
        "take at this pace?"
    )


# --- 5.3 text_until(stop, model, prompt) ----------------------------------------------------------


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


_PRESSES = (
    _Press(1.0, "in the silence before the first piece", {"first_after": LONG}),
    _Press(5.0, "in a silence after some pieces", {"silences": {4: LONG}}),
    _Press(0.85, "while pieces came", {}),
    _Press(0.0, "before the question was asked", {}),
)


def text_until(answer: object) -> str:
    """The text so far, as soon as Stop is pressed, however silent the model is."""
    function = the_function(answer, "text_until")
    quiet = {"first_after": LONG, "silences": {5: LONG}}
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
    if late > AT_ONCE:
        since = ""
        if probe.ended:
            since = ", when the reply had ended"
        elif any(
            press.at < probe.arrives(n) <= ended.seconds + loops.SOON for n in range(probe.taken)
        ):
            since = ", when the next piece had come"
        raise NotYet(f"{pressed}, and it was heard {late:.1f} s later{since}.")
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
    probe = _fox(silences={4: LONG})

    async def main() -> Cancelled:
        work = function(asyncio.Event(), LiveModel(probe=probe), PROMPT)
        return await cancelled(work, 5.0, probe)

    ended_when_cancelled(on_a_loop(main, function), "text_until")


# --- 5.4 watched(stream, seconds) -----------------------------------------------------------------

_SECONDS = 2.0
_GAPS = (1.9, 0.5, 1.9, 1.9, 0.1)  # none too long, and far too long together
_READER = 5.0  # seconds that a slow reader takes for each piece


def watched(answer: object) -> str:
    """The chunks as they come, and `Stalled` after a silence."""
    function = the_function(answer, "watched")
    _watched_well(function)
    no_error(_watched(function, Feed([])), "for a stream that brings nothing")
    for before in (0, 3):
        _stalls(function, before)
    feed = Feed(_steps(), error=ConnectionLost("the connection was lost"))
    heard = _watched(function, feed)
    if not came_out(heard.error, ConnectionLost) or _is_stalled(heard.error):
        what = "nothing was raised" if heard.error is None else f"{kind(heard.error)} came out"
        raise NotYet(f"The connection was lost, with an error of its own, and {what}.")
    _watched_and_left(function)
    return (
        f"Each piece has its own {_SECONDS:g} s, the reader's time doesn't count, and what stalls "
        "is closed."
    )


def _steps(*, silent_before: int | None = None) -> list[tuple[float, Any]]:
    pieces = [AIMessageChunk(content=piece) for piece in ("", "The ", "fox ", "stops", ".")]
    return [
        (LONG if at == silent_before else gap, piece)
        for at, (gap, piece) in enumerate(zip(_GAPS, pieces, strict=True))
    ]


def _watched(function: Callable[..., Any], feed: Feed, **how: Any) -> Heard:
    """The stream stays in the check's hands, so that only who closes it has closed it."""
    source = feed()
    return run_stream(function, (source, _SECONDS), "watched", feed, **how)


def _watched_well(function: Callable[..., Any]) -> None:
    feed = Feed(_steps())
    heard = _watched(function, feed)
    longest = f"No silence is longer than {max(_GAPS):g} s"
    if _is_stalled(heard.error):
        raise NotYet(
            f"{longest}, and `Stalled` was raised {heard.seconds:.1f} s after the beginning. Does "
            "each piece get its own time?"
        )
    if isinstance(heard.error, TimeoutError):
        raise NotYet(f"{longest}, and `TimeoutError` came out after {heard.seconds:.1f} s.")
    no_error(heard, "when the stream had ended" if len(feed.times) == len(feed.steps) else "")
    if heard.items != feed.items:
        _changed(heard.items, feed.items)
    nothing_late(heard, feed, loops.BEGIN, "watched")

    heard = _watched(function, Feed(_steps()), pause=_READER)
    if heard.error is not None:
        raise NotYet(
            f"{longest}, but the reader takes {_READER:g} s for each piece, and "
            f"`{type(heard.error).__name__}` was raised. The reader's time is counted with the "
            "stream's."
        )


def _changed(items: Sequence[Any], right: Sequence[Any]) -> None:
    if not items:
        raise NotYet("`watched` yields nothing.")
    for item in items:
        if not isinstance(item, AIMessageChunk):
            raise NotYet(f"`watched` yields {kind(item)} where a chunk came; pass on what comes.")
    if all(item in right for item in items):
        what = "one without text counts too" if right[0] not in items else "where are the others"
        raise NotYet(f"{len(right)} chunks came, and {len(items)} were passed on: {what}.")
    raise NotYet(f"{len(right)} chunks came, and what `watched` yields are {len(items)} others.")


def _stalls(function: Callable[..., Any], before: int) -> None:
    feed = Feed(_steps(silent_before=before))
    where = f"after {before} pieces" if before else "before the first piece"
    silence = f"The stream falls silent {where}"
    heard = _watched(function, feed)
    due = sum(_GAPS[:before]) + _SECONDS
    if heard.error is None:
        how = "reads on as if all were well" if len(heard.items) > before else "ends, and it looks "
        if len(heard.items) == before:
            how += "as if the reply were complete"
        raise NotYet(f"{silence}, and `watched` {how}.")
    if not _is_stalled(heard.error):
        if isinstance(heard.error, TimeoutError):
            raise NotYet(
                f"{silence}, and `TimeoutError` comes out; the exercise asks for `Stalled`."
            )
        no_error(heard, f"when the stream fell silent {where}")
    if heard.seconds > due + AT_ONCE:
        with_a_piece = len(feed.times) > before
        question = " Is the clock looked at only when a piece comes?" if with_a_piece else ""
        raise NotYet(
            f"{silence}, and `Stalled` came after {heard.seconds - due + _SECONDS:.1f} s in place "
            f"of {_SECONDS:g}.{question}"
        )
    _closed(heard, f"{silence}, `Stalled` is raised")


def _watched_and_left(function: Callable[..., Any]) -> None:
    heard = _watched(function, Feed(_steps()), leave_after=2)
    no_error(heard, "when the reader left")
    _closed(heard, "The reader has left")

    feed = Feed(_steps())
    run_cancelled(function, (feed(), _SECONDS), "watched", feed, after=1.0)


def _closed(heard: Heard, what: str) -> None:
    if not heard.let_go:
        raise NotYet(f"{what}, and the stream is still open: somebody goes on writing for nobody.")


def _is_stalled(error: BaseException | None) -> bool:
    return any(base.__name__ == "Stalled" for base in type(error).__mro__)


# --- 5.5 first_that_answers(models, prompt) -------------------------------------------------------


def first_that_answers(answer: object) -> str:
    """One whole reply, from the first model that gets as far as a text."""
    function = the_function(answer, "first_that_answers")
    probes = [_fox(), _other(), _other()]
    heard = _first(function, probes)
    no_error(heard)
    _nobody_else(probes, 1, "The first model answers")
    asked_well(probes[0], "first_that_answers")
    right_text(heard.items, FOX, "first_that_answers")
    nothing_held(probes[0], "first_that_answers")
    for failures, what in _FAILURES:
        _next_is_asked(function, failures, what)
    _interrupted(function)
    _all_fail(function)
    _left(function)
    return (
        "Whoever fails before a text makes room for the next; after it, the error comes out and "
        "the text stands once."
    )


_LOST = ConnectionLost("the connection was lost")
_AT_ONCE_LOST = {"fails_after": 0}
_AFTER_ROLE = {"pieces": ["", FOX], "fails_after": 1}
_FAILURES: tuple[tuple[list[dict[str, Any]], str], ...] = (
    ([_AT_ONCE_LOST], "the first model failed at once"),
    ([_AFTER_ROLE], "the first model failed after its empty first chunk"),
    ([_AT_ONCE_LOST, _AFTER_ROLE], "two models failed before a text"),
)


def _other(**how: Any) -> LiveProbe:
    return LiveProbe(**{"pieces": cut(OTHER, 6), **how})


def _first(function: Callable[..., Any], probes: list[LiveProbe], **how: Any) -> Heard:
    models = [LiveModel(probe=probe) for probe in probes]
    return run_stream(function, (models, PROMPT), "first_that_answers", *probes, **how)


def _nobody_else(probes: list[LiveProbe], asked: int, what: str) -> None:
    """Turn down more requests than there was a reason for."""
    for number, probe in enumerate(probes[asked:], start=asked + 1):
        if probe.requests:
            raise NotYet(
                f"{what}, and model {number} was asked all the same; each request is paid for."
            )


def _next_is_asked(function: Callable[..., Any], failures: list[dict[str, Any]], what: str) -> None:
    probes = [*(_other(**failure) for failure in failures), _fox(), _other()]
    heard = _first(function, probes)
    if came_out(heard.error, ConnectionLost):
        raise NotYet(f"When {what}, its error came out, though another model was there to ask.")
    no_error(heard, f"when {what}")
    if heard.text == "" and not probes[len(failures)].requests:
        raise NotYet(f"When {what}, no other model was asked, and nothing was yielded.")
    _nobody_else(probes, len(failures) + 1, f"When {what}, the next one answered")
    for number, probe in enumerate(probes[: len(failures)], start=1):
        if probe.requests > 1:
            raise NotYet(
                f"When {what}, model {number} was asked {probe.requests} times; the exercise asks "
                "for the next model."
            )
    right_text(heard.items, FOX, "first_that_answers")
    nothing_held(probes[len(failures)], "first_that_answers")


def _interrupted(function: Callable[..., Any]) -> None:
    probes = [_fox(fails_after=4), _other()]
    said = "".join(probes[0].pieces[:4])
    heard = _first(function, probes)
    lost = f"The first model's connection was lost after {shown(said)} had been shown"
    if probes[1].requests and len(heard.text) > len(said):
        raise NotYet(f"{lost}, and then another reply began: {shown(heard.text[len(said) :])}.")
    _nobody_else(probes, 1, lost)
    if heard.error is None:
        raise NotYet(f"{lost}, and the stream ended as if the reply were complete.")
    if not came_out(heard.error, ConnectionLost):
        no_error(heard, "when the connection was lost after some text")
    if heard.text != said:
        raise NotYet(f"{lost} by the model, and the reader got {shown(heard.text or ' ')}.")


def _all_fail(function: Callable[..., Any]) -> None:
    last = ConnectionLost("the last one's connection was lost")
    probes = [_other(fails_after=0, error=ConnectionLost("the first one's")), _other(**_AFTER_ROLE)]
    probes[-1].error = last
    heard = _first(function, probes)
    if heard.error is None:
        raise NotYet("No model answered, and the stream ended without a word and without an error.")
    if not came_out(heard.error, ConnectionLost):
        no_error(heard, "when no model answered")
    if heard.error is not last and heard.error.__cause__ is not last:
        raise NotYet(
            f"No model answered, and the error that came out is {shown(repr(heard.error))}; the "
            f"last model's was {shown(repr(last))}."
        )


def _left(function: Callable[..., Any]) -> None:
    probes = [_fox(), _other()]
    heard = _first(function, probes, leave_after=2)
    no_error(heard, "when the reader left")
    _nobody_else(probes, 1, "The reader left")
    _let_go(heard)
    probes = [_fox(first_after=LONG), _other()]
    models = [LiveModel(probe=probe) for probe in probes]
    try:
        run_cancelled(function, (models, PROMPT), "first_that_answers", *probes, after=5.0)
    finally:  # another request is the more telling thing to say
        what = "The reader's task was cancelled while the first model was silent"
        _nobody_else(probes, 1, what)


# --- 5.6 seam(partial, more) ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Parts:
    partial: str
    more: str
    right: str


_PARTS = (
    _Parts("The fox stops", " at the road.", "The fox stops at the road."),
    _Parts("The fox stops at", "stops at the road.", "The fox stops at the road."),
    _Parts("The fox sto", "stops at the road.", "The fox stops at the road."),
    _Parts("The fox", "The fox stops.", "The fox stops."),
    _Parts("The fox stops.", "stops.", "The fox stops."),
    _Parts("ha ha ha", "ha ha ha!", "ha ha ha!"),
    _Parts("The end. The", "The end is near.", "The end. The end is near."),
    _Parts("stops, and the fox", "fox stops, and goes.", "stops, and the fox stops, and goes."),
    _Parts("The fox stops", "tops of trees", "The fox stops of trees"),
    _Parts("See:\n\n  - fox", "  - road", "See:\n\n  - fox  - road"),
    _Parts("The fox  ", "  stops", "The fox  stops"),
    _Parts("Ask B", "Berlin", "Ask Berlin"),
    _Parts("", "The fox", "The fox"),
    _Parts("The fox", "", "The fox"),
    _Parts("", "", ""),
)


def seam(answer: object) -> str:
    """Two texts as one; what the second repeats of the first's end stands there once."""
    function = the_function(answer, "seam")
    for parts in _PARTS:
        call = f"seam({parts.partial!r}, {parts.more!r})"
        with learners_code(f"for {shown(call, 80)}"):
            returned = function(parts.partial, parts.more)
        if inspect.iscoroutine(returned):
            returned.close()
            raise NotYet("`seam` is an `async def`; nothing in it has to be waited for.")
        if not isinstance(returned, str):
            raise NotYet(
                f"{shown(call, 80)} returns {kind(returned)}; the exercise asks for a text."
            )
        if returned != parts.right:
            raise NotYet(
                f"{shown(call, 80)} gave {shown(repr(returned), 80)}. "
                f"{_badly_joined(returned, parts)}"
            )
    return f"{len(_PARTS)} pairs: no overlap, a word, half a word, all of it, and empty texts."


def _badly_joined(returned: str, parts: _Parts) -> str:
    partial, more, right = parts.partial, parts.more, parts.right
    overlap = partial[len(right) - len(more) :]
    if not returned.startswith(partial):
        return "The first text should stand there unchanged."
    if returned == partial + more and len(overlap) == 1:
        return f"A single letter that is repeated counts too: {shown(overlap)} stands there twice."
    if returned == partial + more:
        return f"{shown(repr(overlap))} stands there twice."
    if "".join(returned.split()) == "".join(right.split()):
        return "Spaces and line ends belong to the texts, and some of them are lost or doubled."
    if len(returned) > len(right):
        return (
            f"Some of what is repeated still stands there twice: the overlap is {len(overlap)} "
            "characters long."
        )
    if len(right) == len(partial) + len(more):
        return "The second text doesn't begin as the first one ends, and still lost something."
    return "More of the second text is gone than it repeats of the first one's end."


# --- 5.7 diagnosis --------------------------------------------------------------------------------

_TWICE = "How often does its first sentence stand in what it showed?"
_LENGTH = "Compare the length of what it showed with the whole reply's."
_FINISH = "Look at its finish reason: did anybody say that the reply was done?"
_DONE = "Look at its finish reason: somebody did say that the reply was done."

_EVIDENCE = {
    ("healthy", "doubled"): _TWICE,
    ("healthy", "lost"): _LENGTH,
    ("healthy", "cut off"): _FINISH,
    ("doubled", "healthy"): f"Two requests are not yet two texts. {_TWICE}",
    ("doubled", "lost"): f"Two requests are not yet two texts. {_LENGTH}",
    ("doubled", "cut off"): "How many requests did it make?",
    ("lost", "healthy"): _LENGTH,
    ("lost", "doubled"): _LENGTH,
    ("lost", "cut off"): "Did it ask again at all? Look at its requests and its finish reason.",
    ("cut off", "healthy"): _DONE,
    ("cut off", "doubled"): _DONE,
    ("cut off", "lost"): f"{_DONE} So what is missing isn't the end.",
}
_DENIED = {
    "doubled": "shows nothing twice",
    "lost": "isn't where text was lost on the way",
    "cut off": "wasn't cut off",
}


def diagnosis(answer: object) -> str:
    """What a lost connection and a second request made of four replies."""
    diagnosed(answer, "5.7", "program", _EVIDENCE, denied=_DENIED)
    return "All four, from lengths, requests and finish reasons."


CHECKS: dict[str, Callable[[Any], str]] = {
    "5.1": turn,
    "5.2": caption,
    "5.3": text_until,
    "5.4": watched,
    "5.5": first_that_answers,
    "5.6": seam,
    "5.7": diagnosis,
    **capstone.CHECKS,
}
