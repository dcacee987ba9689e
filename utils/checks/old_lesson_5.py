"""Where lesson 5's checks are found, and those of 5.2, 5.6 and 5.7, which read no stream.

The others stand in `lesson_5_turn.py`, `lesson_5_until.py` (Stop), `lesson_5_safety.py` (silence,
and fallback) and, for the capstone's steps, `capstone_*.py`.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from utils.checks.capstone_steady import steady
from utils.checks.capstone_support import support
from utils.checks.clinic import diagnosed
from utils.checks.engine.student_code import learners_code
from utils.checks.engine.wording import shown
from utils.checks.lesson_5_safety import first_that_answers, watched
from utils.checks.lesson_5_turn import turn
from utils.checks.lesson_5_until import text_until
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet

# --- 5.2 caption(done, total, seconds) ------------------------------------------------------------


@dataclass(frozen=True)
class _Job:
    done: int
    total: int | None
    seconds: float
    right: str

    @property
    def call(self) -> str:
        return f"`caption({self.done}, {self.total}, {self.seconds})`"


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
    if "None" in returned:
        return "`None` is no number: it says that nobody knows the total."
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
        return "The exercise's three forms count; none of them has a percentage."
    if [round(number) for number in numbers] == right and re.search(r"\d\.\d", returned):
        return "The numbers are right, and the exercise asks for whole seconds."
    if len(numbers) == len(right):
        for one, other in zip(numbers, right, strict=True):
            if 0 < abs(one - other) <= 1:
                how = "rounded up" if one > other else "cut off"
                return f"That is one off: are the seconds {how}?"
    if numbers == right:
        return "The numbers are right, and the exercise words it differently."
    return "Which of the exercise's three forms fits here?"


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
    _Parts("It stands on the ", "the hill by the sea.", "It stands on the hill by the sea."),
    _Parts("Where is A", "a is there", "Where is Aa is there"),
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
    if partial and more and returned == more and not overlap:
        return (
            "The first text is gone. If a slice of yours counts from the end: with an overlap of "
            "0, `text[:-0]` is no text at all."
        )
    if not returned.startswith(partial):
        return "The first text should stand there unchanged."
    if returned == partial + more and len(overlap) == 1:
        return f"A single letter that is repeated counts too: {shown(overlap)} stands there twice."
    if returned == partial + more and overlap == more:
        return (
            f"{shown(repr(overlap))} is the whole of the second text, and stands there twice. If a "
            "slice of yours counts from the end: `text[-0:]` is all of a text."
        )
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
    "5.10": steady,
    "5.11": support,
}
