"""Exercise 2.2: a handler that measures TTFT by the clock it was given."""

from time import perf_counter

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from tests.checks.verdict import by_name, right, with_reason, wrong


class Timed(BaseCallbackHandler):
    def __init__(self, clock=perf_counter):
        self.clock = clock
        self.ttft = None

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.sent = self.clock()

    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = self.clock() - self.sent


class ByTheOldStart(Timed):
    """LangChain falls back to it where the newer method is missing."""

    on_chat_model_start = BaseCallbackHandler.on_chat_model_start

    def on_llm_start(self, serialized, prompts, **kwargs):
        self.sent = self.clock()


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


class ByBothStarts(ByTheOldStart):
    """LangChain calls the newer one alone."""

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.sent = self.clock()


class WithAFlag(Timed):
    waiting = True

    def on_llm_new_token(self, token, **kwargs):
        if self.waiting and token != "":
            self.waiting = False
            self.ttft = self.clock() - self.sent


@pytest.mark.parametrize(
    "stopwatch", by_name(Timed, ByTheOldStart, ByBothStarts, PerRun, WithAFlag)
)
def test_2_2_accepts(stopwatch):
    right("2.2", stopwatch)


class FromItsMaking(Timed):
    def __init__(self, clock=perf_counter):
        super().__init__(clock)
        self.made = clock()

    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = self.clock() - self.made


class CountsTheRole(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if self.ttft is None:
            self.ttft = self.clock() - self.sent


class SkipsOne(Timed):
    heard = 0

    def on_llm_new_token(self, token, **kwargs):
        self.heard += 1
        if self.heard == 2:
            self.ttft = self.clock() - self.sent


class EachToken(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token:
            self.ttft = self.clock() - self.sent


class AtTheEnd(Timed):
    def on_llm_new_token(self, token, **kwargs):
        """Wait."""

    def on_llm_end(self, response, **kwargs):
        self.ttft = self.clock() - self.sent


class TimeOfDay(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = self.clock()


class AnotherClock(Timed):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.sent = perf_counter()

    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = perf_counter() - self.sent


class Milliseconds(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = 1000 * (self.clock() - self.sent)


class FromTheRole(Timed):
    sent = None

    def on_chat_model_start(self, serialized, messages, **kwargs):
        """Too early, one may think."""

    def on_llm_new_token(self, token, **kwargs):
        self.sent = self.sent or self.clock()
        if token and self.ttft is None:
            self.ttft = self.clock() - self.sent


class ForgetsTheStart(Timed):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        """Forgotten."""


class StartsAtNoMethod(Timed):
    on_chat_model_start = BaseCallbackHandler.on_chat_model_start

    def on_chat_start(self, serialized, messages, **kwargs):
        self.sent = self.clock()


class TakesTheChunk(Timed):
    def on_llm_new_token(self, chunk, **kwargs):
        if chunk and self.ttft is None:
            self.ttft = self.clock() - self.sent


class NeverMeasures(Timed):
    def on_llm_new_token(self, token, **kwargs):
        """Not yet."""


class MeasuresNothingToo(Timed):
    """Gives a figure where no text came."""

    def on_llm_end(self, response, **kwargs):
        if self.ttft is None:
            self.ttft = self.clock() - self.sent


class BackInTime(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = self.sent - self.clock()


class HearsNothingInTime(BaseCallbackHandler):
    def __init__(self, clock=perf_counter):
        self.clock = clock
        self.ttft = None

    def on_new_token(self, token, **kwargs):
        self.ttft = self.clock()


class AsText(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = f"{self.clock() - self.sent:.1f} s"


class NoClock(BaseCallbackHandler):
    def __init__(self):
        self.ttft = None


WRONG_2_2 = (
    (FromItsMaking, "50 s lay between making the handler and asking"),
    (CountsTheRole, "0.1 s when no text had come yet. The first text came after 0.6 s"),
    (SkipsOne, "when no text had come yet for a reply with empty tokens"),
    (EachToken, "0.6 s when the first text came, and .* when the reply was over"),
    (AtTheEnd, "Text was there, and `.ttft` still `None`"),
    (TimeOfDay, "150.6, which is what the clock showed"),
    (AnotherClock, "nobody looked at `self.clock`"),
    (Milliseconds, "600; the exercise asks for seconds"),
    (FromTheRole, "0.5 s, and the first text came 0.6 s after the model was asked"),
    (ForgetsTheStart, "AttributeError: .*sent"),
    (StartsAtNoMethod, "AttributeError: .*sent.* LangChain never calls `on_chat_start"),
    (TakesTheChunk, "0.1 s when no text had come yet.* By the name `chunk` LangChain hands over"),
    (NeverMeasures, "still `None`"),
    (MeasuresNothingToo, "got a figure for a reply without any text"),
    (AsText, "is a `str`"),
    (BackInTime, "came out as -0.6 s. Which look at the clock came first"),
    (HearsNothingInTime, "still `None`: LangChain calls none of the methods that you wrote"),
    (NoClock, "TypeError: .*clock.*when a handler was made"),
)


@pytest.mark.parametrize(("stopwatch", "said"), with_reason(*WRONG_2_2))
def test_2_2_says_what_is_wrong_with(stopwatch, said):
    wrong("2.2", stopwatch, said)
