"""Exercise 1.4: a chain in capitals that still streams."""

import re

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import BaseTransformOutputParser, StrOutputParser
from langchain_core.runnables import RunnableGenerator, RunnableLambda

from tests.checks.test_lesson_1_show import from_outside
from tests.checks.verdict import by_name, right, with_reason, wrong


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
