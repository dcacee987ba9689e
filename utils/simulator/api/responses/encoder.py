"""Encodes replies from `/v1/responses` as events or as one JSON object."""

from collections.abc import Iterator
from typing import Any

from ... import errors
from ...json_values import Json, to_json
from ...pacing import TimedBytes
from ...reply import Encoder, Reply

_ECHOED: Json = {  # request fields that the response echoes, with their defaults
    "instructions": None,
    "max_output_tokens": None,
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_p": 1.0,
    "truncation": "disabled",
    "metadata": {},
    "user": None,
}
# values of `incomplete_details.reason`, by finish reason
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_ITEM_PREFIX = {"thought": "rs", "text": "msg", "call": "fc"}
_DELTAS = {  # the middle of each delta event's name, as in `response.output_text.delta`
    "thought": "reasoning_summary_text",
    "text": "output_text",
    "call": "function_call_arguments",
}


class ResponsesEncoder(Encoder):
    """Encodes a reply, whose `pieces` are fragments of its `parts`: reasoning, text, tool calls."""

    def __init__(self, reply: Reply, body: Json) -> None:
        self._reply = reply
        self._body = body
        self._sequence = -1  # sequence number of the last event
        texts = (reply.text_of(part) for part in range(len(reply.parts)))
        self._texts = [text for text in texts if text is not None]
        # number of reasoning parts, which come first
        self._thoughts = sum(part.kind == "thought" for part in reply.parts[: len(self._texts)])
        self._shown = reply.request.shows_reasoning

    def _output_index(self, part: int) -> int:
        """Return the index of a part's output item; all reasoning parts share the first item."""
        return max(0, part - max(0, self._thoughts - 1))

    def _ends_item(self, part: int) -> bool:
        return part >= self._thoughts - 1

    def whole(self) -> bytes:
        """Return the reply as one JSON object."""
        return to_json(self._response(self._status(), ended=True))

    def _status(self) -> str:
        return "incomplete" if self._reply.finish in _INCOMPLETE else "completed"

    def _response(self, status: str, ended: bool = False) -> Json:
        reply, body = self._reply, self._body
        echoed = _ECHOED | {key: body[key] for key in _ECHOED if body.get(key) is not None}
        reason = _INCOMPLETE.get(reply.finish)
        return echoed | {
            "id": self.id,
            "object": "response",
            "created_at": reply.info.created,
            "completed_at": reply.info.created if status == "completed" else None,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": reason} if ended and reason else None,
            "model": reply.info.model,
            "output": self._output() if ended else [],
            "reasoning": {"effort": None, "summary": None} | (body.get("reasoning") or {}),
            "service_tier": "default",
            "text": {"format": {"type": "text"}, "verbosity": "medium"} | (body.get("text") or {}),
            "tools": [
                {"description": None, "parameters": {}, "strict": True} | tool
                for tool in body.get("tools") or []
            ],
            "usage": self._usage() if ended else None,
        }

    @property
    def id(self) -> str:
        """The response identifier, for `previous_response_id` in a later request."""
        return f"resp_{self._reply.info.id}"

    def _usage(self) -> Json:
        usage = self._reply.usage
        return {
            "input_tokens": usage.prompt,
            "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
            "output_tokens": usage.completion,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.prompt + usage.completion,
        }

    def _output(self) -> list[Json]:
        parts = filter(self._ends_item, range(len(self._texts)))
        return [self._item(part, ended=True) for part in parts]

    def _item(self, part: int, ended: bool) -> Json:
        """Return the output item that contains a part; its content is included only if `ended`."""
        described, identifier = self._reply.parts[part], self._id(part)
        if described.kind == "thought":
            parts = range(part + 1) if ended and self._shown else ()
            summary = [self._summary(one) for one in parts]
            return {"id": identifier, "type": "reasoning", "summary": summary}
        is_last = part == len(self._texts) - 1
        status = self._status() if is_last else "completed"
        text = self._texts[part] if ended else ""
        item = {"id": identifier, "status": status if ended else "in_progress"}
        if described.kind == "call":
            call = {"call_id": self._reply.id_of(part, "call"), "name": described.name}
            return item | {"type": "function_call", "arguments": text} | call
        content = [_output_text(text)] if ended else []
        return item | {"type": "message", "role": "assistant", "content": content}

    def _summary(self, part: int) -> Json:
        return {"type": "summary_text", "text": self._texts[part]}

    def _id(self, part: int) -> str:
        kind = self._reply.parts[part].kind
        return self._reply.id_of(0 if kind == "thought" else part, _ITEM_PREFIX[kind])

    def events(self) -> Iterator[TimedBytes]:
        """Yield the events, from `response.created` to `response.completed` or `.incomplete`."""
        reply = self._reply
        begun = self._response("in_progress")
        opening = self._event("response.created", response=begun)
        opening += self._event("response.in_progress", response=begun)
        yield TimedBytes(reply.opening, opening)
        last = len(reply.pieces) - 1
        for index, (at, part, text, tokens) in enumerate(reply.pieces):
            data = b""
            begins = index == 0 or reply.pieces[index - 1].part != part
            ends = index == last or reply.pieces[index + 1].part != part
            if begins:
                data += self._open(part)
            if text:
                data += self._piece(part, text)
            if ends:
                data += self._close(part)
            if data:
                yield TimedBytes(at, data, tokens)
        status = self._status()
        final = self._response(status, ended=True)
        yield TimedBytes(reply.end, self._event(f"response.{status}", response=final))

    def _open(self, index: int) -> bytes:
        """Return the events that precede the pieces of a part."""
        kind = self._reply.parts[index].kind
        data = b""
        if index == 0 or index >= self._thoughts:
            data += self._item_event("added", index, ended=False)
        if kind == "thought" and self._shown:
            part = {"type": "summary_text", "text": ""}
            data += self._inside("response.reasoning_summary_part.added", index, part=part)
        elif kind == "text":
            data += self._inside("response.content_part.added", index, part=_output_text(""))
        return data

    def _close(self, index: int) -> bytes:
        """Return the events that follow the pieces of a part."""
        kind, text = self._reply.parts[index].kind, self._texts[index]
        data = b""
        if kind == "thought" and self._shown:
            data += self._inside("response.reasoning_summary_text.done", index, text=text)
            part = self._summary(index)
            data += self._inside("response.reasoning_summary_part.done", index, part=part)
        elif kind == "text":
            data += self._inside("response.output_text.done", index, text=text, logprobs=[])
            data += self._inside("response.content_part.done", index, part=_output_text(text))
        elif kind == "call":
            data += self._inside("response.function_call_arguments.done", index, arguments=text)
        if self._ends_item(index):
            data += self._item_event("done", index, ended=True)
        return data

    def _piece(self, part: int, text: str) -> bytes:
        """Return the event for a fragment of a part; b"" for hidden reasoning."""
        kind = self._reply.parts[part].kind
        if kind == "thought" and not self._shown:
            return b""
        logprobs: Json = {"logprobs": []} if kind == "text" else {}
        return self._inside(f"response.{_DELTAS[kind]}.delta", part, delta=text, **logprobs)

    def _item_event(self, kind: str, index: int, ended: bool) -> bytes:
        item, output = self._item(index, ended), self._output_index(index)
        return self._event(f"response.output_item.{kind}", output_index=output, item=item)

    def _inside(self, kind: str, index: int, **fields: Any) -> bytes:
        """Return an event for content within an output item."""
        where: Json = {"item_id": self._id(index), "output_index": self._output_index(index)}
        if "reasoning" in kind:
            where["summary_index"] = index
        elif "function" not in kind:
            where["content_index"] = 0
        return self._event(kind, **where, **fields)

    def _event(self, kind: str, **fields: Any) -> bytes:
        self._sequence += 1
        body = {"type": kind, **fields, "sequence_number": self._sequence}
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), to_json(body))

    def error(self) -> bytes:
        """Return the event for a mid-stream error."""
        message = errors.server_error().message
        return self._event("error", code="server_error", message=message, param=None)

    def failed(self) -> bytes:
        """Return the event for a failed response."""
        error = {"code": "server_error", "message": errors.server_error().message}
        return self._event("response.failed", response=self._response("failed") | {"error": error})


def _output_text(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
