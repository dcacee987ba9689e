"""Exercise 1.2: whole words out of pieces."""

import re

from tests.checks.answers import right, wrong


@right("1.words")
def splits_the_buffer(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        *complete, buffer = re.split(r"\s+", buffer)
        yield from filter(None, complete)
    if buffer:
        yield buffer


@right("1.words")
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


@right("1.words")
def looks_for_white_space(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        while found := re.search(r"(\S+)\s", buffer):
            yield found[1]
            buffer = buffer[found.end() :]
    yield from buffer.split()


@right("1.words")
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


@right("1.words")
def returns_an_iterator(stream):
    return Words(stream)


@wrong("1.words", "collected first")
def joins_first(stream):
    yield from "".join(stream).split()


@wrong("1.words", "reads ahead")
def reads_ahead(stream):
    pieces = list(stream)
    return splits_the_buffer(pieces)


@wrong("1.words", "yields the pieces")
def yields_pieces(stream):
    yield from stream


@wrong("1.words", "cuts a word")
def splits_each_piece(stream):
    for piece in stream:
        yield from piece.split()


@wrong("1.words", "loses the last word")
def loses_the_last(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        *complete, buffer = re.split(r"\s+", buffer)
        yield from filter(None, complete)


@wrong("1.words", "yields an empty word")
def yields_empty(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        *complete, buffer = buffer.split(" ")
        yield from complete
    yield buffer


@wrong("1.words", "splits at spaces only")
def splits_at_blanks_alone(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        *complete, buffer = buffer.split(" ")
        yield from filter(None, complete)
    if buffer:
        yield buffer


@wrong("1.words", "keeps white space")
def keeps_white_space(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        while found := re.search(r"\S+\s+(?=\S)", buffer):
            yield found[0]
            buffer = buffer[found.end() :]
    yield buffer


@wrong("1.words", "returns a collection", "returned a `list`")
def returns_list(stream):
    return "".join(stream).split()


@wrong("1.words", "no yield")
def returns_none(stream):
    for piece in stream:
        print(piece, end="")


@wrong("1.words", "held back", "was complete with piece 3 but came out after piece 4")
def one_behind(stream):
    last = None
    for word in splits_the_buffer(stream):
        if last:
            yield last
        last = word
    if last:
        yield last


@wrong("1.words", "yields nothing")
def yields_nothing(stream):
    for piece in stream:
        if piece is None:
            yield piece


@wrong("1.words", "goes on")
def never_stops(stream):
    while True:
        yield from splits_the_buffer(stream)
        yield "more"


kept = []


@wrong("1.words", "left open")
def holds_on(stream):
    kept.append(stream)
    yield from splits_the_buffer(stream)


@wrong("1.words", "joins words")
def merges_words(stream):
    buffer = ""
    for piece in stream:
        buffer += piece.strip()
    yield from buffer.split()


@wrong("1.words", "raises", "IndexError: .*, for a stream with an empty piece")
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


@wrong("1.words", "yields the wrong type")
def mixes_in_numbers(stream):
    for number, word in enumerate(splits_the_buffer(stream)):
        yield number
        yield word


@wrong("1.words", "async def")
async def is_async(stream):
    for piece in stream:
        yield piece


@wrong("1.words", "async def")
async def is_a_coroutine(stream):
    return list(stream)


@right("1.words")
def a_lazy_map(stream):
    return map(str, splits_the_buffer(stream))


@right("1.words")
def closes_its_source(stream):
    try:
        yield from splits_the_buffer(stream)
    finally:
        stream.close()


@wrong("1.words", "drops punctuation", "its punctuation is lost")
def finds_letters(stream):
    for word in splits_the_buffer(stream):
        yield from re.findall(r"\w+", word)


@wrong("1.words", "drops punctuation")
def strips_punctuation(stream):
    for word in splits_the_buffer(stream):
        yield word.strip(".,;:!?")


@wrong("1.words", "yields an empty last word", "the text ends with white space")
def yields_what_is_left_unguarded(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        *complete, buffer = re.split(r"\s+", buffer)
        yield from filter(None, complete)
    yield buffer


@wrong("1.words", "yields while closing")
def yields_in_finally(stream):
    buffer = ""
    try:
        for piece in stream:
            buffer += piece
            *complete, buffer = re.split(r"\s+", buffer)
            yield from filter(None, complete)
    finally:
        if buffer:
            yield buffer


@wrong("1.words", "swallows the error")
def yields_what_is_left_after_an_error(stream):
    buffer = ""
    try:
        for piece in stream:
            buffer += piece
            *complete, buffer = re.split(r"\s+", buffer)
            yield from filter(None, complete)
    except Exception:
        pass
    if buffer:
        yield buffer


@wrong("1.words", "splits at spaces only")
def splits_at_spaces_and_line_breaks(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        *complete, buffer = re.split(r"[ \n]+", buffer)
        yield from filter(None, complete)
    if buffer:
        yield buffer


@wrong("1.words", "splits at spaces only")
def splits_at_ascii_white_space(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        *complete, buffer = re.split(r"[ \t\r\n]+", buffer)
        yield from filter(None, complete)
    if buffer:
        yield buffer


@wrong("1.words", "not a stream", "returned an `int`")
def returns_how_many(stream):
    return 7


@wrong("1.words", "reads twice")
def loops_twice(stream):
    yield from splits_the_buffer(stream)
    yield from stream


@wrong("1.words", "yields one word more")
def adds_a_word(stream):
    yield from splits_the_buffer(stream)
    yield "end"


@wrong("1.words", "yields too few words")
def leaves_words_out(stream):
    words = list(splits_the_buffer(stream))
    yield from words[:-3]


@wrong("1.words", "yields another word")
def shouts(stream):
    for word in splits_the_buffer(stream):
        yield word.upper()


@wrong("1.words", "stops early")
def stops_after_a_word(stream):
    yield next(splits_the_buffer(stream))


@wrong("1.words", "raises", "StopIteration.*for an empty stream")
def needs_a_word(stream):
    words = splits_the_buffer(stream)
    yield next(words)
    yield from words


@wrong("1.words", "reads on", "read to its end")
def reads_the_rest_when_its_reader_leaves(stream):
    buffer = ""
    try:
        for piece in stream:
            *complete, buffer = re.split(r"\s+", buffer + piece)
            yield from filter(None, complete)
    except GeneratorExit:
        for _ in stream:
            pass
        raise
    if buffer:
        yield buffer


@wrong("1.words", "replaces the error")
def hides_the_cause(stream):
    buffer = ""
    try:
        for piece in stream:
            *complete, buffer = re.split(r"\s+", buffer + piece)
            yield from filter(None, complete)
    except Exception:
        raise RuntimeError("the stream failed") from None
    if buffer:
        yield buffer


@wrong("1.words", "yields another word", "came out again")
def doesnt_take_words_off_the_buffer(stream):
    buffer = last = ""
    for piece in stream:
        buffer += piece
        *complete, last = re.split(r"\s+", buffer)
        yield from filter(None, complete)
    if last:
        yield last


@wrong("1.words", "yields another word", "a word is missing")
def leaves_short_words_out(stream):
    buffer = ""
    for piece in stream:
        *complete, buffer = re.split(r"\s+", buffer + piece)
        yield from (word for word in complete if len(word) > 1)
    if buffer:
        yield buffer
