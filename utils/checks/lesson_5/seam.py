"""Two strings joined, without the part of the second that repeats the first's end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import RIVERS, Case, Run
from utils.checks.engine.stream_runner import call
from utils.checks.engine.wording import shown


@dataclass(frozen=True, kw_only=True)
class Parts(Case):
    """Two strings, and what they should become."""

    partial: str
    more: str
    right: str


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What two strings became."""

    case: Parts

    @property
    def partial(self) -> str:
        """The first string."""
        return self.case.partial

    @property
    def more(self) -> str:
        """The second string."""
        return self.case.more

    @property
    def right(self) -> str:
        """What they should become."""
        return self.case.right

    @property
    def wrong(self) -> bool:
        """Whether they became something else."""
        return bool(self.returned != self.right)

    @property
    def overlap(self) -> str:
        """The end of the first string that the second begins with."""
        return self.more[: len(self.partial) + len(self.more) - len(self.right)]

    @property
    def repeats(self) -> bool:
        """Whether the strings were added, and the overlap is in the result twice."""
        return self.wrong and bool(self.returned == self.partial + self.more)

    @property
    def missing(self) -> str:
        """What is missing of the second string's beginning, apart from the overlap; or ""."""
        rest = self.returned.removeprefix(self.partial)
        short = self.returned.startswith(self.partial) and self.more.endswith(rest)
        return self.more[len(self.overlap) : len(self.more) - len(rest)] if short else ""


def observe(answer: Callable[..., Any], case: Parts) -> Seen:
    """Call it once."""
    return Seen.of(call("seam", answer, case, case.reply(), case.partial, case.more))


def _parts(partial: str, more: str, right: str) -> Parts:
    when = f"for {shown(f'seam({partial!r}, {more!r})', 80)}"
    return Parts(partial=partial, more=more, right=right, when=when)


MISTAKES: Mistakes[Seen] = {
    "loses the first string": lambda s: (
        s.wrong and bool(s.partial) and not s.overlap and s.returned == s.more
    ),
    "white space": lambda s: s.wrong and "".join(s.returned.split()) == "".join(s.right.split()),
    "changes the first string": lambda s: s.wrong and not s.returned.startswith(s.partial),
    "repeats a character": lambda s: s.repeats and len(s.overlap) == 1,
    "repeats all of the first": lambda s: s.repeats and s.overlap == s.partial,
    "repeats all of the second": lambda s: s.repeats and s.overlap == s.more,
    "repeats the overlap": lambda s: s.repeats,
    "repeats a part": lambda s: s.wrong and len(s.returned) > len(s.right),
    "found elsewhere": lambda s: bool(s.missing) and s.overlap + s.missing in s.partial,
    "loses text without an overlap": lambda s: s.wrong and not s.overlap,
    "loses more than the overlap": lambda s: s.wrong,
}

check = Exercise(
    observe,
    cases=(
        _parts("Foxes", " hunt at night.", "Foxes hunt at night."),
        _parts("The fox stops at", "stops at the road.", "The fox stops at the road."),
        _parts("The fox sto", "stops at the road.", "The fox stops at the road."),
        _parts("The fox", "The fox stops.", "The fox stops."),
        _parts("The fox stops.", "stops.", "The fox stops."),
        _parts("ha ha ha", "ha ha ha!", "ha ha ha!"),
        _parts("The end. The", "The end is near.", "The end. The end is near."),
        _parts("stops, and the fox", "fox stops, and goes.", "stops, and the fox stops, and goes."),
        _parts("By the sea, or up the hill: ", "the sea.", "By the sea, or up the hill: the sea."),
        _parts("The fox and the owl. ", "The fox", "The fox and the owl. The fox"),
        _parts("The fox stops", "tops of trees", "The fox stops of trees"),
        _parts("See:\n\n  - fox", "  - road", "See:\n\n  - fox  - road"),
        _parts("One\ntwo\nthr", "two\nthree", "One\ntwo\nthree"),
        _parts("The fox  ", "  stops", "The fox  stops"),
        _parts("f(x) = (x", "(x+1)*2", "f(x) = (x+1)*2"),
        _parts("Ask B", "Berlin", "Ask Berlin"),
        _parts("It stands on the ", "the hill by the sea.", "It stands on the hill by the sea."),
        _parts("Where is A", "a is there", "Where is Aa is there"),
        _parts(RIVERS[:100], RIVERS[20:], RIVERS),
        _parts("", "The fox", "The fox"),
        _parts("The fox", "", "The fox"),
        _parts("", "", ""),
    ),
    mistakes=MISTAKES,
    opts_out={
        "swallows the error": "no reply is read, so no connection can be lost",
        "collected first": "its loop reads no stream",
    },
)
