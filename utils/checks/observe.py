"""What the checks of several exercises look at, and how they put it into words."""

import inspect
from collections.abc import Callable, Sequence
from types import CodeType, GeneratorType
from typing import Any

from utils.checks.engine.isolation import forgotten
from utils.checks.engine.student_code import learners_own
from utils.checks.engine.wording import shown
from utils.checks.outcome import NotYet
from utils.checks.streams import Probe


def the_function(answer: object, name: str) -> Callable[..., Any]:
    """The answer, if it can be called.

    Raises:
        NotYet: If it can't.
    """
    if not callable(answer):
        raise NotYet(
            f"The check wants the function itself, `{name}` without brackets after it; it was "
            f"given {kind(answer)}."
        )
    return answer


def plain_call(returned: object, name: str, *probes: Probe, generator: bool = False) -> None:
    """Turn down what only begins to run when it is awaited or, unless wanted, looped over.

    Args:
        returned: What came back from the learner's function.
        name: The function's.
        probes: What its models answer with: who hands back a stream of theirs wrote no generator.
        generator: Whether the function is to be one.

    Raises:
        NotYet: If `returned` is such a thing.
    """
    if inspect.iscoroutine(returned):
        returned.close()  # or Python warns that it was never awaited
    for probe in probes:
        nothing_left_unread(probe, name)
    if inspect.iscoroutine(returned) or inspect.isasyncgen(returned):
        raise NotYet(f"`{name}` is an `async def`; this lesson's are plain functions with `def`.")
    if isinstance(returned, GeneratorType) and not generator:
        if not _by_yield(returned.gi_code):
            raise NotYet(
                f"`{name}` returns a generator that nobody has read. Nothing in it happens until "
                "somebody does."
            )
        raise NotYet(
            f"There is a `yield` in `{name}`, so calling it only makes a generator and runs "
            "none of its lines."
        )


def _by_yield(code: CodeType) -> bool:
    """Whether a generator's code is a function of the learner's, no expression or library."""
    return code.co_name != "<genexpr>" and learners_own(code.co_filename)


def asked_for_a_stream(probe: Probe, name: str, *, to_the_end: bool = True) -> None:
    """Turn down code that didn't read one stream of its model.

    Raises:
        NotYet: If it called `invoke`, asked never or twice, or left before the end.
    """
    total = len(probe.pieces)
    if probe.streamed and probe.requests > 1:
        times = "twice" if probe.requests == 2 else f"{probe.requests} times"
        there = " The pieces are there already, and together they are the whole text."
        raise NotYet(
            f"The model was asked {times} for one reply, and each time is paid for."
            f"{there if probe.taken >= 2 * total else ''}"
        )
    if probe.invoked:
        method = "ainvoke" if "ainvoke" in probe.called else "invoke"
        raise NotYet(
            f"The model was called with `{method}`, which returns when all {total} pieces are "
            "written. Until then there is nothing to work with."
        )
    asked_the_given_model(probe, name)
    if not to_the_end or probe.ended:
        return
    if not probe.taken:
        raise NotYet(
            f"`{name}` came back after the first piece, which is empty; {total} with text were to "
            "follow. Where does `return` stand?"
        )
    were = "was" if probe.taken == 1 else "were"
    raise NotYet(
        f"Only {probe.taken} of {total} pieces of the reply {were} read. What ends the loop so "
        "early?"
    )


def asked_the_given_model(probe: Probe, name: str) -> None:
    """Turn down code that never asked its model.

    Raises:
        NotYet: If the probe had no request.
    """
    nothing_left_unread(probe, name)
    if not probe.requests:
        nothing_forgotten(name)
        raise NotYet(
            f"`{name}` never asked the model that it was given. Does its code ask another one, "
            "from outside, or make a chain that nobody runs?"
        )


_UNASKED = {  # by the method that was called
    "stream": "made a stream with `.stream(…)`, and nobody read it. Nothing is asked until "
    "somebody does.",
    "astream": "made a stream with `.astream(…)`, and nobody read it. Nothing is asked until "
    "somebody does.",
    "ainvoke": "called `.ainvoke(…)`, and nobody awaited what came back. Nothing is asked until "
    "somebody does.",
    "invoke": "called `.invoke(…)`, and the call failed before the model was asked.",
}


def nothing_left_unread(probe: Probe, name: str) -> None:
    """Turn down code that called a method of its model and didn't read or await what came back.

    Raises:
        NotYet: If a method was called, and the model was never asked.
    """
    if probe.called and not probe.requests:
        raise NotYet(f"`{name}` {_UNASKED[probe.called[-1]]}")


def nothing_forgotten(name: str) -> None:
    """Turn down code that made a coroutine and threw it away; for what it left undone.

    Raises:
        NotYet: If it did, and the check is one that is noted by `unawaited`.
    """
    function = forgotten()
    if function:
        raise NotYet(
            f"In `{name}`, a call of `{function}` made a coroutine, and nobody awaited it: none of "
            "its lines has run."
        )


def no_blank_piece_lost(got: object, pieces: Sequence[str]) -> None:
    """Turn down a text from which exactly the pieces are missing that are white space alone.

    Args:
        got: The learner's text; anything else is let pass.
        pieces: Those that were to be in it.

    Raises:
        NotYet: If that is what it lacks.
    """
    blanks = [at for at, piece in enumerate(pieces) if piece.isspace()]
    if blanks and got == "".join(piece for piece in pieces if not piece.isspace()):
        what = "a line break" if "\n" in pieces[blanks[0]] else "a space"
        raise NotYet(
            f"A piece that is {what} and nothing else, {shown(repr(pieces[blanks[0]]))}, is lost: "
            f"{shown(repr(got), 90)}. Is such a piece empty?"
        )


def first_difference(got: str, expected: str) -> str:
    """A sentence on where two texts part."""
    at = next(
        (n for n, (one, other) in enumerate(zip(got, expected, strict=False)) if one != other),
        min(len(got), len(expected)),
    )
    here = shown(got[max(0, at - 10) : at + 10] or " ")
    return f"It parts from the reply at character {at + 1}, near {here}."


def kind(value: object) -> str:
    """What sort of thing a value is, such as "a `list`"."""
    if value is None:
        return "`None`"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} `{name}`"


def not_asked_for(returned: object, wanted: str, when: str = "") -> str:
    """What to say of a value of the wrong sort.

    Args:
        returned: What came back from the learner's function.
        wanted: What the exercise asks for, such as "a text".
        when: What the function was given, such as "for an empty reply", if that explains it.
    """
    case = f" {when}" if when else ""
    if returned is None:
        return f"Nothing came back{case}: is a `return` missing? The exercise asks for {wanted}."
    return f"What came back{case} is {kind(returned)}; the exercise asks for {wanted}."


def listed(values: Sequence[Any]) -> str:
    """Values between backticks, with commas."""
    return ", ".join(shown(repr(value)) for value in values) if values else "nothing"


def near(one: float, other: float) -> bool:
    """Whether two times, in seconds, are the same but for what rounding makes of them."""
    return abs(one - other) < 1e-6


def names_in(function: object) -> set[str]:
    """The names that a function's code uses, and the functions in it."""
    code = getattr(function, "__code__", function)
    if not isinstance(code, CodeType):
        return set()
    return set(code.co_names).union(*map(names_in, code.co_consts))
