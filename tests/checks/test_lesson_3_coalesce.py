"""Exercise 3.4: pieces that come within a time, joined and passed on together."""

from time import perf_counter

import pytest

from tests.checks.verdict import by_name, right, with_reason, wrong


def waits_and_joins(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        now = clock()
        if waiting and (last is None or now - last >= seconds):
            yield waiting
            waiting, last = "", now
    if waiting:
        yield waiting


def with_a_list(pieces, seconds=0.05, clock=perf_counter):
    waiting, due = [], clock()
    for piece in pieces:
        waiting.append(piece)
        if piece and clock() >= due:
            yield "".join(waiting)
            waiting.clear()
            due = clock() + seconds
    if any(waiting):
        yield "".join(waiting)


def first_by_hand(pieces, seconds=0.05, clock=perf_counter):
    pieces = iter(pieces)
    for first in pieces:
        if first:
            yield first
            break
    last, waiting = clock(), ""
    for piece in pieces:
        waiting += piece
        if waiting and clock() - last >= seconds:
            yield waiting
            last, waiting = clock(), ""
    if waiting:
        yield waiting


class Coalesced:
    """An iterator that isn't a generator."""

    def __init__(self, pieces, seconds, clock):
        self._texts = waits_and_joins(pieces, seconds, clock)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._texts)


def an_iterator(pieces, seconds=0.05, clock=perf_counter):
    return Coalesced(pieces, seconds, clock)


@pytest.mark.parametrize(
    "coalesce", by_name(waits_and_joins, with_a_list, first_by_hand, an_iterator)
)
def test_3_4_accepts(coalesce):
    right("3.4", coalesce)


def reads_all_first(pieces, seconds=0.05, clock=perf_counter):
    clock()
    pieces = list(pieces)
    yield from waits_and_joins(pieces, seconds, clock)


def joins_all(pieces, seconds=0.05, clock=perf_counter):
    clock()
    yield "".join(pieces)


def loses_the_rest(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()


def starts_the_clock_first(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", clock()
    for piece in pieces:
        waiting += piece
        if clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


def passes_everything(pieces, seconds=0.05, clock=perf_counter):
    for piece in pieces:
        clock()
        yield piece


def never_resets_the_clock(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            waiting, last = "", last or clock()
    if waiting:
        yield waiting


def catches_up(pieces, seconds=0.05, clock=perf_counter):
    waiting, due = "", None
    for piece in pieces:
        waiting += piece
        if due is None or clock() >= due:
            yield waiting
            waiting, due = "", (due or clock()) + seconds
    if waiting:
        yield waiting


def wants_more_than(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last > seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


def holds_one_back(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        if last is None:
            yield piece
            last = clock()
            continue
        if clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
        waiting += piece
    if waiting:
        yield waiting


def shows_the_latest(pieces, seconds=0.05, clock=perf_counter):
    last = None
    for piece in pieces:
        if last is None or clock() - last >= seconds:
            yield piece
            last = clock()
    if last:
        yield piece


def never_empties(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            last = clock()
    yield waiting


def by_its_own_clock(pieces, seconds=0.05, clock=perf_counter):
    return waits_and_joins(pieces, seconds)


def by_number(pieces, seconds=0.05, clock=perf_counter):
    waiting = ""
    for number, piece in enumerate(pieces):
        waiting += piece
        clock()
        if number % 4 == 0:
            yield waiting
            waiting = ""
    if waiting:
        yield waiting


def returns_texts(pieces, seconds=0.05, clock=perf_counter):
    return list(waits_and_joins(pieces, seconds, clock))


def returns_no_texts(pieces, seconds=0.05, clock=perf_counter):
    for _ in waits_and_joins(pieces, seconds, clock):
        pass


def reads_ahead(pieces, seconds=0.05, clock=perf_counter):
    return waits_and_joins(list(pieces), seconds, clock)


def yields_lists(pieces, seconds=0.05, clock=perf_counter):
    for text in waits_and_joins(pieces, seconds, clock):
        yield [text]


def trips_over_no_pieces(pieces, seconds=0.05, clock=perf_counter):
    yield next(pieces)
    yield from first_by_hand(pieces, seconds, clock)


def never_ends(pieces, seconds=0.05, clock=perf_counter):
    yield from waits_and_joins(pieces, seconds, clock)
    while True:
        yield ""


def has_no_clock(pieces, seconds=0.05):
    yield from pieces


def strips(pieces, seconds=0.05, clock=perf_counter):
    for text in waits_and_joins(pieces, seconds, clock):
        yield text.strip()


def starts_at_zero(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", 0
    for piece in pieces:
        waiting += piece
        if waiting and clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


def takes_zero_for_never(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if waiting and (not last or clock() - last >= seconds):
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


def passes_an_empty_first_piece(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


def passes_an_empty_rest(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if waiting and (last is None or clock() - last >= seconds):
            yield waiting
            waiting, last = "", clock()
    yield waiting


def counts_an_empty_first_piece(pieces, seconds=0.05, clock=perf_counter):
    for text in passes_an_empty_first_piece(pieces, seconds, clock):
        if text:
            yield text


def joins_without_a_clock(pieces, seconds=0.05, clock=perf_counter):
    yield "".join(pieces)


def skips_empties_at_the_beginning_alone(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        if last is None and not piece:
            continue
        waiting += piece
        now = clock()
        if last is None or now - last >= seconds:
            yield waiting
            waiting, last = "", now
    if waiting:
        yield waiting


def on_a_grid(pieces, seconds=0.05, clock=perf_counter):
    waiting, due = "", None
    for piece in pieces:
        waiting += piece
        now = clock()
        if waiting and (due is None or now >= due):
            yield waiting
            waiting = ""
            due = now if due is None else due
            while due <= now:
                due += seconds
    if waiting:
        yield waiting


WRONG_3_4 = (
    (skips_empties_at_the_beginning_alone, "ends in empty pieces, an empty .* nothing was waiting"),
    (on_a_grid, "now and then, .* passed on 0.0625 s after the text before it"),
    (joins_without_a_clock, "the first text was passed on when all of them had come"),
    (starts_at_zero, "clock shows 0 the first text was passed on when all of them .* at once"),
    (takes_zero_for_never, "clock shows 0, .* 0.0625 s after the text before it"),
    (passes_an_empty_first_piece, "empty first piece, an empty text .* when only that had come"),
    (passes_an_empty_rest, "an empty text was passed on when nothing was waiting"),
    (counts_an_empty_first_piece, "The first that is not empty should go on at once"),
    (reads_all_first, "the first text was passed on when all of them had come"),
    (joins_all, "the first text was passed on when all of them had come"),
    (loses_the_rest, "the end is lost: .* never comes out"),
    (starts_the_clock_first, "the first text was passed on when 4 of them had come"),
    (passes_everything, "0.0625 s after the text before it, which is less than 0.25 s"),
    (never_resets_the_clock, "0.0625 s after the text before it, which is less than 0.25 s"),
    (catches_up, "in bursts, .* was passed on 0(.0625)? s after the text before it"),
    (wants_more_than, "when 0.25 s had gone by .* wasn't passed on then"),
    (holds_one_back, "had come, and .* was passed on. What is there should go"),
    (shows_the_latest, "pieces are lost, such as"),
    (never_empties, "What was passed on once comes again"),
    (by_its_own_clock, "never looked at the clock"),
    (by_number, "in bursts|which is less than|wasn't passed on then"),
    (returns_texts, "returns a `list`, which is there only when the stream has ended"),
    (returns_no_texts, "there is no `yield`"),
    (reads_ahead, "pieces before anybody asked"),
    (yields_lists, "What is passed on is a `list`"),
    (never_ends, "goes on after the pieces have ended"),
    (has_no_clock, "TypeError: .*clock"),
    (strips, "The text changed"),
)


@pytest.mark.parametrize(("coalesce", "said"), with_reason(*WRONG_3_4))
def test_3_4_says_what_is_wrong_with_code_that(coalesce, said):
    wrong("3.4", coalesce, said)


def test_3_4_has_a_case_without_pieces():
    def first_by_next(pieces, seconds=0.05, clock=perf_counter):
        yield next(pieces)
        last, waiting = clock(), ""
        for piece in pieces:
            waiting += piece
            if clock() - last >= seconds:
                yield waiting
                last, waiting = clock(), ""
        if waiting:
            yield waiting

    wrong("3.4", first_by_next, "StopIteration.*for a stream that is empty")
