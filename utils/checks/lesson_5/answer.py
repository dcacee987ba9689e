"""Check for `answer`: stream a reply, run its tool calls, and yield a status for each stage."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.extra_cases import only_gc_closes
from utils.checks.engine.mistakes import FIRST, SLIPS, TEXT
from utils.checks.engine.reply import Reading
from utils.checks.engine.run import Case
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON
from utils.checks.lesson_5 import given
from utils.checks.lesson_5.seen import RepliesRun, StatusRun, longest_delay, text_delay

_HALF: given.Call = ("order_status", '{"order": 47')  # a truncated call
_CALLS = "tool_calls"  # the finish reason of a reply that calls tools
_FOUR = [[given.ORDER], [given.HOURS]] * 2  # the tool calls in each of four replies


@dataclass(frozen=True, kw_only=True)
class Calls(Case):
    """A case in which the model may call tools before its last reply."""

    text: str = given.LAMP
    calls: Sequence[Sequence[given.Call]] = ()  # the tool calls in each reply before the last
    finish: str | None = _CALLS  # the finish reason of each reply before the last
    takes: float = given.TOOL_TAKES  # the duration of each tool run, in seconds

    @property
    def done(self) -> bool:
        """Whether all replies should arrive in full, and their tool calls, if any, should run."""
        return self.whole and self.finish == _CALLS


@dataclass(kw_only=True)
class Seen(RepliesRun, StatusRun):
    case: Calls
    readings: Sequence[Reading]  # the requests to the model, in order
    ran: Sequence[given.ToolRun]
    due_calls: Sequence[tuple[str, object]]  # the tools that should run, each with its argument
    due_stages: Sequence[tuple[str, str]]  # (stage, tool name or "") for each correct stage
    results: Sequence[str]  # the contents of the tool messages in the second request
    # The messages that the second request added, as types and call ids, such as
    # ["AIMessage(call-order_status-0)", "ToolMessage(call-order_status-0)"].
    added: Sequence[str]
    due_added: Sequence[str]  # the correct value of `added`
    late_text: float  # the longest time from a piece's arrival until it was yielded, in seconds

    @property
    def runs_some(self) -> bool:
        """Whether some tools ran, but fewer than should have."""
        return 0 < len(self.ran) < len(self.due_calls)

    @property
    def unused_replies(self) -> bool:
        """Whether the model was called too few times to send all its replies."""
        return len(self.readings) < len(self.replies)

    @property
    def ran_half(self) -> bool:
        """Whether the first tool that ran received only the beginning of a correct argument."""
        if not self.ran:
            return False
        first = str(self.ran[0].argument)
        right = [str(argument) for _, argument in self.due_calls]
        return first not in right and any(each.startswith(first) for each in right)


def _named(message: BaseMessage) -> str:
    """Return a message's type, with the ids of the tool calls that it contains or answers."""
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    answers = message.tool_call_id if isinstance(message, ToolMessage) else ""
    ids = ", ".join(str(call["id"]) for call in calls) or answers
    return f"{type(message).__name__.removesuffix('Chunk')}({ids})"


def _ordered(calls: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(calls, key=repr)  # by `repr`, since None can't be compared


def _other_stages(s: Seen) -> bool:
    pairs = zip(s.stages, s.due_stages, strict=False)
    return len(s.stages) != len(s.due_stages) or any(
        shown.name != name or tool not in shown.detail for shown, (name, tool) in pairs
    )


def late_stage(s: Seen) -> float:
    """Return the longest delay between the start of a request or tool call and its `Status`."""
    began = sorted([reading.began for reading in s.readings] + [ran.at for ran in s.ran])
    return longest_delay([shown.at for shown in s.stages], began)


def continues(history: Sequence[BaseMessage], reading: Reading) -> bool:
    """Whether a request begins with the messages in `history`."""
    pairs = [(message.type, message.text) for message in reading.messages[: len(history)]]
    return pairs == [(message.type, message.text) for message in history]


def observe(answer: Any, case: Calls) -> Seen:
    ran: list[given.ToolRun] = []
    replies = [given.calling(*calls, finish=case.finish) for calls in case.calls]
    replies.append(case.reply(usage=given.USAGE))
    args = (given.model_sending(*replies), given.tools(ran, case.takes), list(given.HISTORY))
    how: dict[str, Any] = {"wants": given.PIECE, "streams": True, "passes_on": True}
    run = run_async("answer", answer, case, replies[0], *args, **how)
    due = case.calls if case.finish == _CALLS else ()  # the calls that should run, grouped by reply
    due_stages = [("Thinking", "")]
    for calls in due:
        due_stages += [*(("Tool call", name) for name, _ in calls), ("Thinking", "")]
    readings = [reading for reply in replies for reading in reply.readings]
    added = readings[1].messages[len(given.HISTORY) :] if len(readings) > 1 else ()
    first_calls = case.calls[0] if case.calls else ()
    ids = [f"call-{name}-{at}" for at, (name, _) in enumerate(first_calls)]  # as in `Reply`
    return Seen.of(
        run,
        replies=replies,
        readings=readings,
        results=[each.text for each in added if isinstance(each, ToolMessage)],
        added=[*map(_named, added[:1]), *sorted(map(_named, added[1:]))],  # in any order
        due_added=[f"AIMessage({', '.join(ids)})", *sorted(f"ToolMessage({each})" for each in ids)],
        late_text=text_delay(run, readings),
        ran=ran,
        due_calls=_ordered(
            (name, *json.loads(arguments).values()) for calls in due for name, arguments in calls
        ),
        due_stages=due_stages,
    )


MISTAKES: Mistakes[Seen] = {
    "other tools": lambda s: given.other_tools(s.readings),
    "another conversation": lambda s: not all(continues(given.HISTORY, r) for r in s.readings),
    "runs an unfinished call": lambda s: bool(s.ran and s.case.calls) and not s.due_calls,
    "runs half a call": lambda s: s.case.done and s.ran_half,
    "runs one call of a reply": lambda s: s.case.done and len(s.case.calls) == 1 and s.runs_some,
    "limits its calls": lambda s: s.case.done and len(s.readings) > 2 and s.unused_replies,
    "runs one reply's calls": lambda s: (
        s.case.done and len(s.readings) > 1 and s.unused_replies and s.runs_some
    ),
    "other calls": lambda s: (
        s.case.done and _ordered((ran.name, ran.argument) for ran in s.ran) != s.due_calls
    ),
    "never called again": lambda s: s.case.done and s.unused_replies,
    "result without its call": lambda s: any(each == "HumanMessage()" for each in s.added[1:]),
    "adds other messages": lambda s: s.case.done and bool(s.case.calls) and s.added != s.due_added,
    # every tool result contains a parenthesis
    "loses the result": lambda s: not all("(" in text for text in s.results),
    "blank screen": lambda s: s.blank > SOON,
    "other stages": lambda s: s.case.done and _other_stages(s),
    "status late": lambda s: late_stage(s) > SOON,
    **TEXT,
    "no finish reason": lambda s: (
        s.case.done
        and not any("finish_reason" in getattr(i, "response_metadata", {}) for i in s.items)
    ),
    "held back": lambda s: s.late_text > SOON,
}

check = Exercise(
    observe,
    cases=(
        Calls(seed=8),
        *(
            Calls(calls=calls, finish=finish, when=when)
            for finish, when, calls in (
                (_CALLS, "when the model called a tool", [[given.ORDER]]),
                (_CALLS, "when the model called two tools", [[given.ORDER, given.HOURS]]),
                (_CALLS, "when one tool call followed another", [[given.ORDER], [given.HOURS]]),
                (_CALLS, "when the model called a tool in four replies", _FOUR),
                ("length", "when the call was truncated", [[_HALF]]),
                (None, "when the call was truncated, without a finish reason", [[_HALF]]),
                ("content_filter", "when a content filter ended the reply", [[_HALF]]),
                ("stop", "when the finish reason was `stop`", [[given.ORDER]]),
            )
        ),
        Calls(leave_after=4, when="when its reader stopped early"),
        Calls(
            calls=[[given.ORDER, given.HOURS]],  # two, since awaiting a single task cancels it, too
            takes=given.LONG,
            cancel_after=10.0,
            when="while a tool ran",
        ),
    ),
    mistakes=MISTAKES,
    notes={"leaves closing to Python": only_gc_closes(observe)},
    first={
        "looks up half a call": lambda s: isinstance(s.error, KeyError) and s.error.args == ("",),
        # an answer may raise its own exception if a reply's finish reason isn't `tool_calls`
        "raises": lambda s: (
            FIRST["raises"](s)
            and not s.other_model
            and (s.case.finish == _CALLS or isinstance(s.error, SLIPS))
        ),
    },
)
