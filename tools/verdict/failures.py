"""Verdict lines about failures: unannounced failures, repeated requests, lost text, leaked secrets.

`case.read_with` sends a question to a model with a fault, and returns the stream and a marker that
identifies the question's requests in the simulator's log. `drop@30` drops the connection after 30
tokens; `503@1` refuses the first request, and `401@0` every request. A stream is `broken` after a
connection error and `stuck` if nothing more arrived; `ending` lists the parts after the last text.
"""

import re

from utils.formatting import counted
from utils.simulator import Request

from .case import Case, Seen, failed, passed
from .endings import looks_complete
from .stream import Stream

_TRACEBACK = re.compile(rb'Traceback \(most recent|File \\?"[^"\n]+", line \d+|site-packages/')
_KEY = re.compile(rb"\bsk-[A-Za-z0-9_-]{16,}")


async def break_announced(case: Case) -> Seen:
    """Neither a lost connection nor a stream that ends early looks like a normal end."""
    seen = []
    for fault, what in (("drop", "a lost connection"), ("end", "a truncated stream")):
        stream, _ = await case.read_with(f"{fault}@{case.half}")
        if problem := _unannounced(case, stream):
            return failed(f"{what}: {problem}")
        seen.append(f"{what}: {_announcement(case, stream)}")
    return passed("; ".join(seen))


def _announcement(case: Case, stream: Stream) -> str:
    """Describe how a failure was announced, or report that the reply was completed anyway."""
    if stream.text == case.reply:
        return "the reply was completed"
    if stream.ending:
        failures = (part for part in stream.ending if part.is_failure)
        return next(failures, stream.ending[-1]).described
    return "the connection dropped" if stream.broken else "said in the text"


def _unannounced(case: Case, stream: Stream) -> str:
    """Describe an unannounced failure; return "" if it was announced or the app recovered."""
    if stream.text == case.reply:
        return ""  # the app recovered; other lines check its retries
    if stream.stuck and not stream.ending:
        return "nothing more arrived, and the stream stayed open"
    if stream.broken and not stream.wire.is_event_source:
        return ""  # a lost connection raises an exception in a page that reads the body
    if stream.wire.format == "text":
        has_more = not case.reply.startswith(stream.text)  # the rest is presumably an error message
        return "" if has_more else "the body ended cleanly"
    if not stream.ending:
        return "the stream ended without any event"
    if looks_complete(stream, case.endings):
        return f"it ended as a complete reply does ({stream.ending[-1].described})"
    if stream.wire.is_event_source and stream.ending[-1].name == "error":
        return "an event named error looks to EventSource like a lost connection"
    return ""


async def one_request(case: Case) -> Seen:
    """After a failure mid-reply, neither the server nor the browser sends the request again."""
    stream, marker = await case.read_with(f"drop@{case.half}")
    by_browser = stream.wire.is_event_source and not stream.ending
    if by_browser:  # no event announced the end, so the page's EventSource reconnects
        again = (
            case.endpoint.ask(f"{case.about} {marker}")
            if stream.wire.then is None
            else case.endpoint.rejoin(stream, stream.last_id)
        )
        async with again as stream:
            await stream.rest(case.patience)
    requests = len(await case.simulator.ended(marker))
    if requests > case.requests:
        who = "the page's EventSource reconnected" if by_browser else "the server asked again"
        return failed(f"{who}: the model received {requests} requests instead of {case.requests}")
    return passed(f"the model got {counted(requests, 'request')}")


async def not_doubled(case: Case) -> Seen:
    """After a failure, with or without a retry, the text is a prefix of the reply, or all of it."""
    faults = {
        "503@1": "a refusal",
        "drop@0": "a drop before any text",
        f"error@{case.half}": "an error in mid-reply",
    }
    tried = []
    for fault, what in faults.items():
        stream, marker = await case.read_with(fault)
        requests = await case.simulator.ended(marker)
        if problem := _altered(case, stream, requests):
            return failed(f"{what}: {problem}")
        tried.append(f"{what}: {counted(len(requests), 'request')}")
    return passed("; ".join(tried))


def _altered(case: Case, stream: Stream, requests: list[Request]) -> str:
    """Describe duplicated or altered text, or text that a retry lost; "" if there is none."""
    text, expected = stream.text, case.reply
    same = stream.agrees_for(expected)
    rest = text[same:]
    if expected[:20] in rest:
        return "the text begins a second time"
    # in a plain-text body, `rest` may be an error message
    if rest and stream.wire.format != "text":
        return f"after {same} characters the text isn't the model's: {rest[:20]!r}"
    answered = len(requests) > 1 and requests[-1].ended == "finished"
    if answered and same < len(expected):
        return f"the second request was answered, and {len(expected) - same} characters are lost"
    return ""


async def retry_after(case: Case) -> Seen:
    """A refused request isn't retried before the provider's `Retry-After` has elapsed."""
    seconds = 2.0
    _, marker = await case.read_with(f"429@1,{seconds * case.speed:.3f}")
    requests = await case.simulator.ended(marker)
    if len(requests) < 2:
        return passed(f"the app gave up after {counted(len(requests), 'request')}")
    waited = requests[1].received - requests[0].received
    seen = f"asked for {seconds:g} s, the next request came after {waited:.1f} s"
    return passed(seen) if waited > 0.95 * seconds else failed(seen)


async def silent(case: Case) -> Seen:
    """If the model pauses for a long time, the reply continues or a failure is announced."""
    fault = f"stall@{case.half},{case.silence * case.speed:.3f}"
    stream, _ = await case.read_with(fault, case.silence)
    if problem := _unannounced(case, stream):
        return failed(f"after {case.silence:g} s of silence: {problem}")
    if stream.text != case.reply:
        return passed(f"announced: {_announcement(case, stream)}")
    kept = stream.comments
    alive = f", {counted(kept, 'keep-alive comment')}" if kept else ""
    return passed(f"{case.silence:g} s survived{alive}")


async def no_secrets(case: Case) -> Seen:
    """No response, not even an error response, contains a key or a traceback."""
    if case.model is not None:
        for fault in ("401@0", "404@0", "500@0", "drop@0"):
            await case.read_with(fault)
    for raw in case.endpoint.received:
        if case.model is not None and len(case.model.key) > 7 and case.model.key.encode() in raw:
            return failed("an answer contains the key")
        if _KEY.search(raw):
            return failed("an answer contains what looks like a key")
        if found := _TRACEBACK.search(raw):
            return failed(f"an answer contains a traceback: {found[0].decode(errors='replace')!r}")
    failures = ", failures included" if case.model is not None else ""
    return passed(f"{len(case.endpoint.received)} answers{failures}")
