"""Records a reply from a real provider, including its timing.

The `openai` package sends the request, but its parser stops at the first event that isn't valid
JSON, so the events are parsed here. Identifiers, the API key and the URL aren't recorded.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import index
from typing import Any

import httpx2
from openai import OpenAI

from ...sse import Reader
from ..json_values import Json
from ..reply import Kind
from .recordings import RecordedReply

# the names of the reasoning field, which differ between servers
_REASONING = ("reasoning_content", "reasoning", "thinking")


class RecordError(RuntimeError):
    """A reply can't be recorded; the message says why."""


def record(
    client: OpenAI, request: Json, clock: Callable[[], float] = time.perf_counter
) -> tuple[RecordedReply, int]:
    """Send a chat request with streaming enabled, and record the reply.

    Returns:
        The recorded reply, and the number of events that could not be recorded in full.

    Raises:
        RecordError: If the stream contains an error or several choices, or no finish reason.
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
    reader = Reader()
    for piece in chain(pieces, [b"\n\n"]):  # some servers omit the final blank line
        for event in reader.feed(piece):
            if event.data.strip() == "[DONE]":
                return
            yield event.data


class Recorder:
    """Collects the fields of a `RecordedReply` as events arrive."""

    def __init__(self) -> None:
        self.opening: float | None = None  # seconds from the request to the first event
        self.parts: list[tuple[Kind, str]] = []  # kind, and tool name ("" if not a call)
        self.pieces: list[tuple[float, int, str]] = []  # time, part index and text
        self.finish = ""
        self.usage = (0, 0, 0)  # token counts: prompt, reply (with reasoning), reasoning alone
        self.left_out = 0  # number of events that could not be recorded in full
        # the index of each part, keyed by its kind and call index (0 if it isn't a call)
        self._indexes: dict[tuple[Kind, int], int] = {}
        self._call_ids: dict[int, str] = {}  # keyed by call index

    def add(self, data: str, now: float) -> None:
        """Add the data of an event that arrived `now` seconds after the request.

        Raises:
            RecordError: If the event contains an error, or a choice other than the first.
        """
        try:
            self._chunk(json.loads(data), now)
        except (ValueError, RecursionError, AttributeError, TypeError):
            self.left_out += 1  # the event isn't JSON, or a field has an unexpected type

    def _chunk(self, chunk: Json, now: float) -> None:
        if error := chunk.get("error"):
            message = error.get("message") if isinstance(error, dict) else None
            raise RecordError(f"The provider ended the reply with an error: {message or error}")
        if self.opening is None:
            self.opening = now
        for choice in chunk.get("choices") or []:
            if (choice.get("index") or 0) > 0:
                raise RecordError(
                    "The reply has several choices; only one can be recorded: omit `n`."
                )
            self._delta(choice.get("delta") or {}, now)
            self.finish = _text(choice.get("finish_reason")) or self.finish
        if usage := chunk.get("usage"):
            details = usage.get("completion_tokens_details") or {}
            tokens = [usage.get("prompt_tokens"), usage.get("completion_tokens")]
            counts = (*tokens, details.get("reasoning_tokens"))
            # `index` raises TypeError for anything but an integer
            prompt, completion, reasoning = (max(0, index(count or 0)) for count in counts)
            self.usage = (prompt, completion, reasoning)

    def _delta(self, delta: Json, now: float) -> None:
        thoughts = [delta.get(name) for name in _REASONING]
        thought = next((text for text in thoughts if isinstance(text, str) and text), "")
        if thought:
            self._add("thought", thought, now)
        content = delta.get("content")
        for part in content if isinstance(content, list) else []:
            if thinking := _text(part.get("thinking")):  # the Mistral API's format
                self._add("thought", thinking, now)
        if text := _text(content):
            self._add("text", text, now)
        if delta.get("refusal"):  # the simulator can't replay a model's refusal
            self.left_out += 1
        for position, call in enumerate(delta.get("tool_calls") or []):
            self._call(call, position, now)

    def _call(self, call: Json, position: int, now: float) -> None:
        number = position if call.get("index") is None else call["index"]
        identifier = _text(call.get("id"))
        function = call.get("function") or {}
        name = _text(function.get("name"))
        text = function.get("arguments")
        # some servers send an object, not a string
        text = json.dumps(text, ensure_ascii=False) if isinstance(text, dict) else _text(text)
        known = self._call_ids.setdefault(number, identifier)
        if name and identifier not in ("", known):  # a new call that reuses the index
            self._call_ids[number] = identifier
            self._indexes.pop(("call", number), None)
        if text or name or ("call", number) not in self._indexes:
            self._add("call", text, now, number, name)

    def _add(self, kind: Kind, text: str, now: float, number: int = 0, name: str = "") -> None:
        """Add a piece to its part; a call's name may arrive after the call's first piece."""
        part = self._indexes.setdefault((kind, number), len(self.parts))
        if part == len(self.parts):
            self.parts.append((kind, name))
        elif name and self.parts[part] == (kind, ""):
            self.parts[part] = (kind, name)
        self.pieces.append((now, part, text))


def _text(content: Any) -> str:
    """Return the text of a field, which is a string, None or, from some servers, a list of parts.

    Raises:
        TypeError: If the field has any other type.
    """
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content)
    if isinstance(content, str | None):
        return content or ""
    raise TypeError


def _prompt(request: Json) -> str:
    messages = reversed(request["messages"])
    return next((_text(one.get("content")) for one in messages if one.get("role") == "user"), "")
