"""Recording of a real provider's reply and its timing.

The `openai` package sends the request, but its parser stops at the first event that isn't valid
JSON, so the events are parsed here. Identifiers, the key and the URL aren't recorded.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from ...sse import Reader
from ..json_values import Json
from ..reply import Kind
from .recordings import RecordedReply

if TYPE_CHECKING:
    from openai import OpenAI

T = TypeVar("T")
_REASONING = ("reasoning_content", "reasoning", "thinking")  # the names differ between servers


class RecordError(RuntimeError):
    """The provider's reply can't be recorded; the message says why."""


def record(
    client: OpenAI, request: Json, clock: Callable[[], float] = time.perf_counter
) -> tuple[RecordedReply, int]:
    """Send a chat request with streaming enabled, and record the reply.

    Returns:
        The recorded reply, and how many events or fields were left out because they could not be
        parsed.

    Raises:
        RecordError: If the stream has an error, several choices, or no finish reason.
        openai.OpenAIError: If the request fails.
    """
    options = {"stream": True, "stream_options": {"include_usage": True}}
    create = client.chat.completions.with_streaming_response.create
    recorder = Recorder()
    start = clock()
    with create(**(request | options)) as response:
        kind = response.headers.get("content-type", "no content type")
        try:
            for data in _events(response.iter_bytes()):
                recorder.add(data, round(clock() - start, 4))
        except httpx2.HTTPError as error:
            if not recorder.finish:
                raise RecordError(
                    f"The connection dropped before the end of the reply ({type(error).__name__}). "
                    "Try again."
                ) from error
        end = round(clock() - start, 4)
    if recorder.opening is None:
        raise RecordError(
            f"The server's response has no chat chunks ({kind}). Does the URL end in /v1?"
        )
    if not recorder.finish:
        raise RecordError("The reply is truncated: it has no finish reason. Try again.")
    reply = RecordedReply(
        model=str(request["model"]),
        prompt=_prompt(request),
        opening=recorder.opening,
        parts=tuple(recorder.parts),
        pieces=tuple(recorder.pieces),
        finish=recorder.finish,
        end=end,
        usage=recorder.usage,
    )
    return reply, recorder.left_out


def _events(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the data of each event up to `[DONE]`."""
    reader = Reader()
    for piece in chain(pieces, [b"\n\n"]):  # some servers omit the final blank line
        for event in reader.feed(piece):
            if event.data.strip() == "[DONE]":
                return
            yield event.data


class Recorder:
    """Collects a reply as its events arrive; for most attributes, see `RecordedReply`."""

    def __init__(self) -> None:
        self.opening: float | None = None
        self.parts: list[tuple[Kind, str]] = []
        self.pieces: list[tuple[float, int, str]] = []
        self.finish = ""
        self.usage = (0, 0, 0)
        self.left_out = 0  # number of events and fields that could not be parsed
        self._places: dict[tuple[Kind, int], int] = {}
        self._call_ids: dict[int, str] = {}

    def add(self, data: str, now: float) -> None:
        """Add an event.

        Raises:
            RecordError: If the event contains an error or a second choice.
        """
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError):
            chunk = None
        if not isinstance(chunk, dict):
            self.left_out += 1
            return
        if error := chunk.get("error"):
            message = error.get("message") if isinstance(error, dict) else None
            raise RecordError(f"The provider ended the reply with an error: {message or error}")
        if self.opening is None:
            self.opening = now
        if usage := self._field(chunk, "usage", dict):
            self._count(usage)
        for choice in self._objects(chunk, "choices"):
            self._choice(choice, now)

    def _field(self, holder: Json, name: str, kind: type[T]) -> T | None:
        """Return a field; if it has the wrong type, count it as left out and return None."""
        value = holder.get(name)
        if isinstance(value, kind) and not isinstance(value, bool):
            return value
        self.left_out += value is not None
        return None

    def _objects(self, holder: Json, name: str) -> list[Json]:
        items: list[Any] = self._field(holder, name, list) or []
        objects = [item for item in items if isinstance(item, dict)]
        self.left_out += len(items) - len(objects)
        return objects

    def _count(self, usage: Json) -> None:
        details = self._field(usage, "completion_tokens_details", dict) or {}
        prompt = self._field(usage, "prompt_tokens", int) or 0
        completion = self._field(usage, "completion_tokens", int) or 0
        reasoning = self._field(details, "reasoning_tokens", int) or 0
        self.usage = (max(0, prompt), max(0, completion), max(0, reasoning))

    def _choice(self, choice: Json, now: float) -> None:
        if (self._field(choice, "index", int) or 0) > 0:
            raise RecordError("The reply has several choices; only one can be recorded: omit `n`.")
        self.finish = self._field(choice, "finish_reason", str) or self.finish
        delta = self._field(choice, "delta", dict) or {}
        thoughts = [delta.get(name) for name in _REASONING]
        if thought := next((text for text in thoughts if isinstance(text, str) and text), ""):
            self._add("thought", 0, thought, now)
        is_list = isinstance(delta.get("content"), list)  # some servers send a list of parts
        if text := _text(delta["content"]) if is_list else self._field(delta, "content", str):
            self._add("text", 0, text, now)
        for position, call in enumerate(self._objects(delta, "tool_calls")):
            self._call(call, position, now)

    def _call(self, call: Json, position: int, now: float) -> None:
        number = self._field(call, "index", int)
        number = position if number is None else number
        identifier = self._field(call, "id", str) or ""
        function = self._field(call, "function", dict) or {}
        name = self._field(function, "name", str) or ""
        arguments = function.get("arguments")
        if isinstance(arguments, dict):  # some servers send an object instead of a string
            text = json.dumps(arguments, ensure_ascii=False)
        else:
            text = self._field(function, "arguments", str) or ""
        known = self._call_ids.setdefault(number, identifier)
        if name and identifier not in ("", known):  # a new call that reuses the index
            self._call_ids[number] = identifier
            self._places.pop(("call", number), None)
        if text or name or ("call", number) not in self._places:
            self._add("call", number, text, now, name)

    def _add(self, kind: Kind, number: int, text: str, now: float, name: str = "") -> None:
        place = self._places.setdefault((kind, number), len(self.parts))
        if place == len(self.parts):
            self.parts.append((kind, name))
        elif name and not self.parts[place][1]:
            self.parts[place] = (kind, name)
        self.pieces.append((now, place, text))


def _text(content: Any) -> str:
    """Return the text of a message or delta, whose content is a string or a list of parts."""
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def _prompt(request: Json) -> str:
    messages = reversed(request["messages"])
    return next((_text(one.get("content")) for one in messages if one.get("role") == "user"), "")
