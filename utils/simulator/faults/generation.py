"""Faults in what the model generates, and when: limits, stalls, large chunks, reasoning."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, repeat
from typing import TYPE_CHECKING

from ..pacing import Piece
from .fault import fault

if TYPE_CHECKING:
    from ..ask import Ask
    from ..reply import Reply

Numbers = tuple[float, ...]
_FLOOD_PIECE = 4096  # characters
_FLOOD_TOKENS = 1024  # in such a piece
_FLOOD_MOST = 32  # megabytes, so that a slip of the finger doesn't fill the memory
_FLOOD_GAP = 0.001  # s


@fault(
    "length",
    "asking",
    "The reply reaches its length limit after `tokens` tokens.",
    "`finish_reason` is `length`; a tool call's arguments may be incomplete JSON.",
    tokens=40,
)
def limited(ask: Ask, numbers: Numbers) -> Ask:
    """Lower the limit of tokens."""
    limit = max(1, int(numbers[0]))
    return replace(ask, limit=limit if ask.limit is None else min(limit, ask.limit))


@fault(
    "thinking",
    "asking",
    "Reasoning is streamed before the reply; in chat completions as `reasoning_content`, which "
    "DeepSeek, vLLM and others send and OpenAI doesn't.",
    "With chat completions it drops the reasoning and yields empty chunks. With the Responses "
    "API the reasoning arrives as blocks of type `reasoning`.",
)
def thinking(ask: Ask, _: Numbers) -> Ask:
    """Ask for reasoning."""
    return replace(ask, thinks=True, shows_thoughts=True)


@fault(
    "filter",
    "wording",
    "A content filter ends the reply after `tokens` tokens.",
    "`finish_reason` is `content_filter`; `with_structured_output` raises an error.",
    tokens=40,
)
def filtered(reply: Reply, numbers: Numbers) -> Reply:
    """End the reply early."""
    return reply.ended_after(int(numbers[0]), "content_filter")


@fault(
    "packed",
    "wording",
    "Each chunk contains `tokens` tokens.",
    "Fewer, larger chunks; the gaps between them aren't gaps between tokens.",
    tokens=4,
)
def packed(reply: Reply, numbers: Numbers) -> Reply:
    """Join pieces of the same part."""
    size = max(1, int(numbers[0]))
    groups: list[list[Piece]] = []
    room = 0
    for piece in reply.pieces:
        if room > 0 and groups[-1][0].part == piece.part:
            groups[-1].append(piece)
        else:
            groups.append([piece])
            room = size
        room -= piece.tokens
    return replace(reply, pieces=tuple(map(_as_one, groups)))


def _as_one(pieces: list[Piece]) -> Piece:
    text = "".join(piece.text for piece in pieces)
    return Piece(pieces[-1].at, pieces[0].part, text, sum(piece.tokens for piece in pieces))


@fault(
    "stall",
    "wording",
    "After `tokens` tokens the stream stalls for `seconds`, then continues.",
    "Waits. `timeout` limits each stall; in async code, so does `stream_chunk_timeout` (120 s).",
    tokens=40,
    seconds=15,
)
def stalled(reply: Reply, numbers: Numbers) -> Reply:
    """Put a silence into the plan."""
    return reply.delayed(int(numbers[0]), numbers[1])


@fault(
    "slow",
    "wording",
    "The headers, and everything after them, are `seconds` late.",
    "Waits. `timeout` limits the wait; a timeout before the headers is retried.",
    seconds=5,
)
def slow_headers(reply: Reply, numbers: Numbers) -> Reply:
    """Put a silence before everything."""
    late = reply.delayed(0, numbers[0])
    return replace(late, plan=replace(late.plan, opening=late.plan.opening + numbers[0]))


@fault(
    "flood",
    "wording",
    "The text is repeated up to `megabytes`, 32 at most, in pieces of 4 KB, faster than most "
    "clients read. `max_tokens` still limits it.",
    "Reads as fast as your code does. If your code stops reading, the server stops sending.",
    megabytes=4,
)
def flooded(reply: Reply, numbers: Numbers) -> Reply:
    """Make a reply that is larger than what sockets buffer; one without text stays as it is."""
    text = reply.said("text")
    if not text:
        return reply
    wanted = max(1, int(min(numbers[0], _FLOOD_MOST) * 1_000_000) // _FLOOD_PIECE)
    limit = reply.ask.limit
    count = wanted if limit is None else min(wanted, max(1, limit // _FLOOD_TOKENS))
    piece = (text * (_FLOOD_PIECE // len(text) + 1))[:_FLOOD_PIECE]
    start, part = reply.pieces[0].at, reply.pieces[-1].part
    times = [start + index * _FLOOD_GAP for index in range(count)]
    tokens = tuple(chain.from_iterable(repeat(at, _FLOOD_TOKENS) for at in times))
    return replace(
        reply,
        pieces=tuple(Piece(at, part, piece, _FLOOD_TOKENS) for at in times),
        finish=reply.finish if count == wanted else "length",
        usage=replace(reply.usage, completion=len(tokens)),
        plan=replace(reply.plan, tokens=tokens, end=times[-1]),
    )
