"""Right and wrong answers to 2.stopwatch, which asks for a handler that measures TTFT."""

import time  # noqa: F401 (used in edits)
from fractions import Fraction  # noqa: F401 (used in an edit)
from time import perf_counter

from langchain_core.callbacks import BaseCallbackHandler

from tests.checks.answers import edits, right


@right("2.stopwatch")
class Stopwatch(BaseCallbackHandler):
    def __init__(self, clock=perf_counter):
        self.clock = clock
        self.ttft = None

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.sent = self.clock()

    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = self.clock() - self.sent


@right("2.stopwatch")
class PerRun(BaseCallbackHandler):
    def __init__(self, clock=perf_counter):
        self.clock, self.sent, self.measured = clock, {}, {}

    @property
    def ttft(self):
        return next(iter(self.measured.values()), None)

    def on_chat_model_start(self, serialized, messages, *, run_id, **kwargs):
        self.sent[run_id] = self.clock()

    def on_llm_new_token(self, token, *, run_id, **kwargs):
        if len(token) > 0:
            self.measured.setdefault(run_id, self.clock() - self.sent[run_id])


edit = edits("2.stopwatch", Stopwatch)
SENT = "self.sent = self.clock()"
FIRST = "if token and self.ttft is None:"
MEASURES = "self.ttft = self.clock() - self.sent"


def at(event, does):
    """Return an edit that adds a method for an event, with the body `does`."""
    method = f"def {event}(self, value, **kwargs):\n        {does}\n\n    "
    return {"def on_llm_new_token": f"{method}def on_llm_new_token"}


edit(None, {"chat_model_start": "llm_start"}, "only if there is no `on_chat_model_start`")
edit(None, at("on_llm_start", SENT), r"an empty token arrived first\.$")
edit(None, {MEASURES: "self.ttft = round(self.clock() - self.sent, 3)"})
edit(None, {MEASURES: "self.ttft = Fraction(self.clock() - self.sent)"}, "measured 0.6 s")
edit(None, {"self, token": "self, *_, chunk", "if token": "if chunk.message.text"})

edit("raises", {", clock=perf_counter": "", "self.clock = clock": "pass"})
edit("since it was made", {SENT: "pass", "clock\n": f"clock\n        {SENT}\n"})
edit("rounded", {MEASURES: MEASURES.replace("= ", "= round(") + ")"}, "is 1 s, but")
edit("rounded", {MEASURES: MEASURES.replace("= ", "= round(") + ", 2)"}, "after 0.6437 s. What")
edit("another time", {FIRST: f"{SENT}\n        {FIRST}"}, "start counting")
edit("never measures", {"token and": "token and self.sent and"}, "clock began at 0. What")
ANY_CHUNK = {"**kwargs": "chunk=None, **kwargs", "if token": "if chunk is not None"}
edit("before the text", ANY_CHUNK, "was 0.1 s")
edit("has a value at first", {"ttft = None": "ttft = 0.0", "self.ttft is None": "not self.ttft"})
edit("chunk for text", {"self, token": "self, chunk", "if token": "if chunk"})
edit("measured later", {"token and self": "token.strip() and self"}, "begins with a line break")
edit("measures again", {"self.ttft is None": "not self.ttft"}, "without a delay")
edit("forgets it", at("on_llm_error", "self.ttft = None"), "at the end when the connection was")
LOST = at("on_llm_error", f"if self.ttft is None: {MEASURES}")
edit("measures without text", LOST, "before any text")
edit("measures without text", at("on_llm_end", "self.ttft = self.ttft or 0.0"), "`0.0` for a reply")
edit("reading of the clock", {" - self.sent": ""})
edit("negative", {MEASURES: "self.ttft = self.sent - self.clock()"})
LATER = at("on_llm_end", "self.ttft = round(self.ttft, 1)")
edit("measures again", LATER, "was 0.6437 s when the first text arrived, but 0.6 s at the end")
edit("another unit", {MEASURES: "self.ttft = 1000 * (self.clock() - self.sent)"})
edit("another unit", {MEASURES: "self.ttft = 1e9 * (self.clock() - self.sent)"})
edit("another clock", {"self.clock()": "perf_counter()"})
edit("two clocks", {MEASURES: "self.ttft = perf_counter() - self.sent"}, "isn't from `self.clock`")
edit("not a number", {MEASURES: "self.ttft = f'{self.clock() - self.sent:.1f} s'"}, "is a `str`")
edit("not a number", at("on_llm_end", "self.ttft = f'{self.ttft} s'"), "is a `str`")
