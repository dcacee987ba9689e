"""Right and wrong answers to 2.spaces_heard, which asks how many spaces a handler receives."""

from langchain_core.callbacks import BaseCallbackHandler, CallbackManager  # noqa: F401 (used in edits)
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser  # noqa: F401

from tests.checks.answers import edits, right, wrong


class Words(BaseCallbackHandler):
    def __init__(self):
        self.spaces = 0

    def on_llm_new_token(self, token, **kwargs):
        self.spaces += token.count(" ")


@right("2.spaces_heard")
def spaces_heard(model, prompt):
    words = Words()
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


@right("2.spaces_heard")
def generates(model, prompt):
    words = Words()
    model.generate([[HumanMessage(prompt)]], callbacks=[words], stream=True)
    return words.spaces


@right("2.spaces_heard")
def with_a_class_of_its_own(model, prompt):
    class Heard(BaseCallbackHandler):
        spaces = 0

        def on_llm_new_token(self, token, **kwargs):
            self.spaces += token.count(" ")

    heard = Heard()
    list(model.stream(prompt, {"callbacks": [heard]}))
    return heard.spaces


edit = edits("2.spaces_heard", spaces_heard)
LOOP = 'for _ in model.stream(prompt, config={"callbacks": [words]}):\n        pass'
CONFIG = 'config={"callbacks": [words]}'

STREAMING = 'model.model_copy(update={"streaming": True})'
edit(None, {LOOP: f"{STREAMING}.invoke(prompt, {CONFIG})"})
edit(None, {LOOP: 'model.model_copy(update={"callbacks": [words]}).invoke(prompt, stream=True)'})
edit(None, {LOOP: f"model.invoke(prompt, {CONFIG}, stream=True)"})
edit(None, {LOOP: f"model.bind(stream=True).invoke(prompt, {CONFIG})"})
edit(None, {LOOP: f"model.batch([prompt], {CONFIG}, stream=True)"})
edit(None, {"model.stream": "model.with_config(callbacks=[words]).stream", f", {CONFIG}": ""})
edit(None, {"(prompt, config": "([('system', 'Be brief.'), ('human', prompt)], config"})
edit(None, {"model.stream": "(model | StrOutputParser()).stream"})
edit(None, {"[words]": "CallbackManager([words])"})

OFF = {"model.stream": "model.model_copy(update={'disable_streaming': True}).stream"}
edit("invoke", OFF, "turned streaming off, so the model pushes no tokens")
edit("invoke", {LOOP: f"model.invoke(prompt, {CONFIG})"}, "with `invoke`, which pushes no tokens")
ALSO = {"_ in": "chunk in", "pass": "words.spaces += chunk.text.count(' ')"}
edit("no handler", {f", {CONFIG}": ""})
V3 = {"model.stream(": 'model.stream_events(version="v3", input='}
edit("another number", V3, "32 spaces, but 0 was returned")
edit("no handler", {**ALSO, f", {CONFIG}": ""})
edit("counts the reply", {**ALSO, "[words]": "[Words()]"}, "that `on_llm_new_token` receives")
edit("counted twice", ALSO, "a second time")
edit("attached twice", {"[words]": "[words, words]"})
edit("attached twice", {"model.stream": "model.with_config(callbacks=[words]).stream"})
edit("attaches the class", {"[words]": "[Words]"})
edit("attaches a method", {"[words]": "[words.on_llm_new_token]"}, "needs the whole object")
edit("callbacks without a list", {"[words]": "words"}, "a list, even for a single handler")
edit("callbacks without a list", {"[words]": "(words,)"}, "given something else")
edit("config isn't a dict", {CONFIG: "[words]"})
edit("config isn't a dict", {CONFIG: "words"})
edit("callbacks by keyword", {CONFIG: "callbacks=[words]"})
BOUND = f"model.bind(streaming=True).invoke(prompt, {CONFIG})"
edit("raises", {LOOP: BOUND}, "unexpected keyword argument 'streaming'")
always_the_same = Words()
edit("keeps an earlier count", {"Words()": "always_the_same"}, "which includes the first count")

own = edits("2.spaces_heard", with_a_class_of_its_own)
COUNTS = 'self.spaces += token.count(" ")'
own(None, {COUNTS: "self.spaces += kwargs['chunk'].text.count(' ')"})
own("unknown method", {"on_llm_new_token": "on_token"})
own("unfilled parameter", {"token": "text"} | {"on_llm_new_text": "on_llm_new_token"}, "`text` of")
own("no methods", {"def on_llm_new_token(self, token, **kwargs):": "", COUNTS: ""})
own("another number", {COUNTS: "self.spaces += token.startswith(' ')"})
own("counts tokens", {COUNTS: "self.spaces += 1"})
own("counts other white space", {COUNTS: "self.spaces += sum(map(str.isspace, token))"})
AT_THE_END = "self.spaces = token.generations[0][0].text.count(' ')"
own("counts the finished reply", {"on_llm_new_token": "on_llm_end", COUNTS: AT_THE_END})
IN_THE_END = f"pass\n        def on_llm_end(self, token, **kwargs):\n            {AT_THE_END}"
own("counts the reply", {COUNTS: IN_THE_END})
own("fails silently", {"on_llm_new_token": "on_llm_end", COUNTS: "1 / 0"}, "shows it: .*ZeroDiv")

wrong("2.spaces_heard", "a class", says="the function `spaces_heard`, not the class `Words`")(Words)
