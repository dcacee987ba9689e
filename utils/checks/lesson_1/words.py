"""Split pieces into whole words, each yielded as soon as it is complete."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import HARBOUR, Case, Run
from utils.checks.engine.stream_runner import call


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """The words that were yielded, and when each was complete."""

    @property
    def words(self) -> list[str]:
        """The correct words."""
        return self.reply.text.split()

    @property
    def wrong(self) -> int:
        """The position of the first wrong item."""
        pairs = enumerate(zip(self.items, self.words, strict=False))
        shorter = min(len(self.items), len(self.words))
        return next((at for at, (item, word) in pairs if item != word), shorter)

    @property
    def item(self) -> str:
        """The first wrong item, or "" if items are only missing at the end."""
        return self.items[self.wrong] if self.wrong < len(self.items) else ""

    @property
    def word(self) -> str:
        """The correct word at that position, or ""."""
        return self.words[self.wrong] if self.wrong < len(self.words) else ""

    @property
    def needed(self) -> list[int]:
        """For each word, how many pieces it takes to know that it is complete."""
        ends = [found.end() for found in re.finditer(r"\S+(?=\s)", self.reply.text)]
        arrived = [len("".join(self.reply.pieces[: n + 1])) for n in range(self.total)]
        known = [next(n for n, length in enumerate(arrived, 1) if length > end) for end in ends]
        return [*known, self.total][: len(self.words)]

    @property
    def late(self) -> int | None:
        """The first word that was yielded later than necessary."""
        pairs = enumerate(zip(self.taken, self.needed, strict=False))
        return next((at for at, (came, known) in pairs if came > known), None)


def observe(answer: Callable[..., Any], case: Case) -> Seen:
    """Loop over the words of one stream of pieces."""
    reply = case.reply()
    return Seen.of(call("words", answer, case, reply, reply.stream, streams=True))


def _without_marks(s: Seen) -> list[list[str]]:
    """The words without punctuation, in three versions."""
    return [
        re.findall(r"\w+", s.reply.text),
        [re.sub(r"\W", "", word) for word in s.words],
        [word.strip(".,;:!?") for word in s.words],
    ]


MISTAKES: Mistakes[Seen] = {
    "yields nothing": lambda s: bool(s.words) and not s.items,
    "yields the pieces": lambda s: s.items == list(s.reply.pieces) != s.words,
    "drops punctuation": lambda s: s.items != s.words and s.items in _without_marks(s),
    "yields an empty last word": lambda s: s.items == [*s.words, ""],
    "yields an empty word": lambda s: "" in s.items,
    "loses the last word": lambda s: bool(s.words) and s.items == s.words[:-1],
    "yields one word more": lambda s: not s.word and bool(s.item),
    "yields too few words": lambda s: not s.item and bool(s.word),
    "keeps white space": lambda s: s.item != s.word == s.item.strip(),
    "splits at spaces only": lambda s: (
        s.item.startswith(s.word) and bool(re.search(r"[^\S ]", s.item))
    ),
    "joins words": lambda s: s.item != s.word and s.item.startswith(s.word),
    "cuts a word": lambda s: s.item != s.word and s.word.startswith(s.item),
    "yields a word again": lambda s: s.item != s.word and s.item in s.items[: s.wrong],
    "leaves a word out": lambda s: s.item != s.word and s.item in s.words[s.wrong :],
    "yields another word": lambda s: s.item != s.word,
    "collected first": lambda s: len(s.words) > 1 and s.taken[0] == s.total,
    "held back": lambda s: s.late is not None,
}

check = Exercise(
    observe,
    cases=(
        Case(text="Streaming helps people who read while the text is written", seed=21),
        Case(
            text="Words  end\nat any white\tspace,\r\neven\u00a0at the  end of a line.\n", seed=22
        ),
        Case(text=HARBOUR, seed=23),
        Case(pieces=("", "one t", "", "wo", ""), when="for a stream with an empty piece in it"),
        Case(
            pieces=("one", " ", "\n", "two"),
            when="for a stream with a piece of white space alone",
        ),
        Case(
            pieces=("A bend moves 2.", "5 metres", ", or", " so."),
            when="for a number such as 2.5 in two pieces",
        ),
        Case(pieces=(), when="for an empty stream"),
    ),
    mistakes=MISTAKES,
)
