"""The stages to show to a reader, derived from the events of real runs."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise, zip_longest
from typing import Any

from langchain_core.runnables import RunnableGenerator, RunnableLambda
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
async def get_weather(city: str) -> str:
    """Return the weather in a city."""
    await asyncio.sleep(1.0)
    return f"Rain in {city}."


@tool
async def get_time(zone: str) -> str:
    """Return the time in a zone."""
    await asyncio.sleep(1.0)
    return f"Noon in {zone}."


_TOOLS = {each.name: each for each in (get_weather, get_time)}


@RunnableLambda
async def _noted(text: str) -> str:
    """A step whose events don't begin a stage."""
    return text


@dataclass(frozen=True, kw_only=True)
class Program(Case):
    """The behaviour of an assistant: for each model call, the text and the tools to call."""

    rounds: Sequence[tuple[str, Sequence[str]]]


@dataclass(eq=False)
class Events(Reply):
    """A run's events; each piece of the reply represents one event."""

    events: Sequence[Event] = field(default_factory=list)

    async def aevents(self) -> AsyncGenerator[dict[str, Any]]:
        """Yield the events one by one."""
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
        """The correct stages, each with the number of the event that begins it."""
        begun = [("Thinking", 0)]
        for at, event in enumerate(self.events, start=1):
            stage = _stage(event)
            if stage and stage != begun[-1][0]:
                begun.append((stage, at))
        return begun

    @property
    def differ(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """The first wrong stage and the correct one, with event numbers; ("", …) at the end."""
        over = ("", len(self.events) + 1)
        pairs = zip_longest(zip(self.items, self.taken, strict=True), self.began, fillvalue=over)
        return next(((got, right) for got, right in pairs if got != right), (over, over))

    @property
    def repeated(self) -> str:
        """The first stage that was yielded twice in a row, or ""."""
        return next((one for one, other in pairwise(self.items) if one == other), "")

    @property
    def unknown(self) -> str | None:
        """The first stage that no event begins."""
        known = {stage for stage, _ in self.began}
        return next((stage for stage in self.items if stage not in known), None)

    def place(self, number: int) -> str:
        """Describe the position of an event by its number, from 1; 0 is before any event."""
        kind = self.events[number - 1]["event"] if number else ""
        return f"at event {number} (`{kind}`)" if number else "before any event"


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
    """Return the events of a real run, as `astream_events` yields them."""

    async def assistant(questions: AsyncIterator[str]) -> AsyncIterator[str]:
        question = "".join([part async for part in questions])
        for text, names in rounds:
            calls = [(name, '{"place": "Oslo"}') for name in names]
            reply = Reply(cut(text), calls=calls, finish="tool_calls" if names else "stop")
            async for chunk in FakeModel.of({PROMPT: reply}).astream(question):
                yield chunk.text
            await _noted.ainvoke(text)
            tools = [_TOOLS[name] for name in names]
            await asyncio.gather(*(t.ainvoke({next(iter(t.args)): "Oslo"}) for t in tools))

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


def _differs(s: Seen) -> bool:
    return s.differ[0] != s.differ[1]


def _answers_without_text(s: Seen) -> bool:
    (stage, number), (_, begins) = s.differ
    kind = s.events[number - 1]["event"] if 0 < number <= len(s.events) else ""
    return stage == "Answer" and number < begins and kind == "on_chat_model_stream"


MISTAKES: Mistakes[Seen] = {
    "repeats a stage": lambda s: bool(s.repeated),
    "another stage": lambda s: s.unknown is not None,
    "collected first": lambda s: len(s.began) > 2 and {*s.taken[1:]} == {len(s.events)},
    "nothing at first": lambda s: bool(s.items) and s.taken[0] > 0,
    "answers without text": _answers_without_text,
    "late": lambda s: s.differ[0][0] == s.differ[1][0] and s.differ[0][1] > s.differ[1][1],
    "misses a stage": lambda s: s.differ[0][1] > s.differ[1][1],
    "a stage too many": _differs,
}

_RIVERS, _HARBOUR = RIVERS[:40], HARBOUR[:30]

check = Exercise(
    observe,
    cases=(
        Program(
            rounds=(("", ("get_time",)), (_RIVERS, ())), when="in a run with a tool and an answer"
        ),
        Program(rounds=((f"\n{_HARBOUR}", ()),), when="in a run without a tool"),
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
    opts_out={"prints": "what it yields isn't the text of its events"},
)
