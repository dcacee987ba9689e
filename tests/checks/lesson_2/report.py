"""Right and wrong answers to 2.report, which asks for a handler that counts each run's tokens.

In the check, some runs overlap, some fail, and some belong to a batch.
"""

import itertools  # noqa: F401 (used in an edit)
import threading
from collections import Counter  # noqa: F401 (used in an edit)

from langchain_core.callbacks import BaseCallbackHandler

from tests.checks.answers import edits, right, wrong


@right("2.report")
class Report(BaseCallbackHandler):
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
class PreparedAtTheStart(BaseCallbackHandler):
    def __init__(self):
        self.runs, self.reports, self.lock = {}, [], threading.Lock()

    def on_chat_model_start(self, serialized, messages, *, run_id, **kwargs):
        with self.lock:
            self.runs[run_id] = []

    def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.runs[run_id].append(token)

    def on_llm_end(self, response, *, run_id, **kwargs):
        with self.lock:
            self.reports.append(len(self.runs.pop(run_id)))

    def on_llm_error(self, error, *, run_id, **kwargs):
        del self.runs[run_id]


edit = edits("2.report", Report)
ADDS = "self.counts[run_id] = self.counts.get(run_id, 0) + 1"
ENDS = "self.reports.append(self.counts.pop(run_id, 0))"
FAILS = "self.counts.pop(run_id, None)"
POP = "self.counts.pop(run_id, 0)"
INIT = "def __init__(self): self.reports = []"
GIVEN = "self.counts = {}\n        self.reports = []"

edit(None, {"{}": "Counter()", ADDS: "self.counts[run_id] += 1", FAILS: "del self.counts[run_id]"})
# A handler may keep the ID of the last run.
edit(None, {"= {}": "= {}; self.last = None", ENDS: f"{ENDS}; self.last = run_id"})
edit(None, {ENDS: f"self.reports = [*self.reports, {POP}]"})
STATISTICS = {"= {}": "= {}; self.seen = Counter()", ADDS: f"{ADDS}; self.seen['tokens'] += 1"}
edit(None, STATISTICS)  # the number of entries doesn't grow

PROPERTY = "reports = property(lambda self: list(self._ended))"
ENDED = "def on_llm_end"
edit(None, {"self.reports": "self._ended", ENDED: f"{PROPERTY}\n\n    {ENDED}"})

edit("begins elsewhere", {"get(run_id, 0)": "get(run_id, 1)"}, "is off by 1. Where")
edit("mixes runs", {"counts[run_id]": "counts[0]", ENDS: "self.reports.append(self.counts[0])"})
edit("resets another run", {ENDS: f"{ENDS}; self.counts.clear()"}, "Whose count may change when")
edit("loses another run", {FAILS: "self.counts.clear()"})
OLDEST = "self.counts.pop(next(iter(self.counts), None), None)"
edit("loses another run", {FAILS: OLDEST}, "earlier")
edit("loses another run", {FAILS: f"{FAILS}; self.reports.clear()"}, "another had ended. The")
edit("skips empty tokens", {ADDS: f"if token: {ADDS}"})
edit("skips empty tokens", {ADDS: f"if token.strip(): {ADDS}"}, "empty ones and white space")
edit("counts characters", {"+ 1": "+ len(token)"}, "those are characters")
edit("another order", {ENDS: f"{ENDS}; self.reports.sort()"}, "shorter one. The run that ended")
GUESSES = f"self.reports.append({POP} if response.generations[0][0].text else 1)"
edit("another number", {ENDS: GUESSES}, "after a run with an empty reply. That run had 3 tokens")
edit("mixes threads", {ENDS: f"{POP} if len(self.reports) > 1 else {ENDS}"}, "batch, in threads.")
edit("skips a run without tokens", {ENDS: f"if run_id in self.counts: {ENDS}"})
edit("reports nothing", {ENDS: POP})
edit("loses a report", {ENDS: f"self.reports = [{POP}]"}, "but 2 runs ended, with 29 and 52")
edit("reports an unfinished run", {FAILS: ENDS})
IF_LEFT = f"self.reports += [{POP}] * isinstance(error, GeneratorExit)"
edit("reports an unfinished run", {FAILS: IF_LEFT}, "a run whose reader stopped early")
UNLESS_LEFT = f"if not isinstance(error, GeneratorExit): {FAILS}"
edit("keeps a run", {FAILS: UNLESS_LEFT}, "reader stopped early")
SHARED = {FAILS: "pass", f"def __init__(self):\n        {GIVEN}": f"counts = {{}}\n    {INIT}"}
edit("keeps a run", SHARED)
in_a_global = {}
FORGETS = {FAILS: "pass", "self.counts = {}\n": "\n", "self.counts": "in_a_global"}
edit("keeps a run", FORGETS, "but `in_a_global` has grown")
edit("keeps a run", {"on_llm_error": "on_error"}, "LangChain never calls `on_error`")
edit(
    "keeps a run", {"= {}": "= {}; self.text = ''", ADDS: f"{ADDS}; self.text += token"}, "`.text`"
)
edit("shared reports", {f"def __init__(self):\n        {GIVEN}": "counts, reports = {}, []"})
edit("no numbers", {ENDS: f"self.reports.append((run_id, {POP}))"})
edit("no list", {"[]": "{}", ENDS: f"self.reports[run_id] = {POP}"})
edit("raises", {FAILS: "self.counts.pop(run_id)"})
prepares = edits("2.report", PreparedAtTheStart)
prepares(None, {"on_chat_model_start": "on_llm_start"})
prepares(None, {"= []": "= itertools.count()", ".append(token)": ".__next__()", "len(": "next("})


@wrong("2.report", "counts for another run", says="Which argument tells you")
class ByThread(BaseCallbackHandler):
    """Keeps the runs in a batch apart, but mixes up two runs in the same thread."""

    def __init__(self):
        self.local, self.reports = threading.local(), []

    def on_llm_new_token(self, token, **kwargs):
        self.local.count = getattr(self.local, "count", 0) + 1

    def on_llm_end(self, response, **kwargs):
        self.reports.append(getattr(self.local, "count", 0))
        self.local.count = 0
