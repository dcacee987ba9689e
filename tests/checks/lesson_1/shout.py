"""Right and wrong answers to 1.shout, which asks for a chain that streams a reply in capitals."""

import contextlib  # noqa: F401 (used in an edit)
import re

from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import BaseTransformOutputParser, StrOutputParser
from langchain_core.runnables import RunnableGenerator, RunnableLambda  # noqa: F401 (used in edits)

from tests.checks.answers import edits, right, wrong


@right("1.shout")
def shout(model):
    def upper(pieces):
        for piece in pieces:
            yield piece.upper()

    return model | StrOutputParser() | upper


@right("1.shout")
def a_generator_before_the_parser(model):
    def upper(chunks):
        for chunk in chunks:
            yield AIMessageChunk(chunk.content.upper())

    return model | upper | StrOutputParser()


@right("1.shout")
def a_parser_of_its_own(model):
    class Upper(BaseTransformOutputParser[str]):
        def parse(self, text):
            return text.upper()

    return model | Upper()


@right("1.shout")
def word_by_word(model):
    def upper(pieces):
        buffer = ""
        for piece in pieces:
            buffer += piece
            while found := re.match(r"\s*\S+\s", buffer):
                yield found[0].upper()
                buffer = buffer[found.end() :]
        yield buffer.upper()

    return model | StrOutputParser() | upper


edit = edits("1.shout", shout)
PIECES = "for piece in pieces:"
LOOP = f"{PIECES}\n            yield piece.upper()"
CHAIN = "model | StrOutputParser() | upper"

edit(None, {"| upper": "| RunnableGenerator(upper)"})
edit(None, {"model |": "model.bind(temperature=0) |"})

edit("unchanged", {"| upper": ""})
edit("small letters", {".upper()": ".lower()"})
edit("some capitals", {".upper()": ".encode().upper().decode()"})  # uppercases only ASCII letters
edit("some capitals", {"piece.upper()": "'ß'.join(map(str.upper, piece.split('ß')))"})
edit("loops over characters", {"yield piece.upper()": "return piece.upper()"}, "Only `R` came out")
edit("yields nothing", {"yield": "if not piece: return\n            yield"}, "often empty")
edit("drops the first chunk", {PIECES: f"next(pieces)\n        {PIECES}"})

edit("one item", {"| upper": "| (lambda text: text.upper())"})
edit("collected first", {LOOP: 'yield from "".join(pieces).upper()'})

edit("takes the stream for a piece", {LOOP: "yield pieces.upper()"}, "takes the pieces out")
CLOSES = {LOOP: f"with contextlib.closing(pieces):\n          {LOOP}"}
edit("raises", CLOSES, "no attribute 'close'")  # LangChain passes a stream without `close`
edit("takes text for a chunk", {"piece.upper": "piece.content.upper"}, "attribute `content`")
edit("generator as a step", {"| upper": "| upper(model)"}, "parentheses are too many")
edit("class as a step", {"Parser()": "Parser"}, "parentheses missing")
edit("generator in a RunnableLambda", {"| upper": "| RunnableLambda(upper)"}, "function once")
edit(
    "yields an iterator", {"| upper": "| (lambda text: (c for c in text))"}, "yields a `generator`"
)
edit("yields an iterator", {"| upper": "| (lambda text: map(str.upper, text))"}, "yields a `map`")
edit("returns nothing", {"return ": ""})
edit("no chain", {CHAIN: "upper"})
edit("returns a stream", {CHAIN: f'({CHAIN}).stream("Why?")'})
edit("calls the model itself", {CHAIN: 'model.invoke("Why?").text.upper()'})
edit("yields", {"return": "yield"})
wrong("1.shout", "not a function", says="a `RunnableLambda`")(RunnableLambda(len))

batches = edits("1.shout", word_by_word)
batches("held back", {r"\s*\S+\s": r"(?s).*?[.!?]\s"}, "What does your step wait for")
