"""Check for `create_app`: stream Server-Sent Events and stop when the client disconnects.

`GET /chat?question=…` sends the text as JSON strings, then one event: `end` or `failed`.
"""

import asyncio
import gc
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from types import CodeType
from typing import Any

from utils import sse
from utils.checks.engine import virtual_time
from utils.checks.engine.app_runner import NO_APP, run_app
from utils.checks.engine.asgi_client import App, Visit, get, logs_output_of
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.mistakes import TEXT, sent_late
from utils.checks.engine.reply import Reply, cut
from utils.checks.engine.run import Case, Run
from utils.checks.engine.untouched import untouched

_RIVERS = "Rivers bend:\n\nwater\nis never quite even."
_OTHER, _TIDES = "How do tides work? & why", 'The moon pulls, and "the sea" follows it around.'
_LONG = 120.0  # seconds allowed for a response to end after the model fails
_SLOW = 0.1  # seconds by which a correct endpoint may be slower than the model
_MISUSE = (  # the errors that response classes raise for an argument of the wrong type
    r"'(function|coroutine|async_generator)' object is not iterable"
    r"|object has no attribute '(encode|items)'"
)
_TRIES = 20  # maximum number of waits for threads to drop references to generators
_ENDS = ("end", "failed")  # the event types that end a response
_HEADERS = {  # header names, and patterns that their values should match
    "Content-Type": r"^text/event-stream\s*(;|$)",
    "X-Accel-Buffering": r"^no$",
    "Cache-Control": r"\bno-(cache|store)\b",
}


@dataclass(frozen=True, kw_only=True)
class Visited(Case):
    """A request to the endpoint, and how its client behaves."""

    text: str = _RIVERS
    seed: int = 61
    slow: bool = False  # whether the client stops reading, without disconnecting
    second: bool = False  # whether a second client sends a different question at the same time


@dataclass(kw_only=True)
class Seen(Run):
    case: Visited
    visit: Visit  # the request with the question, and its response; empty if there is no app
    no_string: str  # the longest message data that isn't a JSON string; "" if there is none
    last: int  # the index of the first `end` or `failed`; if there is neither, of the last event
    wrong_header: str  # the name of the first header with a wrong value; "" if there is none
    header: str  # the value of the wrong header, in lower case
    arrived: str  # the text that the model sent; if it failed, up to the failure
    generated_late: int  # how many pieces were generated after a disconnect or cancellation
    took: float  # the duration of the slowest response, in seconds
    lasts: float  # how long the model takes for its slowest reply, in seconds

    @property
    def output(self) -> str:
        """The text that a page would display."""
        return self.visit.text

    @property
    def gave(self) -> str:
        return "sent"


def observe(answer: Any, case: Visited) -> Seen:
    reply = case.reply()
    replies = {case.prompt: reply, **({_OTHER: Reply(cut(_TIDES, 62))} if case.second else {})}
    visits: list[Visit] = []

    async def send_requests(app: App) -> list[Visit]:
        how: dict[str, Any] = {"leave_after": case.leave_after, "slow": case.slow}
        requests = [get(app, "/chat", {"question": case.prompt}, logs_output_of(reply), **how)]
        if case.second:
            requests.append(get(app, "/chat", {"question": _OTHER}))
        visits.extend(await asyncio.gather(*requests))
        if case.second:  # a later request, for which the model must not see the earlier questions
            visits.append(await get(app, "/chat", {"question": _OTHER}))
        # Wait until no thread refers to a suspended generator: only then does Python close it.
        # Collect garbage on the event loop, where unreferenced coroutines can be closed.
        for _ in range(_TRIES):
            await asyncio.to_thread(int)
            gc.collect()
            await asyncio.sleep(0.001)
            if all(reading.left is not None for reading in reply.readings):
                break
        return visits

    model, passes_on = FakeModel.of(replies), case.leave_after is None
    run = run_app("create_app", answer, case, reply, model, send_requests, passes_on=passes_on)
    seen = visits[0] if visits else Visit(began=0.0)
    ends = [at for at, event in enumerate(seen.events) if event.type in _ENDS]
    data = [event.data for event in seen.events if event.type == "message"]
    no_string = [d for d, v in zip(data, seen.messages, strict=True) if not isinstance(v, str)]
    headers = {name: seen.headers.get(name.lower(), "").strip().lower() for name in _HEADERS}
    wrong = (name for name, value in headers.items() if not re.search(_HEADERS[name], value))
    wrong_header = next(wrong, "")
    left = inf if seen.left is None else seen.left + virtual_time.SOON
    return Seen.of(
        run,
        expected=reply.text if case.whole else seen.text,  # accept any text for an incomplete reply
        visit=seen,
        no_string=max(no_string, key=len, default=""),
        last=ends[0] if ends else len(seen.events) - 1,
        wrong_header=wrong_header,
        header=headers.get(wrong_header, ""),
        arrived="".join(reply.pieces[: case.fails_after]),
        generated_late=sum(at > left for reading in reply.readings for at in reading.arrived),
        took=max(((each.over or 0.0) - each.began for each in visits), default=0.0),
        lasts=max(each.lasts for each in replies.values()),
    )


def _lacks_frame(s: Seen) -> bool:
    """Whether the app seems to have failed because the notebook's `frame` isn't written yet."""
    missing = isinstance(s.error, NameError) and s.error.name == "frame"
    written = getattr(s.answer, "__globals__", {}).get("frame")
    used = "frame" in _names(getattr(s.answer, "__code__", None))
    caught = _fails(s) and used and written is None  # the app sent `failed` for the `NameError`
    # an unwritten `frame` returns None, which an app can't send
    none_sent = any("NoneType" in str(each) for each in s.causes)
    return missing or caught or (none_sent and untouched(written, "4.frame"))


def _names(code: object) -> set[str]:
    """Return the names of globals and attributes in a function's code and its inner functions."""
    if not isinstance(code, CodeType):
        return set()
    return set(code.co_names).union(*map(_names, code.co_consts))


def misuse(s: Seen) -> str:
    """Return the message of the error that a response class raised for a wrong argument, or ""."""
    return next((text for text in map(str, s.causes) if re.search(_MISUSE, text)), "")


def _fails(s: Seen) -> bool:
    """Whether the app sent `failed` instead of `end`, although the model didn't fail."""
    return s.case.whole and "failed" in s.visit.names and "end" not in s.visit.names


def _ends_with_a_message(s: Seen) -> bool:
    """Whether the whole text is followed by one more message, and no event has a name."""
    *texts, last = s.visit.messages or [""]
    whole = "".join(text for text in texts if isinstance(text, str)) == s.expected
    return bool(s.expected) and whole and last != "" and not s.visit.names


def _by_fastapis_class(s: Seen) -> bool:
    """Whether `/chat` uses `EventSourceResponse`, which reads a generator in a separate task."""
    routes = getattr(s.returned, "routes", [])
    chats = [each for each in routes if getattr(each, "path", "") == "/chat"]
    classes = [getattr(each, "response_class", None) for each in chats]
    return any(getattr(each, "__name__", "") == "EventSourceResponse" for each in classes)


def _only_if(applies: Callable[[Seen], bool], mistakes: Mistakes[Any]) -> Mistakes[Seen]:
    """Restrict mistakes to the runs for which `applies` returns True."""

    def both(mistake: Callable[[Seen], bool]) -> Callable[[Seen], bool]:
        return lambda s: applies(s) and mistake(s)

    return {name: both(mistake) for name, mistake in mistakes.items()}


FIRST: Mistakes[Seen] = {
    **NO_APP,
    "needs frame": _lacks_frame,
    "misuses the response": lambda s: bool(misuse(s)),
    "another status": lambda s: not s.error and s.visit.over is not None and s.visit.status != 200,
    "failed without a failure": lambda s: _fails(s) and not (s.other_model or s.forgotten),
    "closes before it is read": lambda s: (
        "stream" in s.unread and s.visit.status is not None and not s.wrong_header
    ),
}
ENDS: Mistakes[Seen] = {  # if the response should end, with `end` or `failed`
    "event without data": lambda s: bool(s.visit.undispatched),
    "goes on after the end": lambda s: s.last < len(s.visit.events) - 1,
}
WHOLE: Mistakes[Seen] = {  # if the whole reply should arrive
    "sends other questions": lambda s: any(
        [message.type for message in reading.messages].count("human") > 1
        for reading in (s.model.readings if s.model else ())
    ),
    "mixes readers up": lambda s: s.case.second and s.wrong_text,
    "another header": lambda s: bool(s.wrong_header),
    "end as a message": _ends_with_a_message,
    "another event": lambda s: bool({*s.visit.names} - {"end"}),
    "text outside of the data": lambda s: (
        s.wrong_text
        and not any(s.reply.pieces[0] in e.data for e in s.visit.events if e.type == "message")
    ),
    "not a JSON string": lambda s: bool(s.no_string),
    "no end": lambda s: not s.visit.names,
    # if the app serves one client at a time, the second response takes about twice as long
    "one reader after the other": lambda s: s.case.second and s.took > 1.3 * s.lasts,
    "waits between pieces": lambda s: s.took > s.lasts + _SLOW,
}
FAILED: Mistakes[Seen] = {  # if the model fails
    "hangs after a failure": lambda s: s.visit.left is not None,
    "end after a failure": lambda s: "end" in s.visit.names,
    "failure as text": lambda s: s.output != s.arrived and s.output.startswith(s.arrived),
    "no failure event": lambda s: not s.visit.names,
    "another failure event": lambda s: "failed" not in s.visit.names,
}
LEFT: Mistakes[Seen] = {  # if the client disconnects or the server cancels the request
    "model goes on": lambda s: s.generated_late > 0,
    "sends afterwards": lambda s: any(event.type != "message" for event in sse.parse(s.visit.late)),
}

check = Exercise(
    observe,
    cases=(
        # this short silence keeps pieces from arriving in step with an app that polls
        Visited(silences={1: 0.003}),
        Visited(
            pieces=("", "a", "", " ", "\n", "b"),
            prompt=" Is 100% of C++ *fast*?\n",
            when="for a reply with empty pieces",
        ),
        Visited(pieces=(), when="for an empty reply"),
        Visited(silences={3: 200.0}, when="for a reply with a long silence"),
        Visited(second=True, when="when two readers asked at the same time"),
        Visited(leave_after=4, when="after a client had disconnected"),
        Visited(
            silences={0: 40.0},
            leave_after=20.0,
            when="after a client had disconnected in a silence",
        ),
        Visited(
            compact=True,
            silences={5: 60.0},
            leave_after=4,
            slow=True,
            when="after the server had cancelled a request while text waited to be sent",
        ),
        Visited(fails_after=3, leave_after=_LONG, when="in mid-reply"),
        Visited(fails_after=0, leave_after=_LONG, when="before its first chunk"),
    ),
    mistakes={
        **_only_if(lambda s: s.case.whole or s.case.fails_after is not None, ENDS),
        **_only_if(lambda s: s.case.whole, WHOLE),
        **TEXT,
        "sent late": sent_late,
        **_only_if(lambda s: s.case.fails_after is not None, FAILED),
        **_only_if(lambda s: s.case.fails_after is None and s.case.leave_after is not None, LEFT),
    },
    first=FIRST,
    notes={"by FastAPI's class": _by_fastapis_class},
    opts_out={
        "swallows the error": "the app sends an event instead, which separate cases check",
        "swallows the cancellation": "separate cases cancel it: their clients disconnect",
    },
)
