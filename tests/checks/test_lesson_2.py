"""Lesson 2's checks: what works passes, however it is written; what doesn't is told apart."""

import asyncio
import logging
import re
import threading
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter

import pytest
from langchain_core.callbacks import (
    AsyncCallbackHandler,
    BaseCallbackHandler,
    UsageMetadataCallbackHandler,
    get_usage_metadata_callback,
)
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration

from utils import source
from utils.checks import evaluate


def right(number, answer):
    outcome = evaluate(number, answer)
    assert outcome.status == "correct", outcome
    return outcome


def wrong(number, answer, said):
    outcome = evaluate(number, answer)
    assert outcome.status == "not yet", outcome
    assert re.search(said, outcome.message), outcome
    return outcome


def by_name(*answers):
    return [pytest.param(answer, id=answer.__name__) for answer in answers]


def with_reason(*pairs):
    return [pytest.param(answer, said, id=answer.__name__) for answer, said in pairs]


# --- 2.1 ------------------------------------------------------------------------------------------


class AddsUp(BaseCallbackHandler):
    def __init__(self):
        self.text = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += token


class StartsByTheOldMethod(AddsUp):
    """LangChain falls back to it where the newer one is missing."""

    def on_llm_start(self, serialized, prompts, **kwargs):
        self.text = ""


class Talks(AddsUp):
    """Prints as it goes, which is no business of the check's."""

    def on_llm_new_token(self, token, **kwargs):
        print("heard", repr(token))
        super().on_llm_new_token(token)


class JoinsAList(BaseCallbackHandler):
    def __init__(self):
        self.pieces = []

    @property
    def text(self):
        return "".join(self.pieces)

    def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.pieces.append(token)


class StartsWithTheRun(BaseCallbackHandler):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.text = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text = self.text + token


class FromTheChunk(BaseCallbackHandler):
    text = ""  # on the class, and replaced by one on the object: no harm done

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        self.text += chunk.text


@dataclass
class AsData(BaseCallbackHandler):
    text: str = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += token


class Asynchronous(AsyncCallbackHandler):
    def __init__(self):
        self.text = ""

    async def on_llm_new_token(self, token, **kwargs):
        await asyncio.sleep(0)
        self.text += token


@pytest.mark.parametrize(
    "collector",
    by_name(
        AddsUp,
        StartsByTheOldMethod,
        Talks,
        JoinsAList,
        StartsWithTheRun,
        FromTheChunk,
        AsData,
        Asynchronous,
    ),
)
def test_2_1_accepts(collector):
    right("2.1", collector)


class FillsAtTheEnd(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        """Nothing yet."""

    def on_llm_end(self, response, **kwargs):
        self.text = response.generations[0][0].text


class CollectsAndJoinsAtTheEnd(BaseCallbackHandler):
    def __init__(self):
        self.pieces = []

    def on_llm_new_token(self, token, **kwargs):
        self.pieces.append(token)

    def on_llm_end(self, response, **kwargs):
        self.text = "".join(self.pieces)


class OneBehind(AddsUp):
    last = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += self.last
        self.last = token

    def on_llm_end(self, response, **kwargs):
        self.text += self.last


class AnotherName(AddsUp):
    def on_llm_new_token(self, text, **kwargs):
        self.text += text


class NothingElse(AddsUp):
    def on_llm_new_token(self, token):
        self.text += token


class NameOfTheChunk(AddsUp):
    def on_llm_new_token(self, chunk, **kwargs):
        self.text += chunk


class AsynchronousAndBroken(AsyncCallbackHandler):
    text = ""

    async def on_llm_new_token(self, token, **kwargs):
        self.text += 1 / 0


class LastPiece(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text = token or self.text


class Overwrites(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text = token


class ClearsAtTheEnd(AddsUp):
    def on_llm_end(self, response, **kwargs):
        self.text = ""


class WholeChunks(AddsUp):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        self.text += str(chunk)


class Lines(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token + "\n"


class Stripped(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token.strip()


class Capitals(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token.upper()


class Listed(BaseCallbackHandler):
    def __init__(self):
        self.text = []

    def on_llm_new_token(self, token, **kwargs):
        self.text.append(token)


class SharedList(JoinsAList):
    pieces: list = []  # noqa: RUF012 (the mistake)

    def __init__(self):
        pass


class KeptUnderAnotherName(BaseCallbackHandler):
    def __init__(self):
        self.reply = ""

    def on_llm_new_token(self, token, **kwargs):
        self.reply += token


class HearsNothing(BaseCallbackHandler):
    text = ""

    def on_new_token(self, token, **kwargs):
        self.text += token


class Generates(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token
        yield token


class NoHandler:
    def __init__(self):
        self.text = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += token


class WantsArguments(AddsUp):
    def __init__(self, model):
        self.text = ""


class OnlyTheStream(AddsUp):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        super().on_llm_new_token(token)

    def on_llm_end(self, response, **kwargs):
        if type(response.generations[0][0]) is ChatGeneration:  # as with `invoke`
            self.text = ""


WRONG_2_1 = (
    (FillsAtTheEnd, "`.text` was empty"),
    (CollectsAndJoinsAtTheEnd, "`.text` was empty"),
    (OneBehind, "behind on the way"),
    (AnotherName, "the call doesn't fit: .*missing 1 required positional argument: 'text'"),
    (NothingElse, "the call doesn't fit: .*unexpected keyword argument"),
    (NameOfTheChunk, r"TypeError: .*at the line `self.text \+= chunk`"),
    (AsynchronousAndBroken, "failed in silence. LangChain's log says .*ZeroDivisionError"),
    (LastPiece, "At the end .* the last piece alone"),
    (Overwrites, "While the reply came, `.text` held the last piece alone, .*then an empty one"),
    (ClearsAtTheEnd, "On the way `.text` held .*the Black Sea.*it is empty again"),
    (WholeChunks, "whole chunks with all their fields"),
    (Lines, "the white space isn't"),
    (Stripped, "the white space isn't"),
    (Capitals, "differs from the reply"),
    (Listed, "is a `list`; the exercise asks for one text"),
    (SharedList, "One collector is right. .*What do they share"),
    (KeptUnderAnotherName, "has no `.text`"),
    (HearsNothing, "still empty: LangChain calls none of the methods that you wrote"),
    (Generates, "There is a `yield` in `on_llm_new_token`"),
    (NoHandler, "LangChain can't call `NoHandler`: it doesn't inherit from `BaseCallbackHandler`"),
    (WantsArguments, "TypeError: .*when a handler was made"),
    (OnlyTheStream, "With `invoke` on a model with"),
)


@pytest.mark.parametrize(("collector", "said"), with_reason(*WRONG_2_1))
def test_2_1_says_what_is_wrong_with(collector, said):
    wrong("2.1", collector, said)


def test_2_1_names_the_one_method_that_langchain_never_calls():
    class HearsTheStart(HearsNothing):
        def on_llm_start(self, serialized, prompts, **kwargs):
            """Asked."""

    wrong("2.1", HearsTheStart, "still empty: LangChain never calls `on_new_token`")


def test_2_1_wants_the_class():
    wrong("2.1", AddsUp(), "the class itself, `Collector` without brackets")
    wrong("2.1", "text", "it was given a `str`")


# --- 2.2 ------------------------------------------------------------------------------------------


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


# --- 2.3 ------------------------------------------------------------------------------------------


class Popped(BaseCallbackHandler):
    def __init__(self):
        self.counts = {}
        self.reports = []

    def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.counts[run_id] = self.counts.get(run_id, 0) + 1

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports.append(self.counts.pop(run_id, 0))

    def on_llm_error(self, error, *, run_id, **kwargs):
        self.counts.pop(run_id, None)


class Counted(BaseCallbackHandler):
    def __init__(self):
        self.counts = Counter()
        self.reports = []

    def on_llm_new_token(self, token, **kwargs):
        self.counts[kwargs["run_id"]] += 1

    def on_llm_end(self, response, **kwargs):
        self.reports.append(self.counts[kwargs["run_id"]])
        del self.counts[kwargs["run_id"]]

    def on_llm_error(self, error, **kwargs):
        del self.counts[kwargs["run_id"]]  # a Counter doesn't mind


class PreparedAtTheStart(BaseCallbackHandler):
    def __init__(self):
        self.runs = {}
        self.reports = []

    def on_chat_model_start(self, serialized, messages, *, run_id, **kwargs):
        self.runs[run_id] = []

    def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.runs[run_id].append(token)

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports.append(len(self.runs.pop(run_id)))

    def on_llm_error(self, error, *, run_id, **kwargs):
        del self.runs[run_id]


class PreparedByTheOldMethod(PreparedAtTheStart):
    on_chat_model_start = BaseCallbackHandler.on_chat_model_start

    def on_llm_start(self, serialized, prompts, *, run_id, **kwargs):
        self.runs[run_id] = []


class ReplacesTheListOfTheClass(Popped):
    reports: list = []  # noqa: RUF012 (on the class, and replaced on the object: no harm done)

    def __init__(self):
        self.counts = {}

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports = [*self.reports, self.counts.pop(run_id, 0)]


class RemembersTheLast(Popped):
    """A single value that is replaced doesn't grow."""

    last = None

    def on_llm_end(self, response, *, run_id, **kwargs):
        super().on_llm_end(response, run_id=run_id)
        self.last = run_id


@pytest.mark.parametrize(
    "report",
    by_name(
        Popped,
        Counted,
        PreparedAtTheStart,
        PreparedByTheOldMethod,
        ReplacesTheListOfTheClass,
        RemembersTheLast,
    ),
)
def test_2_3_accepts(report):
    right("2.3", report)


class OneCount(BaseCallbackHandler):
    def __init__(self):
        self.count = 0
        self.reports = []

    def on_llm_new_token(self, token, **kwargs):
        self.count += 1

    def on_llm_end(self, response, **kwargs):
        self.reports.append(self.count)


class ResetAtTheStart(OneCount):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.count = 0


class ResetAtTheEnd(OneCount):
    def on_llm_end(self, response, **kwargs):
        super().on_llm_end(response)
        self.count = 0


class CountsText(Popped):
    def on_llm_new_token(self, token, *, run_id, **kwargs):
        if token:
            super().on_llm_new_token(token, run_id=run_id)


class InOrderOfStart(Popped):
    def __init__(self):
        super().__init__()
        self.ended = {}

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.ended[run_id] = True
        if all(run in self.ended for run in self.counts):
            self.reports += self.counts.values()
            self.counts, self.ended = {}, {}


class KeepsAll(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports.append(self.counts.get(run_id, 0))


class ForgetsErrors(Popped):
    on_llm_error = BaseCallbackHandler.on_llm_error


class AllOnTheClass(Popped):
    counts: dict = {}  # noqa: RUF012 (the mistake)
    reports: list = []  # noqa: RUF012 (the mistake)

    def __init__(self):
        pass


class KeepsOnTheClass(ForgetsErrors):
    counts: dict = {}  # noqa: RUF012 (the mistake)

    def __init__(self):
        self.reports = []


class ReportsFailures(Popped):
    def on_llm_error(self, error, *, run_id, **kwargs):
        self.on_llm_end(None, run_id=run_id)


class FailsWithoutTokens(Popped):
    def on_llm_error(self, error, *, run_id, **kwargs):
        self.counts.pop(run_id)


class EndsWithoutTokens(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports.append(self.counts.pop(run_id))


class SkipsNoTokens(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        if run_id in self.counts:
            super().on_llm_end(response, run_id=run_id)


class UnpreparedDict(Popped):
    def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.counts[run_id] += 1


class ByThread(BaseCallbackHandler):
    """Apart in a batch, and mixed where two runs share a thread."""

    def __init__(self):
        self.local, self.reports = threading.local(), []

    def on_llm_new_token(self, token, **kwargs):
        self.local.count = getattr(self.local, "count", 0) + 1

    def on_llm_end(self, response, **kwargs):
        self.reports.append(getattr(self.local, "count", 0))
        self.local.count = 0


class AsPairs(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports.append((run_id, self.counts.pop(run_id, 0)))


class AsDict(Popped):
    def __init__(self):
        self.counts, self.reports = {}, {}

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports[run_id] = self.counts.pop(run_id, 0)


class NeverReports(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        self.counts.pop(run_id, 0)


class ReportsAtAnEndThatNeverComes(Popped):
    on_llm_end = BaseCallbackHandler.on_llm_end

    def on_llm_finish(self, response, *, run_id, **kwargs):
        self.reports.append(self.counts.pop(run_id, 0))


class CountsAlone:
    def __init__(self):
        self.counts, self.reports = {}, []


class PositionalRun(Popped):
    def on_llm_new_token(self, token, id, **kwargs):  # noqa: A002 (the mistake)
        self.counts[id] = self.counts.get(id, 0) + 1


WRONG_2_3 = (
    (OneCount, "Two runs took turns; the one that ended first brought"),
    (ResetAtTheStart, "Two runs took turns"),
    (ResetAtTheEnd, "Two runs took turns"),
    (ByThread, "Two runs took turns"),
    (CountsText, "the tokens with text in them"),
    (InOrderOfStart, "The numbers are right. The run that ended first"),
    (KeepsAll, "After two runs that ended, `.counts` holds more"),
    (ForgetsErrors, "After a run that failed after a few tokens, `.counts` holds more"),
    (ReportsFailures, "after a run that failed .*; only a finished run counts"),
    (FailsWithoutTokens, "KeyError.*for a run that failed before its first token"),
    (EndsWithoutTokens, "KeyError.*for a run by `invoke`, which ended without"),
    (SkipsNoTokens, r"`.reports` is `\[\]` for a run by `invoke`"),
    (UnpreparedDict, r"KeyError.* at the line `self.counts\[run_id\] \+= 1`"),
    (AsPairs, "numbers alone; one entry is a `tuple`"),
    (AsDict, "is a `dict`; the exercise asks for a list"),
    (NeverReports, "Two runs ended, and `.reports` is empty"),
    (PositionalRun, "the call doesn't fit: .*'id'"),
    (ReportsAtAnEndThatNeverComes, "is empty: LangChain never calls `on_llm_finish`"),
    (CountsAlone, "LangChain can't call `CountsAlone`: it doesn't inherit"),
    (KeepsOnTheClass, "`.counts` holds more"),
    (AllOnTheClass, "A new handler starts with reports of another one.* What do the two share"),
)


@pytest.mark.parametrize(("report", "said"), with_reason(*WRONG_2_3))
def test_2_3_says_what_is_wrong_with(report, said):
    wrong("2.3", report, said)


def test_2_3_leaves_no_generator_behind_that_complains(recwarn):
    class FailsTwice(Popped):
        def on_llm_new_token(self, token, **kwargs):
            raise ValueError("in a token")

        def on_llm_error(self, error, **kwargs):
            raise ValueError("in an error")

    wrong("2.3", FailsTwice, "in an error|in a token")
    assert not recwarn.list


# --- 2.4 ------------------------------------------------------------------------------------------

STARTS = {1: ("A", 1, "B", 1), 2: ("A", 1, "B", 0), 3: ("A", 1, "B", 1), 4: ("A", 0, "B", 0)}


@pytest.mark.parametrize(
    "starts",
    [
        STARTS,
        dict(reversed(STARTS.items())),
        {case: list(row) for case, row in STARTS.items()},
        {case: (row[1], row[3]) for case, row in STARTS.items()},
        {case: {"A": row[1], "B": row[3]} for case, row in STARTS.items()},
        {case: Counter(A=row[1]) + Counter(B=row[3]) for case, row in STARTS.items()},
    ],
)
def test_2_4_accepts_the_truth_in_any_shape(starts):
    right("2.4", starts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({1: ("A", 0, "B", 1)}, "Case 1: `A` does hear the start. Would one place replace"),
        ({1: ("A", 1, "B", 0)}, "Case 1: `B` does hear the start"),
        ({2: ("A", 3, "B", 0)}, "Case 2: `A` doesn't count 3. It is one object in 3 places"),
        ({2: ("A", 1, "B", 1)}, "Case 2: nothing in that row names `B`"),
        ({3: ("A", 1, "B", 2)}, "Case 3: `B` doesn't count 2. It stands in one place"),
        ({4: ("A", 1, "B", 0)}, "Case 4: nothing in that row names `A`"),
        ({1: ("A", 2, "B", 1), 4: ("A", 1, "B", 0)}, "Case 1: .*Case 4: "),
        ({2: ("A", ..., "B", 0)}, "Case 2 has no number yet"),
        ({2: ...}, "Case 2 has no number yet"),
        ({2: None}, "Case 2 has no number yet"),
        ({2: {"A": 1, "B": None}}, "Case 2 has no number yet"),
        ({2: ("A", 1, "B", None)}, "Case 2 has no number yet"),
        ({2: {"A": 1}}, "Case 2 has no number yet"),
        ({2: "once"}, "Case 2 should look like"),
        ({2: ("A", "1", "B", 0)}, "Case 2: .*not a `str`"),
        ({2: ("A", True, "B", 0)}, "Case 2: .*not a `bool`"),
        ({5: ("A", 1, "B", 0)}, "There is no case 5"),
    ],
)
def test_2_4_says_where_to_look(change, said):
    wrong("2.4", {**STARTS, **change}, said)


def test_2_4_leaves_a_mapping_that_fills_itself_as_it_was():
    counted = defaultdict(int, A=1)
    right("2.4", {**STARTS, 2: counted})
    assert list(counted) == ["A"]


def test_2_4_misses_a_case():
    wrong("2.4", {1: STARTS[1]}, "Case 2 has no number yet")
    wrong("2.4", [1, 1], "a dict with a case's number as key, not a `list`")


def test_2_4_is_not_attempted_while_every_number_is_missing():
    stub = dict.fromkeys(STARTS, ("A", ..., "B", ...))
    assert evaluate("2.4", stub).status == "not attempted"


# --- 2.5 ------------------------------------------------------------------------------------------


class Words(BaseCallbackHandler):
    def __init__(self):
        self.spaces = 0

    def on_llm_new_token(self, token, **kwargs):
        self.spaces += token.count(" ")


def reads_the_stream(model, prompt):
    words = Words()
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


def invokes_a_streaming_model(model, prompt):
    words = Words()
    streaming = model.model_copy(update={"streaming": True})
    streaming.invoke(prompt, {"callbacks": [words]})
    return words.spaces


def asks_invoke_to_stream(model, prompt):
    words = Words()
    model.invoke(prompt, {"callbacks": [words]}, stream=True)
    return words.spaces


def attaches_to_the_model(model, prompt):
    words = Words()
    "".join(chunk.text for chunk in model.with_config(callbacks=[words]).stream(prompt))
    return words.spaces


def listens_to_a_chain(model, prompt):
    words = Words()
    list((model | StrOutputParser()).stream(prompt, {"callbacks": [words]}))
    return words.spaces


def counts_per_run(model, prompt):
    class PerRun(BaseCallbackHandler):
        def __init__(self):
            self.counts, self.reports = defaultdict(int), []

        def on_llm_new_token(self, token, *, run_id, **kwargs):
            self.counts[run_id] += token.count(" ")

        def on_llm_end(self, response, *, run_id, **kwargs):
            self.reports.append(self.counts.pop(run_id))

    words = PerRun()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.reports[0]


def in_a_loop_of_its_own(model, prompt):
    words = Words()

    async def read():
        async for _ in model.astream(prompt, {"callbacks": [words]}):
            pass

    asyncio.run(read())
    return words.spaces


@pytest.mark.parametrize(
    "spaces_heard",
    by_name(
        reads_the_stream,
        invokes_a_streaming_model,
        asks_invoke_to_stream,
        attaches_to_the_model,
        listens_to_a_chain,
        counts_per_run,
        in_a_loop_of_its_own,
    ),
)
def test_2_5_accepts(spaces_heard):
    right("2.5", spaces_heard)


class BrokenWords(Words):
    def on_llm_new_token(self, chunk, **kwargs):
        self.spaces += chunk.count(" ")


class MisnamedWords(Words):
    def on_llm_new_token(self, piece, **kwargs):
        self.spaces += piece.count(" ")


def mends_the_class_alone(model, prompt):
    words = Words()
    model.invoke(prompt, config={"callbacks": [words]})
    return words.spaces


def mends_the_call_alone(model, prompt):
    words = BrokenWords()
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


def renames_to_another_wrong_name(model, prompt):
    words = MisnamedWords()
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


def counts_the_reply(model, prompt):
    return sum(chunk.text.count(" ") for chunk in model.stream(prompt))


def counts_the_reply_beside_a_handler(model, prompt):
    return sum(chunk.text.count(" ") for chunk in model.stream(prompt, {"callbacks": [Words()]}))


def counts_what_invoke_returns(model, prompt):
    return model.invoke(prompt).text.count(" ")


def counts_at_the_end(model, prompt):
    class AtTheEnd(Words):
        def on_llm_new_token(self, token, **kwargs):
            """Wait."""

        def on_llm_end(self, response, **kwargs):
            self.spaces = response.generations[0][0].text.count(" ")

    words = AtTheEnd()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


def forgets_to_attach(model, prompt):
    words = Words()
    list(model.stream(prompt))
    return words.spaces


def forgets_to_read(model, prompt):
    words = Words()
    model.stream(prompt, {"callbacks": [words]})
    return words.spaces


def reads_a_little(model, prompt):
    words = Words()
    with closing(model.stream(prompt, {"callbacks": [words]})) as chunks:
        for chunk in chunks:
            if " " in chunk.text:
                break
    return words.spaces


def attaches_two(model, prompt):
    words, more = Words(), Words()
    more.on_llm_new_token = words.on_llm_new_token
    list(model.with_config(callbacks=[words]).stream(prompt, {"callbacks": [more]}))
    return words.spaces


for_ever = Words()


def shares_one_for_ever(model, prompt):
    list(model.stream(prompt, {"callbacks": [for_ever]}))
    return for_ever.spaces


def starts_anew_with_one_for_ever():
    for_ever.spaces = 0
    return shares_one_for_ever


def counts_tokens_with_a_space(model, prompt):
    class Tokens(Words):
        def on_llm_new_token(self, token, **kwargs):
            self.spaces += 1

    words = Tokens()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


def returns_the_handler(model, prompt):
    words = Words()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words


def returns_nothing(model, prompt):
    reads_the_stream(model, prompt)


def asks_twice(model, prompt):
    reads_the_stream(model, prompt)
    return reads_the_stream(model, prompt)


def attaches_the_class(model, prompt):
    words = Words()
    list(model.stream(prompt, {"callbacks": [Words]}))
    return words.spaces


def hears_by_another_method(model, prompt):
    class Deaf(BaseCallbackHandler):
        spaces = 0

        def on_token(self, token, **kwargs):
            self.spaces += token.count(" ")

    words = Deaf()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


def yields(model, prompt):
    yield reads_the_stream(model, prompt)


WRONG_2_5 = (
    (mends_the_class_alone, "in which it pushes no tokens"),
    (counts_what_invoke_returns, "in which it pushes no tokens"),
    (mends_the_call_alone, "failed in silence .* log says .*AttributeError"),
    (renames_to_another_wrong_name, "failed in silence .* log says .*'piece'"),
    (counts_the_reply, "no handler listened"),
    (counts_the_reply_beside_a_handler, "You counted the reply; .* what `on_llm_new_token` hears"),
    (counts_at_the_end, "You counted the finished reply; .* what `on_llm_new_token` hears"),
    (attaches_the_class, r"The config holds the class; make a handler with `Words\(\)`"),
    (hears_by_another_method, "LangChain calls none of the methods that you wrote"),
    (forgets_to_attach, "no handler listened"),
    (forgets_to_read, r"made a stream with `.stream\(…\)`, and nobody read it"),
    (reads_a_little, "Only .* pieces of the reply were read"),
    (attaches_two, "twice the .* Who else listens"),
    (counts_tokens_with_a_space, "The tokens held .* spaces, and .* came back"),
    (returns_the_handler, "is a `Words`; the exercise asks for a number"),
    (returns_nothing, "Nothing came back: is a `return` missing"),
    (asks_twice, "asked (twice|2 times)"),
    (yields, "There is a `yield`"),
)


@pytest.mark.parametrize(("spaces_heard", "said"), with_reason(*WRONG_2_5))
def test_2_5_says_what_is_wrong_with_code_that(spaces_heard, said):
    wrong("2.5", spaces_heard, said)


@pytest.mark.parametrize("counts", [counts_the_reply_beside_a_handler, counts_at_the_end])
def test_2_5_speaks_of_no_tokens_that_a_model_would_not_push(counts):
    assert "aren't in the reply" not in evaluate("2.5", counts).message


def test_2_5_hears_that_one_handler_serves_every_call():
    wrong("2.5", starts_anew_with_one_for_ever(), "those of the first reply are still in it")


# --- 2.6 ------------------------------------------------------------------------------------------


def one_handler_for_all(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        for _ in model.stream(prompt, config={"callbacks": [usage]}):
            pass
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def from_the_chunks(model, prompts):
    return sum(
        chunk.usage_metadata["output_tokens"]
        for prompt in prompts
        for chunk in model.stream(prompt)
        if chunk.usage_metadata
    )


def from_added_chunks(model, prompts):
    total = 0
    for prompt in prompts:
        first, *others = model.stream(prompt)
        for chunk in others:
            first += chunk
        total += first.usage_metadata["output_tokens"]
    return total


def with_the_context_manager(model, prompts):
    with get_usage_metadata_callback() as usage:
        for prompt in prompts:
            list(model.stream(prompt))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def a_handler_of_its_own(model, prompts):
    class Bill(BaseCallbackHandler):
        total = 0

        def on_llm_end(self, response, **kwargs):
            message = response.generations[0][0].message
            self.total += message.usage_metadata["output_tokens"]

    bill = Bill()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [bill]}))
    return bill.total


@pytest.mark.parametrize(
    "spent",
    by_name(
        one_handler_for_all,
        from_the_chunks,
        from_added_chunks,
        with_the_context_manager,
        a_handler_of_its_own,
    ),
)
def test_2_6_accepts(spent):
    right("2.6", spent)


def counts_chunks(model, prompts):
    return sum(1 for prompt in prompts for _ in model.stream(prompt))


def counts_chunks_with_text(model, prompts):
    return sum(1 for prompt in prompts for chunk in model.stream(prompt) if chunk.text)


def counts_words(model, prompts):
    return sum(
        len("".join(chunk.text for chunk in model.stream(prompt)).split()) for prompt in prompts
    )


def leaves_early(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        for chunk in model.stream(prompt, {"callbacks": [usage]}):
            if chunk.text:
                break
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def one_handler_each(model, prompts):
    counts = {}
    for prompt in prompts:
        usage = UsageMetadataCallbackHandler()
        list(model.stream(prompt, {"callbacks": [usage]}))
        (counts,) = usage.usage_metadata.values()
    return counts.get("output_tokens", 0)


def returns_in_the_loop(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
        return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())
    return 0


def the_rest_for_real(model, prompts):
    """Asks all, and counts the first."""
    counts = [from_the_chunks(model, [prompt]) for prompt in prompts]
    return counts[0] if counts else 0


def keeps_totals_by_prompt(model, prompts):
    tokens = {}
    for prompt in prompts:
        tokens[prompt] = from_the_chunks(model, [prompt])
    return sum(tokens.values())


def asks_each_prompt_once(model, prompts):
    return one_handler_for_all(model, dict.fromkeys(prompts))


def asks_each_prompt_twice(model, prompts):
    return one_handler_for_all(model, [*prompts, *prompts])


def leaves_one_reply(model, prompts):
    """And reads the same prompt's other reply to its end."""
    total = from_the_chunks(model, prompts[1:])
    for prompt in prompts[:1]:
        with closing(model.stream(prompt)) as chunks:
            next(chunks)
            next(chunks)
    return total


def asks_the_model_for_its_name(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata[model.model_name]["output_tokens"]


def takes_the_name_from_above(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata["sim-fast"]["output_tokens"]


def trips_over_a_dict_of_its_own(model, prompts):
    tokens = {}
    for prompt in prompts:
        tokens[prompt] += from_the_chunks(model, [prompt])
    return sum(tokens.values())


def adds_the_sum_each_time(model, prompts):
    usage, total = UsageMetadataCallbackHandler(), 0
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
        total += sum(counts["output_tokens"] for counts in usage.usage_metadata.values())
    return total


def attaches_the_class_itself(model, prompts):
    usage = UsageMetadataCallbackHandler
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def attaches_the_class_and_makes_another(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [UsageMetadataCallbackHandler]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def forgets_the_return(model, prompts):
    one_handler_for_all(model, prompts)


def with_one_for_ever(usage):
    def spent(model, prompts):
        for prompt in prompts:
            list(model.stream(prompt, {"callbacks": [usage]}))
        return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())

    return spent


class Bill(BaseCallbackHandler):
    """A counter of the learner's own, on the class."""

    totals: list = []  # noqa: RUF012 (the mistake)

    def on_llm_end(self, response, **kwargs):
        self.totals.append(response.generations[0][0].message.usage_metadata["output_tokens"])


def on_a_class_for_ever():
    Bill.totals.clear()

    def spent(model, prompts):
        bill = Bill()
        for prompt in prompts:
            list(model.stream(prompt, {"callbacks": [bill]}))
        return sum(bill.totals)

    return spent


def one_model_of_two(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return next((counts["output_tokens"] for counts in usage.usage_metadata.values()), 0)


def all_tokens(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["total_tokens"] for counts in usage.usage_metadata.values())


def tokens_of_the_prompts(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["input_tokens"] for counts in usage.usage_metadata.values())


def returns_the_usage(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata


def invokes(model, prompts):
    return sum(model.invoke(prompt).usage_metadata["output_tokens"] for prompt in prompts)


def joins_the_prompts(model, prompts):
    return one_handler_for_all(model, [" ".join(prompts)])


def asks_the_first(model, prompts):
    return one_handler_for_all(model, prompts[:1])


def forgets_to_attach_usage(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def knows_one_name(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata["river-1"]["output_tokens"]


def trips_over_no_prompts(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    first, *others = (counts["output_tokens"] for counts in usage.usage_metadata.values())
    return sum(others, first)


def reads_no_stream(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        model.stream(prompt, config={"callbacks": [usage]})
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


WRONG_2_6 = (
    (counts_chunks, "how many chunks came, and a chunk isn't a token"),
    (counts_chunks_with_text, "how many chunks came"),
    (counts_words, "The provider counted 893 output tokens for 4 replies, and .* came back"),
    (leaves_early, "A reply was left after 1 of its"),
    (one_handler_each, "the last reply alone"),
    (the_rest_for_real, "the first reply alone"),
    (returns_in_the_loop, "`Describe the tide.` was never asked"),
    (asks_the_first, "was never asked"),
    (one_model_of_two, "one of the two models"),
    (knows_one_name, "one of the two models"),
    (all_tokens, "the prompts' tokens are in it, too"),
    (tokens_of_the_prompts, "these are the prompts' tokens"),
    (returns_the_usage, "is a `dict`; the exercise asks for a number"),
    (invokes, "called with `invoke`"),
    (joins_the_prompts, "isn't one of the prompts"),
    (forgets_to_attach_usage, "893 output tokens for 4 replies, and 0 .* no handler listened"),
    (keeps_totals_by_prompt, "and 762 came back: a prompt that was asked twice is in it once"),
    (asks_each_prompt_once, "`Name a river.` stands twice in the list, and was asked once"),
    (asks_each_prompt_twice, "`Name a river.` stands twice in the list, and was asked 4 times"),
    (leaves_one_reply, "A reply was left after 1 of its"),
    (asks_the_model_for_its_name, "`model` has no `model_name`. .* on to several models"),
    (takes_the_name_from_above, "KeyError: 'sim-fast'.* passes the prompts on to several models"),
    (trips_over_a_dict_of_its_own, "KeyError: 'Name a river.'` at the line `.*`.$"),
    (adds_the_sum_each_time, "counts earlier replies again"),
    (attaches_the_class_itself, r"make a handler with `UsageMetadataCallbackHandler\(\)`"),
    (attaches_the_class_and_makes_another, "The config holds the class"),
    (forgets_the_return, "Nothing came back: is a `return` missing"),
    (trips_over_no_prompts, "ValueError: .*for no prompts at all"),
    (reads_no_stream, r"made a stream with `.stream\(…\)`, and nobody read it"),
)


@pytest.mark.parametrize(("spent", "said"), with_reason(*WRONG_2_6))
def test_2_6_says_what_is_wrong_with_code_that(spent, said):
    wrong("2.6", spent, said)


def test_2_6_names_no_class_that_the_learner_never_met():
    assert "Switchboard" not in evaluate("2.6", asks_the_model_for_its_name).message


def test_2_6_tells_a_handler_that_heard_calls_before():
    said = "came back: the handler had heard calls before"
    wrong("2.6", with_one_for_ever(UsageMetadataCallbackHandler()), said)
    heard = UsageMetadataCallbackHandler()
    one_of_the_cell_above = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}
    heard.usage_metadata["sim-fast"] = one_of_the_cell_above
    outcome = wrong("2.6", with_one_for_ever(heard), said)
    assert outcome.message != wrong("2.6", with_one_for_ever(heard), said).message  # heard more
    wrong("2.6", on_a_class_for_ever(), said)


# --- 2.7 ------------------------------------------------------------------------------------------

TRUTH = {"A": "attached twice", "B": "healthy", "C": "fails in silence", "D": "not streaming"}
ALL = tuple(TRUTH.values())


@pytest.fixture
def _known_programs(monkeypatch):
    monkeypatch.setattr(source, "solution", lambda number: f"diagnosis = {TRUTH!r}")


@pytest.mark.usefixtures("_known_programs")
class TestDiagnosis:
    """2.7, whatever programs the lesson has."""

    @pytest.mark.parametrize(
        "answer",
        [
            TRUTH,
            dict(reversed(TRUTH.items())),
            {name: f" {value.capitalize()} " for name, value in TRUTH.items()},
        ],
    )
    def test_accepts_the_truth(self, answer):
        right("2.7", answer)

    @pytest.mark.parametrize(
        ("name", "given"),
        [(name, given) for name in TRUTH for given in ALL if given != TRUTH[name]],
    )
    def test_names_evidence_for_each_wrong_pair_and_never_the_truth(self, name, given):
        message = wrong(
            "2.7",
            {**TRUTH, name: given},
            f"^{name} .*{given.split()[-1][:6]}.*([Ll]ook|[Cc]ompare|log)",
        )
        for other in set(ALL) - {given}:
            assert other not in message.message, "it tells the answer"

    def test_says_at_what_to_look(self):
        wrong("2.7", {**TRUTH, "A": "not streaming"}, "look at how many it heard")
        wrong("2.7", {**TRUTH, "D": "healthy"}, "look at how many tokens it heard")

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ({**TRUTH, "B": "asleep"}, "`asleep` isn't one of the four"),
            ({**TRUTH, "E": "healthy"}, "There is no program E"),
            ({"A": "healthy", "B": ...}, "No diagnosis yet for B and C and D"),
            ("healthy", "is a dict with"),
        ],
    )
    def test_says_what_a_diagnosis_looks_like(self, answer, said):
        wrong("2.7", answer, said)


# --- All ------------------------------------------------------------------------------------------


def test_the_wrong_answers_of_an_exercise_get_different_messages():
    for number, cases, alike in (
        ("2.1", WRONG_2_1, 1),  # two ways to fill late
        ("2.2", WRONG_2_2, 0),
        ("2.3", WRONG_2_3, 2),  # a dict on the class or the object, two that count in one place
        ("2.5", WRONG_2_5, 2),  # two that call `invoke`, two that count the reply
        ("2.6", WRONG_2_6, 5),  # two take one model, two ask one prompt, two attach the class
    ):
        reasons = {evaluate(number, answer).message for answer, _ in cases}
        assert len(reasons) >= len(cases) - alike, number


class GivenStart(BaseCallbackHandler):
    """A handler as the exercise gives it."""

    def __init__(self, clock=perf_counter):
        self.clock = clock
        self.ttft = None


def test_a_class_as_the_exercise_gives_it_is_not_attempted(monkeypatch):
    class Empty(BaseCallbackHandler):
        """Nothing yet."""

    assert evaluate("2.1", Empty).status == "not attempted"
    stub = (
        "class Stopwatch(BaseCallbackHandler):\n"
        "    limit = 3\n"
        "    def __init__(self, clock=perf_counter):\n"
        "        self.clock = clock\n"
        "        self.ttft = None\n"
        "    ...\n"
    )
    monkeypatch.setattr(source, "stub", lambda number: stub)
    assert evaluate("2.2", GivenStart).status == "not attempted"
    assert evaluate("2.2", NoClock).status == "not yet"
    assert evaluate("2.2", Timed).status == "correct"


def test_a_class_with_an_attribute_of_its_own_is_an_attempt():
    class Begun(BaseCallbackHandler):
        text = ""

    wrong("2.1", Begun, "still empty")


def test_checks_keep_the_callback_log_from_the_screen_and_put_it_back(caplog, capfd):
    evaluate("2.5", mends_the_call_alone)
    evaluate("2.1", AnotherName)
    evaluate("2.1", AsynchronousAndBroken)
    assert not caplog.records
    assert capfd.readouterr().err == ""
    log = logging.getLogger("langchain_core.callbacks.manager")
    assert log.propagate
    assert not log.handlers


def test_what_a_handler_prints_while_it_is_checked_stays_off_the_screen(capfd):
    class TalksAndIsWrong(Overwrites):
        def on_llm_new_token(self, token, **kwargs):
            print(token)
            super().on_llm_new_token(token)

    assert evaluate("2.1", Talks) == evaluate("2.1", AddsUp)
    assert evaluate("2.1", TalksAndIsWrong) == evaluate("2.1", Overwrites)
    assert capfd.readouterr().out == ""


def test_a_report_on_the_class_is_told_apart_from_a_failed_run_on_every_try():
    for _ in range(2):  # the second finds what the first left behind
        assert "a run that failed" not in wrong("2.3", AllOnTheClass, "A new handler").message
