"""The first sentence of a reply, and the model stops."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from pydantic import PrivateAttr

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.run import RIVERS, Case, Run
from utils.checks.engine.stream_runner import call


@dataclass(frozen=True, kw_only=True)
class Sentence(Case):
    """A reply and its first sentence."""

    first: str


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """Whether the stream was closed even though something kept it."""

    first: str
    closes: bool

    @property
    def got(self) -> str:
        """What was returned, without white space around it."""
        return str(self.returned).strip()

    @property
    def arrived(self) -> list[int]:
        """How many characters had arrived with each piece."""
        return list(accumulate(map(len, self.reply.pieces)))

    @property
    def complete(self) -> int:
        """The piece that completed the sentence."""
        return 1 + sum(length < len(self.first) for length in self.arrived)

    @property
    def known(self) -> int:
        """The piece that brought the white space after the sentence."""
        return 1 + sum(length <= len(self.first) for length in self.arrived)

    @property
    def goes_beyond(self) -> bool:
        """Whether the reply goes on after the sentence."""
        return len(self.first) < len(self.reply.text)


class _Keeper(FakeModel):
    """A model that keeps its streams, so that nothing but a `close()` closes them."""

    _kept: list[Any] = PrivateAttr(default_factory=list)

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        """As any chat model's."""
        self._kept.append(super().stream(*args, **kwargs))
        return self._kept[-1]


def observe(answer: Callable[..., Any], case: Sentence) -> Seen:
    """Call it once, and once more with a model that keeps its streams."""
    reply = case.reply()
    run = call("first_sentence", answer, case, reply, case.model(reply), case.prompt)
    kept = case.reply()
    keeper = _Keeper.of({case.prompt: kept})
    call("first_sentence", answer, case, kept, keeper, case.prompt)
    return Seen.of(run, first=case.first, closes=all(each.closed for each in kept.readings))


def _begins(s: Seen) -> bool:
    return s.returned != s.first and s.first.startswith(s.got)


MISTAKES: Mistakes[Seen] = {
    "returns an empty string": lambda s: bool(s.first) and not s.got,
    "strips the text": lambda s: (
        s.returned != s.first
        and s.returned.strip() == s.first.strip()
        and len(s.returned) < len(s.first)
    ),
    "white space at the end": lambda s: s.got == s.first and s.returned[-1:].isspace(),
    "white space at the start": lambda s: s.got == s.first and s.returned[:1].isspace(),
    "misses a line break": lambda s: (
        s.returned != s.first
        and s.returned.startswith(s.first)
        and s.reply.text[len(s.first) :][:1] not in (" ", "")
    ),
    "goes on": lambda s: s.returned != s.first and s.returned.startswith(s.first),
    "loses the mark": lambda s: s.got == s.first[:-1] != s.first,
    "takes the end of a piece": lambda s: (
        _begins(s) and s.got[-1] in ".!?" and len(s.got) in s.arrived
    ),
    "ends at any mark": lambda s: _begins(s) and s.got[-1] in ".!?",
    "ends in the sentence": _begins,
    "loses the beginning": lambda s: s.returned != s.first and s.got in s.reply.text,
    "another text": lambda s: s.returned != s.first,
    "drains a chain": lambda s: (
        s.goes_beyond and s.reply.ended and s.model is not None and s.model.calls[0].in_chain
    ),
    "reads to the end": lambda s: s.goes_beyond and s.reply.ended,
    "reads on": lambda s: s.goes_beyond and s.reply.taken > s.known,
}

check = Exercise(
    observe,
    cases=(
        Sentence(text=RIVERS, seed=51, first="Rivers bend because water is never quite even."),
        Sentence(
            text="Do rivers bend? They do, and they always will.", seed=52, first="Do rivers bend?"
        ),
        Sentence(text="Give it time! Rivers have plenty of that.", seed=53, first="Give it time!"),
        Sentence(
            pieces=("A bend ", "moves 2.5 metres", " a ", "year", ". ", "Some ", "move more."),
            first="A bend moves 2.5 metres a year.",
            when="for a reply with a number such as 2.5 in it",
        ),
        Sentence(
            pieces=("A bend ", "moves 2.", "5 metres", " a ", "year.", " Some", " move more."),
            first="A bend moves 2.5 metres a year.",
            when="for a reply with a number such as 2.5 in two pieces",
        ),
        Sentence(
            text="The ebb.\nThe flood.\tThen it begins anew.",
            seed=54,
            first="The ebb.",
            when="for a sentence with a line break after it",
        ),
        Sentence(
            text="Rivers bend.",
            seed=55,
            first="Rivers bend.",
            when="for a reply that ends with its first sentence",
        ),
        Sentence(
            text="because of the water",
            seed=56,
            first="because of the water",
            when="for a reply in which no sentence ends",
        ),
        Sentence(
            pieces=("Some rivers", " bend twice", ".", " ", "Nobody", " knows why", "."),
            first="Some rivers bend twice.",
        ),
        Sentence(
            pieces=("\n Some", " rivers bend", ". ", "Why?"),
            first="\n Some rivers bend.",
            when="for a reply that begins with white space",
        ),
        Sentence(
            pieces=("because of", " the water", " \n"),
            first="because of the water \n",
            when="for a reply in which no sentence ends",
        ),
        Sentence(
            pieces=("Yes! No. Per", "haps. ", "Ask again."),
            first="Yes!",
            when="for a piece with two sentences in it",
        ),
        Sentence(
            text="Rivers bend. Why?", seed=57, first="Rivers bend.", prompt=" Why do rivers bend?\n"
        ),
        Sentence(text="Rivers bend. Why?", seed=58, first="Rivers bend.", compact=True),
        Sentence(pieces=(), first="", when="for an empty reply"),
    ),
    mistakes=MISTAKES,
    notes={"doesn't close": lambda s: not s.closes},
    opts_out={
        "stops early": "stopping early is what the exercise asks for",
        "stops at the first chunk": "`returns an empty string` reports it",
    },
)
