"""The check of exercise 1.2: whole words out of pieces, each as soon as it is complete."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from utils.checks.attempt import learners_code
from utils.checks.lesson_1_given import HARBOUR, RIVERS, closed
from utils.checks.observe import kind, listed, plain_call, the_function
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import Probe, cut

_WORDS_FROM = (
    ("Streaming helps people who read while the text is written", 21),
    ("Words  end\nat any white\tspace, even at the  end of a line.\n", 22),
    (HARBOUR, 23),
)


def words(answer: object) -> str:
    """A generator that yields whole words, each as soon as it is complete."""
    function = the_function(answer, "words")
    for text, seed in _WORDS_FROM:
        probe = Probe(cut(text, seed))
        items, taken = _items_of(function, probe)
        _right_words(items, probe)
        _words_in_time(items, taken, probe)
    _edge_cases(function)
    _let_go(function)
    return (
        f"{len(items)} whole words from {len(probe.pieces)} pieces, each as soon as white space "
        "told that it was complete, and the source was let go when the reader left."
    )


def _items_of(function: Callable[..., Any], probe: Probe) -> tuple[list[Any], list[int]]:
    """What `words` yields, and how many pieces it had taken at each."""
    items: list[Any] = []
    taken: list[int] = []
    for item in _iterator(function, probe):
        items.append(item)
        taken.append(probe.taken)
        if len(items) > 3 * len(probe.text) + 3:
            raise NotYet("`words` goes on yielding after the text has ended.")
    return items, taken


def _iterator(function: Callable[..., Any], probe: Probe) -> Iterator[Any]:
    with learners_code():
        returned = function(probe.stream())
    if isinstance(returned, str | list | tuple | set):
        raise NotYet(
            f"`words` returns {kind(returned)}, which is there only when the stream has ended. "
            "A generator can hand over a word while the stream goes on."
        )
    plain_call(returned, "words", generator=True)
    if returned is None:
        raise NotYet(
            "`words` returns `None`: there is no `yield` in it, so nothing comes out of it."
        )
    if not isinstance(returned, Iterable):
        raise NotYet(f"`words` returns {kind(returned)}; nobody can loop over that.")
    if probe.taken:
        raise NotYet(
            f"`words` took {probe.taken} pieces before anybody asked for a word. A generator "
            "waits until it is asked."
        )

    def told_kindly() -> Iterator[Any]:
        with learners_code():
            yield from returned

    return told_kindly()


def _right_words(items: list[Any], probe: Probe) -> None:
    expected = probe.text.split()
    if items == expected:
        return
    if not items:
        raise NotYet("Nothing was yielded.")
    odd = next((item for item in items if not isinstance(item, str)), None)
    if odd is not None:
        raise NotYet(f"Each item should be a word, as a text; one is {kind(odd)}.")
    if items == list(probe.pieces):
        raise NotYet(
            f"The pieces come out as they went in: {shown(items[0])}, {shown(items[1])} … A piece "
            "may hold half a word, or two."
        )
    if "" in items:
        raise NotYet("One of the words is empty: white space next to white space makes no word.")
    if items == expected[:-1]:
        raise NotYet(
            f"The last word, {shown(expected[-1])}, never comes out. Nothing follows it that "
            "would say it is complete."
        )
    _first_wrong_word(items, expected)


def _first_wrong_word(items: list[str], expected: list[str]) -> None:
    at = next(
        (n for n, (item, word) in enumerate(zip(items, expected, strict=False)) if item != word),
        min(len(items), len(expected)),
    )
    if at == len(expected):
        raise NotYet(f"After the last word comes another one, {shown(items[at])}.")
    if at == len(items):
        raise NotYet(f"Only {at} of {len(expected)} words came out; {shown(expected[at])} is next.")
    item, word = items[at], expected[at]
    if item.strip() == word:
        raise NotYet(f"The word {shown(item)} still has white space around it.")
    if re.match(re.escape(word) + r"\s", item):
        also = "" if item[len(word)] == " " else " Words end at a new line or a tab as well."
        raise NotYet(f"{shown(item)} came out as one word, and holds white space.{also}")
    if item.startswith(word):
        raise NotYet(f"{shown(item)} came out as one word, where {shown(word)} ends earlier.")
    if word.startswith(item):
        raise NotYet(
            f"{shown(word)} was cut: {shown(item)} came out by itself. The end of a piece isn't "
            "the end of a word."
        )
    raise NotYet(f"Word {at + 1} should be {shown(word)} and is {shown(item)}.")


def _words_in_time(items: list[str], taken: list[int], probe: Probe) -> None:
    total = len(probe.pieces)
    if taken[0] == total:
        raise NotYet(
            f"The words are right, and the first came out after all {total} pieces had gone in. "
            "Whoever waits for the end doesn't stream."
        )
    for word, at, needed in zip(items, taken, _needed(probe), strict=True):
        if at > needed:
            raise NotYet(
                f"{shown(word)} was complete with piece {needed} and came out after piece {at}. "
                "What does it wait for?"
            )


def _needed(probe: Probe) -> list[int]:
    """For each word, how many pieces must have come until white space shows that it is whole."""
    ends = [found.end() for found in re.finditer(r"\S+(?=\s)", probe.text)]
    needed: list[int] = []
    length = 0
    for number, piece in enumerate(probe.pieces, start=1):
        length += len(piece)
        while ends and ends[0] < length:
            needed.append(number)
            ends.pop(0)
    return [*needed, len(probe.pieces)][: len(probe.text.split())]


def _edge_cases(function: Callable[..., Any]) -> None:
    cases: tuple[tuple[str, list[str]], ...] = (
        ("with an empty piece in it", ["", "one t", "", "wo", ""]),
        ("with a piece of white space alone", ["one", " ", "\n", "two"]),
        ("that is empty", []),
    )
    for what, pieces in cases:
        probe = Probe(pieces)
        with learners_code(f"for a stream {what}"):
            items = list(function(probe.stream()))
        expected = probe.text.split()
        if items != expected:
            raise NotYet(
                f"A stream {what} should give {listed(expected)}, and gave {listed(items)}."
            )


def _let_go(function: Callable[..., Any]) -> None:
    """A reader who leaves: whoever held the generator drops it, and so must the generator."""
    probe = Probe(cut(RIVERS, 24))
    reader = _iterator(function, probe)
    next(reader)
    reader.close()  # type: ignore[attr-defined] # it is our own generator
    del reader
    if not closed(probe):
        raise NotYet(
            "The reader left after one word, and the source is still open: something holds on to "
            "it, so the model would go on generating."
        )
