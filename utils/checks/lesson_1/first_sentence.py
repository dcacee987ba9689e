"""Check for `first_sentence`: return the first sentence of a reply, and stop the model."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.extra_cases import leaves_closing
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run
from utils.checks.engine.stream_runner import call


@dataclass(frozen=True, kw_only=True)
class Sentence(Case):
    """A reply and its first sentence."""

    first: str


@dataclass(kw_only=True)
class Seen(Run):
    """The sentence that was returned, and how much of the reply was read."""

    case: Sentence
    arrived: Sequence[int]  # how many characters had arrived after each piece
    complete: int  # the number of the piece that completed the sentence
    known: int  # the number of the piece with the white space after the sentence
    needless: bool  # whether the reply was read to the end although text follows the sentence

    @property
    def expected(self) -> str:
        """The first sentence."""
        return self.case.first


def observe(answer: Any, case: Sentence) -> Seen:
    """Call the answer once."""
    reply = case.reply()
    run = call("first_sentence", answer, case, reply, case.model(reply), case.prompt)
    arrived = list(accumulate(map(len, reply.pieces)))
    return Seen.of(
        run,
        arrived=arrived,
        complete=1 + bisect_left(arrived, len(case.first)),
        known=1 + bisect_right(arrived, len(case.first)),
        needless=reply.ended and case.first != reply.text,
    )


def _short(s: Seen) -> bool:
    """Whether the returned text ends too early, at a `.`, `!` or `?` inside the sentence."""
    return s.wrong_text and s.expected.startswith(s.output) and s.output[-1:] in (".", "!", "?")


def _long(s: Seen) -> bool:
    further = s.output.strip() != s.expected and s.output.startswith(s.expected)
    return s.wrong_text and further and s.reply.text.startswith(s.output)


MISTAKES: Mistakes[Seen] = {
    "no text": TEXT["no text"],
    "misses a line break": lambda s: (
        _long(s) and s.reply.text[len(s.expected) :][:1] not in (" ", "")
    ),
    "misses the end after a digit": lambda s: _long(s) and s.expected[-2:-1].isdigit(),
    "misses the end": lambda s: _long(s) and s.reply.ended,
    "takes a later mark": lambda s: (
        _long(s)
        and s.output[-1:] in (".", "!", "?")
        and s.reply.text[len(s.output) :][:1].isspace()
    ),
    "takes more than the sentence": _long,
    "loses the mark": lambda s: s.output == s.expected[:-1] != s.expected,
    "takes the end of a piece": lambda s: _short(s) and len(s.output) in s.arrived,
    "ends at any mark": _short,
    **TEXT,
    "drains a chain": lambda s: s.needless and s.model is not None and s.model.calls[0].in_chain,
    "reads to the end": lambda s: s.needless,
    "reads on": lambda s: s.expected != s.reply.text and s.reply.taken > s.known,
}

_NUMBER = "A bend moves 2.5 metres a year."
_LONG = f"{HARBOUR.replace('.', ',')} and it all begins anew."
# for each case: first sentence, `when`, and reply (with a bar between pieces if the pieces matter)
_CASES = (
    ("Rivers bend because water is never quite even.", "", RIVERS),
    ("Do rivers bend?", "", "Do rivers bend? They do, and they always will."),
    ("Give it time!", "", "Give it time! Rivers have plenty of that."),
    (
        _NUMBER,
        "for a reply with a number such as 2.5 in it",
        "A bend |moves 2.5 metres| a |year|. |Some |move more.",
    ),
    (
        _NUMBER,
        "for a reply with a number such as 2.5 in two pieces",
        "A bend |moves 2.|5 metres| a |year.| Some| move more.",
    ),
    (
        "A bend moves by 2.",
        "for a sentence that ends with a digit",
        "A bend |moves |by 2|. |Some| move| by 3|.",
    ),
    (
        "The ebb.",
        "for a sentence with a line break after it",
        "The ebb.\nThe flood.\tThen it begins anew.",
    ),
    ("Rivers bend.", "for a reply that ends with its first sentence", "Rivers bend."),
    ("because of the water", "for a reply in which no sentence ends", "because of the water"),
    ("Some rivers bend twice.", "", "Some rivers| bend twice|.| |Nobody| knows why|."),
    (
        "\n Some rivers bend.",
        "for a reply that begins with white space",
        "\n Some| rivers bend|. |Why?",
    ),
    (
        "because of the water \n",
        "for a reply in which no sentence ends",
        "because of| the water| \n",
    ),
    ("Yes!", "for a piece with two sentences in it", "Yes! No. Per|haps. |Ask again."),
    (_LONG, "for a long sentence", f"{_LONG} Every day."),
    ("", "for an empty reply", ""),
)

check = Exercise(
    observe,
    cases=(
        *(
            Sentence(
                first=first,
                when=when,
                text=reply,
                seed=51,
                pieces=reply.split("|") if "|" in reply else None,
            )
            for first, when, reply in _CASES
        ),
        Sentence(text="Rivers bend. Why?", first="Rivers bend.", prompt=" Why do rivers bend?\n"),
        Sentence(text="Rivers bend. Why?", first="Rivers bend.", compact=True),
    ),
    mistakes=MISTAKES,
    notes={
        "doesn't close": leaves_closing(observe, "utils.checks.engine.fake_model.FakeModel.stream")
    },
    opts_out={"stops early": "stopping early is what the exercise asks for"},
)
