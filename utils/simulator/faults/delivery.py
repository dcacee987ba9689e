"""Faults between the model and the client: what happens to the bytes of a stream on their way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..pacing import TimedBytes
from .fault import fault

if TYPE_CHECKING:
    from ..wire import Wire

Numbers = tuple[float, ...]
_BLOCK = 8192  # bytes; what a proxy passes on at a time
_MOST_COMMENTS = 10_000  # in one silence
_BETWEEN_BLOCKS = 0.005  # s


@fault(
    "buffered",
    "delivery",
    "A proxy buffers the whole reply, then releases it in large blocks.",
    "No error: all text arrives at the end, with gaps that look better than ever.",
)
def buffered(parcels: Iterable[TimedBytes], _: Numbers, __: Wire) -> Iterator[TimedBytes]:
    """Hold all parcels back to the end."""
    held = list(parcels)
    at = held[-1].at if held else 0.0
    data, tokens = b"", 0
    for parcel in held:
        data, tokens = data + parcel.data, tokens + parcel.tokens
        if len(data) >= _BLOCK or parcel.ends:
            yield TimedBytes(at, data, tokens, parcel.ends)
            at, data, tokens = at + _BETWEEN_BLOCKS, b"", 0
    if data:
        yield TimedBytes(at, data, tokens)


@fault(
    "bursts",
    "delivery",
    "Everything generated within `seconds` is sent together.",
    "No error: bursts of chunks with pauses between them.",
    whole=False,
    seconds=2,
)
def bursts(parcels: Iterable[TimedBytes], numbers: Numbers, _: Wire) -> Iterator[TimedBytes]:
    """Move each parcel to the end of its interval."""
    seconds = max(numbers[0], 0.001)
    for parcel in parcels:
        yield parcel._replace(at=math.ceil(parcel.at / seconds) * seconds)


@fault(
    "keepalive",
    "delivery",
    "The server sends a comment, `: keep-alive`, after each `seconds` of silence.",
    "No error: comments aren't events, so they yield no chunks.",
    whole=False,
    seconds=1,
)
def keepalive(parcels: Iterable[TimedBytes], numbers: Numbers, _: Wire) -> Iterator[TimedBytes]:
    """Fill silences with comments."""
    last = 0.0
    for parcel in parcels:
        seconds = max(numbers[0], 0.01, (parcel.at - last) / _MOST_COMMENTS)
        while parcel.at - last > seconds:
            last += seconds
            yield TimedBytes(last, b": keep-alive\n\n")
        last = parcel.at
        yield parcel


@fault(
    "empty",
    "delivery",
    "The stream begins with a chunk without choices, as Azure's does; chat completions only.",
    "No error: a chunk without text. Code that reads `choices[0]` breaks.",
    whole=False,
)
def empty(parcels: Iterable[TimedBytes], _: Numbers, wire: Wire) -> Iterator[TimedBytes]:
    """Put an event that says nothing before the first."""
    first = True
    for parcel in parcels:
        yield parcel._replace(data=wire.empty() + parcel.data) if first else parcel
        first = False


@fault(
    "usage",
    "delivery",
    "A last chunk contains token counts and no choices, although the request didn't ask for it; "
    "chat completions only.",
    "No error: the last chunks contain usage. Code that reads `choices[0]` breaks.",
    whole=False,
)
def usage(parcels: Iterable[TimedBytes], _: Numbers, wire: Wire) -> Iterator[TimedBytes]:
    """Put token counts before what closes the stream."""
    for parcel in parcels:
        if wire.done and parcel.data.endswith(wire.done):
            data = parcel.data.removesuffix(wire.done) + wire.counts() + wire.done
            yield parcel._replace(data=data)
        else:
            yield parcel


@fault(
    "end",
    "delivery",
    "The response ends cleanly after `tokens` tokens: no finish reason, no `[DONE]`.",
    "**No error at all**: the text is truncated, and no chunk has a `finish_reason`.",
    whole=False,
    tokens=40,
)
def early_end(parcels: Iterable[TimedBytes], numbers: Numbers, _: Wire) -> Iterator[TimedBytes]:
    """Stop without a word."""
    for parcel, reached in _until(parcels, int(numbers[0])):
        if reached:
            yield TimedBytes(parcel.at, b"", ends="failed")
            return
        yield parcel


@fault(
    "nodone",
    "delivery",
    "The stream lacks only the closing `[DONE]`; chat completions only.",
    "No error: the finish reason has arrived.",
    whole=False,
)
def without_done(parcels: Iterable[TimedBytes], _: Numbers, wire: Wire) -> Iterator[TimedBytes]:
    """Take away what closes the stream."""
    for parcel in parcels:
        yield parcel._replace(data=parcel.data.removesuffix(wire.done))


@fault(
    "drop",
    "delivery",
    "The connection is reset in the middle of a chunk, after `tokens` tokens.",
    "No retry; the chunks so far were delivered.",
    raises="openai.APIConnectionError",
    tokens=40,
)
def drop(parcels: Iterable[TimedBytes], numbers: Numbers, _: Wire) -> Iterator[TimedBytes]:
    """Stop in the middle of an event and break the connection."""
    for parcel, reached in _until(parcels, int(numbers[0])):
        if reached:
            event = parcel.data.partition(b"\n\n")[0]
            yield TimedBytes(parcel.at, event[: len(event) // 2], ends="reset")
            return
        yield parcel


@fault(
    "null",
    "delivery",
    "After `tokens` tokens the server sends an event whose data is `null`, then continues.",
    "Not an API error, because the SDK yields `None` as a chunk.",
    raises="AttributeError",
    whole=False,
    tokens=40,
)
def null(parcels: Iterable[TimedBytes], numbers: Numbers, _: Wire) -> Iterator[TimedBytes]:
    """Put an event that is no object between two others."""
    sent = False
    for parcel, reached in _until(parcels, int(numbers[0])):
        yield (
            parcel._replace(data=b"data: null\n\n" + parcel.data)
            if reached and not sent
            else parcel
        )
        sent = sent or reached


@fault(
    "error",
    "delivery",
    "After `tokens` tokens the server sends an error event and ends the response.",
    "No retry; the chunks so far were delivered.",
    raises="openai.APIError",
    by_responses="ValueError",
    whole=False,
    tokens=40,
)
def error_event(
    parcels: Iterable[TimedBytes], numbers: Numbers, wire: Wire
) -> Iterator[TimedBytes]:
    """Stop with an error event."""
    yield from _ended_by(wire.error, parcels, int(numbers[0]))


@fault(
    "failed",
    "delivery",
    "After `tokens` tokens the Responses API reports that the response failed; in chat "
    "completions, same as `error`.",
    "No retry; the chunks so far were delivered.",
    raises="openai.APIError",
    by_responses="ValueError",
    whole=False,
    tokens=40,
)
def failed_event(
    parcels: Iterable[TimedBytes], numbers: Numbers, wire: Wire
) -> Iterator[TimedBytes]:
    """Stop with the event of a reply that failed."""
    yield from _ended_by(wire.failed, parcels, int(numbers[0]))


def _ended_by(
    event: Callable[[], bytes], parcels: Iterable[TimedBytes], tokens: int
) -> Iterator[TimedBytes]:
    for parcel, reached in _until(parcels, tokens):
        if reached:
            yield TimedBytes(parcel.at, event(), ends="failed")
            return
        yield parcel


def _until(parcels: Iterable[TimedBytes], tokens: int) -> Iterator[tuple[TimedBytes, bool]]:
    """Yield parcels, and with each whether it goes beyond `tokens` tokens or ends the reply."""
    count = 0
    held: TimedBytes | None = None
    for parcel in parcels:
        if held is not None:
            count += held.tokens
            yield held, count > tokens
        held = parcel
    if held is not None:
        yield held, True
