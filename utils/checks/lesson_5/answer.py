"""A reply with tools, whose stages are shown as they begin."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import FIRST, RAISED
from utils.checks.engine.reply import Reading, Reply
from utils.checks.engine.run import ANYTHING, Case, Run, text_of
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import BEGIN, SOON
from utils.checks.lesson_5.given import (
    BEFORE,
    HOURS,
    LAMP,
    LONG,
    ORDER,
    TOOL_TAKES,
    USAGE,
    Call,
    Ran,
    Turns,
    asking,
    finished,
    offered,
    stage,
    tools,
)

STAGES = ("Thinking", "Tool call", "Answer")
_SLIPS = (AttributeError, NameError, TypeError)  # where an error of the answer's own is right
_HALF: Call = ("order_status", '{"order": 47')


@dataclass(frozen=True, kw_only=True)
class Asked(Case):
    """What the model calls before its last reply, and with which finish reason."""

    text: str = LAMP
    calls: Sequence[Sequence[Call]] = ()
    finish: str | None = "tool_calls"
    takes: float = TOOL_TAKES


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What came out of a reply, which tools ran, and what the model was sent."""

    case: Asked
    replies: Sequence[Reply]
    ran: Sequence[Ran]

    @property
    def done(self) -> bool:
        """Whether the reply arrived whole, and each call in it was complete."""
        return self.case.whole and self.case.finish == "tool_calls"

    @property
    def readings(self) -> list[Reading]:
        """All requests, in order."""
        return [reading for reply in self.replies for reading in reply.readings]

    @property
    def whole_text(self) -> str:
        """What the model wrote in all its replies."""
        return "".join(reply.text for reply in self.replies)

    @property
    def odd(self) -> object:
        """The first item that is neither a chunk nor a `Status`, or None."""
        odd = [i for i in self.items if not isinstance(i, AIMessageChunk) and stage(i) is None]
        return next((item for item in odd if item), next(iter(odd), None))

    @property
    def stages(self) -> list[str]:
        """The names of all stages."""
        return [name for item in self.items if (name := stage(item)) is not None]

    @property
    def other_stages(self) -> list[str]:
        """The names of stages that the exercise doesn't have."""
        return [name for name in self.stages if name not in STAGES]

    def times(self, name: str, detail: str = "") -> list[float]:
        """When the stage of that name was shown, in virtual seconds."""
        pairs = zip(self.items, self.at, strict=True)
        return [
            BEGIN + at
            for item, at in pairs
            if stage(item) == name and detail in str(getattr(item, "detail", ""))
        ]

    @property
    def details(self) -> list[str]:
        """What the stages of tool calls say beside their name."""
        return [str(getattr(i, "detail", "")) for i in self.items if stage(i) == "Tool call"]

    @property
    def called(self) -> list[tuple[str, object]]:
        """The calls that the model made, each with its argument."""
        calls = [call for calls in self.case.calls for call in calls]
        return [(name, *json.loads(arguments).values()) for name, arguments in calls]

    @property
    def executed(self) -> list[tuple[str, object]]:
        """The calls that were executed."""
        return [(ran.name, ran.argument) for ran in self.ran]

    @property
    def late_tool(self) -> tuple[str, float]:
        """The tool that had run longest before its status was shown, and for how long."""
        waits = [
            (ran.name, self.times("Tool call", ran.name)[0] - ran.at)
            for ran in self.ran
            if self.times("Tool call", ran.name)
        ]
        return max(waits, key=lambda wait: wait[1], default=("", 0.0))

    @property
    def late_thought(self) -> float:
        """For how long a request had been sent at most when "Thinking" was shown."""
        pairs = zip(self.times("Thinking"), self.readings, strict=False)
        return max((at - reading.began for at, reading in pairs), default=0.0)

    @property
    def late_text(self) -> float:
        """For how long a piece of text had been there at most when it was yielded."""
        came = [at for reading in self.readings for at in reading.arrived]
        pairs = zip(self.items, self.at, strict=True)
        out = [BEGIN + at for item, at in pairs if text_of(item)]
        return max((then - at for then, at in zip(out, came, strict=False)), default=0.0)

    @property
    def added(self) -> Sequence[BaseMessage]:
        """What the second request added to the conversation."""
        return self.readings[1].messages[len(BEFORE) :]

    @property
    def own(self) -> list[AIMessage]:
        """The model's own messages in it."""
        return [message for message in self.added if isinstance(message, AIMessage)]

    @property
    def results(self) -> list[ToolMessage]:
        """The tools' messages in it."""
        return [message for message in self.added if isinstance(message, ToolMessage)]

    @property
    def ids(self) -> list[str]:
        """The ids of the calls in the model's own message."""
        return [str(call["id"]) for message in self.own for call in message.tool_calls]

    @property
    def result_ids(self) -> list[str]:
        """The ids that the tools' messages carry."""
        return [message.tool_call_id for message in self.results]


def observe(answer: Callable[..., Any], case: Asked) -> Seen:
    """Read the stream, with tools that take a while."""
    ran: list[Ran] = []
    calling = [asking(*calls, finish=case.finish) for calls in case.calls]
    replies = [*calling, case.reply(usage=USAGE)]
    args = (Turns.answering(*replies), tools(ran, case.takes), list(BEFORE))
    run = run_async(
        "answer", answer, case, replies[0], *args, wants=ANYTHING, streams=True, passes_on=True
    )
    return Seen.of(run, replies=replies, ran=ran)


def alike(messages: Sequence[BaseMessage]) -> bool:
    """Whether a request begins with the conversation so far."""
    pairs = [(message.type, message.text) for message in messages[: len(BEFORE)]]
    return pairs == [(message.type, message.text) for message in BEFORE]


def _twice(s: Seen) -> bool:
    """Whether the model was called again after its tools ran."""
    return s.done and bool(s.case.calls) and len(s.readings) > 1


MISTAKES: Mistakes[Seen] = {
    "yields nothing": lambda s: not s.items,
    "yields a stage's name": lambda s: any(i in STAGES for i in s.items if isinstance(i, str)),
    "yields strings": lambda s: isinstance(s.odd, str),
    "yields the wrong type": lambda s: any(
        not isinstance(item, AIMessageChunk) and stage(item) is None for item in s.items
    ),
    "blank screen": lambda s: stage(s.items[0]) is None,
    "begins with another stage": lambda s: s.stages[0] != "Thinking",
    "first status late": lambda s: s.at[0] > SOON,
    "without tools": lambda s: not all(map(offered, s.readings)),
    "another conversation": lambda s: not alike(s.readings[0].messages),
    "runs an unfinished call": lambda s: bool(s.ran) and s.case.finish != "tool_calls",
    "runs a tool without a call": lambda s: bool(s.ran) and not s.case.calls,
    "tools never run": lambda s: s.done and bool(s.case.calls) and not s.ran,
    "second call never runs": lambda s: s.done and len(s.ran) < len(s.case.calls),
    "another call": lambda s: s.done and sorted(s.executed) != sorted(s.called),
    "another status of a tool": lambda s: bool(s.ran and s.other_stages) and not s.details,
    "no status of a tool": lambda s: bool(s.ran) and not s.details,
    "status without the tool": lambda s: bool(s.ran) and not any(s.details),
    "fewer statuses than tools": lambda s: len(s.details) < len(s.ran),
    "status of another tool": lambda s: any(not s.times("Tool call", r.name) for r in s.ran),
    "status after the tool began": lambda s: s.late_tool[1] > SOON,
    "never called again": lambda s: s.done and len(s.readings) <= len(s.case.calls),
    "loses the conversation": lambda s: _twice(s) and not alike(s.readings[1].messages),
    "adds nothing": lambda s: _twice(s) and not s.added,
    "adds no call": lambda s: _twice(s) and not s.ids,
    "adds no tool message": lambda s: _twice(s) and not s.results,
    "adds its message twice": lambda s: _twice(s) and len(s.own) > 1,
    "result before the call": lambda s: _twice(s) and s.added[0] is not s.own[0],
    "loses a call": lambda s: _twice(s) and len(s.ids) < len(s.case.calls[0]),
    "another id": lambda s: _twice(s) and sorted(s.ids) != sorted(s.result_ids),
    "loses the result": lambda s: _twice(s) and not all("(" in m.text for m in s.results),
    "thinks too rarely": lambda s: s.done and len(s.times("Thinking")) < len(s.readings),
    "thinks late": lambda s: s.late_thought > SOON,
    "yields no text": lambda s: s.done and not s.text,
    "yields the sum": lambda s: s.done and LAMP in map(text_of, s.items),
    "loses the last reply": lambda s: s.done and s.text == s.whole_text.removesuffix(LAMP),
    "another text": lambda s: s.done and s.text != s.whole_text,
    "no finish reason": lambda s: s.done and not finished(s.items),
    "held back": lambda s: (
        s.late_text > SOON and (bool(s.case.calls) or s.reply.most_held < s.total)
    ),
}

check = Exercise(
    observe,
    cases=(
        Asked(seed=8),
        Asked(calls=((ORDER,),), when="when the model called a tool"),
        Asked(calls=((ORDER, HOURS),), when="when the model called two tools"),
        Asked(calls=((ORDER,), (HOURS,)), when="when one tool call followed another"),
        *(
            Asked(calls=((call,),), finish=finish)
            for call, finish in (
                (_HALF, "length"),
                (_HALF, None),
                (_HALF, "content_filter"),
                (ORDER, "stop"),
            )
        ),
        Asked(leave_after=4, when="when its reader left"),
        Asked(calls=((ORDER,),), takes=LONG, cancel_after=10.0, when="while a tool ran"),
    ),
    mistakes=MISTAKES,
    first={
        RAISED: lambda s: (
            FIRST[RAISED](s)
            and not s.other_model
            and (s.case.finish == "tool_calls" or isinstance(s.error, _SLIPS))
        ),
    },
)
