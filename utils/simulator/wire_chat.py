"""A reply in the shape of OpenAI's Chat Completions API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import errors
from .pacing import TimedBytes
from .wire import FINGERPRINT, Json, Usage, over, to_json

if TYPE_CHECKING:
    from .reply import Reply

DONE = b"data: [DONE]\n\n"
_NAMES = ("id", "type", "role", "format", "index")  # of fields that a later chunk repeats


def usage_body(usage: Usage) -> Json:
    """Return the API's `usage` object."""
    counts = {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
    return over(counts, usage.told)


class ChatWire:
    """Makes the objects of one reply."""

    done = DONE

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._include_usage = reply.ask.include_usage
        calls = (index for index, part in enumerate(reply.parts) if part.kind == "call")
        self._calls = {index: number for number, index in enumerate(calls)}

    def _body(self, kind: str) -> Json:
        head = self._reply.head
        return {
            "id": f"chatcmpl-{head.id}",
            "object": kind,
            "created": head.created,
            "model": head.model,
            "service_tier": "default",
            "system_fingerprint": FINGERPRINT,
        }

    def whole(self) -> bytes:
        """Return the reply as one object."""
        reply = self._reply
        message: Json = {
            "role": "assistant",
            "content": reply.said("text"),
            "refusal": None,
            "annotations": [],
        }
        if reply.ask.shows_thoughts:
            message["reasoning_content"] = reply.said("thought")
        chunk, choice, delta, called = self._besides()
        calls = [
            over(
                self._call(index)
                | {"function": {"name": reply.parts[index].name, "arguments": text}},
                called.get(index, {}),
            )
            for index in self._calls
            if (text := reply.text_of(index)) is not None
        ]
        if calls:
            message["tool_calls"] = calls
        whole = choice | {"index": 0, "message": message | delta, "finish_reason": reply.finish}
        body = self._body("chat.completion") | chunk
        return to_json(body | {"choices": [whole], "usage": usage_body(reply.usage)})

    def _besides(self) -> tuple[Json, Json, Json, dict[int, Json]]:
        """Return what a recording's chunks held besides: they, choice, delta, and each call."""
        chunk: Json = {}
        choices: list[Json] = [{"logprobs": None}]
        deltas: list[Json] = []
        calls: dict[int, list[Json]] = {}
        for piece in self._reply.pieces:
            also = dict(piece.also or {})
            (inner,) = _objects(also.pop("choices", None)) or [{}]
            delta = inner.get("delta")
            said = dict(delta) if isinstance(delta, dict) else {}
            calls.setdefault(piece.part, []).extend(_objects(said.pop("tool_calls", None)))
            said.pop("content", None)  # its text is in the message
            chunk |= also
            choices.append({name: value for name, value in inner.items() if name != "delta"})
            deltas.append(said)
        called = {part: _together(said) for part, said in calls.items()}
        return chunk, _together(choices), _together(deltas), called

    def _call(self, index: int) -> Json:
        return {"id": self._reply.id_of(index, "call"), "type": "function"}

    def events(self) -> Iterator[TimedBytes]:
        """Yield the reply as chunks: role, pieces, finish reason, usage if asked for, `[DONE]`."""
        reply = self._reply
        yield TimedBytes(reply.plan.opening, self._role())
        writers: dict[int, Callable[[str], bytes]] = {}
        for at, part, text, tokens, also in reply.pieces:
            data = b""
            if part not in writers:
                writers[part] = self._writer(part)
                data = self._opening(part) if also is None or part in self._calls else b""
            if also is not None:
                data += self._recorded(part, text, also)
            elif text:
                data += writers[part](text)
            if data:
                yield TimedBytes(at, data, tokens)
        last = self._event({}, reply.finish)
        if self._include_usage:
            last += self._counts()
        yield TimedBytes(reply.plan.end, last + DONE)

    def _role(self) -> bytes:
        """Return the first chunk, which holds a role and no text."""
        content = None if self._calls else ""
        return self._event({"role": "assistant", "content": content, "refusal": None})

    def _opening(self, part: int) -> bytes:
        """Return the chunk that begins a tool call or another paragraph of reasoning."""
        if self._reply.parts[part].kind == "thought" and part and self._reply.ask.shows_thoughts:
            return self._event({"reasoning_content": "\n\n"})
        if part not in self._calls:
            return b""
        function = {"name": self._reply.parts[part].name, "arguments": ""}
        call = {"index": self._calls[part]} | self._call(part) | {"function": function}
        return self._event({"tool_calls": [call]})

    def _recorded(self, part: int, text: str, also: Json) -> bytes:
        """Return a chunk as a real provider sent it."""
        kind = self._reply.parts[part].kind
        delta: Json = {}
        if kind == "call":
            call = {"index": self._calls[part], "function": {"arguments": text}}
            delta = {"tool_calls": [call]}
        elif kind == "text":
            delta = {"content": text}
        return sse(over(self._object(delta), also))

    def _writer(self, part: int) -> Callable[[str], bytes]:
        """Return what makes the chunks of one part.

        They repeat one chunk with another text hundreds of times, so the rest is rendered once.
        """
        kind = self._reply.parts[part].kind
        if kind == "other" or (kind == "thought" and not self._reply.ask.shows_thoughts):
            return lambda _: b""
        if kind == "call":
            pieces = {"index": self._calls[part], "function": {"arguments": "\0"}}
            event = self._event({"tool_calls": [pieces]})
        else:
            event = self._event({"content" if kind == "text" else "reasoning_content": "\0"})
        before, after = event.split(to_json("\0"))
        return lambda text: before + to_json(text) + after

    def _event(self, delta: Json, finish: str | None = None) -> bytes:
        return sse(self._object(delta, finish))

    def _object(self, delta: Json, finish: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if self._include_usage else {}
        return self._body("chat.completion.chunk") | {"choices": [choice]} | usage

    def _chunk(self, fields: Json) -> bytes:
        return sse(self._body("chat.completion.chunk") | fields)

    def counts(self) -> bytes:
        """Return the chunk of token counts; nothing if the stream has one anyway."""
        return b"" if self._include_usage else self._counts()

    def _counts(self) -> bytes:
        return self._chunk({"choices": [], "usage": usage_body(self._reply.usage)})

    def empty(self) -> bytes:
        """Return a chunk without choices."""
        return self._chunk({"choices": []})

    def error(self) -> bytes:
        """Return the event of an error in mid-stream."""
        return sse(errors.broken().body())

    def failed(self) -> bytes:
        """Return the same as `error`: this API has no other way to fail."""
        return self.error()


def _objects(value: Any) -> list[Json]:
    """Return the first item of an array of objects, if it is one."""
    return value[:1] if isinstance(value, list) and value and isinstance(value[0], dict) else []


def _together(chunks: list[Json]) -> Json:
    """Put together what several chunks say, as a client does."""
    said: dict[str, list[Any]] = {}
    for chunk in chunks:
        for name, value in chunk.items():
            said.setdefault(name, []).extend([] if value is None else [value])
    return {name: _joined(values, name) for name, values in said.items()}


def _joined(values: list[Any], name: str) -> Any:
    for kind in (str, list, dict):
        if values and all(isinstance(value, kind) for value in values):
            if kind is dict:
                return _together(values)
            if kind is list:
                return [item for value in values for item in value]
            return values[-1] if name in _NAMES else "".join(values)
    return values[-1] if values else None


def sse(body: Json) -> bytes:
    """Return `body` as one server-sent event."""
    return b"data: " + to_json(body) + b"\n\n"
