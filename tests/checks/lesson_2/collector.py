"""Right and wrong answers to 2.collector, which asks for a handler that accumulates text."""

import asyncio
from dataclasses import dataclass, field

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.outputs import ChatGeneration  # noqa: F401 (used in an edit)

from tests.checks.answers import edits, right, wrong


@right("2.collector")
class Collector(BaseCallbackHandler):
    def __init__(self):
        self.text = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += token


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
@dataclass(frozen=True)
class AsFrozenData(BaseCallbackHandler):
    pieces: list = field(default_factory=list)

    @property
    def text(self):
        return "".join(self.pieces)

    def on_llm_new_token(self, token, **kwargs):
        self.pieces.append(token)


@right("2.collector", says="starts an event loop for each call")
class Asynchronous(AsyncCallbackHandler):
    text = ""  # not shared between collectors: `+=` creates an instance attribute

    async def on_llm_new_token(self, token, **kwargs):
        await asyncio.sleep(0)
        self.text += token


edit = edits("2.collector", Collector)
joins = edits("2.collector", JoinsAList)
ADDS = "self.text += token"
TOKEN = "def on_llm_new_token(self, token, **kwargs)"


def at(event, does):
    """Return an edit that adds a method for an event, with the body `does`."""
    return {ADDS: f"{ADDS}\n    def {event}(self, value, *_, **kwargs):\n        {does}"}


edit(None, at("on_llm_start", 'self.text = ""'))  # called before the first token
edit(None, at("on_llm_end", "self.text = value.generations[0][0].text"))
edit(None, {"token, **kwargs": "token, *, chunk=None, **kwargs", "+= token": "+= chunk.text"})
edit(None, {"token, **kwargs": "token, chunk, **kwargs", "+= token": "+= chunk.message.content"})
edit(None, {"self, token": "self, *args", "+= token": '+= kwargs["token"]'})
edit(None, {ADDS: f'print("received", token); {ADDS}'})

edit("unfilled parameter", {"token,": "text,", "+= token": "+= text"}, "`text` of `on_llm_new")
edit("call doesn't fit", {", **kwargs": ""}, "unexpected keyword argument")
edit("raises", {"token,": "chunk,", "+= token": "+= chunk"}, r"TypeError: .*line `self.text \+=")
edit("unknown method", {"on_llm_new_token": "on_new_token"}, "never calls `on_new_token`")
edit("no methods", {TOKEN + ":": "", f"        {ADDS}": ""})
edit("yields in a method", {ADDS: "yield token"}, "There is a `yield` in `on_llm_new_token`")
edit("not a handler", {"(BaseCallbackHandler)": ""}, "doesn't inherit from `BaseCallbackHandler`")

edit("still empty", {"self.text +": "text "}, "43 pieces of text arrived, but")
AT_THE_START = {"__init__(self)": "on_chat_model_start(self, serialized, messages, **kwargs)"}
edit("no text at first", AT_THE_START, "when a collector is created")
edit("begins with text", {'""': '"\\n"'}, "A new collector's `.text` is")
edit("adds the reply again", at("on_llm_end", "self.text += value.generations[0][0].text"))
SKIPS = {'""': '""; self.got = 0', "+= token": "+= token * self.got; self.got = 1"}
edit("drops the first chunk", SKIPS)
edit("last piece alone", {"+= token": "= token"})
edit("cleared", at("on_llm_error", 'self.text = ""'), "empty again when the connection was lost")
DOTS = "self.text += ' …' * isinstance(value, GeneratorExit)"
edit("another text", at("on_llm_error", DOTS), "stopped early")
edit("whole chunks", {"token, **kwargs": "token, *, chunk, **kwargs", "+= token": "+= str(chunk)"})
edit("loses white space", {"+= token": "+= token.replace('\u00a0', ' ')"})
edit("loses white space", at("on_llm_end", "self.text = self.text.strip()"))
edit("loses repeated pieces", {ADDS: f"if token == '' or self.text[-len(token):] != token: {ADDS}"})
joins("loses repeated pieces", {"= []": "= {}", ".append(token)": ".setdefault(token)"})
earlier = []
edit("keeps state", {ADDS: "earlier.append(token); self.text = ''.join(earlier)"})
joins("not a string", {"@property\n    ": ""}, "is a `method`")
joins("shared text", {"def __init__(self):\n        self.pieces": "pieces"}, "second collector")
edit("no text", {"self.text": "self.reply"})
BEHIND = at("on_llm_end", "self.text += self.last")
BEHIND[ADDS] = BEHIND[ADDS].replace(ADDS, "self.text += self.last; self.last = token", 1)
edit("behind", {'""': '""; self.last = ""', **BEHIND})
IF_INVOKED = "'?' * (type(value.generations[0][0]) is ChatGeneration)"
edit("not with invoke", at("on_llm_end", f"self.text += {IF_INVOKED}"), "With `invoke` on a model")

wrong("2.collector", "not a class", "without parentheses. It was given a `Collector`")(Collector())


@wrong("2.collector", "fails silently", says="log shows it: .*ZeroDivisionError")
class AsynchronousAndBroken(AsyncCallbackHandler):
    text = ""

    async def on_llm_new_token(self, token, **kwargs):
        self.text += 1 / 0


@wrong("2.collector", "empty on the way", says="While 43 pieces arrived, `.text` was empty")
class JoinsAtTheEnd(JoinsAList):
    text = ""

    def on_llm_end(self, response, **kwargs):
        self.text = "".join(self.pieces)
