"""A request in one form for both APIs. The modules in `api` parse it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .json_values import Json

Role = Literal["system", "user", "assistant", "tool"]
ToolChoice = Literal["auto", "none", "required"]


@dataclass(frozen=True)
class ToolCall:
    """A tool call in an earlier turn.

    Attributes:
        id: The identifier that the tool's result refers to.
        name: The tool's name.
        arguments: The arguments, as the JSON that the model wrote.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Turn:
    """One message of a conversation.

    Attributes:
        role: The author's role.
        text: The message's text.
        calls: The tool calls in an assistant's turn.
        call_id: The call whose result a tool's turn holds.
    """

    role: Role
    text: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True)
class Tool:
    """A function that the model may call.

    Attributes:
        name: Its name.
        description: Its description.
        parameters: JSON schema of its arguments.
    """

    name: str
    description: str
    parameters: Json = field(hash=False)


@dataclass(frozen=True)
class ModelRequest:
    """A valid request.

    Attributes:
        model: The model's name as the client wrote it.
        turns: The conversation so far, instructions included.
        stream: Whether to stream the reply.
        include_usage: Whether a stream of chat completions ends with a chunk of token counts.
        stop: Sequences before which the text ends.
        max_tokens: The reply's length limit.
        seed: The client's seed; same prompt and seed, same tokens.
        tools: The tools that may be called.
        tool_choice: Whether to call tools: when they fit, never, or always.
        forced_tool: The one tool to call; "" is any.
        parallel: Whether one reply may contain several calls.
        json: Whether the text must be JSON.
        schema: The JSON schema that the text must fit.
        reasons: Whether reasoning precedes the answer.
        shows_reasoning: Whether that reasoning is sent.
    """

    model: str
    turns: tuple[Turn, ...]
    stream: bool = False
    include_usage: bool = False
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    seed: int = 0
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    forced_tool: str = ""
    parallel: bool = True
    json: bool = False
    schema: Json | None = field(default=None, hash=False)
    reasons: bool = False
    shows_reasoning: bool = False

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")
