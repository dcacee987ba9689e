"""Encodes replies from `/v1/chat/completions` as chunks or as one JSON object."""

from collections.abc import Iterator

from ... import errors
from ...json_values import Json, to_json
from ...pacing import TimedBytes
from ...reply import Encoder, Reply, Usage


class ChatCompletionsEncoder(Encoder):
    """Encodes a reply, whose `pieces` are fragments of its `parts`: reasoning, text, tool calls."""

    done = b"data: [DONE]\n\n"

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._include_usage = reply.request.include_usage
        calls = (index for index, part in enumerate(reply.parts) if part.kind == "call")
        # maps the part index of each tool call to its position among the calls
        self._calls = {index: number for number, index in enumerate(calls)}
        self._usage: Json = {"choices": [], "usage": _usage(reply.usage)}

    def whole(self) -> bytes:
        """Return the reply as one JSON object."""
        reply = self._reply
        message: Json = {
            "role": "assistant",
            "content": reply.text_of_kind("text"),
            "refusal": None,
            "annotations": [],
        }
        if reply.request.shows_reasoning:
            message["reasoning_content"] = reply.text_of_kind("thought")
        sent = [index for index in self._calls if reply.text_of(index) is not None]
        if sent:
            message["tool_calls"] = [
                self._call(index, arguments=reply.text_of(index)) for index in sent
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
        body = self._header("chat.completion") | self._usage
        return to_json(body | {"choices": [choice]})

    def events(self) -> Iterator[TimedBytes]:
        """Yield the chunks: role, pieces, finish reason, usage if requested, `[DONE]`."""
        reply = self._reply
        role = {"role": "assistant", "content": None if self._calls else "", "refusal": None}
        yield TimedBytes(reply.opening, self._event(role))
        begun: set[int] = set()
        for at, part, text, tokens in reply.pieces:
            data = b"" if part in begun else self._opening(part)
            begun.add(part)
            if text:
                data += self._piece(part, text)
            if data:
                yield TimedBytes(at, data, tokens)
        last = self._event({}, reply.finish)
        if self._include_usage:
            last += self._chunk(self._usage)
        yield TimedBytes(reply.end, last + self.done)

    def usage(self) -> bytes:
        """Return a chunk with token counts, for a fault; b"" if the stream already contains one."""
        return b"" if self._include_usage else self._chunk(self._usage)

    def no_choices(self) -> bytes:
        """Return a chunk with an empty `choices` list, for a fault."""
        return self._chunk({"choices": []})

    def error(self) -> bytes:
        """Return the event for a mid-stream error."""
        return _sse(errors.server_error().body())

    def _opening(self, part: int) -> bytes:
        """Return the chunk that begins a tool call or a further reasoning paragraph, else b""."""
        described = self._reply.parts[part]
        if described.kind == "thought" and part and self._reply.request.shows_reasoning:
            return self._event({"reasoning_content": "\n\n"})
        if part not in self._calls:
            return b""
        call = {"index": self._calls[part]} | self._call(part, arguments="")
        return self._event({"tool_calls": [call]})

    def _piece(self, part: int, text: str) -> bytes:
        """Return the chunk for a fragment of a part; b"" for hidden reasoning."""
        kind = self._reply.parts[part].kind
        if kind == "call":
            call = {"index": self._calls[part], "function": {"arguments": text}}
            return self._event({"tool_calls": [call]})
        if kind == "text":
            return self._event({"content": text})
        shown = self._reply.request.shows_reasoning
        return self._event({"reasoning_content": text}) if shown else b""

    def _call(self, index: int, arguments: str | None) -> Json:
        function = {"name": self._reply.parts[index].name, "arguments": arguments}
        return {"id": self._reply.id_of(index, "call"), "type": "function", "function": function}

    def _event(self, delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if self._include_usage else {}
        return self._chunk({"choices": [choice]} | usage)

    def _chunk(self, fields: Json) -> bytes:
        return _sse(self._header("chat.completion.chunk") | fields)

    def _header(self, kind: str) -> Json:
        info = self._reply.info
        return {
            "id": f"chatcmpl-{info.id}",
            "object": kind,
            "created": info.created,
            "model": info.model,
            "service_tier": "default",
            "system_fingerprint": "fp_simulator",
        }


def _usage(usage: Usage) -> Json:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _sse(body: Json) -> bytes:
    return b"data: " + to_json(body) + b"\n\n"
