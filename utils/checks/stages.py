"""The check of exercise 4.7, with the events of real runs: stages that a user wants to read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.runnables import RunnableGenerator
from langchain_core.tools import tool

from utils.checks.async_streams import LiveModel, LiveProbe
from utils.checks.awaited import learners_tasks, the_stream
from utils.checks.engine.virtual_time import run
from utils.checks.engine.wording import shown
from utils.checks.guard import judged
from utils.checks.observe import kind, listed, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import GAP, cut
from utils.checks.texts import DANUBE, PROMPT, TIDE


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Rain in {city}."


@tool
def get_time(zone: str) -> str:
    """The time in a zone."""
    return f"Noon in {zone}."


_TOOLS = {each.name: each for each in (get_weather, get_time)}


@dataclass(frozen=True)
class _Program:
    """What an assistant does, round by round.

    Attributes:
        what: How a message calls it.
        rounds: For each request to the model, its text and the tools that it asks for.
    """

    what: str
    rounds: Sequence[tuple[str, Sequence[str]]]


_PROGRAMS = (
    _Program("a tool call and an answer", [("", ["get_weather"]), (DANUBE[:40], [])]),
    _Program("an answer without a tool", [(TIDE, [])]),
    _Program("two tools in one go", [("", ["get_weather", "get_time"]), (DANUBE[:30], [])]),
    _Program(
        "words before a tool call, and two rounds of tools",
        [("I'll look.", ["get_time"]), ("", ["get_weather"]), (TIDE[:25], [])],
    ),
    _Program("the same tool twice in one go", [("", ["get_weather"] * 2), (DANUBE[:20], [])]),
    _Program("an empty reply and a second try", [("", []), (TIDE[:30], [])]),
)
_SILENCE = 5.0  # seconds before the first event


@judged("stages")
def stages(answer: object) -> str:
    """Each stage once, as it begins, from the events of real runs."""
    function = the_function(answer, "stages")
    for program in _PROGRAMS:
        events = _recorded(program)
        said = run(partial(_said, function, events), answer)
        _right_stages(said, _begun(events), events, program)
    return (
        "Six runs, with no tool, with one and with more: each stage once, as soon as it was true, "
        "and `Thinking` before any event."
    )


def _recorded(program: _Program) -> list[dict[str, Any]]:
    """The events of a real run, as `astream_events` gives them."""

    async def assistant(questions: AsyncIterator[str]) -> AsyncIterator[str]:
        question = "".join([part async for part in questions])
        for at, (text, names) in enumerate(program.rounds):
            probe = LiveProbe(
                cut(text, 150 + at),
                after_text=[chunk for n, name in enumerate(names) for chunk in _asks(name, n)],
                finish="tool_calls" if names else "stop",
            )
            async for chunk in LiveModel(probe=probe).astream(question):
                yield chunk.text
            for name in names:
                argument = next(iter(_TOOLS[name].args))
                await _TOOLS[name].ainvoke({argument: "Oslo"})

    async def main() -> list[dict[str, Any]]:
        chain = RunnableGenerator(assistant)
        return [dict(event) async for event in chain.astream_events(PROMPT, version="v2")]

    return run(main)


def _asks(name: str, index: int) -> list[AIMessageChunk]:
    """A tool call in three chunks."""
    named = tool_call_chunk(name=name, args="", id=f"call-{index}", index=index)
    more = [tool_call_chunk(args=part, index=index) for part in ('{"place": ', '"Oslo"}')]
    return [AIMessageChunk(content="", tool_call_chunks=[call]) for call in (named, *more)]


_Stage = tuple[Any, int]  # what was said, and after how many events


def _begun(events: Sequence[Mapping[str, Any]]) -> list[_Stage]:
    """The stages that begin in these events."""
    begun: list[_Stage] = []
    for at, event in enumerate(events, start=1):
        if event["event"] == "on_chat_model_start":
            stage = "Thinking"
        elif event["event"] == "on_tool_start":
            stage = f"Tool call: {event['name']}"
        elif event["event"] == "on_chat_model_stream" and event["data"]["chunk"].content:
            stage = "Answer"
        else:
            continue
        if not begun or stage != begun[-1][0]:
            begun.append((stage, at))
    return begun


async def _said(function: Callable[..., Any], events: Sequence[Mapping[str, Any]]) -> list[_Stage]:
    taken = 0

    async def delivered() -> AsyncIterator[dict[str, Any]]:
        nonlocal taken
        await asyncio.sleep(_SILENCE)
        for event in events:
            await asyncio.sleep(GAP)
            taken += 1
            yield dict(event)

    said: list[_Stage] = []
    with learners_tasks():
        returned = function(delivered())
    items = await the_stream(returned, "stages")
    with learners_tasks():
        async for stage in items:
            said.append((stage, taken))
            if len(said) > len(events):
                break
    return said


def _right_stages(
    said: Sequence[_Stage],
    right: Sequence[_Stage],
    events: Sequence[Mapping[str, Any]],
    program: _Program,
) -> None:
    at_once = bool(said) and said[0] == ("Thinking", 0)
    if at_once:  # true before any event: each run begins with a model
        said = [right[0], *said[1:]]
    run_of = f"In a run with {program.what},"
    if list(said) == list(right):
        if not at_once:
            raise NotYet(
                f"{run_of} no event came for {_SILENCE:g} s, and nothing was said. The first "
                f"{shown('Thinking')} came with event {right[0][1]}; the exercise asks for it at "
                "once, before any event."
            )
        return
    names, wanted = [stage for stage, _ in said], [stage for stage, _ in right]
    if not said:
        raise NotYet(f"{run_of} {len(events)} events came, and nothing was yielded.")
    odd = next((stage for stage in names if not isinstance(stage, str)), "")
    if not isinstance(odd, str):
        raise NotYet(f"{run_of} {kind(odd)} was yielded; the exercise asks for texts.")
    twice = next((one for one, other in pairwise(names) if one == other), None)
    if twice:
        raise NotYet(
            f"{run_of} {shown(twice)} was said {names.count(twice)} times, also right after itself."
        )
    unknown = next((stage for stage in names if stage not in wanted), None)
    if unknown:
        raise NotYet(f"{run_of} {shown(unknown)} was yielded. {_spelling(unknown)}")
    if len({at for _, at in said}) == 1 < len(said):
        raise NotYet(
            f"{run_of} all {len(said)} stages were said at once, at event {said[0][1]} of "
            f"{len(events)}. A reader wants to know of a stage while it lasts."
        )
    for number, (stage, at) in enumerate(said):
        if number >= len(right):
            raise NotYet(
                f"{run_of} all the stages were said, and then {shown(stage)} once more, at the "
                f"event `{_name_of(events, at)}`."
            )
        expected, begins = right[number]
        if (stage, at) == (expected, begins):
            continue
        if stage == expected and at > begins:
            raise NotYet(
                f"{run_of} {shown(stage)} was said late: at event {at}, `{_name_of(events, at)}`. "
                f"The stage had begun {at - begins} event{'' if at - begins == 1 else 's'} before."
            )
        raise NotYet(_instead(run_of, stage, at, begins, events))
    raise NotYet(
        f"{run_of} stages are missing at the end: what was said is {listed(names)}, and the run "
        f"went on from there for {len(events) - said[-1][1]} events."
    )


def _instead(
    run_of: str,
    stage: str,
    at: int,
    begins: int,
    events: Sequence[Mapping[str, Any]],
) -> str:
    if not at:
        return (
            f"{run_of} {shown(stage)} was said before any event had come. Which event does it go "
            "with?"
        )
    if at < begins:
        empty = stage == "Answer" and events[at - 1]["event"] == "on_chat_model_stream"
        why = " That chunk has no text in it." if empty else ""
        return f"{run_of} {shown(stage)} was said at event {at}, `{_name_of(events, at)}`.{why}"
    return (
        f"{run_of} a stage began at event {begins}, `{_name_of(events, begins)}`, and nothing was "
        f"said. The next that was said is {shown(stage)}, at event {at}."
    )


def _name_of(events: Sequence[Mapping[str, Any]], at: int) -> str:
    return str(events[at - 1]["event"])


def _spelling(stage: str) -> str:
    if stage.startswith("Tool call"):
        return "After the colon stands the name of the tool that begins."
    return "The stages are Thinking, Tool call with a tool's name, and Answer, spelt like that."
