"""The check of exercise 3.4: pieces that come within a time, joined and passed on together."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.student_code import learners_code
from utils.checks.engine.wording import shown
from utils.checks.lesson_3_replies import HERON
from utils.checks.observe import first_difference, kind, plain_call, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import Clock

SECONDS = 0.25  # this figure and the gaps are exact in binary, and so is "at least"


@dataclass(frozen=True)
class _Pace:
    """How a stream comes.

    Attributes:
        what: It in words, after "a stream".
        gaps: Seconds before each piece.
        begins: What the clock shows before the first, in seconds.
        empty_first: Whether its first piece is empty.
        empty_last: How many of its last pieces are empty.
    """

    what: str
    gaps: Sequence[float]
    begins: float = 100.0
    empty_first: bool = False
    empty_last: int = 0

    def pieces(self, skip: int) -> list[str]:
        """Its pieces; `skip` makes those of two streams differ."""
        words = [f"{word} " for word in (HERON.split() * 2)[skip : skip + len(self.gaps)]]
        if self.empty_first:
            words[0] = ""
        return [*words[: len(words) - self.empty_last], *[""] * self.empty_last]


_PACES = (
    _Pace("with a piece each 0.0625 s", [0.0625] * 14),
    _Pace("in bursts", [0.0, 0.0, 0.0, 1.0, 0.0, 0.0625, 0.0625, 0.125, 0.0]),
    _Pace("with a piece each second", [1.0, 1.0, 1.0]),
    _Pace("with a piece each 0.125 s", [0.125, 0.125, 0.125, 0.125, 0.0]),
    _Pace("of one piece", [0.0]),
    _Pace("that is empty", []),
    _Pace("that begins when the clock shows 0", [0.0, 0.0625, 0.125, 0.125], begins=0.0),
    _Pace("with an empty first piece", [0.0, 0.0625, 0.125, 0.125, 0.125], empty_first=True),
    _Pace("that ends in empty pieces", [0.0, 1.0, 1.0, 1.0], empty_last=2),
    _Pace("with a piece now and then", [0.0, 0.4375, 0.0625, 0.25, 0.1875]),
)


@dataclass(frozen=True)
class _Passed:
    """A text that was passed on, at which time in seconds, after how many pieces."""

    text: str
    at: float
    taken: int


def coalesce(answer: object) -> str:
    """A generator that joins what comes within a time, loses nothing and waits no longer."""
    function = the_function(answer, "coalesce")
    for skip, pace in enumerate(_PACES):
        pieces = pace.pieces(skip)
        got = _passed_on(function, pieces, pace)
        _nothing_lost(got, pieces, pace.what)
        _nothing_empty(got, pieces, pace.what)
        _in_time(got, pieces, pace)
    return (
        "The first piece at once, then one text every 0.25 s at most, with all that had come, and "
        "the rest at the end."
    )


def _passed_on(function: Callable[..., Any], pieces: list[str], pace: _Pace) -> list[_Passed]:
    clock, taken, looked = Clock(pace.begins), 0, 0

    def source() -> Iterator[str]:
        nonlocal taken
        for piece, gap in zip(pieces, pace.gaps, strict=True):
            clock.advance(gap)
            taken += 1
            yield piece

    def look() -> float:
        nonlocal looked
        looked += 1
        return clock()

    got: list[_Passed] = []
    with learners_code(f"for a stream {pace.what}"):
        returned = function(source(), seconds=SECONDS, clock=look)
        _is_lazy(returned, taken)
        for text in returned:
            if not isinstance(text, str):
                raise NotYet(f"What is passed on is {kind(text)}; it should be a text.")
            got.append(_Passed(text, clock(), taken))
            if len(got) > 2 * len(pieces) + 2:
                raise NotYet("`coalesce` goes on after the pieces have ended.")
    held_all = bool(got) and got[0].taken == len(pieces)  # worse, and told by `_in_time`
    if len(pieces) > 1 and not looked and not held_all:
        raise NotYet("`coalesce` never looked at the clock that it was given.")
    return got


def _is_lazy(returned: object, taken: int) -> None:
    if isinstance(returned, str | list | tuple):
        raise NotYet(
            f"`coalesce` returns {kind(returned)}, which is there only when the stream has ended. "
            "A generator can pass on text while the stream goes on."
        )
    plain_call(returned, "coalesce", generator=True)
    if returned is None:
        raise NotYet("`coalesce` returns `None`: there is no `yield` in it.")
    if not isinstance(returned, Iterable):
        raise NotYet(f"`coalesce` returns {kind(returned)}; nobody can loop over that.")
    if taken:
        raise NotYet(
            f"`coalesce` took {taken} pieces before anybody asked. A generator waits until it is "
            "asked."
        )


def _nothing_lost(got: list[_Passed], pieces: list[str], what: str) -> None:
    text, right = "".join(passed.text for passed in got), "".join(pieces)
    if text == right:
        return
    if not text:
        raise NotYet(f"Nothing was passed on for a stream {what}.")
    if text and right.startswith(text):
        raise NotYet(
            f"For a stream {what} the end is lost: {shown(right[len(text) :])} never comes out."
        )
    if len(got) > 1 and got[1].text.startswith(got[0].text):
        raise NotYet(
            f"What was passed on once comes again: {shown(got[0].text)}, then {shown(got[1].text)}."
        )
    lost = next((piece for piece in pieces if piece.strip() not in text), "")
    if lost:
        raise NotYet(f"For a stream {what} pieces are lost, such as {shown(lost)}.")
    raise NotYet(f"The text changed. {first_difference(text, right)}")


def _nothing_empty(got: list[_Passed], pieces: list[str], what: str) -> None:
    """Turn down an empty text, which shows nothing and would count as passed on."""
    for passed in got:
        if not passed.text:
            first = passed.taken == 1 and pieces[0] == ""
            when = "when only that had come" if first else "when nothing was waiting"
            raise NotYet(
                f"For a stream {what}, an empty text was passed on {when}. There is nothing in it "
                "to show."
            )


def _in_time(got: list[_Passed], pieces: list[str], pace: _Pace) -> None:
    """Find the first text that came too soon, too late, or without all that there was."""
    what, before = pace.what, None
    for passed, due in zip(got, _due(pieces, pace), strict=False):
        if (passed.text, passed.taken) == (due.text, due.taken):
            before = passed
            continue
        if before is None and passed.taken > due.taken:
            late = "all of them" if passed.taken == len(pieces) else f"{passed.taken} of them"
            raise NotYet(
                f"For a stream {what} the first text was passed on when {late} had come. The "
                f"first {'that is not empty' if pace.empty_first else 'piece'} should go on at "
                "once."
            )
        if before is not None and passed.taken < due.taken:
            raise NotYet(
                f"For a stream {what}, {shown(passed.text)} was passed on "
                f"{passed.at - before.at:g} s after the text before it, which is less than "
                f"{SECONDS} s."
            )
        if before is not None and passed.taken > due.taken:
            raise NotYet(
                f"For a stream {what}, {shown(due.text)} had come when {due.at - before.at:g} s "
                f"had gone by since the text before it, and wasn't passed on then. At least "
                f"{SECONDS} s is enough."
            )
        raise NotYet(
            f"For a stream {what}, {shown(due.text)} had come, and "
            f"{shown(passed.text)} was passed on. What is there should go."
        )


def _due(pieces: list[str], pace: _Pace) -> Iterator[_Passed]:
    """What should be passed on, and when."""
    now, waiting, last = pace.begins, "", pace.begins - SECONDS
    for taken, (piece, gap) in enumerate(zip(pieces, pace.gaps, strict=True), start=1):
        now += gap
        waiting += piece
        if waiting and now - last >= SECONDS:
            yield _Passed(waiting, now, taken)
            waiting, last = "", now
    if waiting:
        yield _Passed(waiting, now, len(pieces))
