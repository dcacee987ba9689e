"""A reply in the shape of OpenAI's Chat Completions API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import errors
from .pacing import Parcel
from .wire import FINGERPRINT, Usage, to_json

if TYPE_CHECKING:
    from .reply import Reply

DONE = b"data: [DONE]\n\n"
Json = dict[str, Any]


def usage_body(usage: Usage) -> Json:
    """Return the API's `usage` object."""
    return {
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


class ChatWire:
    """Makes the objects of one reply."""

    done = DONE

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._include_usage = reply.ask.include_usage
        self._calls = [index for index, part in enumerate(reply.parts) if part.kind == "call"]

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
        calls = [
            self._call(index) | {"function": {"name": reply.parts[index].name, "arguments": text}}
            for index in self._calls
            if (text := reply.text_of(index)) is not None
        ]
        if calls:
            message["tool_calls"] = calls
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": reply.finish,
        }
        body = self._body("chat.completion")
        return to_json(body | {"choices": [choice], "usage": usage_body(reply.usage)})

    def _call(self, index: int) -> Json:
        return {"id": self._reply.id_of(index, "call"), "type": "function"}

    def events(self) -> Iterator[Parcel]:
        """Yield the reply as chunks: role, pieces, finish reason, usage if asked for, `[DONE]`."""
        reply = self._reply
        yield Parcel(reply.plan.opening, self._role())
        writers: dict[int, Callable[[str], bytes]] = {}
        for at, part, text, tokens in reply.pieces:
            writer = writers.get(part)
            opening = b""
            if writer is None:
                writer = writers[part] = self._writer(part)
                opening = self._opening(part)
            data = opening + writer(text)
            if data:
                yield Parcel(at, data, tokens)
        last = self._event({}, reply.finish)
        if self._include_usage:
            last += self._counts()
        yield Parcel(reply.plan.end, last + DONE)

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
        call = {"index": self._calls.index(part)} | self._call(part) | {"function": function}
        return self._event({"tool_calls": [call]})

    def _writer(self, part: int) -> Callable[[str], bytes]:
        """Return what makes the chunks of one part.

        They repeat one chunk with another text hundreds of times, so the rest is rendered once.
        """
        kind = self._reply.parts[part].kind
        if kind == "thought" and not self._reply.ask.shows_thoughts:
            return lambda _: b""
        if kind == "call":
            pieces = {"index": self._calls.index(part), "function": {"arguments": "\0"}}
            event = self._event({"tool_calls": [pieces]})
        else:
            event = self._event({"content" if kind == "text" else "reasoning_content": "\0"})
        before, after = event.split(to_json("\0"))
        return lambda text: before + to_json(text) + after

    def _event(self, delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self._chunk({"choices": [choice]} | ({"usage": None} if self._include_usage else {}))

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


def sse(body: Json) -> bytes:
    """Return `body` as one server-sent event."""
    return b"data: " + to_json(body) + b"\n\n"
