"""The stages that a reader wants to see, from the events of real runs."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

from langchain_core.runnables import RunnableGenerator
from langchain_core.tools import tool

from utils.checks.engine import virtual_time
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reply, cut
from utils.checks.engine.run import HARBOUR, PROMPT, RIVERS, Case, Run
from utils.checks.engine.stream_runner import run_async

SILENCE = 5.0  # seconds before the first event

Event = Mapping[str, Any]


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Rain in {city}."


@tool
def get_time(zone: str) -> str:
    """The time in a zone."""
    return f"Noon in {zone}."


_TOOLS = {each.name: each for each in (get_weather, get_time)}


@dataclass(frozen=True, kw_only=True)
class Program(Case):
    """What an assistant does: for each call of its model, the text and the tools to call."""

    rounds: Sequence[tuple[str, Sequence[str]]]


@dataclass(eq=False)
class Events(Reply):
    """A run's events; each of the reply's pieces stands for one."""

    events: Sequence[Event] = field(default_factory=list)

    async def aevents(self) -> AsyncGenerator[dict[str, Any]]:
        """The events, one after the other."""
        events = iter(self.events)
        async with aclosing(self.astream()) as pieces:
            async for _ in pieces:
                yield dict(next(events))


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """The stages that were yielded, and those that began."""

    events: Sequence[Event]

    @property
    def began(self) -> list[tuple[str, int]]:
        """The right stages, each with the number of its event.

        The first has none, but may go with the first model's start: `nothing at first` reports it.
        """
        first = next((n for n, event in enumerate(self.events, start=1) if _stage(event)), 0)
        begun = [("Thinking", first if list(self.taken[:1]) == [first] else 0)]
        for at, event in enumerate(self.events, start=1):
            stage = _stage(event)
            if stage and stage != begun[-1][0]:
                begun.append((stage, at))
        return begun

    @property
    def said(self) -> list[tuple[str, int]]:
        """The stages that were yielded, each with the number of events that had arrived."""
        return list(zip(self.items, self.taken, strict=True))

    @property
    def _wrong(self) -> int:
        pairs = enumerate(zip(self.said, self.began, strict=False))
        shorter = min(len(self.said), len(self.began))
        return next((at for at, (said, right) in pairs if said != right), shorter)

    @property
    def stage(self) -> str:
        """The first wrong stage, or "" if the stages just end."""
        return self.said[self._wrong][0] if self._wrong < len(self.said) else ""

    @property
    def number(self) -> int:
        """The number of events that had arrived with it."""
        return self.said[self._wrong][1] if self._wrong < len(self.said) else len(self.events)

    @property
    def right(self) -> str:
        """The stage that should be in its place, or "" if there is none."""
        return self.began[self._wrong][0] if self._wrong < len(self.began) else ""

    @property
    def begins(self) -> int:
        """The number of the event with which that stage begins."""
        return self.began[self._wrong][1] if self._wrong < len(self.began) else 0

    @property
    def repeated(self) -> str:
        """The first stage that was yielded twice in a row, or ""."""
        return next((one for one, other in pairwise(self.items) if one == other), "")

    @property
    def unknown(self) -> str:
        """The first stage that no event begins, or ""."""
        known = {stage for stage, _ in self.began}
        return next((stage for stage in self.items if stage not in known), "")

    def kind(self, number: int) -> str:
        """The kind of the event of that number, from 1; "" for 0."""
        return str(self.events[number - 1]["event"]) if number else ""

    def tool(self, number: int) -> str:
        """The name of the tool that starts with that event, or ""."""
        return str(self.events[number - 1]["name"]) if self.kind(number) == "on_tool_start" else ""


def _stage(event: Event) -> str:
    match event:
        case {"event": "on_chat_model_start"}:
            return "Thinking"
        case {"event": "on_tool_start", "name": name}:
            return f"Tool call: {name}"
        case {"event": "on_chat_model_stream", "data": {"chunk": chunk}} if chunk.content:
            return "Answer"
    return ""


@cache
def _recorded(rounds: Sequence[tuple[str, Sequence[str]]]) -> Sequence[Event]:
    """The events of a real run, as `astream_events` yields them."""

    async def assistant(questions: AsyncIterator[str]) -> AsyncIterator[str]:
        question = "".join([part async for part in questions])
        for text, names in rounds:
            calls = [(name, '{"place": "Oslo"}') for name in names]
            reply = Reply(cut(text), calls=calls, finish="tool_calls" if names else "stop")
            async for chunk in FakeModel.of({PROMPT: reply}).astream(question):
                yield chunk.text
            for name in names:
                await _TOOLS[name].ainvoke({next(iter(_TOOLS[name].args)): "Oslo"})

    async def main() -> list[Event]:
        events = RunnableGenerator(assistant).astream_events(PROMPT, version="v2")
        return [dict(event) async for event in events]

    return virtual_time.run(main)


def observe(answer: Callable[..., Any], case: Program) -> Seen:
    """Read the stages of one run, whose first event comes after a silence."""
    events = _recorded(case.rounds) if case.rounds else []
    pieces = [str(number) for number in range(len(events))]
    reply = Events(pieces, first_after=SILENCE, fails_after=case.fails_after, events=events)
    run = run_async("stages", answer, case, reply, reply.aevents, streams=True)
    return Seen.of(run, events=events)


MISTAKES: Mistakes[Seen] = {
    "nothing yielded": lambda s: not s.items,
    "another tool": lambda s: (
        s.stage.startswith("Tool call: ")
        and s.stage != f"Tool call: {s.tool(s.number)}" != "Tool call: "
    ),
    "repeats a stage": lambda s: bool(s.repeated),
    "no tool's name": lambda s: s.unknown.startswith("Tool call"),
    "another stage": lambda s: bool(s.unknown),
    "collected first": lambda s: len(s.began) > 2 and set(s.taken[1:]) == {len(s.events)},
    "a stage too many": lambda s: bool(s.stage) and not s.right,
    "late": lambda s: bool(s.stage) and s.stage == s.right and s.number > s.begins > 0,
    "before any event": lambda s: bool(s.stage) and s.number == 0,
    "answers without text": lambda s: (
        s.stage == "Answer" and s.number < s.begins and s.kind(s.number) == "on_chat_model_stream"
    ),
    "early": lambda s: bool(s.stage) and s.number < s.begins,
    "nothing at first": lambda s: (
        s.taken[0] > 0 and (not s.begins if s.stage == "Thinking" else not s.stage and not s.right)
    ),
    "misses a stage": lambda s: bool(s.stage),
    "misses the last stages": lambda s: bool(s.right),
}

_RIVERS, _HARBOUR = RIVERS[:40], HARBOUR[:30]

check = Exercise(
    observe,
    cases=(
        Program(
            rounds=(("", ("get_time",)), (_RIVERS, ())), when="in a run with a tool and an answer"
        ),
        Program(rounds=((_HARBOUR, ()),), when="in a run without a tool"),
        Program(
            rounds=(("", ("get_weather", "get_time")), (_RIVERS, ())),
            when="in a run with two tools in one go",
        ),
        Program(
            rounds=(("I'll look.", ("get_time",)), ("", ("get_weather",)), (_HARBOUR, ())),
            when="in a run with text before a tool call",
        ),
        Program(
            rounds=(("", ("get_weather", "get_weather")), (_RIVERS, ())),
            when="in a run that calls a tool twice in one go",
        ),
        Program(
            rounds=(("", ()), (_HARBOUR, ())), when="in a run with an empty reply and a second one"
        ),
        Program(rounds=(), when="for a stream without events"),
    ),
    mistakes=MISTAKES,
)
