"""Recording a real provider's replies and their timing, to replay them offline.

The `openai` package sends the request, but its parser stops at the first event that doesn't match
its types, so the events are parsed here. Everything that can be parsed is recorded, including
unknown fields. The key and the provider's URL aren't recorded; identifiers are omitted or replaced.
"""

from __future__ import annotations

import codecs
import json
import re
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import httpx2

from ..sse import Reader
from .json_values import Json, is_shallow, merged
from .recordings import RecordedReply
from .reply import Kind

if TYPE_CHECKING:
    from openai import OpenAI, OpenAIError

_MAX_MESSAGE = 300  # characters of an error message
_HEADER = ("id", "object", "created", "model", "system_fingerprint")  # a replay generates its own
_IDENTIFIER = re.compile(r"(?:^|_)(?:ids?|user|fingerprint)$|I[dD]s?$")  # fields with identifiers
_REASONING = ("reasoning_content", "reasoning", "thinking")  # the names differ between servers
_DEFAULTS: Json = {"service_tier": "default", "logprobs": None, "refusal": None, "content": None}
_NOT_JSON = "events that aren't JSON"
_NO_OBJECT = "events that aren't JSON objects"
_NOT_UTF8 = "bytes that aren't UTF-8, in this many events"
_DROPPED = "what followed the finish reason, since the connection dropped"


class RecordError(RuntimeError):
    """The provider's reply can't be recorded; the message says why."""


def record(
    client: OpenAI, request: Json, clock: Callable[[], float] = time.perf_counter
) -> RecordedReply:
    """Send a chat request with streaming enabled, and return the recorded reply.

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
            for data in _events(response.iter_bytes(), recorder.left_out):
                recorder.add(data, round(clock() - start, 4))
        except httpx2.HTTPError as error:
            if not recorder.finish:
                raise RecordError(
                    f"The connection dropped before the end of the reply ({type(error).__name__}). "
                    "Try again."
                ) from error
            recorder.left_out[_DROPPED] += 1
        end = round(clock() - start, 4)
    if recorder.opening is None:
        raise RecordError(
            f"The server's response has no chat chunks ({kind}). Does the URL end in /v1?"
        )
    if not recorder.finish:
        raise RecordError("The reply is truncated: it has no finish reason. Try again.")
    return RecordedReply(
        model=str(request["model"]),
        prompt=_prompt(request),
        opening=recorder.opening,
        parts=tuple(recorder.parts),
        pieces=tuple(recorder.pieces),
        finish=recorder.finish,
        end=end,
        usage=recorder.usage,
        also=tuple(recorder.also.items()),
        counts=recorder.counts,
        left_out=dict(recorder.left_out),
    )


def _events(pieces: Iterable[bytes], left_out: Counter[str]) -> Iterator[str]:
    """Yield the data of each event up to `[DONE]`; invalid UTF-8 is replaced and counted."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    reader = Reader()

    def read(text: str) -> Iterator[str]:
        for event in reader.feed(text):
            data = event.data.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            left_out.update([_NOT_UTF8] if data != event.data else [])
            yield data

    for piece in pieces:
        for data in read(decoder.decode(piece)):
            if data.strip() == "[DONE]":
                return
            yield data
    yield from read(
        decoder.decode(b"", final=True) + "\n\n"
    )  # some servers omit the final blank line


class Recorder:
    """Collects a reply as its events arrive, including unknown fields of its chunks."""

    def __init__(self) -> None:
        self.opening: float | None = None  # when the first chunk arrived; None until then
        self.parts: list[tuple[Kind, str]] = []  # as in `RecordedReply`
        self.pieces: list[tuple[float, int, str]] = []  # as in `RecordedReply`
        self.also: dict[int, Json] = {}  # as in `RecordedReply`, keyed by the piece's index
        self.finish = ""  # the finish reason; "" before it arrives
        self.usage = (0, 0, 0)  # as in `RecordedReply`
        self.counts: Json = {}  # as in `RecordedReply`
        self.left_out: Counter[str] = Counter()  # what could not be parsed, and how often
        self._places: dict[tuple[Kind, int], int] = {}
        self._call_ids: dict[int, str] = {}
        self._names: dict[tuple[str, str], str] = {}

    def add(self, data: str, now: float) -> None:
        """Add an event.

        Raises:
            RecordError: If the event contains an error or a second choice.
        """
        chunk = self._parsed(data)
        if chunk is None:
            return
        if error := chunk.get("error"):
            message = error.get("message") if isinstance(error, dict) else None
            raise RecordError(f"The provider ended the reply with an error: {message or error}")
        if self.opening is None:
            self.opening = now
        for name in _HEADER:
            chunk.pop(name, None)
        self._count(self._field(chunk, "usage", dict))
        choices = self._field(chunk, "choices", list) or []
        before = len(self.pieces)
        rest: Json = {}
        for choice in choices:
            if isinstance(choice, dict):
                rest = merged(rest, self._choice(choice, now))
            else:
                self._count_unreadable("choices[]")
        also = _without_defaults(chunk) | ({"choices": [rest]} if rest else {})
        if also and before == len(self.pieces):
            self._add("other", 0, "", now)
        if also:
            self._keep(before, also)

    def _parsed(self, data: str) -> Json | None:
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError):
            self.left_out[_NOT_JSON] += 1
            return None
        if not isinstance(chunk, dict) or not is_shallow(chunk):
            self.left_out[_NO_OBJECT] += 1
            return None
        return chunk

    def _field(self, holder: Json, name: str, kind: type, *, where: str = "") -> Any:
        """Remove and return a field; return None if it is missing or of the wrong type."""
        value = holder.pop(name, None)
        if value is None or (isinstance(value, kind) and not isinstance(value, bool)):
            return value
        self._count_unreadable(where + name)
        return None

    def _count_unreadable(self, field: str) -> None:
        self.left_out[f"fields `{field}` of a wrong type"] += 1

    def _choice(self, choice: Json, now: float) -> Json:
        """Add a chunk's choice, and return its unknown fields."""
        if (self._field(choice, "index", int, where="choices[].") or 0) > 0:
            raise RecordError("The reply has several choices; only one can be recorded: omit `n`.")
        reason = self._field(choice, "finish_reason", str, where="choices[].")
        self.finish = reason or self.finish
        delta = self._field(choice, "delta", dict, where="choices[].") or {}
        if delta.get("role") in ("assistant", None):
            delta.pop("role", None)
        for name in _REASONING:
            if isinstance(thought := delta.get(name), str) and thought:
                self._add("thought", 0, thought, now)
                break
        self._content(delta, now)
        for position, call in enumerate(self._field(delta, "tool_calls", list) or []):
            if isinstance(call, dict):
                self._call(call, position, now)
            else:
                self._count_unreadable("tool_calls[]")
        rest = _without_defaults(delta)
        return _without_defaults(choice) | ({"delta": rest} if rest else {})

    def _content(self, delta: Json, now: float) -> None:
        content = delta.get("content")
        if isinstance(content, list):  # some servers send a list; kept like an unknown field
            parts = [part.get("text") for part in content if isinstance(part, dict)]
            text = "".join(part for part in parts if isinstance(part, str))
        else:
            text = self._field(delta, "content", str) or ""
        if text:
            self._add("text", 0, text, now)

    def _call(self, call: Json, position: int, now: float) -> None:
        number = self._field(call, "index", int, where="tool_calls[].")
        number = position if number is None else number
        identifier = self._field(call, "id", str, where="tool_calls[].") or ""
        function = self._field(call, "function", dict, where="tool_calls[].") or {}
        name = self._field(function, "name", str, where="tool_calls[].function.") or ""
        arguments = function.get("arguments")
        if isinstance(arguments, dict):  # some servers send an object instead of a string
            function["arguments"] = json.dumps(arguments, ensure_ascii=False)
        text = self._field(function, "arguments", str, where="tool_calls[].function.") or ""
        known = self._call_ids.setdefault(number, identifier)
        if name and identifier not in ("", known):  # a new call that reuses the index
            self._call_ids[number] = identifier
            self._places.pop(("call", number), None)
        is_new = ("call", number) not in self._places
        if call.get("type") == "function":
            del call["type"]
        rest = call | ({"function": function} if function else {})
        if text or is_new or rest or name:
            self._add("call", number, text, now, name)
        if rest:
            self._keep(len(self.pieces) - 1, {"choices": [{"delta": {"tool_calls": [rest]}}]})

    def _add(self, kind: Kind, number: int, text: str, now: float, name: str = "") -> None:
        place = self._places.setdefault((kind, number), len(self.parts))
        if place == len(self.parts):
            self.parts.append((kind, name))
        elif name and not self.parts[place][1]:
            self.parts[place] = (kind, name)
        self.pieces.append((now, place, text))

    def _keep(self, piece: int, also: Json) -> None:
        self.also[piece] = merged(self.also.get(piece, {}), self._anonymous(also))

    def _count(self, usage: Json | None) -> None:
        if usage is None:
            return
        details = {
            name: self._field(usage, name, dict, where="usage.") or {}
            for name in ("prompt_tokens_details", "completion_tokens_details")
        }
        prompt, completion, reasoning = (
            max(0, self._field(holder, name, int, where="usage.") or 0)
            for holder, name in (
                (usage, "prompt_tokens"),
                (usage, "completion_tokens"),
                (details["completion_tokens_details"], "reasoning_tokens"),
            )
        )
        self.usage = (prompt, completion, reasoning)
        self.counts = self._anonymous(
            usage | {name: more for name, more in details.items() if more}
        )

    def _anonymous(self, value: Any, name: str = "") -> Any:
        """Return a value with its identifiers replaced consistently."""
        if isinstance(value, dict):
            return {key: self._anonymous(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._anonymous(inner, name) for inner in value]
        if isinstance(value, str) and value and _IDENTIFIER.search(name):
            return self._names.setdefault((name, value), f"{name} {len(self._names) + 1}")
        return value


def _without_defaults(fields: Json) -> Json:
    """Return the fields whose values differ from what a replay would send anyway."""
    return {
        name: value
        for name, value in fields.items()
        if name not in _DEFAULTS or value != _DEFAULTS[name]
    }


def refusal(error: OpenAIError, host: str, key_set: bool) -> str:
    """Return a sentence that explains why a request failed."""
    import openai

    if isinstance(error, openai.AuthenticationError) and not key_set:
        return f"{host} requires a key, but OPENAI_API_KEY isn't set."
    if isinstance(error, openai.AuthenticationError):
        return f"{host} rejected the key: check OPENAI_API_KEY."
    if isinstance(error, openai.APITimeoutError):
        return f"{host} did not respond in time. Try again."
    if isinstance(error, openai.APIConnectionError):
        return (
            f"Could not connect to {host}: check --base-url or OPENAI_BASE_URL, and that the "
            "server is running."
        )
    body = getattr(error, "body", None)  # may contain a message that the SDK didn't find
    more = "" if not body or (isinstance(body, dict) and "message" in body) else f" ({body})"
    return f"{host} responded: {textwrap.shorten(f'{error}{more}', _MAX_MESSAGE, placeholder=' …')}"


def _prompt(request: Json) -> str:
    for message in reversed(request["messages"]):
        if message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, str):
                return content
            parts = content if isinstance(content, list) else []
            texts = [part.get("text") for part in parts if isinstance(part, dict)]
            return "".join(text for text in texts if isinstance(text, str))
    return ""
