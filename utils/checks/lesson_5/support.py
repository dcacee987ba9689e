"""The whole assistant, put through a script of faults, within its budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from utils import lesson_source
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import RAISED
from utils.checks.engine.reply import ROLE_AFTER, ConnectionLost, Reply, cut
from utils.checks.engine.run import ANYTHING, Case, Run, text_of
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.student_code import untouched
from utils.checks.engine.virtual_time import SOON
from utils.checks.lesson_5.given import (
    BEFORE,
    LAMP,
    LONG,
    ORDER,
    OTHER,
    SECONDS,
    TOOL_TAKES,
    Ran,
    Turns,
    asking,
    offered,
    stage,
    tools,
)
from utils.checks.lesson_5.steady import QUICK, passes, unfinished_watched, uses
from utils.reader_model import readers_wait
from utils.timing import Piece, Recording

BUDGET = 1.2  # times the model's own TTFT
STEPS = {"answer": ("1", "5.answer"), "steady": ("3", "5.steady")}
OFFERED = sorted(tool.name for tool in tools([]))
_LONGER = (*BEFORE, AIMessage(LAMP), HumanMessage("And now?"))
_SLIPS = (AttributeError, NameError, TypeError)


@dataclass(frozen=True, kw_only=True)
class Script(Case):
    """What the models do in one turn of a chat, and what is to come of it.

    Attributes:
        first: Settings of the first model's replies, in turn; None for a tool call.
        second: Settings of the second model's reply.
        right: The text that is to come out.
        fails: Whether an error is to come out.
        spare: Whether the second model is to be called.
        takes: Seconds that a tool takes.
        turns: How many turns the chat has; the last one is looked at.
    """

    text: str = LAMP
    first: Sequence[dict[str, Any] | None] = ({},)
    second: dict[str, Any] | None = None
    right: str = LAMP
    fails: bool = False
    spare: bool = False
    takes: float = TOOL_TAKES
    turns: int = 1


class Panel:
    """What a panel does with `support`: it calls what that returns with a turn's history."""

    def __init__(self, support: Any) -> None:
        self.support, self.reply = support, None
        self.__globals__ = getattr(support, "__globals__", {})

    def __call__(self, models: Any, tools: Any, seconds: float, history: Any) -> Any:
        """The stream of a turn; None if `support` didn't return a function."""
        if self.reply is None:
            self.reply = self.support(models, tools, seconds)
        return self.reply(history) if callable(self.reply) else None


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What came of one turn."""

    case: Script
    panel: Panel
    replies: Sequence[Reply]
    spare: Reply
    ran: Sequence[Ran]

    @property
    def names(self) -> dict[str, Any]:
        """The notebook's names, as far as `support` knows them."""
        names: dict[str, Any] = getattr(self.panel.support, "__globals__", {})
        return names

    @property
    def lacking(self) -> str:
        """The step that `support` uses and the notebook lacks, or ""."""
        used = (name for name in STEPS if uses(self.panel.support, name))
        return next((name for name in used if name not in self.names), "")

    @property
    def unwritten(self) -> str:
        """The step that is still as it came with the exercise, or ""."""
        pairs = ((name, exercise) for name, (_, exercise) in STEPS.items())
        return next((n for n, exercise in pairs if untouched(self.names.get(n), exercise)), "")

    @property
    def steps(self) -> str:
        """Which step to look at: the first whose own check rejects it, or neither."""
        there = [name for name in STEPS if callable(self.names.get(name))]
        for name in there:
            step, exercise = STEPS[name]
            if not passes(exercise, self.names[name]):
                return f"See step {step}, Exercise {lesson_source.number(exercise)}."
        if len(there) == len(STEPS):
            return "Steps 1 and 3 pass by themselves, so it is in `support`."
        numbers = [lesson_source.number(exercise) for _, exercise in STEPS.values()]
        return f"See steps 1 and 3, Exercises {' and '.join(numbers)}."

    @property
    def silence(self) -> bool:
        """Whether what came out is how a long silence ends."""
        return isinstance(self.error, TimeoutError) or type(self.error).__name__ == "Stalled"

    @property
    def as_the_models(self) -> bool:
        """Whether what came out is how the models failed, and no slip of the answer's own."""
        lost = any(isinstance(error, ConnectionLost) for error in self.causes)
        return (lost or self.silence) and not isinstance(self.error, _SLIPS)

    @property
    def readings(self) -> list[Any]:
        """All requests to the first model in this turn."""
        return [reading for reply in self.replies for reading in reply.readings]

    @property
    def tools_offered(self) -> list[str]:
        """The tools that a request offered, where they aren't those of `support`."""
        all_readings = [*self.readings, *self.spare.readings]
        return next((o for r in all_readings if (o := sorted(offered(r))) != OFFERED), OFFERED)

    @property
    def stages(self) -> list[str]:
        """The stages that were shown, of those that the exercises name."""
        return [str(name) for i in self.items if (name := stage(i)) in ("Thinking", "Tool call")]

    @property
    def first_text_at(self) -> float:
        """When the first text came; infinity if none did."""
        pairs = zip(self.items, self.at, strict=True)
        return next((at for item, at in pairs if text_of(item)), float("inf"))

    @property
    def first_status_at(self) -> float:
        """When the first `Status` came; infinity if none did."""
        pairs = zip(self.items, self.at, strict=True)
        return next((at for item, at in pairs if stage(item) is not None), float("inf"))

    @property
    def own_ttft(self) -> float:
        """The time to first token that the model itself needs."""
        return self.reply.arrives(0)

    @property
    def wait(self) -> float:
        """For how long the reader has nothing to read, in all."""
        pairs = zip(self.items, self.at, strict=True)
        pieces = tuple(Piece(at, text_of(item)) for item, at in pairs if text_of(item))
        return readers_wait(Recording("", pieces, self.seconds))

    @property
    def after_silence(self) -> float:
        """When the second model was called after the first, which was silent."""
        if not (self.case.spare and self.spare.readings and self.case.first == _SILENT):
            return SECONDS
        return float(self.spare.readings[0].began - self.readings[0].began)

    @property
    def history(self) -> Sequence[BaseMessage]:
        """The turn's history."""
        return _LONGER if self.case.turns > 1 else BEFORE


_PLAIN = Script(seed=8)
_SILENT = ({"first_after": LONG},)
_CALLS = (None, {"fails_after": 0})  # a tool call without a word, then another request


def observe(answer: Any, case: Script) -> Seen:
    """Run one or two turns of a chat."""
    ran: list[Ran] = []
    panel = Panel(answer)
    replies = [
        asking(ORDER, pieces=[])
        if how is None
        else Reply(cut(case.text, case.seed), **{"gap": 0.05, **how})
        for how in case.first
    ]
    spare = Reply(cut(OTHER, 9), **(case.second or {}))
    earlier = [Reply([LAMP])] * (case.turns - 1)
    models = [Turns.answering(*earlier, *replies), Turns.answering(spare)]
    args = (models, tools(ran, case.takes), SECONDS)
    reply = spare if case.spare else replies[0 if case.fails else -1]
    for history in [BEFORE, _LONGER][: case.turns]:
        run = run_async(
            "reply", panel, case, reply, *args, list(history), wants=ANYTHING, streams=True
        )
    return Seen.of(run, panel=panel, replies=replies, spare=spare, ran=ran)


def _silent(s: Seen) -> bool:
    return s.case.first == _SILENT


def _alike(s: Seen) -> bool:
    """Whether the model was sent the turn's history."""
    sent = [message.text for message in s.readings[0].messages[: len(s.history)]]
    return sent == [message.text for message in s.history]


FIRST_MISTAKES: Mistakes[Seen] = {
    "another history": lambda s: not _alike(s) if s.readings else s.case.turns > 1,
    "not a function": lambda s: not callable(s.panel.support),
    "step missing": lambda s: bool(s.lacking),
    "step not done": lambda s: bool(s.unwritten),
    "unfinished watched": lambda s: unfinished_watched(s.names.get("steady")),
    "returns no function": lambda s: s.error is None and not callable(s.panel.reply),
    "streams for sources": lambda s: "'async_generator' object is not callable" in str(s.error),
    "no long silence": lambda s: s.silence and s.case.right == LAMP and s.case.takes < SECONDS,
    RAISED: lambda s: s.error is not None and not s.other_model and not s.as_the_models,
}
MISTAKES: Mistakes[Seen] = {
    "another history": lambda s: not _alike(s) if s.readings else s.case.turns > 1,
    "calls the second model first": lambda s: not s.readings and s.spare.requests > 0,
    "calls neither model": lambda s: not s.readings,
    "calls the second model without need": lambda s: s.spare.requests > 0 and not s.case.spare,
    "sits through the silence": lambda s: s.case.spare and _silent(s) and not s.spare.requests,
    "never calls the second model": lambda s: s.case.spare and not s.spare.requests,
    "other tools": lambda s: s.tools_offered != OFFERED,
    "no status": lambda s: s.first_status_at == float("inf"),
    "blank screen": lambda s: s.first_status_at > SOON,
    "tools never run": lambda s: None in s.case.first and not s.ran,
    "other stages": lambda s: (
        s.case.whole
        and not s.case.fails
        and None in s.case.first
        and s.stages != ["Thinking", "Tool call", "Thinking"]
    ),
    "ends quietly": lambda s: s.case.fails and s.error is None,
    "fails all the same": lambda s: s.error is not None and not s.case.fails,
    "another text": lambda s: s.case.whole and s.text != s.case.right,
    "waits too long": lambda s: s.after_silence > ROLE_AFTER + SECONDS + QUICK,
    "waits too briefly": lambda s: s.after_silence < SECONDS - SOON,
    "over budget": lambda s: s.case == _PLAIN and s.wait > BUDGET * s.own_ttft,
}

check = Exercise(
    observe,
    cases=(
        _PLAIN,
        Script(first=(None, {}), when="when the model called a tool"),
        Script(
            first=({"fails_after": 0},),
            right=OTHER,
            spare=True,
            when="when the first model refused",
        ),
        Script(first=_SILENT, right=OTHER, spare=True, when="when the first model was silent"),
        Script(
            first=({"fails_after": 4},),
            seed=8,
            right="".join(cut(LAMP, 8)[:4]),
            fails=True,
            when="when the connection was lost in mid-reply",
        ),
        Script(
            first=({"fails_after": 0},),
            second={"fails_after": 0},
            right="",
            fails=True,
            spare=True,
            when="when both models refused",
        ),
        Script(
            first=_CALLS,
            right="",
            fails=True,
            when="when the first model refused after a tool call",
        ),
        Script(
            first=(None, *_SILENT),
            right="",
            fails=True,
            when="when the first model was silent after a tool call",
        ),
        Script(
            first=(None, {}),
            takes=LONG,
            right="",
            fails=True,
            when="when the tool took longer than `seconds`",
        ),
        Script(turns=2, when="in the second turn"),
        Script(leave_after=4, when="when Stop was pressed"),
        Script(first=_SILENT, cancel_after=1.0, when="when its task was cancelled in a silence"),
    ),
    first=FIRST_MISTAKES,
    mistakes=MISTAKES,
    opts_out={"swallows the error": "an error before any text is what the second model is for"},
)
