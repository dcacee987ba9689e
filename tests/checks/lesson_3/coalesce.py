"""Exercise 3.4: pieces that come within a time, joined and passed on together."""

from contextlib import closing
from itertools import chain
from time import perf_counter, sleep

from tests.checks.answers import right, wrong


@right("3.coalesce")
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


@right("3.coalesce")
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


@right("3.coalesce")
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


@right("3.coalesce")
def an_iterator(pieces, seconds=0.05, clock=perf_counter):
    return Coalesced(pieces, seconds, clock)


@wrong("3.coalesce", "collected first")
def reads_all_first(pieces, seconds=0.05, clock=perf_counter):
    clock()
    pieces = list(pieces)
    yield from waits_and_joins(pieces, seconds, clock)


@wrong("3.coalesce", "collected first")
def joins_all(pieces, seconds=0.05, clock=perf_counter):
    clock()
    yield "".join(pieces)


@wrong("3.coalesce", "loses the end")
def loses_the_rest(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()


@wrong("3.coalesce", "first piece late")
def starts_the_clock_first(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", clock()
    for piece in pieces:
        waiting += piece
        if clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


@wrong("3.coalesce", "too soon")
def passes_everything(pieces, seconds=0.05, clock=perf_counter):
    for piece in pieces:
        clock()
        yield piece


@wrong("3.coalesce", "too soon")
def never_resets_the_clock(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            waiting, last = "", last or clock()
    if waiting:
        yield waiting


@wrong("3.coalesce", "too soon")
def catches_up(pieces, seconds=0.05, clock=perf_counter):
    waiting, due = "", None
    for piece in pieces:
        waiting += piece
        if due is None or clock() >= due:
            yield waiting
            waiting, due = "", (due or clock()) + seconds
    if waiting:
        yield waiting


@wrong("3.coalesce", "too late")
def wants_more_than(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last > seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


@wrong("3.coalesce", "not all of it")
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


@wrong("3.coalesce", "loses pieces")
def shows_the_latest(pieces, seconds=0.05, clock=perf_counter):
    last = None
    for piece in pieces:
        if last is None or clock() - last >= seconds:
            yield piece
            last = clock()
    if last:
        yield piece


@wrong("3.coalesce", "repeats text")
def never_empties(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            last = clock()
    yield waiting


@wrong("3.coalesce", "never looks at the clock")
def by_its_own_clock(pieces, seconds=0.05, clock=perf_counter):
    return waits_and_joins(pieces, seconds)


@wrong("3.coalesce", "too late")
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


@wrong("3.coalesce", "returns a collection")
def returns_texts(pieces, seconds=0.05, clock=perf_counter):
    return list(waits_and_joins(pieces, seconds, clock))


@wrong("3.coalesce", "no yield")
def returns_no_texts(pieces, seconds=0.05, clock=perf_counter):
    for _ in waits_and_joins(pieces, seconds, clock):
        pass


@wrong("3.coalesce", "reads ahead")
def reads_ahead(pieces, seconds=0.05, clock=perf_counter):
    return waits_and_joins(list(pieces), seconds, clock)


@wrong("3.coalesce", "yields the wrong type")
def yields_lists(pieces, seconds=0.05, clock=perf_counter):
    for text in waits_and_joins(pieces, seconds, clock):
        yield [text]


@wrong("3.coalesce", "raises", "for an empty stream")
def trips_over_no_pieces(pieces, seconds=0.05, clock=perf_counter):
    first = next(pieces)
    yield from waits_and_joins(chain([first], pieces), seconds, clock)


@wrong("3.coalesce", "goes on")
def never_ends(pieces, seconds=0.05, clock=perf_counter):
    yield from waits_and_joins(pieces, seconds, clock)
    while True:
        yield ""


@wrong("3.coalesce", "raises")
def has_no_clock(pieces, seconds=0.05):
    yield from pieces


@wrong("3.coalesce", "loses white space")
def strips(pieces, seconds=0.05, clock=perf_counter):
    for text in waits_and_joins(pieces, seconds, clock):
        yield text.strip()


@wrong("3.coalesce", "first piece late")
def starts_at_zero(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", 0
    for piece in pieces:
        waiting += piece
        if waiting and clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


@wrong("3.coalesce", "too soon")
def takes_zero_for_never(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if waiting and (not last or clock() - last >= seconds):
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


@wrong("3.coalesce", "empty first piece")
def passes_an_empty_first_piece(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


@wrong("3.coalesce", "empty string")
def passes_an_empty_rest(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if waiting and (last is None or clock() - last >= seconds):
            yield waiting
            waiting, last = "", clock()
    yield waiting


@wrong("3.coalesce", "first piece late")
def counts_an_empty_first_piece(pieces, seconds=0.05, clock=perf_counter):
    for text in passes_an_empty_first_piece(pieces, seconds, clock):
        if text:
            yield text


@wrong("3.coalesce", "collected first")
def joins_without_a_clock(pieces, seconds=0.05, clock=perf_counter):
    yield "".join(pieces)


@wrong("3.coalesce", "empty string")
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


@wrong("3.coalesce", "too soon")
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


@wrong("3.coalesce", "loses white space")
def skips_white_space(pieces, seconds=0.05, clock=perf_counter):
    yield from waits_and_joins((each for each in pieces if not each.isspace()), seconds, clock)


@wrong("3.coalesce", "debounces", "Count from when something was last passed on")
def waits_for_a_pause(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        now = clock()
        if waiting and (last is None or now - last >= seconds):
            yield waiting
            waiting = ""
        last = now
    if waiting:
        yield waiting


@wrong("3.coalesce", "swallows the error")
def ends_quietly(pieces, seconds=0.05, clock=perf_counter):
    try:
        yield from waits_and_joins(pieces, seconds, clock)
    except Exception:
        return


@wrong("3.coalesce", "passes on nothing")
def yields_nothing(pieces, seconds=0.05, clock=perf_counter):
    for _ in pieces:
        clock()
    yield from ()


@wrong("3.coalesce", "another text")
def shouts(pieces, seconds=0.05, clock=perf_counter):
    yield from (f"{each}!" for each in waits_and_joins(pieces, seconds, clock))


@right("3.coalesce")
def closes_its_source(pieces, seconds=0.05, clock=perf_counter):
    with closing(pieces):
        yield from waits_and_joins(pieces, seconds, clock)


@wrong("3.coalesce", "never reads the stream")
def reads_nothing(pieces, seconds=0.05, clock=perf_counter):
    return iter(())


def in_time(pieces, seconds, clock, between=""):
    """Pieces as the exercise asks for them, but joined with something."""
    waiting, last = [], None
    for piece in pieces:
        waiting += [piece] if piece else []
        if waiting and (last is None or clock() - last >= seconds):
            last = clock()
            yield between.join(waiting)
            waiting = []
    if waiting:
        yield between.join(waiting)


@wrong("3.coalesce", "adds white space", "joined with")
def joins_with_spaces(pieces, seconds=0.05, clock=perf_counter):
    yield from in_time(pieces, seconds, clock, " ")


@wrong("3.coalesce", "waits", "0.25 s")
def waits_between_two(pieces, seconds=0.05, clock=perf_counter):
    for number, text in enumerate(in_time(pieces, seconds, clock)):
        if number == 1:
            sleep(seconds)
        yield text


@wrong("3.coalesce", "loses the end", "ends in a line break")
def drops_white_space_at_the_end(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if waiting and (last is None or clock() - last >= seconds):
            last = clock()
            yield waiting
            waiting = ""
    if waiting.strip():
        yield waiting


@wrong("3.coalesce", "too soon", "compared with `seconds`")
def ignores_seconds(pieces, seconds=0.05, clock=perf_counter):
    yield from in_time(pieces, 0.05, clock)
