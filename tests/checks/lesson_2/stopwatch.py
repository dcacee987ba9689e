"""Exercise 2.2: a handler that measures TTFT by the clock it was given."""

import time
from time import perf_counter

from langchain_core.callbacks import BaseCallbackHandler

from tests.checks.answers import right, wrong


@right("2.stopwatch")
class Timed(BaseCallbackHandler):
    def __init__(self, clock=perf_counter):
        self.clock = clock
        self.ttft = None

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.sent = self.clock()

    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = self.clock() - self.sent


@right("2.stopwatch")
class ByTheOldStart(Timed):
    """LangChain falls back to it where the newer method is missing."""

    on_chat_model_start = BaseCallbackHandler.on_chat_model_start

    def on_llm_start(self, serialized, prompts, **kwargs):
        self.sent = self.clock()


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


@right("2.stopwatch")
class ByBothStarts(ByTheOldStart):
    """LangChain calls the newer one alone."""

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.sent = self.clock()


@right("2.stopwatch")
class WithAFlag(Timed):
    waiting = True

    def on_llm_new_token(self, token, **kwargs):
        if self.waiting and token != "":
            self.waiting = False
            self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "since it was made")
class FromItsMaking(Timed):
    def __init__(self, clock=perf_counter):
        super().__init__(clock)
        self.made = clock()

    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = self.clock() - self.made


@wrong("2.stopwatch", "before the text")
class CountsTheRole(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if self.ttft is None:
            self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "before the text")
class SkipsOne(Timed):
    heard = 0

    def on_llm_new_token(self, token, **kwargs):
        self.heard += 1
        if self.heard == 2:
            self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "measures again")
class EachToken(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token:
            self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "measured later")
class AtTheEnd(Timed):
    def on_llm_new_token(self, token, **kwargs):
        """Wait."""

    def on_llm_end(self, response, **kwargs):
        self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "reading of the clock")
class TimeOfDay(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = self.clock()


@wrong("2.stopwatch", "another clock")
class AnotherClock(Timed):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.sent = perf_counter()

    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = perf_counter() - self.sent


@wrong("2.stopwatch", "milliseconds")
class Milliseconds(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = 1000 * (self.clock() - self.sent)


@wrong("2.stopwatch", "another time")
class FromTheRole(Timed):
    sent = None

    def on_chat_model_start(self, serialized, messages, **kwargs):
        """Too early, one may think."""

    def on_llm_new_token(self, token, **kwargs):
        self.sent = self.sent or self.clock()
        if token and self.ttft is None:
            self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "raises")
class ForgetsTheStart(Timed):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        """Forgotten."""


@wrong("2.stopwatch", "unknown method")
class StartsAtNoMethod(Timed):
    on_chat_model_start = BaseCallbackHandler.on_chat_model_start

    def on_chat_start(self, serialized, messages, **kwargs):
        self.sent = self.clock()


@wrong("2.stopwatch", "chunk for text")
class TakesTheChunk(Timed):
    def on_llm_new_token(self, chunk, **kwargs):
        if chunk and self.ttft is None:
            self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "never measures")
class NeverMeasures(Timed):
    def on_llm_new_token(self, token, **kwargs):
        """Not yet."""


@wrong("2.stopwatch", "measures without text")
class MeasuresNothingToo(Timed):
    """Gives a figure where no text came."""

    def on_llm_end(self, response, **kwargs):
        if self.ttft is None:
            self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "negative")
class BackInTime(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = self.sent - self.clock()


@wrong("2.stopwatch", "unknown method")
class HearsNothingInTime(BaseCallbackHandler):
    def __init__(self, clock=perf_counter):
        self.clock = clock
        self.ttft = None

    def on_new_token(self, token, **kwargs):
        self.ttft = self.clock()


@wrong("2.stopwatch", "not a number")
class AsText(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = f"{self.clock() - self.sent:.1f} s"


@wrong("2.stopwatch", "raises")
class NoClock(BaseCallbackHandler):
    def __init__(self):
        self.ttft = None


@right("2.stopwatch")
class Rounded(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = round(self.clock() - self.sent, 3)


@right("2.stopwatch")
class ByTheChunksText(Timed):
    def on_llm_new_token(self, *_, chunk, **kwargs):
        if self.ttft is None and chunk.message.text:
            self.ttft = self.clock() - self.sent


@right("2.stopwatch")
class SkipsBlankText(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if not token.strip() or self.ttft is not None:
            return
        self.ttft = self.clock() - self.sent


@right("2.stopwatch")
class CountsDown(Timed):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.ttft, self.started = None, -self.clock()

    def on_llm_new_token(self, token, **kwargs):
        if token and self.started:
            self.ttft, self.started = self.started + self.clock(), None


@wrong("2.stopwatch", "measures without text", "when the connection was lost before any text")
class MeasuresAnError(Timed):
    def on_llm_error(self, error, **kwargs):
        if self.ttft is None:
            self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "measures without text", "`0.0` for a reply without text")
class NoTextIsNoTime(Timed):
    def on_llm_end(self, response, **kwargs):
        self.ttft = self.ttft or 0.0


@wrong("2.stopwatch", "forgets it", "`None` at the end when the connection was lost")
class ForgetsAtAnError(Timed):
    def on_llm_error(self, error, **kwargs):
        self.ttft = None


@wrong("2.stopwatch", "measures again")
class MeasuresTheWholeAtTheEnd(Timed):
    def on_llm_end(self, response, **kwargs):
        if self.ttft is not None:
            self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "before the text", "`.ttft` was 0.1 s")
class SkipsNoChunk(Timed):
    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        if chunk is not None and self.ttft is None:
            self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "before the text", "`.ttft` was 0.0 s when")
class BeginsWithZero(Timed):
    def __init__(self, clock=perf_counter):
        self.clock, self.ttft = clock, 0.0

    def on_llm_new_token(self, token, **kwargs):
        if token and not self.ttft:
            self.ttft = self.clock() - self.sent


@wrong("2.stopwatch", "not a number", "is a `tuple`")
class BothReadings(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = (self.sent, self.clock())


@wrong("2.stopwatch", "not a number", "is a `function`")
class TheClockItself(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = self.clock


wrong("2.stopwatch", "an instance", "`Stopwatch`, without parentheses")(Timed())


@wrong("2.stopwatch", "forgets it")
class ResetsAtEmptyTokens(Timed):
    def on_llm_new_token(self, token, **kwargs):
        self.ttft = self.clock() - self.sent if token else None


@wrong("2.stopwatch", "not a number", "is a `str`")
class TextAtTheEnd(Timed):
    def on_llm_end(self, response, **kwargs):
        self.ttft = f"{self.ttft} s"


@wrong("2.stopwatch", "two clocks", "isn't from `self.clock`")
class StopsByAnotherClock(Timed):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.ttft is None:
            self.ttft = perf_counter() - self.sent


@wrong("2.stopwatch", "two clocks")
class StartsByAnotherClock(Timed):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.sent = time.time()
