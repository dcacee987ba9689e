"""What a request to `/v1/chat/completions` asks for, read and checked. Nothing is answered here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from . import errors

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_NOT_HERE = ("tools", "functions", "audio", "logprobs")
_MOST_STOPS = 4


@dataclass(frozen=True)
class Ask:
    """A request that can be answered.

    Attributes:
        model: The model's name as the client wrote it.
        prompt: The text of the last user message.
        history: The texts of all messages, in order.
        stream: Whether the reply goes out piece by piece.
        include_usage: Whether a stream ends with a chunk of token counts.
        stop: Sequences before which the reply ends.
        limit: The most tokens that the reply may have.
        seed: The client's seed; same prompt and seed, same tokens.
    """

    model: str
    prompt: str
    history: tuple[str, ...]
    stream: bool = False
    include_usage: bool = False
    stop: tuple[str, ...] = ()
    limit: int | None = None
    seed: int = 0


def read_json(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`.

    Raises:
        ApiError: 400 if there is none.
    """
    try:
        body = json.loads(raw)
        if b"\\ud" in raw.lower():  # half a surrogate pair is no text: it has no UTF-8
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise errors.unreadable() from None
    if not isinstance(body, dict):
        raise errors.unreadable()
    return body


def read_ask(body: dict[str, Any]) -> Ask:
    """Return what `body` asks for.

    Raises:
        ApiError: 400 that names the field at fault.
    """
    model = body.get("model")
    if model is None:
        raise errors.missing("model")
    if not isinstance(model, str):
        raise errors.wrong_type("model", "a string")
    messages = body.get("messages")
    if messages is None:
        raise errors.missing("messages")
    if not isinstance(messages, list):
        raise errors.wrong_type("messages", "an array of objects")
    if not messages:
        raise errors.wrong_value("messages", "the array is empty")
    for feature in _NOT_HERE:
        if body.get(feature):
            raise errors.unsupported(feature)
    if (body.get("response_format") or {"type": "text"}) != {"type": "text"}:
        raise errors.unsupported("response_format")
    if _integer(body, "n", 1) != 1:
        raise errors.wrong_value("n", "one choice (n=1) is all that this model gives")
    texts = [_text(message, f"messages[{index}]") for index, message in enumerate(messages)]
    asked = [text for text, message in zip(texts, messages, strict=True) if _from_user(message)]
    options = body.get("stream_options") or {}
    stream = _boolean(body, "stream")
    if options and not stream:
        raise errors.wrong_value("stream_options", "it is only allowed when stream is true")
    if not isinstance(options, dict):
        raise errors.wrong_type("stream_options", "an object")
    limit = _integer(body, "max_completion_tokens", _integer(body, "max_tokens", None))
    if limit is not None and limit < 1:
        raise errors.wrong_value("max_tokens", "it must be at least 1")
    return Ask(
        model=model,
        prompt=asked[-1] if asked else "",
        history=tuple(texts),
        stream=stream,
        include_usage=_boolean(options, "include_usage"),
        stop=_stops(body.get("stop")),
        limit=limit,
        seed=_integer(body, "seed", 0) or 0,
    )


def _from_user(message: dict[str, Any]) -> bool:
    return bool(message["role"] == "user")


def _text(message: object, where: str) -> str:
    """Return a message's text, whether its content is a string or a list of parts."""
    if not isinstance(message, dict):
        raise errors.wrong_type(where, "an object")
    role = message.get("role")
    if role is None:
        raise errors.missing(f"{where}.role")
    if not isinstance(role, str) or role not in _ROLES:
        raise errors.wrong_value(f"{where}.role", f"supported are {', '.join(sorted(_ROLES))}")
    content = message.get("content")
    if content is None:
        if role == "assistant":
            return ""
        raise errors.missing(f"{where}.content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise errors.wrong_type(f"{where}.content", "a string or an array of parts")
    return "".join(_part(part, f"{where}.content[{i}]") for i, part in enumerate(content))


def _part(part: object, where: str) -> str:
    if not isinstance(part, dict):
        raise errors.wrong_type(where, "an object")
    if part.get("type") != "text":
        raise errors.wrong_value(f"{where}.type", "this model reads text alone")
    text = part.get("text")
    if not isinstance(text, str):
        raise errors.wrong_type(f"{where}.text", "a string")
    return text


def _boolean(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise errors.wrong_type(name, "a boolean")
    return value


def _integer(body: dict[str, Any], name: str, default: int | None) -> int | None:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise errors.wrong_type(name, "an integer")
    return value


def _stops(stop: object) -> tuple[str, ...]:
    if stop is None:
        return ()
    if isinstance(stop, str):
        stop = [stop]
    if not isinstance(stop, list) or not all(isinstance(item, str) and item for item in stop):
        raise errors.wrong_type("stop", "a string or an array of strings")
    if len(stop) > _MOST_STOPS:
        raise errors.wrong_value("stop", f"at most {_MOST_STOPS} sequences are allowed")
    return tuple(stop)
