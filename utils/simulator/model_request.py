"""A request in one form for both APIs. The modules in `api` parse it."""

from dataclasses import dataclass, field
from typing import Literal

from .json_values import Json

Role = Literal["system", "user", "assistant", "tool"]
ToolChoice = Literal["auto", "none", "required"]


@dataclass(frozen=True)
class ToolCall:
    """A tool call in an earlier turn."""

    id: str  # the identifier that the tool's result refers to
    name: str
    arguments: str  # the arguments, as the JSON that the model wrote


@dataclass(frozen=True)
class Turn:
    """One message of a conversation."""

    role: Role
    text: str
    calls: tuple[ToolCall, ...] = ()  # the tool calls in an assistant's turn
    call_id: str = ""  # in a tool's turn, the identifier of the call


@dataclass(frozen=True)
class Tool:
    """A function that the model may call."""

    name: str
    description: str
    parameters: Json = field(hash=False)  # JSON schema of its arguments


@dataclass(frozen=True)
class ModelRequest:
    """A valid request."""

    model: str  # the model's name, faults included
    turns: tuple[Turn, ...]  # the conversation so far, instructions included
    stream: bool = False
    # whether a stream of chat completions ends with a chunk of token counts
    include_usage: bool = False
    stop: tuple[str, ...] = ()  # sequences before which the text ends
    max_tokens: int | None = None  # the reply's length limit; None is unlimited
    seed: int = 0  # the client's seed; same prompt and seed, same tokens
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"  # whether to call tools: when they fit, never, or always
    forced_tool: str = ""  # the one tool to call; "" is any
    parallel: bool = True  # whether one reply may contain several calls
    json: bool = False  # whether the text must be JSON
    schema: Json | None = field(default=None, hash=False)  # the JSON schema that the text must fit
    reasons: bool = False  # whether reasoning precedes the answer
    shows_reasoning: bool = False  # whether that reasoning is sent

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")
