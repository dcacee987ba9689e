"""Check for `first_sentence`: return the first sentence of a reply and stop the model."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.extra_cases import only_gc_closes
from utils.checks.engine.mistakes import TEXT, unspaced
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run
from utils.checks.engine.stream_runner import call


@dataclass(kw_only=True)
class Seen(Run):
    """A run. `output` is the returned text, and `expected` the first sentence."""

    arrived: Sequence[int]  # for each piece, the number of characters up to its end
    complete: int  # the 1-based index of the piece that completes the sentence
    known: int  # the 1-based index of the piece with the white space after the sentence
    needless: bool  # whether the reply was read to the end although more text followed the sentence


def observe(answer: Any, case: Case) -> Seen:
    reply = case.reply()
    run = call("first_sentence", answer, case, reply, case.model(reply), case.prompt)
    arrived = list(accumulate(map(len, reply.pieces)))
    found = re.match(r"(?s).*?[.!?](?=\s)", reply.text)  # up to the first [.!?] before white space
    first = found[0] if found else reply.text
    return Seen.of(
        run,
        expected=first,
        arrived=arrived,
        complete=1 + bisect_left(arrived, len(first)),
        known=1 + bisect_right(arrived, len(first)),
        needless=reply.ended and first != reply.text,
    )


def _short(s: Seen) -> bool:
    """Whether the returned text ends too early, at a `.`, `!` or `?` inside the sentence."""
    return s.wrong_text and s.expected.startswith(s.output) and s.output[-1:] in (".", "!", "?")


def _long(s: Seen) -> bool:
    """Whether the returned text contains more than white space after the sentence."""
    further = s.output.strip() != s.expected and s.output.startswith(s.expected)
    return s.wrong_text and further and s.reply.text.startswith(s.output)


MISTAKES: Mistakes[Seen] = {
    "misses a line break": lambda s: (
        _long(s) and s.reply.text.removeprefix(s.expected)[:1] not in (" ", "")
    ),
    "misses the end after a digit": lambda s: _long(s) and s.expected[-2:-1].isdigit(),
    "misses the end": lambda s: _long(s) and s.reply.ended,
    "takes a later mark": lambda s: (
        _long(s)
        and s.output[-1:] in (".", "!", "?")
        and s.reply.text.removeprefix(s.output)[:1].isspace()
    ),
    "takes more than the sentence": _long,
    "loses the mark": lambda s: s.wrong_text and s.output == s.expected[:-1],
    "takes the end of a piece": lambda s: _short(s) and len(s.output) in s.arrived,
    "ends at any mark": _short,
    "loses white space": lambda s: (
        unspaced(s.output) != unspaced(s.expected)
        and unspaced(s.reply.text).startswith(unspaced(s.output))
        and not s.reply.text.startswith(s.output)
    ),
    **TEXT,
    "drains a chain": lambda s: s.needless and s.model is not None and s.model.calls[0].in_chain,
    "reads to the end": lambda s: s.needless,
    "reads on": lambda s: s.expected != s.reply.text and s.reply.taken > s.known,
}

# replies, each with its `Case.when`; `|` separates pieces where the split matters
_REPLIES = (
    (RIVERS, ""),
    ("Do rivers bend? They do, and they always will.", ""),
    (
        "A bend |moves 2.5 metres| a |year|. |Some |move more.",
        "for a reply with a number such as 2.5 in it",
    ),
    (
        "A bend |moves 2.|5 metres| a |year.| Some| move more.",
        "for a reply with a number such as 2.5 in two pieces",
    ),
    ("A bend |moves |by 2|. |Some| move| by 3|.", "for a sentence that ends with a digit"),
    ("The ebb.\nThe flood.\tThen it begins anew.", "for a sentence with a line break after it"),
    ("The ebb.\tThe flood.", "for a sentence with a tab after it"),
    ("Wait... Why?! They bend.", "for a sentence that ends with three dots"),
    ("Ha|ha|ha|.| |Ha|!", "for a reply in which pieces repeat"),
    ("Rivers bend.", "for a reply that ends with its first sentence"),
    ("\n Some| rivers bend|. |Why?", "for a reply that begins with white space"),
    ("because of| the water| \n", "for a reply in which no sentence ends"),
    ("Yes! No. Per|haps. |Ask again.", "for a piece with two sentences in it"),
    (f"{HARBOUR.replace('.', ',')} and it all begins anew. Every day.", "for a long sentence"),
    ("", "for an empty reply"),
)

check = Exercise(
    observe,
    cases=(
        *(
            Case(text=reply, seed=51, pieces=reply.split("|") if "|" in reply else None, when=when)
            for reply, when in _REPLIES
        ),
        Case(prompt=' Describe {"river": …}.\n', when="for a prompt with braces in it"),
    ),
    mistakes=MISTAKES,
    notes={
        "doesn't close": only_gc_closes(observe, "utils.checks.engine.fake_model.FakeModel.stream")
    },
    opts_out={"stops early": "stopping early is what the exercise asks for"},
)
