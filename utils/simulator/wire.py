"""The objects that go over the wire, in the shape of OpenAI's Chat Completions API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

FINGERPRINT = "fp_simulator"
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Usage:
    """How many tokens a request cost."""

    prompt: int
    completion: int

    def body(self) -> dict[str, Any]:
        """Return the API's `usage` object."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }


@dataclass(frozen=True)
class Head:
    """What every object of one reply repeats.

    Attributes:
        id: Identifier of the completion.
        created: Unix time in whole seconds.
        model: The model's name.
    """

    id: str
    created: int
    model: str

    def body(self, kind: str) -> dict[str, Any]:
        """Return the common fields of an object of `kind`."""
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": FINGERPRINT,
        }


def to_json(value: object) -> bytes:
    """Return `value` as JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False).encode()


def completion(head: Head, text: str, finish: str, usage: Usage) -> bytes:
    """Return the JSON of a whole reply."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None, "annotations": []},
        "logprobs": None,
        "finish_reason": finish,
    }
    body = head.body("chat.completion") | {"choices": [choice], "usage": usage.body()}
    return to_json(body)


class Chunks:
    """Makes the server-sent events of one streamed reply."""

    def __init__(self, head: Head, include_usage: bool) -> None:
        self._head = head
        self._include_usage = include_usage
        # A reply repeats one chunk with another text hundreds of times: render the rest once.
        before, after = self._event({"content": "\0"}).split(to_json("\0"))
        self._before, self._after = before, after

    def _event(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self._chunk({"choices": [choice]} | ({"usage": None} if self._include_usage else {}))

    def _chunk(self, fields: dict[str, Any]) -> bytes:
        return sse(self._head.body("chat.completion.chunk") | fields)

    def role(self) -> bytes:
        """Return the first chunk, which holds a role and no text."""
        return self._event({"role": "assistant", "content": "", "refusal": None})

    def text(self, token: str) -> bytes:
        """Return the chunk of one token."""
        return self._before + to_json(token) + self._after

    def end(self, finish: str, usage: Usage) -> bytes:
        """Return what closes the stream: finish reason, usage if asked for, `[DONE]`."""
        last = self._event({}, finish)
        if self._include_usage:
            last += self._chunk({"choices": [], "usage": usage.body()})
        return last + DONE


def sse(body: dict[str, Any]) -> bytes:
    """Return `body` as one server-sent event."""
    return b"data: " + to_json(body) + b"\n\n"


def model_list(names: list[str], created: int) -> dict[str, Any]:
    """Return the body of `/v1/models`."""
    return {"object": "list", "data": [model(name, created) for name in names]}


def model(name: str, created: int) -> dict[str, Any]:
    """Return one model's description."""
    return {"id": name, "object": "model", "created": created, "owned_by": "streaming-course"}
