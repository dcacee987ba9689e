"""The checks of Exercises 5.4 and 5.5: no waiting without end, and the next model's turn.

On virtual time, as `lesson_5_turn.py`'s.
"""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk

from utils.checks.assistant import TurnsModel
from utils.checks.async_streams import LiveModel, LiveProbe
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.wording import shown
from utils.checks.guard import judged
from utils.checks.listening import Feed, Heard
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import ConnectionLost, cut
from utils.checks.watching import (
    AT_ONCE,
    FOX,
    LONG,
    PROMPT,
    asked_well,
    came_out,
    fox,
    left_open,
    no_error,
    nothing_held,
    nothing_late,
    often,
    right_text,
    run_cancelled,
    run_stream,
)

_OTHER = "Foxes hear a mouse under the snow. They need no light for that."


# --- 5.4 watched(stream, seconds) -----------------------------------------------------------------

_SECONDS = 2.0
_GAPS = (1.9, 0.5, 1.9, 1.9, 0.1)  # none too long, and far too long together
_READER = 5.0  # seconds that a slow reader takes for each piece


@judged("watched")
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
    ended = len(feed.times) == len(feed.steps)
    if _is_stalled(heard.error) and ended:
        raise NotYet(
            "All had come, the stream ended, and `Stalled` was raised. What ends a stream?"
        )
    if _is_stalled(heard.error):
        raise NotYet(
            f"{longest}, and `Stalled` was raised {heard.seconds:.1f} s after the beginning. Does "
            "each piece get its own time?"
        )
    if isinstance(heard.error, TimeoutError):
        raise NotYet(f"{longest}, and `TimeoutError` came out after {heard.seconds:.1f} s.")
    no_error(heard, "when the stream had ended" if ended else "")
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
    if any(map(_is_stalled, heard.items)):
        raise NotYet(f"{silence}, and `watched` yields a `Stalled`. It should be raised.")
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


def _is_stalled(error: object) -> bool:
    return any(base.__name__ == "Stalled" for base in type(error).__mro__)


# --- 5.5 first_that_answers(models, prompt) -------------------------------------------------------


@judged("first_that_answers")
def first_that_answers(answer: object) -> str:
    """One whole reply, from the first model that gets as far as a text."""
    function = the_function(answer, "first_that_answers")
    probes = [fox(), _other(), _other()]
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
    _ends_without_text(function)
    _left(function)
    _same_again(function)
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
_NUMBERS = ("first", "second", "third")


def _other(**how: Any) -> LiveProbe:
    return LiveProbe(**{"pieces": cut(_OTHER, 6), **how})


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
    probes = [*(_other(**failure) for failure in failures), fox(), _other()]
    heard = _first(function, probes)
    if came_out(heard.error, ConnectionLost):
        last = _NUMBERS[sum(probe.requests > 0 for probe in probes) - 1]
        whose = "its" if len(failures) == 1 else f"the {last}'s"
        raise NotYet(
            f"When {what}, {whose} error (`{type(heard.error).__name__}`) came out, though another "
            "model was there to ask."
        )
    no_error(heard, f"when {what}")
    if heard.text == "" and not probes[len(failures)].requests:
        raise NotYet(f"When {what}, no other model was asked, and nothing was yielded.")
    _nobody_else(probes, len(failures) + 1, f"When {what}, the next one answered")
    for number, probe in enumerate(probes[: len(failures)], start=1):
        if probe.requests > 1:
            raise NotYet(
                f"When {what}, model {number} was asked {often(probe.requests)}; the exercise "
                "asks for the next model."
            )
    right_text(heard.items, FOX, "first_that_answers")
    nothing_held(probes[len(failures)], "first_that_answers")


def _interrupted(function: Callable[..., Any]) -> None:
    probes = [fox(fails_after=4), _other()]
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


def _ends_without_text(function: Callable[..., Any]) -> None:
    """Whoever ends without an error has answered, and nobody else is asked."""
    probes = [_other(pieces=[]), fox()]
    heard = _first(function, probes)
    _nobody_else(probes, 1, "The first model ended without an error, and with no text")
    no_error(heard, "when the first model ended without an error, and with no text")


def _same_again(function: Callable[..., Any]) -> None:
    """One model, twice in the list: it has two chances, and the second is the last."""
    twice = "One model stood in the list twice, so that it is asked again when it fails"
    probes = [_other(fails_after=0), fox()]
    heard = run_stream(function, (_two_of(probes), PROMPT), "first_that_answers", *probes)
    if came_out(heard.error, ConnectionLost) and not probes[1].requests:
        raise NotYet(
            f"{twice}. It failed once, and its error came out. How does your code know which "
            "model is the last one?"
        )
    no_error(heard, "when one model stood in the list twice")
    if not probes[1].requests:
        raise NotYet(f"{twice}. It failed once, and nobody asked it again.")
    right_text(heard.items, FOX, "first_that_answers")

    probes = [_other(fails_after=0), _other(fails_after=0)]
    heard = run_stream(function, (_two_of(probes), PROMPT), "first_that_answers", *probes)
    if heard.error is None:
        raise NotYet(f"{twice}. It failed both times, and the stream ended without an error.")


def _two_of(probes: list[LiveProbe]) -> list[TurnsModel]:
    """A list with one model twice, which answers with the first probe and then with the second."""
    return [TurnsModel.of(*probes)] * 2


def _left(function: Callable[..., Any]) -> None:
    probes = [fox(), _other()]
    heard = _first(function, probes, leave_after=2)
    no_error(heard, "when the reader left")
    _nobody_else(probes, 1, "The reader left")
    left_open(heard)
    probes = [fox(first_after=LONG), _other()]
    models = [LiveModel(probe=probe) for probe in probes]
    try:
        run_cancelled(function, (models, PROMPT), "first_that_answers", *probes, after=5.0)
    finally:  # another request is the more telling thing to say
        what = "The reader's task was cancelled while the first model was silent"
        _nobody_else(probes, 1, what)
