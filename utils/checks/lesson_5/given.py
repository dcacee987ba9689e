"""Inputs for answers in lesson 5: models, tools, and lists of models or sources that may fail.

A source is a function that returns a stream of chunks and `Status` objects, which name stages.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.tools import BaseTool, StructuredTool

from utils.checks.engine import virtual_time
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import ConnectionLost, Reading, Reply, cut
from utils.checks.engine.run import Case, Wanted

Call = tuple[str, str]  # a tool's name, and its arguments as JSON

TOOL_TAKES = 1.0  # how long a tool takes, in seconds
SECONDS = 2.0  # the stall timeout, in seconds
LONG = 30.0  # seconds of silence, longer than any timeout in these checks
LAMP = "Your lamp left the warehouse on Monday. It should be with you on Thursday."
OTHER = "Good evening! Which order is it about?"
HISTORY: Sequence[BaseMessage] = (  # with ids, since an agent would add missing ones
    SystemMessage("You are the support of a lamp shop.", id="1"),
    HumanMessage("Where is my lamp?", id="2"),
)
USAGE = UsageMetadata(input_tokens=30, output_tokens=20, total_tokens=50)
ORDER: Call = ("order_status", '{"order": 4711}')
HOURS: Call = ("opening_hours", '{"day": "Friday"}')

Settings = Mapping[str, Any]  # settings of a `Reply`

REFUSED: Settings = {"fails_after": 0}  # fails before any chunk
AFTER_ROLE: Settings = {"pieces": ("", OTHER), "fails_after": 1}  # fails after an empty piece
SILENT: Settings = {"first_after": LONG}  # no text arrives for a long time


@dataclass(frozen=True, kw_only=True)
class Fallback(Case):
    """A list of models or sources, and the expected result."""

    text: str = LAMP
    replies: Sequence[Settings] = ({}, {})  # for each model or source, the settings of its reply
    to_call: int = 1  # how many models or sources to call; the last one sends the reply to yield
    fails: bool = False  # whether the answer should end with an error
    same: bool = False  # whether the list repeats one object, which sends all the replies
    tool: bool = False  # whether the first model or source calls a tool before its reply
    takes: float = TOOL_TAKES  # how long the tool takes, in seconds
    limit: float = SECONDS  # the answer's `seconds` argument
    pause: float = 0.0  # how long the reader pauses after each piece, in seconds

    def silent(self, number: int) -> bool:
        """Whether model or source `number`, counted from 1, stalls."""
        how = self.replies[number - 1]
        return LONG in (self.takes, how.get("first_after"), *how.get("silences", {}).values())

    @property
    def whole(self) -> bool:
        """Whether the reply is read until it ends or fails."""
        return super().whole and not (self.fails and self.silent(self.to_call))

    def make_replies(self) -> list[Reply]:
        """Create the replies; by default, reply number `to_call` has the case's text."""
        made = []
        for number, how in enumerate(self.replies, start=1):
            pieces = cut(self.text, self.seed) if number == self.to_call else cut(OTHER)
            error = ConnectionLost(f"the connection to number {number} was lost")
            given = {"pieces": pieces, "error": error, "compact": self.compact}
            made.append(Reply(**{**given, **how}))
        return made


class _InTurn(FakeModel):
    def _reply_to(self, messages: list[BaseMessage]) -> Reply:  # noqa: ARG002 (inherited)
        replies = list(self._replies.values())
        return next((each for each in replies if not each.readings), replies[-1])


def model_sending(*replies: Reply) -> FakeModel:
    """Create a model that sends these replies one after another, then repeats the last one."""
    return _InTurn.of({str(at): reply for at, reply in enumerate(replies)})


def calling(*calls: Call, **how: Any) -> Reply:
    """Create a reply that calls tools after a few words; `how` overrides or adds settings."""
    settings = {"pieces": ["I'll ", "look."], "finish": "tool_calls", "usage": USAGE, **how}
    return Reply(calls=calls, **settings)


def offered_tools(reading: Reading) -> list[str]:
    """Return the sorted names of the tools that a request offered to the model."""
    given = reading.settings.get("tools") or []
    return sorted(tool["function"]["name"] for tool in given if isinstance(tool, dict))


@dataclass(frozen=True)
class ToolRun:
    """A tool run: the tool's name, the argument, and when the run began, in virtual seconds."""

    name: str
    argument: object
    at: float


def tools(ran: list[ToolRun], takes: float = TOOL_TAKES) -> list[BaseTool]:
    """Create the tools that `ORDER` and `HOURS` call.

    Each run takes `takes` seconds and is added to `ran`.
    """
    return [
        _tool(ran, takes, "order_status", "It left on Monday", argument="order", kind="integer"),
        _tool(ran, takes, "opening_hours", "Until six", argument="day", kind="string"),
    ]


def _tool(
    ran: list[ToolRun], takes: float, name: str, result: str, *, argument: str, kind: str
) -> BaseTool:
    async def run(**given: Any) -> str:
        ran.append(ToolRun(name, given.get(argument), virtual_time.now()))
        await asyncio.sleep(takes)
        return f"{result} ({given.get(argument)})"

    schema = {"type": "object", "properties": {argument: {"type": kind}}}
    return StructuredTool(name=name, description=result, args_schema=schema, coroutine=run)


def other_tools(readings: Iterable[Reading]) -> bool:
    """Whether the tools offered in any request differ from those that `tools` makes."""
    names = sorted(tool.name for tool in tools([]))
    return any(offered_tools(reading) != names for reading in readings)


async def logged(reply: Reply, sent: list[tuple[float, Any]], *before: Any) -> AsyncGenerator[Any]:
    """Yield the items in `before`, then a reply's chunks; add each to `sent`, with the time."""
    async with aclosing(reply.achunks()) as chunks:
        for item in before:
            sent.append((virtual_time.now(), item))
            yield item
        async for chunk in chunks:
            sent.append((virtual_time.now(), chunk))
            yield chunk


def stage_of(item: object) -> str | None:
    """Return the stage in a `Status`; None for anything else."""
    is_status = type(item).__name__ == "Status"  # by name, since an import would load all widgets
    return str(getattr(item, "stage", "")) if is_status else None


class _Piece(Wanted):
    def fits(self, value: object) -> bool:
        return isinstance(value, AIMessageChunk) or stage_of(value) is not None


PIECE = _Piece(object, "a `Status` or a chunk of the model's stream")
