"""Exercise 1.4: a chain in capitals that still streams."""

import re

from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import BaseTransformOutputParser, StrOutputParser
from langchain_core.runnables import RunnableGenerator, RunnableLambda

from tests.checks.answers import right, wrong
from utils.checks.engine.fake_model import FakeModel

from_outside = FakeModel.of({})


def upper(pieces):
    for piece in pieces:
        yield piece.upper()


@right("1.shout")
def a_generator_function(model):
    return model | StrOutputParser() | upper


@right("1.shout")
def a_runnable_generator(model):
    return model | StrOutputParser() | RunnableGenerator(upper)


@right("1.shout")
def a_generator_before_the_parser(model):
    def shouted(chunks):
        for chunk in chunks:
            yield AIMessageChunk(chunk.content.upper())

    return model | shouted | StrOutputParser()


@right("1.shout")
def a_parser_of_its_own(model):
    class Upper(BaseTransformOutputParser[str]):
        def parse(self, text):
            return text.upper()

    return model | Upper()


@right("1.shout")
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


@wrong("1.shout", "one item")
def keeps_the_lambda(model):
    return model | StrOutputParser() | (lambda text: text.upper())


@wrong("1.shout", "one item")
def joins_in_a_generator(model):
    def shouted(pieces):
        yield "".join(pieces).upper()

    return model | StrOutputParser() | shouted


@wrong("1.shout", "collected first")
def cuts_up_afterwards(model):
    def shouted(pieces):
        yield from "".join(pieces).upper()

    return model | StrOutputParser() | shouted


@wrong("1.shout", "held back")
def starts_well(model):
    def shouted(pieces):
        pieces = iter(pieces)
        yield next(pieces).upper()
        yield next(pieces).upper()
        yield next(pieces).upper()
        yield "".join(pieces).upper()

    return model | StrOutputParser() | shouted


@wrong("1.shout", "yields a generator")
def a_generator_expression_from_a_lambda(model):
    return model | StrOutputParser() | (lambda text: (letter.upper() for letter in text))


@wrong("1.shout", "yields the wrong type")
def yields_lists(model):
    def shouted(pieces):
        for piece in pieces:
            yield [piece.upper()]

    return model | StrOutputParser() | shouted


@wrong("1.shout", "small letters")
def in_small_letters(model):
    def lower(pieces):
        for piece in pieces:
            yield piece.lower()

    return model | StrOutputParser() | lower


@wrong("1.shout", "ends early", "Only 1 character of")
def returns_in_the_step(model):
    def shouted(pieces):
        for piece in pieces:
            return piece.upper()
        return ""

    return model | StrOutputParser() | shouted


@wrong("1.shout", "ends early")
def stops_after_three(model):
    def shouted(pieces):
        for _, piece in zip(range(3), pieces, strict=False):
            yield piece.upper()

    return model | StrOutputParser() | shouted


@wrong("1.shout", "no text")
def yields_nothing_in_the_step(model):
    def shouted(pieces):
        for _ in pieces:
            yield ""

    return model | StrOutputParser() | shouted


@wrong("1.shout", "never calls the model")
def takes_a_model_from_outside(model):
    return from_outside | StrOutputParser() | upper


@wrong("1.shout", "unchanged")
def drops_the_step(model):
    return model | StrOutputParser()


@wrong("1.shout", "yields messages")
def drops_the_parser(model):
    def shouted(chunks):
        for chunk in chunks:
            yield AIMessageChunk(chunk.content.upper())

    return model | shouted


@wrong("1.shout", "returns a stream")
def streams_by_itself(model):
    return a_generator_function(model).stream("Why?")


@wrong("1.shout", "calls the model itself")
def answers_by_itself(model):
    return model.invoke("Why?").text.upper()


@wrong("1.shout", "no chain")
def returns_the_step(model):
    return upper


@wrong("1.shout", "returns nothing")
def forgets_return(model):
    model | StrOutputParser() | upper


@wrong("1.shout", "invoke")
def invokes_inside(model):
    return RunnableLambda(lambda prompt: model.invoke(prompt).text.upper())


@wrong("1.shout", "some capitals")
def capitals_at_the_start(model):
    def shouted(pieces):
        for piece in pieces:
            yield piece.capitalize()

    return model | StrOutputParser() | shouted


@wrong("1.shout", "another text")
def loses_blanks(model):
    def shouted(pieces):
        for piece in pieces:
            yield piece.strip().upper()

    return model | StrOutputParser() | shouted


@wrong("1.shout", "raises", r"TypeError.*at the line `return model \| StrOutputParser")
def joins_to_a_number(model):
    return model | StrOutputParser() | 5


@wrong("1.shout", "held back", "What does your step wait for")
def in_batches_of_five(model):
    def shouted(pieces):
        batch = []
        for piece in pieces:
            batch.append(piece)
            if len(batch) == 5:
                yield "".join(batch).upper()
                batch.clear()
        yield "".join(batch).upper()

    return model | StrOutputParser() | shouted


@wrong("1.shout", "held back")
def sentence_by_sentence(model):
    def shouted(pieces):
        buffer = ""
        for piece in pieces:
            buffer += piece
            while found := re.match(r"(?s).*?[.!?]\s", buffer):
                yield found[0].upper()
                buffer = buffer[found.end() :]
        yield buffer.upper()

    return model | StrOutputParser() | shouted


@wrong("1.shout", "held back")
def one_piece_behind(model):
    def shouted(pieces):
        before = ""
        for piece in pieces:
            yield before.upper()
            before = piece
        yield before.upper()

    return model | StrOutputParser() | shouted


@right("1.shout")
def with_settings(model):
    return model.bind(temperature=0) | StrOutputParser() | upper


@right("1.shout")
def both_ways(model):
    async def aupper(pieces):
        async for piece in pieces:
            yield piece.upper()

    return model | StrOutputParser() | RunnableGenerator(upper, aupper)


@wrong("1.shout", "another text")
def strips_the_beginning(model):
    def shouted(pieces):
        begun = False
        for piece in pieces:
            piece = piece if begun else piece.lstrip()
            begun = begun or bool(piece)
            yield piece.upper()

    return model | StrOutputParser() | shouted


@wrong("1.shout", "class as a step", "parentheses missing")
def forgets_parentheses(model):
    return model | StrOutputParser | upper


@wrong("1.shout", "generator in a RunnableLambda", "calls its function once")
def wraps_the_generator_function(model):
    return model | StrOutputParser() | RunnableLambda(upper)


@wrong("1.shout", "swallows the error")
def swallows_in_its_step(model):
    def shouted(pieces):
        try:
            for piece in pieces:
                yield piece.upper()
        except Exception:
            yield ""

    return model | StrOutputParser() | shouted


@wrong("1.shout", "swallows the error")
def falls_back_to_an_apology(model):
    return (model | StrOutputParser() | upper).with_fallbacks([RunnableLambda(lambda _: "SORRY")])


@wrong("1.shout", "another prompt")
def begins_with_a_prompt_of_its_own(model):
    return RunnableLambda(lambda _: "Tell me a story") | model | StrOutputParser() | upper


@wrong("1.shout", "changes the model")
def turns_streaming_off_on_the_model(model):
    model.temperature = 0
    return model | StrOutputParser() | upper


@wrong("1.shout", "never read")
def makes_a_stream_in_a_step(model):
    def step(prompt):
        model.stream(prompt)
        return prompt.upper()

    return RunnableLambda(step)


@wrong("1.shout", "yields")
def yields_by_itself(model):
    yield from (model | StrOutputParser() | upper).stream("Why?")


@wrong("1.shout", "drops the first chunk")
def takes_the_first_chunk_for_an_empty_one(model):
    def capitals(pieces):
        next(pieces)
        for piece in pieces:
            yield piece.upper()

    return model | StrOutputParser() | capitals


@wrong("1.shout", "some capitals")
def knows_ascii_only(model):
    table = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")

    def capitals(pieces):
        for piece in pieces:
            yield piece.translate(table)

    return model | StrOutputParser() | capitals


@wrong("1.shout", "changes the model", "`disable_streaming`")
def disables_streaming(model):
    def capitals(pieces):
        for piece in pieces:
            yield piece.upper()

    model.disable_streaming = True
    return model | StrOutputParser() | capitals


@wrong("1.shout", "no text", "an empty piece")
def ends_at_an_empty_piece(model):
    def capitals(pieces):
        for piece in pieces:
            if not piece:
                return
            yield piece.upper()

    return model | StrOutputParser() | capitals
