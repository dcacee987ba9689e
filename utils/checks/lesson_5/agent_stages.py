"""Check for `agent_stages`: turn an agent's stream into the stages to display."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, zip_longest
from types import MethodType
from typing import Any, NamedTuple

from langchain_core.messages import AIMessageChunk, ToolMessage

from utils.checks.engine import virtual_time
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.reply import Reply, cut
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run
from utils.checks.engine.stream_runner import run_async
from utils.checks.lesson_5 import given

SILENCE = 5.0  # seconds before the first item

Item = tuple[str, Any]  # a stream mode, and the data that the agent yields in that mode


class Stage(NamedTuple):
    """A stage's name, and the position, counted from 1, of the item at which it begins."""

    name: str
    at: int


@dataclass(frozen=True, kw_only=True)
class Agent(Case):
    """The behaviour of an agent's model."""

    sends: Sequence[tuple[str, Sequence[given.Call]]]  # the text and tool calls of each reply


@dataclass(kw_only=True)
class Seen(Run):
    sent: Sequence[Item]  # the items of the agent's stream
    correct: Sequence[Stage]
    wrong: Stage  # the first wrong stage; its name is "" if the answer yielded no more stages
    due: Stage  # the correct stage in place of `wrong`; its name is "" if there is none
    repeated: str  # the first stage that was yielded twice in a row; "" if there is none
    unknown: str | None  # the first yielded stage that isn't in `correct`; None if there is none

    def place(self, number: int) -> str:
        """Describe the position of item `number`, counted from 1; 0 is before the first item."""
        if not number:
            return "before any item"
        if number > len(self.sent):
            return "at the end"
        mode, item = self.sent[number - 1]
        what = type(item[0]).__name__ if mode == "messages" else f"node {next(iter(item))}"
        return f"at item {number} (`{mode}`, {what})"


def _stages(item: Item) -> list[str]:
    """Return the stages that start at an item of an agent's stream."""
    match item:
        case ("messages", (AIMessageChunk() as chunk, _)) if chunk.text:
            return ["Answer"]
        case ("updates", {"tools": _}):
            return ["Thinking"]
        case ("updates", {"model": {"messages": [*_, message]}}):
            return [f"Tool call: {call['name']}" for call in message.tool_calls]
    return []


@cache
def _recorded(sends: Sequence[tuple[str, Sequence[given.Call]]]) -> Sequence[Item]:
    """Run a real agent and return the items of its stream."""
    from langchain.agents import create_agent  # slow to import

    replies = [
        Reply(cut(text), calls=calls, finish="tool_calls" if calls else "stop")
        for text, calls in sends
    ]
    agent = create_agent(given.model_sending(*replies), given.tools([]))

    async def main() -> list[Item]:
        modes: Any = ["messages", "updates"]
        run = agent.astream({"messages": list(given.HISTORY)}, stream_mode=modes)  # type: ignore[call-overload]
        return [item async for item in run]

    return virtual_time.run(main)


def observe(answer: Any, case: Agent) -> Seen:
    items = _recorded(case.sends) if case.sends else []
    # A `Reply` whose pieces are item numbers records when each item is taken.
    pieces = [str(number) for number in range(len(items))]
    reply = Reply(pieces, first_after=SILENCE, fails_after=case.fails_after)

    async def aitems(reply: Reply) -> AsyncGenerator[Item]:
        async with aclosing(reply.astream()) as numbers:
            async for number in numbers:
                yield items[int(number)]

    stream = MethodType(aitems, reply)  # the runner creates a stream by calling a reply's method
    run = run_async("agent_stages", answer, case, reply, stream, streams=True)
    correct = [Stage("Thinking", 0)]
    for at, item in enumerate(items, start=1):
        for stage in _stages(item):
            if stage != correct[-1].name:
                correct.append(Stage(stage, at))
    names = [stage.name for stage in correct]
    over = Stage("", len(items) + 1)
    pairs = zip_longest(map(Stage, run.items, run.taken), correct, fillvalue=over)
    wrong, due = next((pair for pair in pairs if pair[0] != pair[1]), (over, over))
    return Seen.of(
        run,
        sent=items,
        correct=correct,
        wrong=wrong,
        due=due,
        repeated=next((one for one, other in pairwise(run.items) if one == other), ""),
        unknown=next((stage for stage in run.items if stage not in names), None),
    )


def _too_early(s: Seen, stage: str, kind: type) -> bool:
    """Whether the first wrong stage is `stage`, yielded too early at a message of type `kind`."""
    at = s.wrong.at
    if not 0 < at <= len(s.sent):
        return False
    mode, item = s.sent[at - 1]
    early = at < s.due.at and s.wrong.name.startswith(stage)
    return early and mode == "messages" and isinstance(item[0], kind)


MISTAKES: Mistakes[Seen] = {
    "repeats a stage": lambda s: bool(s.repeated),
    "another stage": lambda s: s.unknown is not None,
    "collected first": lambda s: len(s.correct) > 2 and {*s.taken[1:]} == {len(s.sent)},
    "nothing at first": lambda s: bool(s.items) and s.taken[0] > 0,
    "answers with a result": lambda s: _too_early(s, "Answer", ToolMessage),
    "answers without text": lambda s: _too_early(s, "Answer", AIMessageChunk),
    "names half a call": lambda s: _too_early(s, "Tool call", AIMessageChunk),
    "skips white space": lambda s: (
        s.wrong.name == s.due.name == "Answer"
        # this item is ("messages", (chunk, metadata))
        and s.sent[s.due.at - 1][1][0].text.isspace()
    ),
    "late": lambda s: s.wrong.name == s.due.name and s.wrong.at > s.due.at,
    "skips a call": lambda s: s.wrong.at == s.due.at and s.wrong in s.correct,
    "misses a stage": lambda s: s.wrong.at > s.due.at,
    "a stage too many": lambda s: s.wrong != s.due,
}

_RIVERS, _HARBOUR = RIVERS[:40], HARBOUR[:30]
_ORDER, _HOURS = given.ORDER, given.HOURS

check = Exercise(
    observe,
    cases=(
        Agent(sends=(("", (_ORDER,)), (_RIVERS, ())), when="in a run with a tool and an answer"),
        Agent(sends=((f"\n{_HARBOUR}", ()),), when="in a run without a tool"),
        Agent(
            sends=(("", (_ORDER, _HOURS)), (_RIVERS, ())), when="in a run with two tools in one go"
        ),
        Agent(
            sends=(("I'll look.", (_ORDER,)), ("", (_HOURS,)), (_HARBOUR, ())),
            when="in a run with text before a tool call",
        ),
        Agent(
            sends=(("", (_HOURS, _HOURS)), (_RIVERS, ())),
            when="in a run that calls a tool twice in one go",
        ),
        Agent(sends=(), when="for a stream without items"),
    ),
    mistakes=MISTAKES,
    opts_out={"prints": "it looks for a printed reply, not for printed stages"},
)
