"""Exercise 2.3: a handler that counts tokens per run and forgets each run."""

import threading
from collections import Counter

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from tests.checks.verdict import by_name, right, with_reason, wrong


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


class ClearsAtAnError(Popped):
    def on_llm_error(self, error, **kwargs):
        self.counts.clear()


class StartsAnewAtAnError(Popped):
    def on_llm_error(self, error, **kwargs):
        self.counts = {}


class ClearsWhatWasPrepared(PreparedAtTheStart):
    def on_llm_error(self, error, **kwargs):
        self.runs.clear()


class PreparesAtNoMethod(PreparedAtTheStart):
    on_chat_model_start = BaseCallbackHandler.on_chat_model_start

    def on_start(self, serialized, messages, *, run_id, **kwargs):
        self.runs[run_id] = []

    def on_llm_start(self, serialized, prompts, **kwargs):
        """Asked."""


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
    (ClearsAtAnError, "When a run failed .*, the other brought .* Whose count may go"),
    (StartsAnewAtAnError, "When a run failed .*, the other brought .* Whose count may go"),
    (ClearsWhatWasPrepared, "KeyError.*, when a run failed while another was under way"),
    (PreparesAtNoMethod, r"KeyError.* In your class LangChain never calls `on_start`\."),
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


def test_a_report_on_the_class_is_told_apart_from_a_failed_run_on_every_try():
    for _ in range(2):  # the second finds what the first left behind
        assert "a run that failed" not in wrong("2.3", AllOnTheClass, "A new handler").message
