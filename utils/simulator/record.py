"""Recording how a real provider's replies arrive, so that a class can replay them offline.

Uses the `openai` package. What goes into the file is `traces`: the pieces of the reply and their
times, the prompt and the model's name. No key, no address, no identifier of an account or request.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .says.answer import Kind
from .traces import Trace

if TYPE_CHECKING:
    from openai import OpenAI, OpenAIError

_WORDS = 300  # characters; of a refusal
_FINISHES = {"stop", "length", "tool_calls", "content_filter"}


class RecordError(RuntimeError):
    """The provider sent something that can't be recorded; the message says what."""


def record(
    client: OpenAI, request: dict[str, Any], clock: Callable[[], float] = time.perf_counter
) -> Trace:
    """Send a chat request, and return how its reply arrived.

    Args:
        client: Where to send it.
        request: The request's JSON; it is sent as a stream with usage, whatever it says.
        clock: What times are read from, in seconds.

    Raises:
        RecordError: If the stream ended without a finish reason or held several choices.
        openai.OpenAIError: If the provider refuses or fails.
    """
    parts: list[tuple[Kind, str]] = []
    places: dict[object, int] = {}
    pieces: list[tuple[float, int, str]] = []
    opening: float | None = None
    finish, usage = None, (0, 0, 0)

    def add(kind: Kind, number: int, text: str | None, tool: str = "") -> None:
        if (kind, number) not in places:
            places[kind, number] = len(parts)
            parts.append((kind, tool))
        if text:
            pieces.append((now, places[kind, number], text))

    options = {"stream": True, "stream_options": {"include_usage": True}}
    start = clock()
    for chunk in client.chat.completions.create(**(request | options)):
        now = round(clock() - start, 4)
        opening = now if opening is None else opening
        if chunk.usage is not None:
            usage = _usage(chunk.usage)
        for choice in chunk.choices:
            if choice.index:
                raise RecordError("The reply has several choices. Record one: leave out `n`.")
            delta = choice.delta
            if thought := (delta.model_extra or {}).get("reasoning_content"):
                add("thought", 0, thought)
            if delta.content:
                add("text", 0, delta.content)
            for call in delta.tool_calls or []:
                function = call.function
                name = (function.name if function else None) or ""
                add("call", call.index, function.arguments if function else None, name)
            finish = choice.finish_reason or finish
    end = round(clock() - start, 4)
    if finish not in _FINISHES:
        raise RecordError(
            f"The reply did not come to its end (finish reason: {finish}). Try again."
        )
    prompt = _prompt(request)
    return Trace(
        str(request["model"]),
        prompt,
        opening or end,
        tuple(parts),
        tuple(pieces),
        finish,
        end,
        usage,
    )


def refusal(error: OpenAIError, host: str, key_set: bool) -> str:
    """Say why a provider gave no reply.

    Args:
        error: What was raised.
        host: Name or address of the provider, and its port.
        key_set: Whether OPENAI_API_KEY holds a key.
    """
    import openai

    if isinstance(error, openai.AuthenticationError) and not key_set:
        return f"{host} wants a key, and OPENAI_API_KEY isn't set."
    if isinstance(error, openai.AuthenticationError):
        return f"{host} refuses the key: check OPENAI_API_KEY."
    if isinstance(error, openai.APITimeoutError):
        return f"{host} did not answer in time. Try again."
    if isinstance(error, openai.APIConnectionError):
        return (
            f"nobody answers at {host}: check --base-url or OPENAI_BASE_URL, and that the server "
            "there is running."
        )
    body = getattr(error, "body", None)  # its own words, where the SDK doesn't know their place
    more = "" if not body or (isinstance(body, dict) and "message" in body) else f" ({body})"
    return f"{host} says: {textwrap.shorten(f'{error}{more}', _WORDS, placeholder=' …')}"


def _usage(usage: Any) -> tuple[int, int, int]:
    details = usage.completion_tokens_details
    reasoning = (details.reasoning_tokens if details else None) or 0
    return usage.prompt_tokens, usage.completion_tokens, reasoning


def _prompt(request: dict[str, Any]) -> str:
    for message in reversed(request["messages"]):
        if message["role"] == "user":
            content = message["content"]
            if isinstance(content, str):
                return content
            return "".join(part.get("text", "") for part in content)
    return ""
