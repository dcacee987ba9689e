"""Lesson 1's checks: what works passes, however it is written; what doesn't is told apart."""

import re
import sys
from contextlib import closing

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import BaseTransformOutputParser, StrOutputParser
from langchain_core.runnables import RunnableGenerator, RunnableLambda

from utils import source
from utils.checks import evaluate
from utils.checks.streams import Probe, ProbeModel


def right(number, answer):
    outcome = evaluate(number, answer)
    assert outcome.status == "correct", outcome
    return outcome


def wrong(number, answer, said):
    outcome = evaluate(number, answer)
    assert outcome.status == "not yet", outcome
    assert re.search(said, outcome.message), outcome
    return outcome


def by_name(*functions):
    return [pytest.param(function, id=function.__name__) for function in functions]


def with_reason(*pairs):
    return [pytest.param(function, said, id=function.__name__) for function, said in pairs]


# --- 1.1 ------------------------------------------------------------------------------------------


def a_loop_and_a_list(model, prompt):
    pieces = []
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        pieces.append(chunk.content)
    return "".join(pieces)


def adding_chunk_to_chunk(model, prompt):
    whole = None
    for chunk in model.stream(prompt):
        print(chunk.text, end="", flush=True)
        whole = chunk if whole is None else whole + chunk
    print()
    return whole.text


def a_chain_with_a_parser(model, prompt):
    text = ""
    for piece in (model | StrOutputParser()).stream(prompt):
        text += piece
        print(piece, end="", flush=True)
    return text


def writing_to_stdout(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        if chunk.content:
            sys.stdout.write(chunk.content)
            sys.stdout.flush()
            text += chunk.content
    return text


@pytest.mark.parametrize(
    "show",
    by_name(a_loop_and_a_list, adding_chunk_to_chunk, a_chain_with_a_parser, writing_to_stdout),
)
def test_1_1_accepts(show):
    right("1.1", show)


def invokes(model, prompt):
    text = model.invoke(prompt).text
    print(text, end="", flush=True)
    return text


def collects_then_prints(model, prompt):
    pieces = [chunk.content for chunk in model.stream(prompt)]
    for piece in pieces:
        print(piece, end="", flush=True)
    return "".join(pieces)


def prints_two_at_a_time(model, prompt):
    text, waiting = "", ""
    for number, chunk in enumerate(model.stream(prompt)):
        text += chunk.content
        waiting += chunk.content
        if number % 2:
            print(waiting, end="", flush=True)
            waiting = ""
    print(waiting, end="", flush=True)
    return text


def prints_the_chunk(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk, end="", flush=True)
        text += chunk.content
    return text


def prints_lines(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content, flush=True)
        text += chunk.content
    return text


def prints_blanks_between(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content, end=" ", flush=True)
        text += chunk.content
    return text


def prints_nothing(model, prompt):
    return "".join(chunk.content for chunk in model.stream(prompt))


def does_not_flush(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content, end="")
        text += chunk.content
    return text


def flushes_at_the_end(model, prompt):
    text = does_not_flush(model, prompt)
    sys.stdout.flush()
    return text


def returns_nothing(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)


def returns_a_list(model, prompt):
    pieces = []
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        pieces.append(chunk.content)
    return pieces


def returns_a_message(model, prompt):
    whole = AIMessageChunk("")
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        whole += chunk
    return whole


def returns_the_last_piece(model, prompt):
    last = ""
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        last = chunk.content or last
    return last


def yields(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        yield chunk.content


async def is_async(model, prompt):
    async for chunk in model.astream(prompt):
        print(chunk.content, end="", flush=True)


def never_asks(model, prompt):
    print(prompt, end="", flush=True)
    return prompt


def asks_twice(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
    return "".join(chunk.content for chunk in model.stream(prompt))


def streams_then_invokes(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
    return model.invoke(prompt).content


def returns_inside_the_loop(model, prompt):
    pieces = []
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        pieces.append(chunk.content)
        return "".join(pieces)
    return ""


from_outside = ProbeModel(probe=Probe(["Another ", "model."]))


def asks_a_model_from_outside(model, prompt):
    return a_loop_and_a_list(from_outside, prompt)


collected = ["Text of an earlier call. "]


def collects_outside(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        collected.append(chunk.content)
    return "".join(collected)


def puts_the_prompt_before_it(model, prompt):
    return prompt + a_loop_and_a_list(model, prompt)


def leaves_early(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        if chunk.content:
            return chunk.content
    return None


def misspells(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.contents, end="", flush=True)


WRONG_1_1 = (
    (invokes, "called with `invoke`"),
    (collects_then_prints, "stayed blank until all"),
    (prints_two_at_a_time, "1 of 43 pieces had arrived and weren't printed"),
    (prints_the_chunk, "chunk with all its fields"),
    (prints_lines, "a new line between the pieces"),
    (prints_blanks_between, "something between the pieces"),
    (prints_nothing, "Nothing was printed"),
    (does_not_flush, "not flushed"),
    (flushes_at_the_end, "not flushed"),
    (returns_nothing, "returns `None`"),
    (returns_a_list, "a `list`; the exercise asks for one text"),
    (returns_a_message, "a message; the exercise asks for its text"),
    (returns_the_last_piece, r"it has \d characters"),
    (yields, "There is a `yield`"),
    (is_async, "is an `async def`"),
    (never_asks, "never asked the model that it was given"),
    (asks_twice, "asked twice for one reply.* there already"),
    (streams_then_invokes, "asked twice for one reply.* there already"),
    (returns_inside_the_loop, "after the first piece, which is empty.* does `return` stand"),
    (asks_a_model_from_outside, "never asked the model that it was given"),
    (collects_outside, "earlier call still stands before it: `Text of an earlier call. `"),
    (puts_the_prompt_before_it, r"it has \d+ characters"),
    (leaves_early, "Only 1 of .* was read. What ends the loop"),
    (misspells, r"AttributeError: .*contents.*at the line `print\(chunk.contents"),
    ("a text", "wants the function itself"),
)


@pytest.mark.parametrize(
    ("show", "said"),
    [pytest.param(*pair, id=getattr(pair[0], "__name__", "a_text")) for pair in WRONG_1_1],
)
def test_1_1_says_what_is_wrong_with_code_that(show, said):
    wrong("1.1", show, said)


# --- 1.2 ------------------------------------------------------------------------------------------


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


async def is_async_too(stream):
    for word in splits_the_buffer(stream):
        yield word


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


# --- 1.3 ------------------------------------------------------------------------------------------

LINES = {
    "A": "for chunk in model.stream(prompt):",
    "B": "    if ttft is None:",
    "C": "total = perf_counter() - start",
    "D": "start = perf_counter()",
    "E": "        ttft = perf_counter() - start",
    "F": "ttft = None",
    "G": "    if ttft is None and chunk.content:",
}
OTHER_LINES = {
    "A": "first = next(piece for piece in pieces if piece.content)",
    "B": "start = perf_counter()",
    "C": "for piece in pieces: pass",
    "D": "ttft = perf_counter() - start",
    "E": "pieces = model.stream(prompt)",
    "F": "total = perf_counter() - start",
}
WITHOUT_GUARD = {
    "A": "for chunk in model.stream(prompt):",
    "B": "    ttft = perf_counter() - start",
    "C": "total = perf_counter() - start",
    "D": "start = perf_counter()",
    "E": "ttft = perf_counter() - start",
    "F": "stream = model.stream(prompt)",
    "G": "whole = model.invoke(prompt)",
    "H": "    pass",
    "I": "oops =",
}


@pytest.mark.parametrize(
    ("lines", "order"),
    [
        (LINES, "DFAGEC"),
        (LINES, "FDAGEC"),
        (LINES, "f, d, a, g, e, c"),
        (LINES, ["D", "F", "A", "G", "E", "C"]),
        (OTHER_LINES, "BEADCF"),
        (OTHER_LINES, "EBADCF"),
    ],
)
def test_1_3_accepts_every_arrangement_that_measures_right(lines, order):
    assert "0.6 s to the first text" in right("1.3", (lines, order)).message


@pytest.mark.parametrize(
    ("lines", "order", "said"),
    [
        (LINES, "DFABEC", "0.1 s: that is when an empty chunk arrived"),
        (WITHOUT_GUARD, "DABC", "as long as the whole reply"),
        (WITHOUT_GUARD, "DAHCE", "as long as the whole reply"),
        (WITHOUT_GUARD, "DEAHC", "`ttft` came out as 0.0 s"),
        (WITHOUT_GUARD, "DFECAH", "`total` came out as 0.0 s"),
        (WITHOUT_GUARD, "DFEC", "0 of .* pieces of the reply were read"),
        (LINES, "DFAGE", "`total` got no figure"),
        (LINES, "DFAGCE", "Line G opens a block .* line C after it isn't indented"),
        (LINES, "FAGEDC", r"NameError: .*start.* at the line `ttft ="),
        (LINES, "EDFAGC", "Line E is indented"),
        (LINES, "DFAG", "Line G opens a block with its `:`, and nothing follows"),
        (WITHOUT_GUARD, "DI", "Python can't read line I here"),
        (LINES, "DFAGECX", "There is no line X"),
        (LINES, "DDFAGEC", "Line D stands in your order 2 times"),
        (LINES, "", "The order is empty"),
        (LINES, 7, 'a text such as "CAB", not an `int`'),
    ],
)
def test_1_3_says_what_an_arrangement_measured(lines, order, said):
    wrong("1.3", (lines, order), said)


def test_1_3_without_its_lines_says_how_to_call_the_check():
    wrong("1.3", "DFAGEC", r"`check\(\"1.3\", \(lines, order\)\)`")


# --- 1.4 ------------------------------------------------------------------------------------------


def upper(pieces):
    for piece in pieces:
        yield piece.upper()


def a_generator_function(model):
    return model | StrOutputParser() | upper


def a_runnable_generator(model):
    return model | StrOutputParser() | RunnableGenerator(upper)


def a_generator_before_the_parser(model):
    def shouted(chunks):
        for chunk in chunks:
            yield AIMessageChunk(chunk.content.upper())

    return model | shouted | StrOutputParser()


def a_parser_of_its_own(model):
    class Upper(BaseTransformOutputParser[str]):
        def parse(self, text):
            return text.upper()

    return model | Upper()


def word_by_word(model):
    def shouted(pieces):
        buffer = ""
        for piece in pieces:
            buffer += piece
            while found := re.match(r"\s*\S+\s", buffer):
                yield found[0].upper()
                buffer = buffer[found.end() :]
        yield buffer.upper()

    return model | StrOutputParser() | shouted


@pytest.mark.parametrize(
    "shout",
    by_name(
        a_generator_function,
        a_runnable_generator,
        a_generator_before_the_parser,
        a_parser_of_its_own,
        word_by_word,
    ),
)
def test_1_4_accepts(shout):
    right("1.4", shout)


def keeps_the_lambda(model):
    return model | StrOutputParser() | (lambda text: text.upper())


def joins_in_a_generator(model):
    def shouted(pieces):
        yield "".join(pieces).upper()

    return model | StrOutputParser() | shouted


def cuts_up_afterwards(model):
    def shouted(pieces):
        yield from "".join(pieces).upper()

    return model | StrOutputParser() | shouted


def starts_well(model):
    def shouted(pieces):
        pieces = iter(pieces)
        yield next(pieces).upper()
        yield next(pieces).upper()
        yield next(pieces).upper()
        yield "".join(pieces).upper()

    return model | StrOutputParser() | shouted


def a_generator_expression_from_a_lambda(model):
    return model | StrOutputParser() | (lambda text: (letter.upper() for letter in text))


def yields_lists(model):
    def shouted(pieces):
        for piece in pieces:
            yield [piece.upper()]

    return model | StrOutputParser() | shouted


def in_small_letters(model):
    def lower(pieces):
        for piece in pieces:
            yield piece.lower()

    return model | StrOutputParser() | lower


def returns_in_the_step(model):
    def shouted(pieces):
        for piece in pieces:
            return piece.upper()
        return ""

    return model | StrOutputParser() | shouted


def stops_after_three(model):
    def shouted(pieces):
        for _, piece in zip(range(3), pieces, strict=False):
            yield piece.upper()

    return model | StrOutputParser() | shouted


def yields_nothing_in_the_step(model):
    def shouted(pieces):
        for _ in pieces:
            yield ""

    return model | StrOutputParser() | shouted


def takes_a_model_from_outside(model):
    return from_outside | StrOutputParser() | upper


def drops_the_step(model):
    return model | StrOutputParser()


def drops_the_parser(model):
    def shouted(chunks):
        for chunk in chunks:
            yield AIMessageChunk(chunk.content.upper())

    return model | shouted


def streams_by_itself(model):
    return a_generator_function(model).stream("Why?")


def answers_by_itself(model):
    return model.invoke("Why?").text.upper()


def returns_the_step(model):
    return upper


def forgets_return(model):
    model | StrOutputParser() | upper


def invokes_inside(model):
    return RunnableLambda(lambda prompt: model.invoke(prompt).text.upper())


def capitals_at_the_start(model):
    def shouted(pieces):
        for piece in pieces:
            yield piece.capitalize()

    return model | StrOutputParser() | shouted


def loses_blanks(model):
    def shouted(pieces):
        for piece in pieces:
            yield piece.strip().upper()

    return model | StrOutputParser() | shouted


def joins_to_a_number(model):
    return model | StrOutputParser() | 5


WRONG_1_4 = (
    (keeps_the_lambda, "in one item"),
    (joins_in_a_generator, "in one item"),
    (cuts_up_afterwards, "collected first"),
    (a_generator_expression_from_a_lambda, "a `generator`; nobody has taken the text out of it"),
    (starts_well, "The text starts in time, and then up to"),
    (drops_the_step, "isn't in capitals"),
    (drops_the_parser, "hands out an `AIMessageChunk`.* Which step of the colleague's chain"),
    (yields_lists, "hands out a `list`; each item is to be a text. What does your step hand on"),
    (in_small_letters, "in small letters; the exercise asks for capitals"),
    (returns_in_the_step, "Only the first character of .* came out: `R`"),
    (stops_after_three, r"Only the first \d+ characters of .* What ends your step there"),
    (yields_nothing_in_the_step, "No text came out"),
    (takes_a_model_from_outside, "`shout` never asked the model that it was given"),
    (streams_by_itself, "returns a stream"),
    (answers_by_itself, "already asked the model"),
    (returns_the_step, "returns a `function`"),
    (forgets_return, "is there a `return`"),
    (invokes_inside, "called with `invoke` inside"),
    (capitals_at_the_start, "Some of the text is in capitals"),
    (loses_blanks, "The text changed"),
    (joins_to_a_number, r"TypeError: .*at the line `return model \| StrOutputParser"),
)


@pytest.mark.parametrize(("shout", "said"), with_reason(*WRONG_1_4))
def test_1_4_says_what_is_wrong_with_code_that(shout, said):
    wrong("1.4", shout, said)


# --- 1.5 ------------------------------------------------------------------------------------------

END = re.compile(r"[.!?](?=\s)")


def closing_the_stream(model, prompt):
    text = ""
    with closing(model.stream(prompt)) as chunks:
        for chunk in chunks:
            text += chunk.content
            if end := END.search(text):
                return text[: end.end()]
    return text


def leaving_an_unnamed_stream(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.text
        if end := END.search(text):
            break
    else:
        return text
    return text[: end.end()]


def a_generator_in_between(model, prompt):
    def sentences():
        text = ""
        for chunk in model.stream(prompt):
            text += chunk.content
            if end := END.search(text):
                yield text[: end.end()]
        yield text

    return next(sentences())


def leaving_a_named_one(model, prompt):
    chunks = model.stream(prompt)
    text = ""
    for chunk in chunks:
        text += chunk.content
        if end := END.search(text):
            return text[: end.end()]
    return text


def by_next_and_close(model, prompt):
    chunks = model.stream(prompt)
    whole = next(chunks)
    while not END.search(whole.text) and (chunk := next(chunks, None)):
        whole += chunk
    chunks.close()
    return END.split(whole.text)[0] + "".join(END.findall(whole.text)[:1])


@pytest.mark.parametrize(
    "first_sentence",
    by_name(
        closing_the_stream,
        leaving_an_unnamed_stream,
        a_generator_in_between,
        leaving_a_named_one,
        by_next_and_close,
    ),
)
def test_1_5_accepts(first_sentence):
    right("1.5", first_sentence)


def reads_to_the_end(model, prompt):
    text = "".join(chunk.content for chunk in model.stream(prompt))
    return END.split(text)[0] + "".join(END.findall(text)[:1])


def pays_for_all(model, prompt):
    text = model.invoke(prompt).text
    return END.split(text)[0] + "".join(END.findall(text)[:1])


def drains_a_chain(model, prompt):
    text = ""
    for piece in (model | StrOutputParser()).stream(prompt):
        text += piece
        if end := END.search(text):
            return text[: end.end()]
    return text


def keeps_the_stream(model, prompt):
    chunks = model.stream(prompt)
    kept.append(chunks)
    text = ""
    for chunk in chunks:
        text += chunk.content
        if end := END.search(text):
            return text[: end.end()]
    return text


def returns_too_much(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if END.search(text):
            return text + next(iter("Z"))
    return text


def stops_at_any_mark(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := re.search(r"[.!?]", text):
            return text[: end.end()]
    return text


def loses_the_mark(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := END.search(text):
            return text[: end.start()]
    return text


def looks_in_the_chunk(model, prompt):
    for chunk in model.stream(prompt):
        if END.search(chunk.content + " "):
            return chunk.content
    return ""


def forgets_the_end(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := END.search(text):
            return text[: end.end()]
    return None


def waits_for_an_end(model, prompt):
    text = ""
    chunks = model.stream(prompt)
    while not (end := END.search(text)):
        text += next(chunks).content
    return text[: end.end()]


def never_returns(model, prompt):
    text = ""
    chunks = model.stream(prompt)
    while not (end := END.search(text)):
        text += next(chunks, AIMessageChunk("")).content
    return text[: end.end()]


def reads_on(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if (end := END.search(text)) and len(text) > end.end() + 20:
            return text[: end.end()]
    return text[: end.end()] if (end := END.search(text)) else text


def waits_for_the_next_word(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := re.search(r"[.!?](?=\s+\S)", text):
            return text[: end.end()]
    return text


def keeps_the_white_space(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := re.search(r"[.!?]\s", text):
            return text[: end.end()]
    return text


def begins_with_a_new_line(model, prompt):
    return "\n" + closing_the_stream(model, prompt)


def returns_the_first_piece(model, prompt):
    for chunk in model.stream(prompt):
        if chunk.content:
            return chunk.content
    return None


def returns_chunks(model, prompt):
    return [chunk for chunk in model.stream(prompt)]  # noqa: C416 (as a learner writes it)


def makes_it_up(model, prompt):
    next(model.stream(prompt))
    return "It depends."


WRONG_1_5 = (
    (reads_to_the_end, "read to its end"),
    (pays_for_all, "called with `invoke`"),
    (drains_a_chain, "a chain that is left early reads the rest"),
    (keeps_the_stream, "still generating: something holds on"),
    (returns_too_much, "goes on after the end of the first sentence"),
    (stops_at_any_mark, "white space doesn't follow it"),
    (loses_the_mark, "without the mark"),
    (looks_in_the_chunk, "the beginning of the sentence is lost"),
    (forgets_the_end, "Nothing came back for a reply that ends with its first sentence: is a"),
    (waits_for_an_end, "StopIteration.*for a reply that ends with its first sentence"),
    (reads_on, "pieces were read. Piece .* brought the white space after the mark"),
    (waits_for_the_next_word, "were read. Piece .* white space after the mark: the sentence was"),
    (keeps_the_white_space, "with white space at its end"),
    (begins_with_a_new_line, "with white space at its beginning"),
    (returns_the_first_piece, "the first sentence goes on"),
    (returns_chunks, "is a `list`; the exercise asks for a text"),
    (makes_it_up, "and the reply begins"),
    (yields, "There is a `yield`"),
    (never_asks, "never asked the model"),
)


@pytest.mark.parametrize(("first_sentence", "said"), with_reason(*WRONG_1_5))
def test_1_5_says_what_is_wrong_with_code_that(first_sentence, said):
    wrong("1.5", first_sentence, said)


@pytest.mark.parametrize("first_sentence", by_name(closing_the_stream, by_next_and_close))
def test_1_5_says_nothing_of_closing_to_code_that_closes(first_sentence):
    assert "closing" not in right("1.5", first_sentence).message


@pytest.mark.parametrize(
    "first_sentence",
    by_name(leaving_an_unnamed_stream, a_generator_in_between, leaving_a_named_one),
)
def test_1_5_names_closing_to_code_that_only_lets_go(first_sentence):
    assert "`closing` says so in words" in right("1.5", first_sentence).message


def test_1_5_cuts_a_loop_that_waits_for_ever():
    outcome = evaluate("1.5", never_returns, limit=0.5)
    assert outcome.status == "not yet"
    assert "stopped after 0.5 s" in outcome.message


# --- 1.6 ------------------------------------------------------------------------------------------

TRUTH = {"A": "slow model", "B": "buffered", "C": "healthy"}


@pytest.fixture
def _known_deployments(monkeypatch):
    monkeypatch.setattr(source, "solution", lambda number: f"diagnosis = {TRUTH!r}")


@pytest.mark.usefixtures("_known_deployments")
class TestDiagnosis:
    """1.6, whatever deployments the lesson has."""

    @pytest.mark.parametrize(
        "answer",
        [
            TRUTH,
            dict(reversed(TRUTH.items())),
            {name: value.upper() + " " for name, value in TRUTH.items()},
        ],
    )
    def test_accepts_the_truth(self, answer):
        right("1.6", answer)

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ({**TRUTH, "A": "healthy"}, "A isn't healthy. Look at the distance between its marks"),
            ({**TRUTH, "A": "buffered"}, "A isn't buffered. What a buffer holds back"),
            ({**TRUTH, "B": "healthy"}, "B isn't healthy. Compare its TTFT with its total"),
            ({**TRUTH, "B": "slow model"}, "B isn't a slow model. Once its text comes"),
            ({**TRUTH, "C": "buffered"}, "C isn't buffered. What is held back"),
            ({**TRUTH, "C": "slow model"}, "C isn't a slow model. Compare its TTFT"),
            ({**TRUTH, "C": "asleep"}, "`asleep` isn't one of the three"),
            ({**TRUTH, "D": "healthy"}, "no deployment D; there are A, B and C"),
            ({"a": "healthy", "b": ..., "C": ...}, "no deployment a or b; there are A, B and C"),
            ({"A": "slow model", "B": ...}, "No diagnosis yet for B and C"),
            ("buffered", "is a dict with"),
        ],
    )
    def test_names_the_evidence_to_look_at(self, answer, said):
        message = wrong("1.6", answer, said).message
        given = set(map(str, answer.values())) if isinstance(answer, dict) else set()
        if "isn't" in message and "one of the three" not in message:
            for name in set(TRUTH.values()) - given:
                assert name not in message, "it tells the answer"


# --- All ------------------------------------------------------------------------------------------


def test_the_wrong_answers_of_an_exercise_get_different_messages():
    for number, cases, alike in (
        ("1.1", WRONG_1_1, 3),  # two that don't flush, two that ask twice, two that never ask
        ("1.2", WRONG_1_2, 0),
        ("1.4", WRONG_1_4, 1),  # two that hand out one item
        ("1.5", WRONG_1_5, 0),
    ):
        reasons = {evaluate(number, answer).message for answer, _ in cases}
        assert len(reasons) >= len(cases) - alike, number
