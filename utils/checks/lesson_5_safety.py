"""The checks of Exercises 5.4 and 5.5: no waiting without end, and the next model's turn.

On virtual time, as `lesson_5_turn.py`'s.
"""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk

from utils.checks.engine import virtual_time as loops
from utils.checks.guard import judged
from utils.checks.listening import Feed, Heard
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import ConnectionLost
from utils.checks.watching import (
    AT_ONCE,
    LONG,
    came_out,
    no_error,
    nothing_late,
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
