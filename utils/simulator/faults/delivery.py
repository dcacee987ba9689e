"""Faults in delivery: the bytes of a reply are buffered, dropped, truncated or garbled.

Each decorator is given the fault's name, what happens, and how `ChatOpenAI` reacts. `raises` is
the exception, `by_responses` the one with the Responses API, if different. `whole=False` means that
only streams are affected. The function takes a reply's timed bytes and yields those to send; its
parameters with defaults are the numbers after `@` in a model name such as `sim-chat:drop@40`.
"""

import json
import math
from collections.abc import Callable, Iterator
from itertools import chain, pairwise

from ..errors import server_error
from ..pacing import TimedBytes
from ..reply import Encoder
from .fault import delivery

Sent = Iterator[TimedBytes]  # each item contains one or more events
_BLOCK = 8192  # number of bytes at which a buffering proxy sends a block
_BETWEEN_BLOCKS = 0.005  # seconds


def _ending(event: Callable[[Encoder], bytes]) -> Callable[..., Sent]:
    """Return a function that sends up to `tokens` tokens, then ends the response with `event`.

    In a shorter reply, the event replaces the last item.
    """

    def act(sent: Sent, encoder: Encoder, tokens: float = 40) -> Sent:
        for item, is_beyond in _marked(sent, tokens):
            if is_beyond:
                yield TimedBytes(item.at, event(encoder), ends="failed")
                return
            yield item

    return act


def _changing(change: Callable[[bytes], bytes]) -> Callable[..., Sent]:
    """Return a function that changes the first event after `tokens` tokens, else the last event."""

    def act(sent: Sent, _: Encoder, tokens: float = 40) -> Sent:
        changed = False
        for item, is_beyond in _marked(sent, tokens):
            if is_beyond and not changed:
                event, end, rest = item.data.partition(b"\n\n")
                yield item._replace(data=change(event) + end + rest)
                changed = True
            else:
                yield item

    return act


@delivery(
    "buffered",
    "A proxy buffers the whole reply, then releases it in large blocks.",
    "No error: all text arrives at the end, with misleadingly short gaps.",
)
def _buffered(sent: Sent, _: Encoder) -> Sent:
    items = list(sent)
    at = items[-1].at if items else 0.0  # when the reply is complete
    data, tokens = b"", 0
    for item in items:
        data += item.data
        tokens += item.tokens
        if len(data) >= _BLOCK or item.ends:
            yield TimedBytes(at, data, tokens, item.ends)
            data, tokens = b"", 0
            at += _BETWEEN_BLOCKS
    if data:
        yield TimedBytes(at, data, tokens)


@delivery(
    "bursts",
    "Everything generated within `seconds` is sent together.",
    "No error: bursts of chunks with pauses between them.",
    whole=False,
)
def _bursts(sent: Sent, _: Encoder, seconds: float = 2) -> Sent:
    seconds = max(seconds, 0.001)
    for item in sent:
        yield item._replace(at=math.ceil(item.at / seconds) * seconds)


@delivery(
    "keepalive",
    "The server sends a comment, `: keep-alive`, after each `seconds` of silence.",
    "No error: comments aren't events, so they yield no chunks.",
    whole=False,
)
def _keepalive(sent: Sent, _: Encoder, seconds: float = 1) -> Sent:
    last = 0.0
    seconds = max(seconds, 0.01)
    for item in sent:
        while item.at - last > seconds:
            last += seconds
            yield TimedBytes(last, b": keep-alive\n\n")
        last = item.at
        yield item


@delivery(
    "empty",
    "The stream begins with a chunk without choices, as Azure's does; chat completions only.",
    "No error: a chunk without text. Code that reads `choices[0]` breaks.",
    whole=False,
)
def _empty(sent: Sent, encoder: Encoder) -> Sent:
    for index, item in enumerate(sent):
        yield item._replace(data=encoder.no_choices() + item.data) if index == 0 else item


@delivery(
    "usage",
    "A last chunk contains token counts and no choices, although the request didn't ask for it; "
    "chat completions only.",
    "No error: the last chunks contain usage. Code that reads `choices[0]` breaks.",
    whole=False,
)
def _usage(sent: Sent, encoder: Encoder) -> Sent:
    for item in sent:
        if encoder.done and item.data.endswith(encoder.done):
            data = item.data.removesuffix(encoder.done) + encoder.usage() + encoder.done
            yield item._replace(data=data)
        else:
            yield item


delivery(
    "end",
    "The response ends cleanly after `tokens` tokens: no finish reason, no `[DONE]`.",
    "**No error at all**: the text is truncated, and no chunk has a `finish_reason`.",
    whole=False,
)(_ending(lambda _: b""))


@delivery(
    "nodone",
    "The stream lacks only the closing `[DONE]`; chat completions only.",
    "No error: the finish reason has arrived.",
    whole=False,
)
def _without_done(sent: Sent, encoder: Encoder) -> Sent:
    for item in sent:
        yield item._replace(data=item.data.removesuffix(encoder.done))


@delivery(
    "drop",
    "The connection is reset in the middle of a chunk, after `tokens` tokens.",
    "No retry; the chunks so far were delivered.",
    raises="openai.APIConnectionError",
)
def _drop(sent: Sent, _: Encoder, tokens: float = 40) -> Sent:
    for item, is_beyond in _marked(sent, tokens):
        if is_beyond:
            event, _end, _more = item.data.partition(b"\n\n")
            yield TimedBytes(item.at, event[: len(event) // 2], ends="reset")
            return
        yield item


delivery(
    "null",
    "After `tokens` tokens the server sends an event whose data is `null`, then continues.",
    "Not an API error, because the SDK yields `None` as a chunk.",
    raises="AttributeError",
    whole=False,
)(_changing(lambda event: b"data: null\n\n" + event))

delivery(
    "cut",
    "After `tokens` tokens, one event's JSON ends in the middle; the stream continues.",
    "Not an API error, because the SDK doesn't catch the parser's exception.",
    raises="json.JSONDecodeError",
    whole=False,
)(_changing(lambda event: event[: len(event) // 2]))

delivery(
    "notjson",
    "After `tokens` tokens, a proxy's message replaces one event's data; the stream continues.",
    "As with `cut`: not an API error.",
    raises="json.JSONDecodeError",
    whole=False,
)(_changing(lambda _: b"data: upstream connect error"))

delivery(
    "mangled",
    "After `tokens` tokens, one event's `data:` arrives as `ata:`; the stream continues.",
    "**No error at all** in chat completions: the event is skipped, its text is missing, and the "
    "reply looks complete.",
    by_responses="json.JSONDecodeError",
    whole=False,
)(_changing(lambda event: event.replace(b"data:", b"ata:", 1)))

delivery(
    "bare",
    "After `tokens` tokens the server writes an error as plain JSON, not as an event, and ends the "
    "response.",
    "**No error at all**: the SDK skips lines that aren't events, and no chunk has a "
    "`finish_reason`.",
    whole=False,
)(_ending(lambda _: json.dumps(server_error().body()).encode()))

delivery(
    "error",
    "After `tokens` tokens the server sends an error event and ends the response.",
    "No retry; the chunks so far were delivered.",
    raises="openai.APIError",
    by_responses="ValueError",
    whole=False,
)(_ending(lambda encoder: encoder.error()))

delivery(
    "failed",
    "After `tokens` tokens the Responses API reports that the response failed; in chat "
    "completions, same as `error`.",
    "No retry; the chunks so far were delivered.",
    raises="openai.APIError",
    by_responses="ValueError",
    whole=False,
)(_ending(lambda encoder: encoder.failed()))


def _marked(sent: Sent, tokens: float) -> Iterator[tuple[TimedBytes, bool]]:
    """Yield each item, and whether it is the last one or extends beyond `tokens` tokens.

    If another fault has already ended the reply, its last item isn't marked.
    """
    count = 0
    end = TimedBytes(math.inf, b"")  # follows the last item
    for item, following in pairwise(chain(sent, [end])):
        count += item.tokens
        yield item, not item.ends and (count > tokens or following is end)
