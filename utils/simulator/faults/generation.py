"""Faults in the content and timing of a reply: limits, stalls, large chunks, reasoning.

Each decorator is given the fault's name, what happens, and how `ChatOpenAI` reacts. The function
returns the changed request or reply; its parameters with defaults are the numbers after `@` in a
model name such as `sim-chat:stall@40,15`. A reply's `parts` are its reasoning, text and tool calls;
its `pieces` are timed fragments of the parts.
"""

from collections.abc import Callable
from dataclasses import replace

from ..model_request import ModelRequest
from ..pacing import Piece
from ..reply import Reply
from .fault import generation, request

_FLOOD_PIECE = 4096  # characters
_FLOOD_TOKENS = 1024  # per piece
_FLOOD_MOST = 128  # the maximum size in megabytes, in case the requested size has a typo
_FLOOD_GAP = 0.002  # seconds; without a gap, the client's socket buffer grows to tens of MB


@request(
    "length",
    "The reply reaches its length limit after `tokens` tokens.",
    "`finish_reason` is `length`; a tool call's arguments may be incomplete JSON.",
)
def _limited(request: ModelRequest, tokens: float = 40) -> ModelRequest:
    limit = max(1, int(tokens))
    own = request.max_tokens
    return replace(request, max_tokens=limit if own is None else min(limit, own))


@request(
    "thinking",
    "Reasoning is streamed before the reply; in chat completions as `reasoning_content`, which "
    "DeepSeek, vLLM and others send and OpenAI doesn't.",
    "With chat completions it drops the reasoning and yields empty chunks. With the Responses "
    "API the reasoning arrives as blocks of type `reasoning`.",
)
def _thinking(request: ModelRequest) -> ModelRequest:
    return replace(request, reasons=True, shows_reasoning=True)


@generation(
    "filter",
    "A content filter ends the reply after `tokens` tokens.",
    "`finish_reason` is `content_filter`; `with_structured_output` raises an error.",
)
def _filtered(reply: Reply, tokens: float = 40) -> Reply:
    return reply.ended_after(int(tokens), "content_filter")


@generation(
    "misnamed",
    "Each tool call names a tool that doesn't exist: `_now` is added to its name.",
    "No error: the code that runs the tools has to notice.",
)
def _misnamed(reply: Reply) -> Reply:
    parts = (replace(part, name=f"{part.name}_now" if part.name else "") for part in reply.parts)
    return replace(reply, parts=tuple(parts))


@generation(
    "garbled",
    "Each tool call's arguments lack their first character, so they aren't JSON.",
    "No error: `tool_calls` is empty, and the call is in `invalid_tool_calls`.",
)
def _garbled(reply: Reply) -> Reply:
    return _with_other_arguments(reply, lambda beginning: beginning[1:])


@generation(
    "misfit",
    "The first argument of each tool call has a wrong name: `x_` is added in front.",
    "No error: the call is in `tool_calls`. The tool's own schema has to reject it.",
)
def _misfit(reply: Reply) -> Reply:
    return _with_other_arguments(reply, lambda beginning: beginning.replace('{"', '{"x_', 1))


def _with_other_arguments(reply: Reply, change: Callable[[str], str]) -> Reply:
    """Apply `change` to the first token of each tool call's arguments."""
    begun: set[int] = set()  # indexes of the calls whose first token has been changed
    pieces: list[Piece] = []
    for piece in reply.pieces:
        if reply.parts[piece.part].kind == "call" and piece.part not in begun:
            begun.add(piece.part)
            piece = piece._replace(text=change(piece.text))
        pieces.append(piece)
    return replace(reply, pieces=tuple(pieces))


@generation(
    "packed",
    "Each chunk contains `tokens` tokens.",
    "Fewer, larger chunks; the gaps between them aren't gaps between tokens.",
)
def _packed(reply: Reply, tokens: float = 4) -> Reply:
    size = max(1, int(tokens))
    groups: list[list[Piece]] = []
    room = 0  # how many more tokens fit in the last group
    for piece in reply.pieces:
        if room > 0 and groups[-1][0].part == piece.part:
            groups[-1].append(piece)
        else:
            groups.append([piece])
            room = size
        room -= piece.tokens
    return replace(reply, pieces=tuple(map(_joined, groups)))


def _joined(pieces: list[Piece]) -> Piece:
    text = "".join(piece.text for piece in pieces)
    return Piece(pieces[-1].at, pieces[0].part, text, sum(piece.tokens for piece in pieces))


@generation(
    "stall",
    "After `tokens` tokens the stream stalls for `seconds`, then continues.",
    "Waits. `timeout` limits each stall; in async code, so does `stream_chunk_timeout` (120 s).",
)
def _stalled(reply: Reply, tokens: float = 40, seconds: float = 15) -> Reply:
    return reply.delayed(int(tokens), seconds)


@generation(
    "slow",
    "The headers, and everything after them, are `seconds` late.",
    "Waits. `timeout` limits the wait; a timeout before the headers is retried.",
)
def _slow_headers(reply: Reply, seconds: float = 5) -> Reply:
    return reply.later(seconds)


@generation(
    "flood",
    "The text is repeated up to `megabytes`, 128 at most, in 4 KB pieces at 2 MB per second. "
    "`max_tokens` still limits it.",
    "Reads as fast as your code does. If your code stops reading, the server stops sending.",
)
def _flooded(reply: Reply, megabytes: float = 4) -> Reply:
    text = reply.text_of_kind("text")
    if not text:
        return reply
    wanted = max(1, int(min(megabytes, _FLOOD_MOST) * 1_000_000) // _FLOOD_PIECE)  # pieces
    limit = reply.request.max_tokens
    count = wanted if limit is None else min(wanted, max(1, limit // _FLOOD_TOKENS))
    repeated = (text * (_FLOOD_PIECE // len(text) + 1))[:_FLOOD_PIECE]
    start = reply.pieces[0].at
    times = [start + index * _FLOOD_GAP for index in range(count)]
    return replace(
        reply,
        parts=(reply.parts[reply.pieces[-1].part],),  # the text, without reasoning
        pieces=tuple(Piece(at, 0, repeated, _FLOOD_TOKENS) for at in times),
        finish=reply.finish if count == wanted else "length",
        usage=replace(reply.usage, completion=count * _FLOOD_TOKENS, reasoning=0),
        end=times[-1],
    )
