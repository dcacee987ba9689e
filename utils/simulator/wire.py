"""What the objects of both APIs have in common. Their own shapes: `wire_chat`, `wire_responses`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from .pacing import TimedBytes

Json = dict[str, Any]
FINGERPRINT = "fp_simulator"
_encode = json.JSONEncoder(ensure_ascii=False).encode  # `dumps` would make one for each token


@dataclass(frozen=True)
class Usage:
    """How many tokens a request cost.

    Attributes:
        prompt: Tokens of the conversation.
        completion: Tokens that were generated, reasoning included.
        reasoning: Tokens of reasoning.
        told: What a real provider's `usage` object said, for a recorded reply.
    """

    prompt: int
    completion: int
    reasoning: int = 0
    told: Json = field(default_factory=dict)


@dataclass(frozen=True)
class ReplyInfo:
    """What every object of one reply repeats.

    Attributes:
        id: Identifier of the reply, without the API's prefix.
        created: Unix time in whole seconds.
        model: The model's name.
    """

    id: str
    created: int
    model: str


class Wire(Protocol):
    """Turns one reply into the objects of an API."""

    @property
    def done(self) -> bytes:
        """What closes a stream, if anything does."""

    def events(self) -> Iterator[TimedBytes]:
        """Yield the reply as server-sent events, each with its time."""

    def whole(self) -> bytes:
        """Return the reply as one JSON object."""

    def error(self) -> bytes:
        """Return the event of an error in mid-stream."""

    def failed(self) -> bytes:
        """Return the event of a reply that failed."""

    def empty(self) -> bytes:
        """Return an event that says nothing."""

    def counts(self) -> bytes:
        """Return an event that holds token counts alone; nothing if there is one anyway."""


def to_json(value: object) -> bytes:
    """Return `value` as JSON in UTF-8; half a surrogate pair, which has no UTF-8, is escaped."""
    return _encode(value).encode("utf-8", "backslashreplace")


def over(base: Json, also: Json) -> Json:
    """Return `base` with what `also` says besides or instead, at any depth."""
    whole = dict(base)
    for name, value in also.items():
        old = base.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            whole[name] = over(old, value)
        elif isinstance(old, list) and isinstance(value, list) and _are_objects([*old, *value]):
            both = [over(one, other) for one, other in zip(old, value, strict=False)]
            whole[name] = both + old[len(both) :] + value[len(both) :]
        else:
            whole[name] = value
    return whole


def _are_objects(values: list[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def model_list(names: list[str], created: int) -> dict[str, Any]:
    """Return the body of `/v1/models`."""
    return {"object": "list", "data": [model(name, created) for name in names]}


def model(name: str, created: int) -> dict[str, Any]:
    """Return one model's description."""
    return {"id": name, "object": "model", "created": created, "owned_by": "streaming-course"}
