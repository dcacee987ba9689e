"""What the capstone's answers are given: a model that answers in turns, and tools."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.tools import BaseTool, StructuredTool

from utils.checks.engine import virtual_time
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reading, Reply

Call = tuple[str, str]  # a tool's name, and its arguments in JSON

TOOL_TAKES = 1.0  # seconds
SECONDS = 2.0  # of silence that are too many
LONG = 30.0  # seconds of a silence that is too long for any reader
LAMP = "Your lamp left the warehouse on Monday. It should be with you on Thursday."
OTHER = "Good evening! Which order is it about?"
BEFORE = (SystemMessage("You are the support of a lamp shop."), HumanMessage("Where is my lamp?"))
USAGE = UsageMetadata(input_tokens=30, output_tokens=20, total_tokens=50)  # a chunk after the end
ORDER: Call = ("order_status", '{"order": 4711}')
HOURS: Call = ("opening_hours", '{"day": "Friday"}')


class Turns(FakeModel):
    """A model that answers each request with the next of its replies, and then with the last."""

    @classmethod
    def answering(cls, *replies: Reply) -> "Turns":
        """A model with these replies."""
        return cls.of({str(at): reply for at, reply in enumerate(replies)})

    def _request(
        self, messages: list[BaseMessage], settings: Mapping[str, Any], *, streamed: bool
    ) -> tuple[Reply, Reading]:
        *_, last = replies = [*self.replies.values()]
        reply = next((each for each in replies if not each.readings), last)
        return reply, Reading(tuple(messages), dict(settings), streamed)


def offered(reading: Reading) -> list[str]:
    """The names of the tools that a request offered to the model."""
    given = reading.settings.get("tools") or []
    return [tool["function"]["name"] for tool in given if isinstance(tool, dict)]


def asking(*calls: Call, **how: Any) -> Reply:
    """A reply that makes tool calls after a few words; `how` are its further settings."""
    settings = {"pieces": ["I'll ", "look."], "finish": "tool_calls", "usage": USAGE, **how}
    return Reply(calls=calls, **settings)


@dataclass(frozen=True)
class Ran:
    """A tool that ran: with which argument, and when it began, in virtual seconds."""

    name: str
    argument: object
    at: float


def tools(ran: list[Ran], takes: float = TOOL_TAKES) -> list[BaseTool]:
    """The tools of `ORDER` and `HOURS`, which note in `ran` that they run for `takes` seconds."""
    return [
        _tool(ran, takes, "order_status", "order", "integer", "It left on Monday"),
        _tool(ran, takes, "opening_hours", "day", "string", "Until six"),
    ]


def _tool(ran: list[Ran], takes: float, name: str, argument: str, kind: str, says: str) -> BaseTool:
    async def run(**given: Any) -> str:
        ran.append(Ran(name, given.get(argument), virtual_time.now()))
        await asyncio.sleep(takes)
        return f"{says} ({given.get(argument)})"

    schema = {"type": "object", "properties": {argument: {"type": kind}}}
    return StructuredTool(name=name, description=says, args_schema=schema, coroutine=run)


def stage(item: object) -> str | None:
    """The stage that a `Status` names; None for anything else."""
    return str(getattr(item, "stage", "")) if type(item).__name__ == "Status" else None


def status(name: str, detail: str = "") -> object:
    """A `Status` of the course's class."""
    from utils.widgets import Status  # brings all the widgets along: only when it is needed

    return Status(name, detail)


def finished(items: Sequence[object]) -> bool:
    """Whether one of the chunks has a finish reason."""
    chunks = [item for item in items if isinstance(item, AIMessageChunk)]
    return any(chunk.response_metadata.get("finish_reason") for chunk in chunks)
