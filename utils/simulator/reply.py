"""A reply: its tokens, timing and ending, all decided by `compose` before `response` sends it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol

from .model_request import ModelRequest
from .pacing import Piece, TimedBytes
from .prefill import Place

Kind = Literal["thought", "text", "call"]  # reasoning, text or a tool call
# injects a delivery fault, such as a dropped connection, into the encoded bytes
Delivery = Callable[[Iterator[TimedBytes], "Encoder"], Iterator[TimedBytes]]


class Encoder(Protocol):
    """Encodes one reply in an API's format."""

    done: bytes = b""  # the end-of-stream marker, if the API has one

    def events(self) -> Iterator[TimedBytes]:
        """Yield the reply as server-sent events."""

    def whole(self) -> bytes:
        """Return the reply as one JSON object."""

    def error(self) -> bytes:
        """Return the event for a mid-stream error."""

    def failed(self) -> bytes:
        """Return the event for a failed reply, or `error()` if the API has no such event."""
        return self.error()

    def no_choices(self) -> bytes:
        """Return a chunk whose list of choices is empty; b"" if the API has no such list."""
        return b""

    def usage(self) -> bytes:
        """Return a chunk with token counts; b"" if the stream already contains one."""
        return b""


@dataclass(frozen=True)
class Part:
    """One part of a reply."""

    kind: Kind
    text: str  # for a tool call, the arguments as JSON
    name: str = ""  # for a tool call, the tool's name
    json: bool = False  # whether the text is JSON, which tokenizers split more finely


@dataclass(frozen=True)
class Usage:
    """Token counts."""

    prompt: int  # tokens in the conversation and the tool definitions
    completion: int  # generated tokens, including reasoning
    reasoning: int = 0  # generated tokens used for reasoning
    cached: int = 0  # prompt tokens that were cached


@dataclass(frozen=True)
class ReplyInfo:
    """Fields repeated in every JSON object of a reply."""

    id: str  # the reply's identifier, without the API-specific prefix
    created: int  # Unix time in whole seconds
    model: str


@dataclass(frozen=True)
class Reply:
    """A complete reply with its timing, before it is encoded."""

    request: ModelRequest
    info: ReplyInfo
    parts: tuple[Part, ...]  # the complete parts, before any truncation
    pieces: tuple[Piece, ...]  # the pieces to send, in order
    finish: str  # "stop", "length", "tool_calls", "content_filter" or a recorded finish reason
    usage: Usage
    opening: float  # when a stream sends its first event, which contains no text
    end: float  # when the reply is complete
    gap: float  # seconds between tokens, excluding stalls
    delivery: tuple[Delivery, ...] = ()  # delivery faults, in the order in which they apply
    place: Place | None = None  # the request's place in the server's queue; None without a queue

    def text_of(self, part: int) -> str | None:
        """Return the text sent for one part; None if the reply ends before that part."""
        return self._texts.get(part)

    @cached_property
    def _texts(self) -> dict[int, str]:
        texts: dict[int, list[str]] = {}
        for piece in self.pieces:
            texts.setdefault(piece.part, []).append(piece.text)
        return {part: "".join(sent) for part, sent in texts.items()}

    def text_of_kind(self, kind: Kind) -> str | None:
        """Return the text sent for all parts of this kind, joined; None if there are none."""
        indexes = [index for index, part in enumerate(self.parts) if part.kind == kind]
        if not indexes:
            return None
        texts = [self._texts[index] for index in indexes if index in self._texts]
        return ("\n\n" if kind == "thought" else "").join(texts)

    def id_of(self, part: int, prefix: str) -> str:
        """Return a part's identifier, which begins with `prefix`."""
        digest = hashlib.sha256(f"{self.info.id} {prefix} {part}".encode()).hexdigest()
        return f"{prefix}_{digest[:24]}"

    def generated(self, seconds: float = math.inf) -> int:
        """Return how many tokens are generated within `seconds` of the request's arrival."""
        return sum(piece.tokens for piece in self.pieces if piece.at <= seconds)

    def ttft(self) -> float | None:
        """Return the time of the first visible token; None if no token is visible."""
        visible = (
            piece.at
            for piece in self.pieces
            if piece.text
            and (self.request.shows_reasoning or self.parts[piece.part].kind != "thought")
        )
        return next(visible, None)

    def part_by_part(self) -> Reply:
        """Return the reply with its parts in sequence, reasoning first.

        The Responses API doesn't interleave parts, but recorded replies may.
        """
        indexes = range(len(self.parts))
        order = sorted(indexes, key=lambda index: self.parts[index].kind != "thought")
        new_index = {old: new for new, old in enumerate(order)}
        times = [piece.at for piece in self.pieces]  # they stay in this order
        pieces = sorted(self.pieces, key=lambda piece: new_index[piece.part])
        return replace(
            self,
            parts=tuple(self.parts[index] for index in order),
            pieces=tuple(
                piece._replace(at=at, part=new_index[piece.part])
                for at, piece in zip(times, pieces, strict=True)
            ),
        )

    def ended_after(self, tokens: int, finish: str) -> Reply:
        """Return the reply truncated to at most `tokens` tokens, with finish reason `finish`."""
        if tokens >= len(self.pieces):
            return replace(self, finish=finish)
        pieces = self.pieces[:tokens]
        reasoning = reasoning_tokens(pieces, self.parts)
        return replace(
            self,
            pieces=pieces,
            finish=finish,
            usage=replace(self.usage, completion=tokens, reasoning=reasoning),
            end=pieces[-1].at if pieces else self.pieces[0].at,
        )

    def delayed(self, after: int, seconds: float) -> Reply:
        """Return the reply with a pause of `seconds` after the first `after` pieces."""
        pieces = [
            piece._replace(at=piece.at + seconds) if index >= after else piece
            for index, piece in enumerate(self.pieces)
        ]
        return replace(self, pieces=tuple(pieces), end=self.end + seconds)

    def later(self, seconds: float) -> Reply:
        """Return the reply with its headers and all tokens delayed by `seconds`."""
        return replace(self.delayed(0, seconds), opening=self.opening + seconds)

    def timed_bytes(self, encoder: Encoder) -> Iterator[TimedBytes]:
        """Yield the bytes to send, streamed or whole, with the delivery faults applied."""
        if self.request.stream:
            sent = encoder.events()
        else:
            whole = TimedBytes(self.end, encoder.whole(), tokens=self.generated())
            sent = iter([whole])
        for inject in self.delivery:
            sent = inject(sent, encoder)
        return sent


def reasoning_tokens(pieces: tuple[Piece, ...], parts: tuple[Part, ...]) -> int:
    """Return the number of reasoning tokens in the pieces."""
    return sum(piece.tokens for piece in pieces if parts[piece.part].kind == "thought")
