"""The API-independent form of a request, as produced by the parsers in `api`."""

from dataclasses import dataclass, field
from typing import Literal

from .json_values import Json

Role = Literal["system", "user", "assistant", "tool"]
ToolChoice = Literal["auto", "none", "required"]


@dataclass(frozen=True)
class ToolCall:
    """A tool call in an earlier turn."""

    id: str  # the identifier that the tool result refers to
    name: str
    arguments: str  # the JSON string that the model generated


@dataclass(frozen=True)
class Turn:
    """One message in a conversation."""

    role: Role
    text: str
    calls: tuple[ToolCall, ...] = ()  # the tool calls in an assistant turn
    call_id: str = ""  # in a tool turn, the `id` of the call whose result it contains


@dataclass(frozen=True)
class Tool:
    """A function that the model may call."""

    name: str
    description: str
    parameters: Json = field(hash=False)  # JSON schema of the arguments


@dataclass(frozen=True)
class ModelRequest:
    """A validated request."""

    model: str  # the model name, including any fault suffixes
    turns: tuple[Turn, ...]  # the conversation so far, including instructions
    stream: bool = False
    include_usage: bool = False  # whether a Chat Completions stream ends with token counts
    stop: tuple[str, ...] = ()  # stop sequences; the text ends before whichever occurs first
    max_tokens: int | None = None  # the reply's length limit in tokens; None means no limit
    seed: int = 0  # the client's seed; the same prompt and seed give the same tokens
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"  # when to call tools: if one fits, never, or always
    forced_tool: str = ""  # the name of the only tool that may be called; "" allows any
    parallel: bool = True  # whether one reply may contain several calls
    json: bool = False  # whether the text must be JSON
    schema: Json | None = field(default=None, hash=False)  # JSON schema that the text must match
    reasons: bool = False  # whether reasoning precedes the answer
    shows_reasoning: bool = False  # whether the reasoning is sent to the client

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")
