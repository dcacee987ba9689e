"""Exercise 2.3: a handler that counts tokens per run and forgets each run."""

import itertools
import threading
from collections import Counter, defaultdict

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler

from tests.checks.answers import right, wrong


@right("2.report")
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


@right("2.report")
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


@right("2.report")
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


@right("2.report")
class PreparedByTheOldMethod(PreparedAtTheStart):
    on_chat_model_start = BaseCallbackHandler.on_chat_model_start

    def on_llm_start(self, serialized, prompts, *, run_id, **kwargs):
        self.runs[run_id] = []


@right("2.report")
class ReplacesTheListOfTheClass(Popped):
    reports: list = []  # noqa: RUF012 (on the class, and replaced on the object: no harm done)

    def __init__(self):
        self.counts = {}

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports = [*self.reports, self.counts.pop(run_id, 0)]


@right("2.report")
class RemembersTheLast(Popped):
    """A single value that is replaced doesn't grow."""

    last = None

    def on_llm_end(self, response, *, run_id, **kwargs):
        super().on_llm_end(response, run_id=run_id)
        self.last = run_id


@wrong("2.report", "mixes runs")
class OneCount(BaseCallbackHandler):
    def __init__(self):
        self.count = 0
        self.reports = []

    def on_llm_new_token(self, token, **kwargs):
        self.count += 1

    def on_llm_end(self, response, **kwargs):
        self.reports.append(self.count)


@wrong("2.report", "mixes runs")
class ResetAtTheStart(OneCount):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.count = 0


@wrong("2.report", "mixes runs")
class ResetAtTheEnd(OneCount):
    def on_llm_end(self, response, **kwargs):
        super().on_llm_end(response)
        self.count = 0


@wrong("2.report", "skips empty tokens")
class CountsText(Popped):
    def on_llm_new_token(self, token, *, run_id, **kwargs):
        if token:
            super().on_llm_new_token(token, run_id=run_id)


@wrong("2.report", "another order")
class InOrderOfStart(Popped):
    def __init__(self):
        super().__init__()
        self.ended = {}

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.ended[run_id] = True
        if all(run in self.ended for run in self.counts):
            self.reports += self.counts.values()
            self.counts, self.ended = {}, {}


@wrong("2.report", "keeps a run")
class KeepsAll(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports.append(self.counts.get(run_id, 0))


@wrong("2.report", "keeps a run")
class ForgetsErrors(Popped):
    on_llm_error = BaseCallbackHandler.on_llm_error


@wrong("2.report", "shared reports")
class AllOnTheClass(Popped):
    counts: dict = {}  # noqa: RUF012 (the mistake)
    reports: list = []  # noqa: RUF012 (the mistake)

    def __init__(self):
        pass


@wrong("2.report", "keeps a run")
class KeepsOnTheClass(ForgetsErrors):
    counts: dict = {}  # noqa: RUF012 (the mistake)

    def __init__(self):
        self.reports = []


@wrong("2.report", "loses another run")
class ClearsAtAnError(Popped):
    def on_llm_error(self, error, **kwargs):
        self.counts.clear()


@wrong("2.report", "loses another run")
class StartsAnewAtAnError(Popped):
    def on_llm_error(self, error, **kwargs):
        self.counts = {}


@wrong("2.report", "raises")
class ClearsWhatWasPrepared(PreparedAtTheStart):
    def on_llm_error(self, error, **kwargs):
        self.runs.clear()


@wrong("2.report", "unknown method")
class PreparesAtNoMethod(PreparedAtTheStart):
    on_chat_model_start = BaseCallbackHandler.on_chat_model_start

    def on_start(self, serialized, messages, *, run_id, **kwargs):
        self.runs[run_id] = []

    def on_llm_start(self, serialized, prompts, **kwargs):
        """Asked."""


@wrong("2.report", "reports an unfinished run")
class ReportsFailures(Popped):
    def on_llm_error(self, error, *, run_id, **kwargs):
        self.on_llm_end(None, run_id=run_id)


@wrong("2.report", "raises")
class FailsWithoutTokens(Popped):
    def on_llm_error(self, error, *, run_id, **kwargs):
        self.counts.pop(run_id)


@wrong("2.report", "raises")
class EndsWithoutTokens(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports.append(self.counts.pop(run_id))


@wrong("2.report", "skips a run without tokens")
class SkipsNoTokens(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        if run_id in self.counts:
            super().on_llm_end(response, run_id=run_id)


@wrong("2.report", "raises")
class UnpreparedDict(Popped):
    def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.counts[run_id] += 1


@wrong("2.report", "mixes runs")
class ByThread(BaseCallbackHandler):
    """Apart in a batch, and mixed where two runs share a thread."""

    def __init__(self):
        self.local, self.reports = threading.local(), []

    def on_llm_new_token(self, token, **kwargs):
        self.local.count = getattr(self.local, "count", 0) + 1

    def on_llm_end(self, response, **kwargs):
        self.reports.append(getattr(self.local, "count", 0))
        self.local.count = 0


@wrong("2.report", "no numbers")
class AsPairs(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports.append((run_id, self.counts.pop(run_id, 0)))


@wrong("2.report", "no list")
class AsDict(Popped):
    def __init__(self):
        self.counts, self.reports = {}, {}

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports[run_id] = self.counts.pop(run_id, 0)


@wrong("2.report", "reports nothing")
class NeverReports(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        self.counts.pop(run_id, 0)


@wrong("2.report", "unknown method")
class ReportsAtAnEndThatNeverComes(Popped):
    on_llm_end = BaseCallbackHandler.on_llm_end

    def on_llm_finish(self, response, *, run_id, **kwargs):
        self.reports.append(self.counts.pop(run_id, 0))


@wrong("2.report", "no handler")
class CountsAlone:
    def __init__(self):
        self.counts, self.reports = {}, []


@wrong("2.report", "call doesn't fit")
class PositionalRun(Popped):
    def on_llm_new_token(self, token, id, **kwargs):  # noqa: A002 (the mistake)
        self.counts[id] = self.counts.get(id, 0) + 1


@wrong("2.report", "raises", "in an error|in a token")
class FailsTwice(Popped):
    def on_llm_new_token(self, token, **kwargs):
        raise ValueError("in a token")

    def on_llm_error(self, error, **kwargs):
        raise ValueError("in an error")


@right("2.report")
class ACollectorPerRun(BaseCallbackHandler):
    def __init__(self):
        self._runs, self.reports, self.lock = {}, [], threading.Lock()

    def on_chat_model_start(self, serialized, messages, *, run_id, **kwargs):
        with self.lock:
            self._runs[str(run_id)] = itertools.count()

    def on_llm_new_token(self, token, *, run_id, parent_run_id=None, **kwargs):
        next(self._runs[str(run_id)])

    def on_llm_end(self, response, *, run_id, **kwargs):
        with self.lock:
            self.reports.append(next(self._runs.pop(str(run_id))))

    def on_llm_error(self, error, *, run_id, **kwargs):
        with self.lock:
            self._runs.pop(str(run_id))


@right("2.report")
class AsyncReport(AsyncCallbackHandler):
    def __init__(self):
        self.counts, self.reports = defaultdict(int), []

    async def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.counts[run_id] += 1

    async def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports += [self.counts.pop(run_id, 0)]

    async def on_llm_error(self, error, *, run_id, **kwargs):
        self.counts.pop(run_id, None)


@right("2.report")
class OneListOfTokens(BaseCallbackHandler):
    def __init__(self):
        self.counts = []
        self.reports = []

    def _forget(self, run_id):
        mine = self.counts.count(run_id)
        self.counts = [each for each in self.counts if each != run_id]
        return mine

    def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.counts.append(run_id)

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports.append(self._forget(run_id))

    def on_llm_error(self, error, *, run_id, **kwargs):
        self._forget(run_id)


@wrong("2.report", "another number", "after a run with an empty reply, which had 3 tokens")
class OneForAnEmptyReply(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        tokens = self.counts.pop(run_id, 0)
        self.reports.append(tokens if response.generations[0][0].text else 1)


@wrong("2.report", "mixes threads", "after three runs of a batch, in threads. They had")
class OnlyTheFirstOfABatch(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        if len(self.reports) < 2:
            super().on_llm_end(response, run_id=run_id)
        self.counts.pop(run_id, 0)


@wrong("2.report", "keeps a run", "`.ended` holds more")
class NotesTheRunsThatEnded(Popped):
    def __init__(self):
        super().__init__()
        self.ended = set()

    def on_llm_end(self, response, *, run_id, **kwargs):
        super().on_llm_end(response, run_id=run_id)
        self.ended.add(run_id)


@wrong("2.report", "keeps a run", "`.counts` holds more than before after a run that failed")
class KeepsAZero(Popped):
    def on_llm_error(self, error, *, run_id, **kwargs):
        self.counts[run_id] = 0


@wrong("2.report", "keeps a run", "a run whose reader left early")
class ForgetsReadersWhoLeave(Popped):
    def on_llm_error(self, error, *, run_id, **kwargs):
        if not isinstance(error, GeneratorExit):
            self.counts.pop(run_id, None)


@wrong("2.report", "reports an unfinished run", "after a run whose reader left early")
class ReportsReadersWhoLeave(Popped):
    def on_llm_error(self, error, *, run_id, **kwargs):
        tokens = self.counts.pop(run_id, None)
        if isinstance(error, GeneratorExit):
            self.reports.append(tokens)


@wrong("2.report", "no numbers", "one entry is a `str`")
class AsStrings(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports.append(f"{self.counts.pop(run_id, 0)} tokens")


@wrong("2.report", "no list", "is an `int`")
class TheLastAlone(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        self.reports = self.counts.pop(run_id, 0)


@wrong("2.report", "mixes runs")
class OneTooMany(Popped):
    def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.counts[run_id] = self.counts.get(run_id, 1) + 1


@wrong("2.report", "mixes runs")
class ByParentRun(Popped):
    def on_llm_new_token(self, token, *, parent_run_id=None, **kwargs):
        super().on_llm_new_token(token, run_id=parent_run_id)

    def on_llm_end(self, response, *, parent_run_id=None, **kwargs):
        super().on_llm_end(response, run_id=parent_run_id)


wrong("2.report", "an instance", "`Report`, without parentheses")(Popped())


@wrong("2.report", "counts characters", "those are characters")
class CountsCharacters(Popped):
    def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.counts[run_id] = self.counts.get(run_id, 0) + len(token)


@wrong("2.report", "resets another run", "Whose count should go when a run ends")
class ClearsAtTheEnd(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        super().on_llm_end(response, run_id=run_id)
        self.counts.clear()


@wrong(
    "2.report", "another order", "followed by a shorter one. The run that ended first had 50 tokens"
)
class SortsTheReports(Popped):
    def on_llm_end(self, response, *, run_id, **kwargs):
        super().on_llm_end(response, run_id=run_id)
        self.reports.sort()
