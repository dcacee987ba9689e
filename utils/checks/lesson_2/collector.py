"""Check for `Collector`: a handler whose `.text` grows with each token."""

import inspect
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import unspaced
from utils.checks.engine.reply import ConnectionLost
from utils.checks.engine.run import HARBOUR, REPLIES, Case
from utils.checks.lesson_2 import handlers
from utils.checks.lesson_2.handlers import HandlerRun, Make, run_handlers


@dataclass(frozen=True, kw_only=True)
class CollectorCase(Case):
    """A reply to `stream` or, if `invoked`, to `invoke` with `streaming=True`."""

    invoked: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen(HandlerRun):
    """A collector's run: `value` is its final `.text`, `other` that of an unused collector."""

    case: CollectorCase
    fresh: Any  # a new collector's `.text`
    looks: Sequence[tuple[str, Any]]  # (text so far, value of `.text`) after each chunk
    arrived: str  # all the text that arrived
    pieces: Sequence[str]
    longest: str  # the longest value that `.text` had after any chunk
    late: Sequence[tuple[str, Any]]  # the entries of `looks` whose text and value differ


def observe(answer: Any, case: CollectorCase) -> Seen:
    """Read a collector's `.text` after each chunk; a second collector receives nothing."""
    reply = case.reply()
    looks: list[tuple[str, Any]] = []
    fresh: Any = None

    def call_model(make: Make) -> None:
        nonlocal fresh
        one, other = make(), make()
        fresh = getattr(other, "text", None)
        model, config = case.model(reply, streaming=True), {"callbacks": [one]}
        if case.invoked:
            model.invoke(case.prompt, config)
            return
        with suppress(ConnectionLost), closing(model.stream(case.prompt, config)) as chunks:
            for _ in chunks:
                looks.append(("".join(reply.pieces[: reply.taken]), getattr(one, "text", None)))
                if reply.taken == case.leave_after:
                    break

    run = run_handlers("Collector", answer, case, "text", call_model)
    arrived = "".join(reply.pieces[: reply.taken])
    return Seen.of(
        run,
        fresh=fresh,
        looks=looks,
        arrived=arrived,
        pieces=reply.pieces,
        longest=max((str(text or "") for _, text in looks), key=len, default=""),
        late=[(due, text) for due, text in looks if due != text],
        wrong=run.value != arrived,
    )


def _unrepeated(pieces: Sequence[str]) -> list[str]:
    """Return the text without consecutive duplicate pieces, and the text without any duplicates."""
    return ["".join(piece for piece, _ in groupby(pieces)), "".join(dict.fromkeys(pieces))]


MISTAKES: Mistakes[Seen] = {
    **handlers.CLASS,
    "not a string": lambda s: s.value is not None and not isinstance(s.value, str),
    "shared text": lambda s: bool(s.other) and s.other != s.fresh,
    "begins with text": lambda s: bool(s.fresh),
    "no text": lambda s: s.value is None,
    "last piece alone": lambda s: (
        s.wrong and len(s.pieces) > 1 and {text or "" for _, text in s.looks} == {*s.pieces, ""}
    ),
    "cleared": lambda s: s.wrong and not s.value and bool(s.longest),
    "still empty": lambda s: s.wrong and not s.value,
    "whole chunks": lambda s: s.wrong and "content=" in s.value,
    "drops the first chunk": lambda s: (
        s.wrong and bool(s.pieces) and s.value == s.arrived[len(s.pieces[0]) :]
    ),
    "loses repeated pieces": lambda s: (
        s.wrong and len({*s.pieces}) < len(s.pieces) and s.value in _unrepeated(s.pieces)
    ),
    "adds the reply again": lambda s: s.wrong and s.value == 2 * s.arrived,
    "loses white space": lambda s: s.wrong and unspaced(s.value) == unspaced(s.arrived),
    "not with invoke": lambda s: s.wrong and s.case.invoked,
    "another text": lambda s: s.wrong,
    "no text at first": lambda s: s.other is None,
    "empty on the way": lambda s: bool(s.arrived and s.looks) and not s.longest,
    "behind": lambda s: bool(s.late),
}

check = Exercise(
    observe,
    cases=(
        CollectorCase(seed=11),
        CollectorCase(text=HARBOUR, seed=12, compact=True),
        CollectorCase(text=REPLIES[1].text, seed=13),
        CollectorCase(
            pieces=("ha", "ha", " ", "ha", "\n", "\n", "ha", "ha"),
            when="for a reply that repeats pieces",
        ),
        CollectorCase(pieces=(), when="for an empty reply"),
        CollectorCase(fails_after=3, when="when the connection was lost"),
        CollectorCase(fails_after=0, when="when the connection was lost before any text"),
        CollectorCase(leave_after=3, when="when the reader stopped early"),
        CollectorCase(seed=14, invoked=True),
    ),
    mistakes=MISTAKES,
    notes={"async method": lambda s: inspect.iscoroutinefunction(s.answer.on_llm_new_token)},
)
