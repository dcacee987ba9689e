"""Exercise 2.1: a handler whose text grows with each token."""

import asyncio
import io
from dataclasses import dataclass, field

from langchain_core.callbacks import (
    AsyncCallbackHandler,
    BaseCallbackHandler,
    StreamingStdOutCallbackHandler,
)
from langchain_core.outputs import ChatGeneration

from tests.checks.answers import right, wrong


@right("2.collector")
class AddsUp(BaseCallbackHandler):
    def __init__(self):
        self.text = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += token


@right("2.collector")
class StartsByTheOldMethod(AddsUp):
    """LangChain falls back to it where the newer one is missing."""

    def on_llm_start(self, serialized, prompts, **kwargs):
        self.text = ""


@right("2.collector")
class Talks(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        print("received", repr(token))
        super().on_llm_new_token(token)


@right("2.collector")
class JoinsAList(BaseCallbackHandler):
    def __init__(self):
        self.pieces = []

    @property
    def text(self):
        return "".join(self.pieces)

    def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.pieces.append(token)


@right("2.collector")
class StartsWithTheRun(BaseCallbackHandler):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.text = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text = self.text + token


@right("2.collector")
class FromTheChunk(BaseCallbackHandler):
    text = ""  # on the class, and replaced by one on the object: no harm done

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        self.text += chunk.text


@right("2.collector")
class FromTheMessage(AddsUp):
    def on_llm_new_token(self, token, chunk, **kwargs):
        self.text = f"{self.text}{chunk.message.content}"


@right("2.collector")
class ByKeyword(AddsUp):
    def on_llm_new_token(self, *args, **kwargs):
        self.text += kwargs["token"]


@right("2.collector")
@dataclass
class AsData(BaseCallbackHandler):
    text: str = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += token


@right("2.collector")
@dataclass(frozen=True)
class AsFrozenData(BaseCallbackHandler):
    pieces: list = field(default_factory=list)

    @property
    def text(self):
        return "".join(self.pieces)

    def on_llm_new_token(self, token, **kwargs):
        self.pieces.append(token)


@right("2.collector")
class Asynchronous(AsyncCallbackHandler):
    def __init__(self):
        self.text = ""

    async def on_llm_new_token(self, token, **kwargs):
        await asyncio.sleep(0)
        self.text += token


@right("2.collector")
class WritesIntoABuffer(BaseCallbackHandler):
    def __init__(self):
        self._buffer = io.StringIO()

    def on_llm_new_token(self, token, **kwargs):
        self._buffer.write(token)

    text = property(lambda self: self._buffer.getvalue())


@right("2.collector")
class AddsTheWholeAgainAtTheEnd(AddsUp):
    def on_llm_end(self, response, **kwargs):
        self.text = response.generations[0][0].text


@right("2.collector")
class InheritsAPrinter(StreamingStdOutCallbackHandler):
    text = ""

    def on_llm_new_token(self, token, **kwargs):
        super().on_llm_new_token(token, **kwargs)
        if token:
            self.text += token


@wrong("2.collector", "empty on the way", "its 43 pieces arrived, `.text` was empty")
class FillsAtTheEnd(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        """Nothing yet."""

    def on_llm_end(self, response, **kwargs):
        self.text = response.generations[0][0].text


@wrong("2.collector", "empty on the way")
class CollectsAndJoinsAtTheEnd(BaseCallbackHandler):
    def __init__(self):
        self.pieces = []

    def on_llm_new_token(self, token, **kwargs):
        self.pieces.append(token)

    def on_llm_end(self, response, **kwargs):
        self.text = "".join(self.pieces)


@wrong("2.collector", "behind")
class OneBehind(AddsUp):
    last = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += self.last
        self.last = token

    def on_llm_end(self, response, **kwargs):
        self.text += self.last


@wrong("2.collector", "behind")
class AWordAtATime(AddsUp):
    rest = ""

    def on_llm_new_token(self, token, **kwargs):
        self.rest += token
        if " " in token:
            self.text += self.rest
            self.rest = ""

    def on_llm_end(self, response, **kwargs):
        self.text += self.rest


@wrong("2.collector", "unfilled parameter", "`text` of `on_llm_new_token` never receives")
class AnotherName(AddsUp):
    def on_llm_new_token(self, text, **kwargs):
        self.text += text


@wrong("2.collector", "unfilled parameter", "`piece` of")
class AnotherNameWithADefault(AddsUp):
    def on_llm_new_token(self, piece="", **kwargs):
        self.text += piece


@wrong("2.collector", "call doesn't fit", "unexpected keyword argument")
class NothingElse(AddsUp):
    def on_llm_new_token(self, token):
        self.text += token


@wrong("2.collector", "call doesn't fit")
class StartWithoutArguments(AddsUp):
    def on_chat_model_start(self):
        self.text = ""


@wrong("2.collector", "raises", r"TypeError: .*at the line `self.text \+= chunk`")
class NameOfTheChunk(AddsUp):
    def on_llm_new_token(self, chunk, **kwargs):
        self.text += chunk


@wrong("2.collector", "raises", "AttributeError")
class NoTextToBeginWith(BaseCallbackHandler):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token


@wrong("2.collector", "fails in silence", "log shows it: .*ZeroDivisionError")
class AsynchronousAndBroken(AsyncCallbackHandler):
    text = ""

    async def on_llm_new_token(self, token, **kwargs):
        self.text += 1 / 0


@wrong("2.collector", "last piece alone", "never held more than the latest piece")
class LastPiece(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text = token or self.text


@wrong("2.collector", "last piece alone")
class Overwrites(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text = token


@wrong("2.collector", "cleared", "Then it was empty again. What empties it")
class ClearsAtTheEnd(AddsUp):
    def on_llm_end(self, response, **kwargs):
        self.text = ""


@wrong("2.collector", "cleared", "empty again when the connection was lost")
class ClearsAtAnError(AddsUp):
    def on_llm_error(self, error, **kwargs):
        self.text = ""


@wrong("2.collector", "another text", "when the connection was lost")
class MarksAnError(AddsUp):
    def on_llm_error(self, error, **kwargs):
        self.text += " [error]"


@wrong("2.collector", "another text", "when the reader left")
class MarksALeaving(AddsUp):
    def on_llm_error(self, error, **kwargs):
        if isinstance(error, GeneratorExit):
            self.text += " …"


@wrong("2.collector", "whole chunks")
class WholeChunks(AddsUp):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        self.text += str(chunk)


@wrong("2.collector", "loses white space")
class Lines(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token + "\n"


@wrong("2.collector", "loses white space")
class Stripped(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token.strip()


@wrong("2.collector", "loses white space")
class SkipsBlankTokens(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        if token.strip():
            self.text += token


@wrong("2.collector", "loses white space")
class StripsTheBeginning(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text = (self.text + token).lstrip()


@wrong("2.collector", "loses white space")
class StripsAtTheEnd(AddsUp):
    def on_llm_end(self, response, **kwargs):
        self.text = self.text.strip()


@wrong("2.collector", "loses repeated pieces", "equals an earlier one was left out")
class SkipsWhatCameLast(AddsUp):
    last = None

    def on_llm_new_token(self, token, **kwargs):
        if token != self.last:
            self.text += token
        self.last = token


@wrong("2.collector", "loses repeated pieces")
class KeepsEachPieceOnce(BaseCallbackHandler):
    def __init__(self):
        self.pieces = {}

    @property
    def text(self):
        return "".join(self.pieces)

    def on_llm_new_token(self, token, **kwargs):
        self.pieces[token] = True


@wrong("2.collector", "another text", "The first difference is at character 2,")
class Capitals(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token.upper()


@wrong("2.collector", "another text")
class Backwards(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text = token + self.text


@wrong("2.collector", "another text")
class WithTheRole(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token or "assistant: "


@wrong("2.collector", "not a string", "is a `list`. It should be a string")
class Listed(BaseCallbackHandler):
    def __init__(self):
        self.text = []

    def on_llm_new_token(self, token, **kwargs):
        self.text.append(token)


@wrong("2.collector", "not a string", "is a `method`")
class AsAMethod(JoinsAList):
    def text(self):
        return "".join(self.pieces)


@wrong("2.collector", "shared text", "second collector, which listened to nothing, holds")
class SharedList(JoinsAList):
    pieces: list = []  # noqa: RUF012 (the mistake)

    def __init__(self):
        """Nothing of its own."""


@wrong("2.collector", "no text")
class KeptUnderAnotherName(BaseCallbackHandler):
    def __init__(self):
        self.reply = ""

    def on_llm_new_token(self, token, **kwargs):
        self.reply += token


@wrong("2.collector", "unknown method", "never calls `on_new_token`")
class HearsNothing(BaseCallbackHandler):
    text = ""

    def on_new_token(self, token, **kwargs):
        self.text += token


@wrong("2.collector", "unknown method", "never calls `on_new_token`")
class HearsTheStart(HearsNothing):
    def on_llm_start(self, serialized, prompts, **kwargs):
        """Called."""


@wrong("2.collector", "unknown method", "never calls `add`")
class LeavesTheCallingToOthers(BaseCallbackHandler):
    def __init__(self):
        self.text = ""

    def add(self, token):
        self.text += token


@wrong("2.collector", "no methods", "none of the methods that LangChain calls")
class Begun(BaseCallbackHandler):
    text = ""


@wrong("2.collector", "still empty", "43 pieces of text arrived, but")
class WaitsForever(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        text = self.text + token  # noqa: F841 (the mistake)


@wrong("2.collector", "yields in a method", "There is a `yield` in `on_llm_new_token`")
class Generates(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token
        yield token


@wrong("2.collector", "no handler", "because it doesn't inherit from `BaseCallbackHandler`")
class NoHandler:
    def __init__(self):
        self.text = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += token


@wrong("2.collector", "raises", "TypeError: .*model")
class WantsArguments(AddsUp):
    def __init__(self, model):
        self.text = ""


@wrong("2.collector", "not with invoke", "With `invoke` on a model with")
class OnlyTheStream(AddsUp):
    def on_llm_end(self, response, **kwargs):
        if type(response.generations[0][0]) is ChatGeneration:  # as with `invoke`
            self.text = "?"


wrong("2.collector", "an instance", "the class itself, `Collector`, without parentheses")(AddsUp())
wrong("2.collector", "not a class", "not a `str`")("text")
wrong("2.collector", "not a class", "not a `function`")(lambda token: token)
