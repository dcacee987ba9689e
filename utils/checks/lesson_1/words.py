"""Check for `words`: yield each word in a stream of pieces as soon as it is complete."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.reply import Reply
from utils.checks.engine.run import HARBOUR, Case, Run
from utils.checks.engine.stream_runner import call
from utils.checks.engine.wording import differ_at


@dataclass(kw_only=True)
class Seen(Run):
    """A run. `items` lists the yielded words; `taken` counts the pieces read before each word."""

    words: Sequence[str]  # the correct words
    wrong: int  # index of the first missing, extra or different word; `len(words)` if all are right
    item: str  # the item at index `wrong`; "" if there is none
    word: str  # the correct word at index `wrong`; "" if there is none
    needed: Sequence[int]  # for each word, how many pieces must arrive before its end is certain
    late: int  # the index of the first word yielded later than necessary; -1 if there is none
    together: Sequence[str]  # the late word, after any words that the same piece completes


def observe(answer: Any, case: Case) -> Seen:
    reply = case.reply()
    run = call("words", answer, case, reply, reply.stream, streams=True)
    words, needed = reply.text.split(), _needed(reply)
    wrong = differ_at(run.items, words)
    delays = [taken - known for taken, known in zip(run.taken, needed, strict=False)]
    late = next((at for at, delay in enumerate(delays) if delay > 0), -1)
    return Seen.of(
        run,
        words=words,
        wrong=wrong,
        item=next(iter(run.items[wrong:]), ""),
        word=next(iter(words[wrong:]), ""),
        needed=needed,
        late=late,
        together=words[needed.index(needed[late]) : late + 1] if late >= 0 else (),
    )


def _needed(reply: Reply) -> list[int]:
    arrived = list(accumulate(map(len, reply.pieces)))  # the length of the text so far
    ends = [word.end() for word in re.finditer(r"\S+(?=\s)", reply.text)]
    # the number of pieces up to the white space after each word
    known = [1 + bisect_right(arrived, end) for end in ends]
    # without white space after it, the last word is complete only when the stream ends
    return [*known, len(reply.pieces)][: len(reply.text.split())]


def _without_marks(s: Seen) -> list[list[str]]:
    """Return the lists of words that an answer might yield if it drops punctuation."""
    return [
        re.findall(r"\w+", s.reply.text),
        [re.sub(r"\W", "", word) for word in s.words],
        [word.strip(".,;:!?") for word in s.words],
    ]


MISTAKES: Mistakes[Seen] = {
    "yields nothing": lambda s: bool(s.words) and not s.items,
    "yields the pieces": lambda s: s.items != s.words and s.items == list(s.reply.pieces),
    "drops punctuation": lambda s: s.items != s.words and s.items in _without_marks(s),
    "yields an empty last word": lambda s: s.items == [*s.words, ""],
    "yields an empty word": lambda s: any(not item.strip() for item in s.items),
    "loses the last word": lambda s: bool(s.words) and s.items == s.words[:-1],
    "yields one word more": lambda s: not s.word and bool(s.item),
    "yields too few words": lambda s: not s.item and bool(s.word),
    "splits at spaces only": lambda s: (
        s.item.startswith(s.word) and bool(re.search(r"[^\S ]", s.item))
    ),
    "keeps white space": lambda s: s.item != s.word and s.item.strip() == s.word,
    "overlooks white space": lambda s: s.item.startswith(s.word) and " " in s.item,
    "joins words": lambda s: s.item != s.word and s.item.startswith(s.word),
    "cuts a word": lambda s: s.item != s.word and s.word.startswith(s.item),
    "yields a word again": lambda s: s.item != s.word and s.item in s.items[: s.wrong],
    "leaves a word out": lambda s: s.item != s.word and s.item in s.words[s.wrong :],
    "keeps text of an earlier call": lambda s: (
        s.wrong == 0 and bool(s.word) and s.item != s.word and s.item.endswith(s.word)
    ),
    "yields another word": lambda s: s.item != s.word,
    "collected first": lambda s: len(s.words) > 1 and s.taken[0] == s.total,
    "one word a piece": lambda s: len(s.together) > 1,
    "held back": lambda s: s.late >= 0,
}

check = Exercise(
    observe,
    cases=(
        Case(text="Streaming helps people who read while the text is written", seed=21),
        Case(
            text="Words  end\nat any white\tspace,\r\neven\u00a0at the  end of a line.\n", seed=22
        ),
        Case(text=HARBOUR, seed=23),
        Case(text='"Well-known" rivers & 0 or 10 & bend uncharacteristically-often.', seed=24),
        Case(pieces=("", "one t", "", "wo", ""), when="for a stream with an empty piece in it"),
        Case(
            pieces=("one", " ", "\n two ", "three"),
            when="for a stream with a piece that is only white space",
        ),
        Case(
            pieces=("A bend moves 2.", "5 metres", ", or", " so."),
            when="for a number such as 2.5 in two pieces",
        ),
        Case(pieces=("so ", "so ", "it ", "is"), when="for a stream in which pieces repeat"),
        Case(pieces=(), when="for an empty stream"),
    ),
    mistakes=MISTAKES,
)
