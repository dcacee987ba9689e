"""The decision what a reply consists of: reasoning, text, JSON or tool calls."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from .. import errors
from ..ask import Ask
from . import conversation, json_reply, reasoning, tool_calls
from .number_bounds import SchemaError

Kind = Literal["thought", "text", "call", "other"]  # the last is of recorded replies alone


@dataclass(frozen=True)
class Part:
    """One part of a reply.

    Attributes:
        kind: What it is.
        text: Its words; for a call the arguments as JSON.
        name: For a call, the tool's name.
        json: Whether the text is JSON, which tokenizers cut finer.
    """

    kind: Kind
    text: str
    name: str = ""
    json: bool = False


def answer(ask: Ask) -> tuple[Part, ...]:
    """Return the parts of the reply: always the same for the same conversation and seed.

    Raises:
        ApiError: 400 if a schema of the request can't be used.
    """
    rng = random.Random(f"{ask.seed} {ask.prompt}")
    try:
        wanted = tool_calls.decide(ask, rng)
    except SchemaError as error:
        raise errors.wrong_value("tools", f"invalid schema for a function: {error}") from None
    if wanted:
        parts = [Part("call", call.arguments, call.name, json=True) for call in wanted]
    else:
        parts = [_said(ask, rng)]
    if ask.thinks:
        thinking = reasoning.about(ask, [call.name for call in wanted])
        parts = [*(Part("thought", paragraph) for paragraph in thinking), *parts]
    return tuple(parts)


def _said(ask: Ask, rng: random.Random) -> Part:
    try:
        as_json = json_reply.text(ask, rng)
    except SchemaError as error:
        raise errors.wrong_value("response_format", f"invalid schema: {error}") from None
    if as_json is not None:
        return Part("text", as_json, json=True)
    if ask.turns[-1].role == "tool":
        return Part("text", tool_calls.tell(tool_calls.results(ask)))
    return Part("text", conversation.text(ask))
