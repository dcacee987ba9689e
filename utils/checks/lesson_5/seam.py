"""Check for `seam`: join two strings without repeating the text that they share at the join."""

from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.run import RIVERS, Case, Run
from utils.checks.engine.stream_runner import call
from utils.checks.engine.wording import shown


@dataclass(frozen=True, kw_only=True)
class Pair(Case):
    partial: str
    more: str

    @property
    def overlap(self) -> str:
        """The longest suffix of the first string that is also a prefix of the second string."""
        ends = (self.more[:size] for size in range(len(self.more), 0, -1))
        return next(filter(self.partial.endswith, ends), "")


@dataclass(kw_only=True)
class Seen(Run):
    case: Pair

    @property
    def missing(self) -> str:
        """The text that was lost directly after the first string; "" if there is none."""
        rest = self.case.more.removeprefix(self.case.overlap)
        kept = self.returned.removeprefix(self.case.partial)
        return rest.removesuffix(kept) if rest.endswith(kept) else ""


def observe(answer: Any, case: Pair) -> Seen:
    run = call("seam", answer, case, case.reply(), case.partial, case.more)  # no reply is read
    return Seen.of(run, expected=case.partial + case.more.removeprefix(case.overlap))


MISTAKES: Mistakes[Seen] = {
    "loses the first string": lambda s: (
        s.wrong_text and s.returned == s.case.more and not s.case.overlap
    ),
    "white space": lambda s: TEXT["strips the text"](s) or TEXT["changes white space"](s),
    "changes the first string": lambda s: (
        s.wrong_text and not s.returned.startswith(s.case.partial)
    ),
    "repeats the overlap": lambda s: s.wrong_text and s.returned == s.case.partial + s.case.more,
    "repeats a part": lambda s: len(s.returned) > len(s.expected),
    "found elsewhere": lambda s: bool(s.missing) and s.case.overlap + s.missing in s.case.partial,
    "no overlap": lambda s: s.wrong_text and not s.case.overlap,
    "loses text": lambda s: s.wrong_text,
}

check = Exercise(
    observe,
    cases=[
        Pair(partial=partial, more=more, when=f"for {shown(f'seam({partial!r}, {more!r})', 80)}")
        for partial, more in (
            ("Foxes", " hunt at night."),
            ("The fox stops at", "stops at the road."),
            ("The fox sto", "stops at the road."),
            ("The fox", "The fox stops."),
            ("The fox stops.", "stops."),
            ("ha ha ha", "ha ha ha!"),
            ("Say no", "no no!"),
            ("The end. The", "The end is near."),
            ("stops, and the fox", "fox stops, and goes."),
            ("By the sea, or up the hill: ", "the sea."),
            ("The fox and the owl. ", "The fox"),
            ("The fox stops", "tops of trees"),
            ("It stands on the ", "the hill by the sea."),
            ("See:\n\n  - fox", "  - road"),
            ("One\ntwo\nthr", "two\nthree"),
            ("The fox  ", "  stops"),
            (" \n The fox", " hunts. \n"),
            ("The fox.\n\n", "\n\nThe owl."),
            ("f(x) = (x", "(x+1)*2"),
            ("Ask B", "Berlin"),
            ("Where is A", "a is there"),
            (RIVERS[:100], RIVERS[20:]),
            ("", "The fox"),
            ("The fox", ""),
            ("", ""),
        )
    ],
    mistakes=MISTAKES,
    opts_out={
        "swallows the error": "no reply is read, so no connection can be lost",
        "collected first": "there is no stream in this exercise",
    },
)
