"""A scripted assistant's parts: a model that asks for tools over several turns, and the tools.

For use inside `loops.run`; what is judged of them stands in `capstone_*.py`. What a step of the
capstone yields is news (`Status`), which is known by the name of its class, and chunks.
"""

# ruff: noqa: ARG002 (the names of arguments are LangChain's)

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.tools import BaseTool, StructuredTool

from utils.checks.async_streams import LiveModel, LiveProbe
from utils.checks.engine import virtual_time as loops
from utils.checks.streams import ConnectionLost, Probe, cut

TOOL_TAKES = 1.0  # seconds
LONG = 30.0  # seconds of a silence that nobody would sit through
SECONDS = 2.0  # of silence that are too many
LAMP = "Your lamp left the warehouse on Monday. It should be with you on Thursday."
OTHER = "Good evening! Which order is it about?"
BEFORE = (SystemMessage("You are the support of a lamp shop."), HumanMessage("Where is my lamp?"))
LOST = ConnectionLost("the connection was lost")
UNFINISHED = (
    ("length", "cut off by a limit on its length"),
    (None, "broken off without a finish reason"),
    ("content_filter", "stopped by the provider's filter"),
)


class TurnsModel(LiveModel):
    """A model that answers each request with the next of its probes, and then with the last again.

    Attributes:
        probes: Its replies, in order.
        offered: The names of the tools that it was given, for each request.
    """

    probes: Any  # as in ProbeModel, pydantic would copy them if it knew
    offered: Any
    probe: Any = None

    @classmethod
    def of(cls, *probes: LiveProbe) -> Self:
        """A model with these replies."""
        return cls(probes=list(probes), offered=[])

    def _probe_for(self, messages: list[BaseMessage]) -> Probe:
        waiting = [probe for probe in self.probes if not probe.requests]
        found: Probe = waiting[0] if waiting else self.probes[-1]
        return found

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.offered.append(kwargs.get("tools") or [])
        chunks: Any = super()._astream(messages, stop, run_manager, **kwargs)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk


@dataclass(frozen=True)
class Call:
    """A tool call as a model writes it, its arguments in JSON."""

    name: str
    arguments: str


ORDER = Call("order_status", '{"order": 4711}')
HOURS = Call("opening_hours", '{"day": "Friday"}')


def asks_for(*calls: Call, finish: str | None = "tool_calls", **how: Any) -> LiveProbe:
    """A reply that asks for tools, whose arguments come in pieces; before that it says a word.

    Args:
        calls: What is asked for.
        finish: Its finish reason.
        **how: Further settings of the probe; with `pieces=[]` it says nothing.
    """
    chunks: list[AIMessageChunk] = []
    for index, call in enumerate(calls):
        named = tool_call_chunk(name=call.name, args="", id=f"call-{call.name}", index=index)
        more = [tool_call_chunk(args=piece, index=index) for piece in cut(call.arguments, 3)]
        chunks += [AIMessageChunk(content="", tool_call_chunks=[part]) for part in (named, *more)]
    settings = {"pieces": ["I'll ", "look."], "after_text": chunks, "finish": finish, **how}
    return LiveProbe(**settings)


@dataclass(frozen=True)
class Ran:
    """A tool that ran: with which argument, and when it began by the loop's clock."""

    name: str
    argument: object
    at: float


def tools(ran: list[Ran], takes: float = TOOL_TAKES) -> list[BaseTool]:
    """The tools of `ORDER` and `HOURS`, which note in `ran` that they run.

    Args:
        ran: Where they note it.
        takes: For how many seconds each runs.
    """
    return [
        _tool(ran, takes, "order_status", "order", "integer", "It left on Monday"),
        _tool(ran, takes, "opening_hours", "day", "string", "Until six"),
    ]


def _tool(ran: list[Ran], takes: float, name: str, argument: str, kind: str, says: str) -> BaseTool:
    def begin(given: dict[str, Any]) -> str:
        ran.append(Ran(name, given.get(argument), loops.now()))
        return f"{says} ({given.get(argument)})"

    async def awaited(**given: Any) -> str:
        result = begin(given)
        await asyncio.sleep(takes)
        return result

    schema = {"type": "object", "properties": {argument: {"type": kind}}}
    return StructuredTool(name=name, description=says, args_schema=schema, coroutine=awaited)


def lamp(**how: Any) -> LiveProbe:
    """A reply about the lamp, with further settings of the probe."""
    return LiveProbe(**{"pieces": cut(LAMP, 8), **how})


def other(**how: Any) -> LiveProbe:
    """Another model's reply; see `lamp`."""
    return LiveProbe(**{"pieces": cut(OTHER, 9), **how})


def stage(item: object) -> str | None:
    """What a piece of news says is going on; None for anything else."""
    if type(item).__name__ != "Status":
        return None
    return str(getattr(item, "stage", ""))
