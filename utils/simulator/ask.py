"""What a request asks for, in one form for both APIs.

How it is read from a request's JSON is `ask_chat` and `ask_responses`. Nothing is answered here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from . import errors
from .fields import Json, boolean, needed_text, object_of

_MOST_TOKENS = 400_000
_PER_TOKEN = 4  # characters, about
Role = Literal["system", "user", "assistant", "tool"]
Choice = Literal["auto", "none", "required"]


@dataclass(frozen=True)
class Called:
    """A call of a tool in an earlier turn.

    Attributes:
        id: What the tool's result refers to.
        name: The tool's name.
        arguments: JSON as the model wrote it.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Turn:
    """One message of a conversation.

    Attributes:
        role: Who speaks.
        text: What is said.
        calls: The tools that an assistant's turn calls.
        answers: The id of the call that a tool's turn answers.
    """

    role: Role
    text: str
    calls: tuple[Called, ...] = ()
    answers: str = ""


def check_length(turns: tuple[Turn, ...], where: str) -> None:
    """Refuse a conversation that is longer than the model can read.

    Raises:
        ApiError: 400 that names the field `where`.
    """
    if sum(len(turn.text) for turn in turns) > _MOST_TOKENS * _PER_TOKEN:
        raise errors.too_long(where, _MOST_TOKENS)


@dataclass(frozen=True)
class Tool:
    """A function that the model may call.

    Attributes:
        name: Its name.
        about: Its description.
        parameters: JSON schema of its arguments.
    """

    name: str
    about: str
    parameters: Json = field(hash=False)


@dataclass(frozen=True)
class Ask:
    """A request that can be answered.

    Attributes:
        model: The model's name as the client wrote it.
        turns: The conversation so far, instructions included.
        stream: Whether the reply goes out piece by piece.
        include_usage: Whether a stream of chat completions ends with a chunk of token counts.
        stop: Sequences before which the text ends.
        limit: The most tokens that the reply may have.
        seed: The client's seed; same prompt and seed, same tokens.
        tools: What may be called.
        choice: Whether to call: as the model likes, never, or in any case.
        only: The one tool to call; "" is any.
        parallel: Whether one reply may hold several calls.
        json: Whether the text must be JSON.
        schema: The JSON schema that the text must fit.
        thinks: Whether reasoning comes before the answer.
        shows_thoughts: Whether that reasoning is sent.
    """

    model: str
    turns: tuple[Turn, ...]
    stream: bool = False
    include_usage: bool = False
    stop: tuple[str, ...] = ()
    limit: int | None = None
    seed: int = 0
    tools: tuple[Tool, ...] = ()
    choice: Choice = "auto"
    only: str = ""
    parallel: bool = True
    json: bool = False
    schema: Json | None = field(default=None, hash=False)
    thinks: bool = False
    shows_thoughts: bool = False

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")


def read_tool(function: Json, where: str) -> Tool:
    """Return the tool that a `function` object describes.

    Raises:
        ApiError: 400 that names the field at fault.
    """
    name = needed_text(function, "name", f"{where}.name")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise errors.wrong_value(
            f"{where}.name", "it must be up to 64 letters, digits, underscores and dashes"
        )
    about = function.get("description")
    if about is not None and not isinstance(about, str):
        raise errors.wrong_type(f"{where}.description", "a string")
    parameters = function.get("parameters")
    boolean(function, "strict")
    schema = {} if parameters is None else object_of(parameters, f"{where}.parameters")
    return Tool(name, about or "", schema)


def find_tool(name: Any, tools: tuple[Tool, ...]) -> str:
    """Return `name`, which must be the name of one of the tools."""
    if not isinstance(name, str) or name not in [tool.name for tool in tools]:
        raise errors.wrong_value("tool_choice", f"the tool {name!r} is not among the tools")
    return name
