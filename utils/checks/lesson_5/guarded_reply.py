"""Check for `guarded_reply`: yield only allowed text, and hold back as little as possible.

`guarded_reply(pieces, allowed, longest)` raises the notebook's own `Refused` when `allowed(text)`
returns False.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import FIRST as SHARED
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.reply import Reply
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run
from utils.checks.engine.stream_runner import run_async

_CARD = "1234 5678 9012 3456"
_FREE = "free of charge"
_LONG_PIECE = f"You get all of it {_FREE} from us."


@dataclass(frozen=True, kw_only=True)
class Guarded(Case):
    """A reply, and the phrases that the guard forbids."""

    forbidden: Sequence[str] = (_FREE, "no fee")

    @property
    def longest(self) -> int:
        return max(map(len, self.forbidden))

    @property
    def whole(self) -> bool:
        """Whether the reply should be read to the end; False if it contains a forbidden phrase."""
        text = self.text if self.pieces is None else "".join(self.pieces)
        return super().whole and not any(phrase in text for phrase in self.forbidden)


class _Verdict(NamedTuple):
    """One result of the guard, and the state of the reply when the guard was called."""

    allowed: bool
    taken: int  # how many pieces had been taken
    logged: int  # the length of the reply's log of pieces and yielded text


@dataclass(kw_only=True)
class Seen(Run):
    case: Guarded
    guard_calls: int  # how many times `allowed` was called
    # how many pieces were taken before `allowed` first returned False; None if it never did
    no_at: int | None
    # how many characters of `phrase` were yielded before `allowed` first returned False
    shown_by_then: int
    shown_unchecked: bool  # whether text was yielded just before `allowed` first returned False
    refused: bool
    arrived: str  # the text of the pieces that the answer read
    phrase: str  # the forbidden phrase that ends first in the reply; "" if there is none
    leaked: int  # how many characters of `phrase` were yielded
    held: int  # the largest number of characters held back when another piece arrived


def observe(answer: Any, case: Guarded) -> Seen:
    reply = case.reply()
    verdicts: list[_Verdict] = []

    def allowed(text: str) -> bool:
        yes = not any(phrase in text for phrase in case.forbidden)
        verdicts.append(_Verdict(yes, reply.taken, len(reply.log)))
        return yes

    # this reference keeps the stream open unless the answer closes it
    args = (reply.astream(), allowed, case.longest)
    run = run_async("guarded_reply", answer, case, reply, *args, streams=True)
    found = [phrase for phrase in case.forbidden if phrase in reply.text]
    ends = {phrase: reply.text.index(phrase) + len(phrase) for phrase in found}
    phrase = min(found, key=ends.__getitem__, default="")
    clean = reply.text.index(phrase) if phrase else len(reply.text)  # where the phrase begins
    first_no = next((verdict for verdict in verdicts if not verdict.allowed), None)
    log = reply.log[: first_no.logged] if first_no else []  # the events before `first_no`

    def leaked(text: str) -> int:
        over = len(text) - clean if reply.text.startswith(text) else 0
        return min(max(0, over), len(phrase))

    return Seen.of(
        run,
        expected=run.text if phrase else reply.text,  # not compared if the reply contains a phrase
        guard_calls=len(verdicts),
        no_at=first_no.taken if first_no else None,
        shown_by_then=leaked("".join(event.text for event in log if event.what == "out")),
        shown_unchecked=any(event.what == "out" and event.text for event in log[-1:]),
        refused=any(base.__name__ == "Refused" for base in type(run.error).__mro__),
        arrived="".join([piece for piece in reply.pieces if piece][: reply.taken]),
        phrase=phrase,
        leaked=leaked(run.text),
        held=_most_held(reply),
    )


def _most_held(reply: Reply) -> int:
    """Return the largest number of characters that were held back when a piece was taken."""
    held = most = 0
    for event in reply.log:
        if event.what == "out":
            held -= len(event.text)
        else:
            most = max(most, held if event.what == "in" else 0)
            held += len(event.text)
    return most


FIRST: Mistakes[Seen] = {
    "refuses allowed text": lambda s: (
        s.refused and not any(phrase in s.arrived for phrase in s.case.forbidden)
    ),
    "raises": lambda s: not s.refused and SHARED["raises"](s),
}
MISTAKES: Mistakes[Seen] = {
    "never checks": lambda s: s.case.ordinary and not s.guard_calls,
    "checks too late": lambda s: s.total > 1 and not s.guard_calls and not s.phrase,
    "misses the phrase": lambda s: bool(s.phrase) and s.leaked == len(s.phrase) and s.no_at is None,
    "shows it once refused": lambda s: s.no_at is not None and s.leaked > s.shown_by_then,
    "shows it first": lambda s: s.leaked > 0 and s.shown_unchecked,
    "shows a part": lambda s: s.leaked > 0,
    "reads on once refused": lambda s: s.no_at is not None and s.reply.taken > s.no_at,
    "ends quietly": lambda s: bool(s.phrase) and s.error is None,
    "cuts at minus zero": lambda s: s.case.longest == 1 and s.held > 0,  # `text[:-0]`
    "shows other text": lambda s: bool(s.phrase) and not s.reply.text.startswith(s.text),
    **TEXT,
    "collected first": lambda s: s.taken[:1] == [s.total] and s.held >= s.case.longest,
    "held back": lambda s: s.held >= s.case.longest,
}

_STREAMS = {  # the pieces of each reply, keyed by `when`
    "when each piece was one character": tuple(f"All of it is {_FREE}, of course."),
    "when the phrase was in the middle of a long piece": ("So: ", _LONG_PIECE, " Bye", "."),
    "when the phrase ended the reply": ("It is fr", "ee of ch", "arge"),
    "when the phrase began the reply": ("free", " of charge", ", yes"),
    "when a shorter phrase arrived": ("There is n", "o fee", " today", ", or", "."),
    "when the phrase began twice": ("It is free ", "of free ", "of char", "ge", "."),
    "for a reply in one piece": (RIVERS,),
    "for a reply shorter than the phrase": ("Hi", "!"),
    "for a reply that ended in half a phrase": ("It is fr", "ee of ch"),
    "for a similar phrase": ("It is free", " of ", "", " charge", "\n"),
    "for an empty stream": (),
}

check = Exercise(
    observe,
    cases=(
        Guarded(seed=71, forbidden=("makes the next bed", "never quite evenly")),
        Guarded(
            pieces=("You paid with ", _CARD, ", in May", "."),
            forbidden=(_CARD,),
            when="when the phrase arrived in one piece",
        ),
        Guarded(
            pieces=("Paid with 12", "34 56", "78 90", "12 3456", " in May"),
            forbidden=(_CARD,),
            when="when the phrase was split over pieces",
        ),
        *(Guarded(pieces=pieces, when=when) for when, pieces in _STREAMS.items()),
        Guarded(text=HARBOUR, seed=72, forbidden=("%",), when="when `longest` was 1"),
        Guarded(pieces=("Take ", "50% off", "."), forbidden=("%",), when="when `longest` was 1"),
        Guarded(text=4 * RIVERS, seed=73, when="for a long reply"),
    ),
    mistakes=MISTAKES,
    first=FIRST,
)
