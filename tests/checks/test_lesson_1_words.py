"""Exercise 1.2: whole words out of pieces."""

import re

import pytest

from tests.checks.test_lesson_1_show import is_async
from tests.checks.verdict import by_name, right, with_reason, wrong


def splits_the_buffer(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        *complete, buffer = re.split(r"\s+", buffer)
        yield from filter(None, complete)
    if buffer:
        yield buffer


def goes_by_characters(stream):
    word = ""
    for piece in stream:
        for character in piece:
            if not character.isspace():
                word += character
            elif word:
                yield word
                word = ""
    if word:
        yield word


def looks_for_white_space(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        while found := re.search(r"(\S+)\s", buffer):
            yield found[1]
            buffer = buffer[found.end() :]
    yield from buffer.split()


def asks_by_next(stream):
    stream = iter(stream)
    buffer = ""
    while True:
        try:
            buffer += next(stream)
        except StopIteration:
            break
        parts = buffer.split()
        buffer = parts.pop() if parts and not buffer[-1].isspace() else ""
        yield from parts
    if buffer:
        yield buffer


class Words:
    """An iterator that isn't a generator."""

    def __init__(self, stream):
        self._words = splits_the_buffer(stream)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._words)


def returns_an_iterator(stream):
    return Words(stream)


@pytest.mark.parametrize(
    "words",
    by_name(
        splits_the_buffer,
        goes_by_characters,
        looks_for_white_space,
        asks_by_next,
        returns_an_iterator,
    ),
)
def test_1_2_accepts(words):
    right("1.2", words)


def joins_first(stream):
    yield from "".join(stream).split()


def reads_ahead(stream):
    pieces = list(stream)
    return splits_the_buffer(pieces)


def yields_pieces(stream):
    yield from stream


def splits_each_piece(stream):
    for piece in stream:
        yield from piece.split()


def loses_the_last(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        *complete, buffer = re.split(r"\s+", buffer)
        yield from filter(None, complete)


def yields_empty(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        *complete, buffer = buffer.split(" ")
        yield from complete
    yield buffer


def splits_at_blanks_alone(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        *complete, buffer = buffer.split(" ")
        yield from filter(None, complete)
    if buffer:
        yield buffer


def keeps_white_space(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        while found := re.search(r"\S+\s+(?=\S)", buffer):
            yield found[0]
            buffer = buffer[found.end() :]
    yield buffer


def returns_list(stream):
    return "".join(stream).split()


def returns_none(stream):
    for piece in stream:
        print(piece, end="")


def one_behind(stream):
    last = None
    for word in splits_the_buffer(stream):
        if last:
            yield last
        last = word
    if last:
        yield last


def yields_nothing(stream):
    for piece in stream:
        if piece is None:
            yield piece


def never_stops(stream):
    while True:
        yield from splits_the_buffer(stream)
        yield "more"


kept = []


def holds_on(stream):
    kept.append(stream)
    yield from splits_the_buffer(stream)


def merges_words(stream):
    buffer = ""
    for piece in stream:
        buffer += piece.strip()
    yield from buffer.split()


def trips_over_nothing(stream):
    buffer = ""
    for piece in stream:
        ends = piece[-1].isspace()
        buffer += piece
        parts = buffer.split()
        buffer = "" if ends or not parts else parts.pop()
        yield from parts
    if buffer:
        yield buffer


def mixes_in_numbers(stream):
    for number, word in enumerate(splits_the_buffer(stream)):
        yield number
        yield word


WRONG_1_2 = (
    (joins_first, "doesn't stream"),
    (reads_ahead, "before anybody asked"),
    (yields_pieces, "pieces come out as they went in"),
    (splits_each_piece, "was cut: .* came out by itself"),
    (loses_the_last, "The last word, .* never comes out"),
    (yields_empty, "One of the words is empty"),
    (splits_at_blanks_alone, "Words end at a new line or a tab as well"),
    (keeps_white_space, "still has white space around it"),
    (returns_list, "returns a `list`, which is there only when"),
    (returns_none, "there is no `yield`"),
    (one_behind, "was complete with piece .* What does it wait for"),
    (yields_nothing, "Nothing was yielded"),
    (never_stops, "goes on yielding"),
    (holds_on, "still open: something holds on"),
    (merges_words, "came out as one word, where .* ends earlier"),
    (trips_over_nothing, "IndexError: .*, for a stream with an empty piece"),
    (mixes_in_numbers, "as a text; one is an `int`"),
    (is_async, "raised `TypeError"),
)


@pytest.mark.parametrize(("words", "said"), with_reason(*WRONG_1_2))
def test_1_2_says_what_is_wrong_with_code_that(words, said):
    wrong("1.2", words, said)
