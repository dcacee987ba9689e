"""Check for `support`: the whole assistant, tested with scripted faults and a time budget.

`support(models, tools, seconds)` returns a function that streams the reply to a history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.reply import Reply
from utils.checks.engine.run import text_of
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON
from utils.checks.lesson_5 import given
from utils.checks.lesson_5.answer import continues
from utils.checks.lesson_5.given import LONG, REFUSED, SILENT
from utils.checks.lesson_5.parts import working_parts
from utils.checks.lesson_5.seen import FALLBACK, FALLBACK_FIRST, FallbackRun, StatusRun
from utils.reader_model import readers_wait
from utils.timing import Piece, Recording

PARTS = ("answer", "steady")
BUDGET = 1.2  # the longest total wait allowed, as a multiple of the model's TTFT
# the histories of the first and second turns
_SECOND = (AIMessage(given.LAMP, id="3"), HumanMessage("And now?", id="4"))
_HISTORIES = (given.HISTORY, (*given.HISTORY, *_SECOND))


@dataclass(frozen=True, kw_only=True)
class Script(given.Fallback):
    """The behaviour of two models in the last turn of a chat."""

    turns: int = 1  # the number of turns in the chat; only the last one is recorded


class Panel:
    """A minimal panel: calls `support` once, then calls the result with each history."""

    def __init__(self, support: Any) -> None:
        self.support, self.reply = support, None
        # the learner's globals, in which `run_async` replaces the clock
        self.__globals__ = getattr(support, "__globals__", {})

    def __call__(self, models: Any, tools: Any, seconds: float, history: Any) -> Any:
        """Return a turn's stream; None if `support` didn't return a function."""
        if self.reply is None:
            self.reply = self.support(models, tools, seconds)
        return self.reply(history) if callable(self.reply) else None


@dataclass(kw_only=True)
class Seen(FallbackRun, StatusRun):
    case: Script
    panel: Panel
    ran: Sequence[given.ToolRun]
    replaced: Sequence[str]  # the names of the learner's functions that were replaced

    @property
    def readings(self) -> list[Any]:
        """The requests that the models received in the last turn."""
        return [reading for readings in self.requests for reading in readings]

    @property
    def wait(self) -> float:
        """The total time, in seconds, during which the reader has nothing to read."""
        pairs = zip(self.items, self.at, strict=True)
        pieces = tuple(Piece(at, text_of(item)) for item, at in pairs if text_of(item))
        return readers_wait(Recording("", pieces, self.seconds))


def observe(answer: Any, case: Script) -> Seen:
    ran: list[given.ToolRun] = []
    panel, replies = Panel(answer), case.make_replies()
    earlier = [Reply([given.LAMP])] * (case.turns - 1)
    first = [given.calling(given.ORDER, pieces=[])] if case.tool else []
    first.append(replies[0])  # `first` contains the first model's replies in the last turn
    models = [given.model_sending(*earlier, *first), given.model_sending(replies[1])]
    args = (models, given.tools(ran, case.takes), case.limit)
    how: dict[str, Any] = {"wants": given.PIECE, "streams": True}
    with working_parts(answer, PARTS, recheck=case.ordinary) as replaced:
        for history in _HISTORIES[: case.turns]:
            reply = replies[case.to_call - 1]
            run = run_async("reply", panel, case, reply, *args, list(history), **how)
    requests = [[reading for reply in first for reading in reply.readings], replies[1].readings]
    return Seen.of(run, panel=panel, replies=replies, requests=requests, ran=ran, replaced=replaced)


FIRST_MISTAKES: Mistakes[Seen] = {
    "another history": lambda s: (
        not all(continues(_HISTORIES[s.case.turns - 1], reading) for reading in s.readings)
    ),
    "second turn calls no model": lambda s: s.case.turns > 1 and not s.readings,
    "not a function": lambda s: not callable(s.panel.support),
    "returns no function": lambda s: s.error is None and not callable(s.panel.reply),
    "no list of sources": lambda s: "has no len()" in str(s.error),
    "streams for sources": lambda s: "'async_generator' object is not callable" in str(s.error),
    "coroutines for sources": lambda s: "'coroutine' object" in str(s.error) and not s.readings,
    **FALLBACK_FIRST,
}
MISTAKES: Mistakes[Seen] = {
    **FALLBACK,
    "other tools": lambda s: given.other_tools(s.readings),
    "blank screen": lambda s: s.blank > SOON,
    "tools never run": lambda s: s.case.tool and not s.ran,
    # expected: "Thinking", "Tool call" and, unless the reply fails, "Thinking" again
    "other stages": lambda s: (
        s.case.tool and s.case.whole and len(s.stages) < (2 if s.case.fails else 3)
    ),
    **TEXT,
    "over budget": lambda s: s.case.ordinary and s.wait > BUDGET * s.reply.arrives(0),
}

check = Exercise(
    observe,
    cases=(
        Script(seed=8, replies=({"gap": 0.05}, {})),
        Script(tool=True, when="when the model called a tool"),
        *(
            Script(replies=replies, to_call=2, fails=fails, when=f"when {what}")
            for what, fails, replies in (
                ("the first model refused", False, (REFUSED, {})),
                ("the first model was silent", False, (SILENT, {})),
                ("both models refused", True, (REFUSED, REFUSED)),
            )
        ),
        *(
            Script(replies=(first, {}), fails=True, tool=tool, takes=takes, when=f"when {what}")
            for what, tool, takes, first in (
                ("the connection was lost in mid-reply", False, 1.0, {"fails_after": 4}),
                ("the first model refused after a tool call", True, 1.0, REFUSED),
                ("the first model was silent after a tool call", True, 1.0, SILENT),
                ("the tool took longer than `seconds`", True, LONG, {}),
            )
        ),
        Script(
            replies=(SILENT, {}),
            to_call=2,
            limit=3.0,
            when="when the first model was silent and `seconds` was 3",
        ),
        Script(turns=2, when="in the second turn"),
        Script(leave_after=4, when="when Stop was pressed"),
        Script(
            replies=(SILENT, {}), cancel_after=1.0, when="when the task was cancelled in a silence"
        ),
    ),
    first=FIRST_MISTAKES,
    mistakes=MISTAKES,
    notes={
        "part given": lambda s: len(s.replaced) == 1,
        "parts given": lambda s: len(s.replaced) > 1,
    },
    opts_out={"swallows the error": "the second model is tried after an error before any text"},
)
