"""An endpoint that streams Server-Sent Events, and stops when its reader leaves."""

import asyncio
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Router

from utils import sse
from utils.checks.engine import isolation, virtual_time
from utils.checks.engine.asgi_client import NO_JSON, Visit, get, json_of, started
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reply, cut
from utils.checks.engine.run import ANYTHING, Case, Run, from_yield
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.student_code import untouched

_RIVERS = "Rivers bend:\n\nwater\nis never quite even."
_OTHER, _TIDES = "How do tides work? & why", 'The moon pulls, and "the sea" follows it around.'
_LONG = 120.0  # virtual seconds; by then an endpoint whose model failed has ended
_SLOW = 0.1  # virtual seconds for which a right endpoint may outlast its model
_TRIES = 20  # times that threads get to run, so that they let go of what they made
_A_FIELD = re.compile(r"(data|event|id|retry)(:|$)|:")  # how a line of a frame begins


@dataclass(frozen=True, kw_only=True)
class Visited(Case):
    """A visit to the endpoint.

    Attributes:
        silence: Further seconds before the first text.
        leave: The reader leaves after so many events (an int) or seconds (a float).
        slow: It doesn't leave, but reads no more, and the server cancels the request.
        beside: Another reader asks another question at the same time.
    """

    text: str = _RIVERS
    seed: int = 61
    silence: float = 0.0
    leave: int | float | None = None
    slow: bool = False
    beside: bool = False

    @property
    def whole(self) -> bool:
        """Whether the reply arrives whole and is read to its end."""
        return self.leave is self.fails_after is None


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What readers received from an app.

    Attributes:
        case: The visit.
        given: The learner's function, or whatever was given in its place.
        app: What the function returned.
        early: Whether the model was called when the app was made.
        visits: The responses.
        other: The reply to the other question.
    """

    case: Visited
    given: Any
    app: Any
    early: bool
    visits: Sequence[Visit]
    other: Reply

    @property
    def visit(self) -> Visit:
        """The response to the question."""
        return self.visits[0] if self.visits else Visit(began=0.0)

    @property
    def body(self) -> str:
        """What was sent, as text."""
        return self.visit.body.decode(errors="replace")

    @property
    def events(self) -> list[sse.Event]:
        """What a page receives."""
        return [event for _, event in self.visit.events]

    @property
    def got(self) -> str:
        """The text that a page shows."""
        return self.visit.text

    @property
    def arrived(self) -> str:
        """The text that the model had sent before it failed."""
        return "".join(self.reply.pieces[: self.case.fails_after])

    @property
    def bare(self) -> str:
        """The first line that was sent and names no field, or ""."""
        return next((li for li in self.body.splitlines() if li and not _A_FIELD.match(li)), "")

    @property
    def strange(self) -> sse.Event | None:
        """A message whose data isn't a string as JSON, the longest one."""
        messages = [event for event in self.events if event.type == "message"]
        strange = [each for each in messages if not isinstance(json_of(each), str)]
        return max(strange, key=lambda each: len(each.data), default=None)

    @property
    def took(self) -> float:
        """How many seconds the slowest response took."""
        return max((visit.over or 0) - visit.began for visit in self.visits)

    @property
    def lasts(self) -> float:
        """How many seconds the slowest reply took the model."""
        return max(reply.lasts for reply in (self.reply, self.other)[: len(self.visits)])

    @property
    def generated_late(self) -> int:
        """How many pieces the model generated after its reader had left."""
        left = self.visit.left
        arrived = [at for reading in self.reply.readings for at in reading.arrived]
        return 0 if left is None else sum(at > left + virtual_time.SOON for at in arrived)

    def header(self, name: str) -> str:
        """A header of the response in small letters, or ""."""
        return self.visit.headers.get(name, "").strip().lower()

    @property
    def event_stream(self) -> bool:
        """Whether the response says that it is an event stream."""
        return self.header("content-type").partition(";")[0].strip() == "text/event-stream"


def observe(answer: Any, case: Visited) -> Seen:
    """Make an app and visit it."""
    reply = case.reply(silences={0: case.silence})
    other = Reply(cut(_TIDES, 62))
    replies = {case.prompt: reply, **({_OTHER: other} if case.beside else {})}
    seen: dict[str, Any] = {"app": None, "early": False, "visits": ()}

    def arrives(event: sse.Event) -> None:
        value = json_of(event)
        reply.out(value if event.type == "message" and isinstance(value, str) else "")

    @wraps(answer, updated=())
    async def visit(model: FakeModel) -> None:
        if not callable(answer) or isinstance(answer, Starlette):
            return
        app = seen["app"] = answer(model)
        seen["early"] = bool(model.calls)
        if not _is_app(app):
            return
        leaves: dict[str, Any] = {"leave_after": case.leave, "slow": case.slow}
        visits = [get(app, "/chat", {"question": case.prompt}, arrives, **leaves)]
        if case.beside:
            visits.append(get(app, "/chat", {"question": _OTHER}))
        async with started(app):
            seen["visits"] = await asyncio.gather(*visits)
        for _ in range(_TRIES):  # Python closes a generator that was left at a `yield`,
            await asyncio.to_thread(isolation.settle)  # once no thread holds it any more
            await asyncio.sleep(0.001)
            if not reply.still_open:
                break
        for each in seen["visits"]:
            if each.error:
                raise each.error

    model, streams = FakeModel.of(replies), case.leave is None
    run = run_async("create_app", visit, case, reply, model, wants=ANYTHING, passes_on=streams)
    return Seen.of(run, given=answer, other=other, **seen)


def _is_app(value: object) -> bool:
    return isinstance(value, Starlette | Router) or (
        callable(value) and not inspect.isroutine(value) and not isinstance(value, type)
    )


def _served(s: Seen) -> bool:
    return s.error is None and bool(s.visits)


def _endpoint_yields(s: Seen) -> bool:
    endpoints = [getattr(route, "endpoint", None) for route in getattr(s.app, "routes", ())]
    return any(map(inspect.isasyncgenfunction, endpoints)) or any(
        map(inspect.isgeneratorfunction, endpoints)
    )


def _says(words: str) -> Callable[[Seen], bool]:
    return lambda s: words in str(s.error)


def _if(applies: Callable[[Seen], bool], mistakes: Mistakes[Seen]) -> Mistakes[Seen]:
    def both(mistake: Callable[[Seen], bool]) -> Callable[[Seen], bool]:
        return lambda s: applies(s) and mistake(s)

    return {name: both(mistake) for name, mistake in mistakes.items()}


FIRST: Mistakes[Seen] = {
    "an app": lambda s: isinstance(s.given, Starlette),
    "not a function": lambda s: not callable(s.given),
    "async def": lambda s: inspect.iscoroutine(s.app),
    "yields": lambda s: from_yield(s.app),
    "returns nothing": lambda s: s.app is None and s.error is None,
    "returns the wrong type": lambda s: s.error is None and not _is_app(s.app),
    "calls when made": lambda s: s.early,
    "frame is missing": lambda s: isinstance(s.error, NameError) and s.error.name == "frame",
    "frame isn't written": lambda s: (
        s.error is not None
        and untouched(getattr(s.given, "__globals__", {}).get("frame"), "4.frame")
    ),
    "function as a stream": _says("'function' object is not iterable"),
    "coroutine as a stream": _says("'coroutine' object is not iterable"),
    "stream as JSON": _says("'async_generator' object is not iterable"),
    "chunk as a frame": _says("object has no attribute 'encode'"),
    "headers in a string": _says("object has no attribute 'items'"),
    "another parameter": lambda s: _served(s) and s.visit.status == 422,
    "another path": lambda s: _served(s) and s.visit.status == 404,
    "another method": lambda s: _served(s) and s.visit.status == 405,
    "another status": lambda s: _served(s) and s.visit.status != 200,
    "closes before it is read": lambda s: (
        s.model is not None and bool(s.model.calls) and not s.model.readings and s.event_stream
    ),
}
WHOLE: Mistakes[Seen] = {
    "mixes readers up": lambda s: s.case.beside and s.got != s.reply.text,
    "stops early": lambda s: not s.reply.ended,
    "yields in the endpoint": lambda s: not s.event_stream and _endpoint_yields(s),
    "another content type": lambda s: not s.event_stream,
    "proxies may buffer": lambda s: s.header("x-accel-buffering") != "no",
    "caches may keep": lambda s: not re.search(r"\bno-(cache|store)\b", s.header("cache-control")),
    "nothing sent": lambda s: not s.body,
    "no events": lambda s: not s.events,
    "frames run together": lambda s: any("\n" in event.data for event in s.events),
    "text without a field": lambda s: bool(s.bare) and len(s.events) == 1,
    "end as a message": lambda s: (
        s.events[-1].type == "message"
        and s.got in (s.reply.text, s.reply.text + str(json_of(s.events[-1])))
        and (json_of(s.events[-1]) is NO_JSON or "end" in s.events[-1].data.lower())
    ),
    "another event": lambda s: bool({*s.visit.names} - {"end", "failed"}),
    "failed for a whole reply": lambda s: "failed" in s.visit.names,
    "not JSON": lambda s: NO_JSON in s.visit.messages,
    "text in a container": lambda s: s.strange is not None,
    "no text": lambda s: bool(s.reply.text) and not s.got,
    "JSON twice": lambda s: (
        bool(s.got)
        and s.got != s.reply.text
        and all(text[:1] == text[-1:] == '"' for text in s.visit.messages if text)
    ),
    "loses white space": lambda s: (
        s.got != s.reply.text and "".join(s.got.split()) == "".join(s.reply.text.split())
    ),
    "another text": lambda s: s.got != s.reply.text,
    "end without data": lambda s: not s.visit.names and "event: end" in s.body,
    "no end": lambda s: not s.visit.names,
    "text after the end": lambda s: s.events[-1].type != "end",
    "several ends": lambda s: len(s.visit.names) > 1,
    "one reader after the other": lambda s: s.case.beside and s.took > 1.3 * s.lasts,
    "waits between pieces": lambda s: s.took > s.lasts + _SLOW,
}
FAILED: Mistakes[Seen] = {
    "hangs after a failure": lambda s: s.visit.left is not None,
    "end after a failure": lambda s: "end" in s.visit.names,
    "failure named error": lambda s: "error" in s.visit.names,
    "failure as text": lambda s: s.got != s.arrived and s.got.startswith(s.arrived),
    "failure without data": lambda s: not s.visit.names and "event: failed" in s.body,
    "no failure event": lambda s: not s.visit.names,
    "another failure event": lambda s: "failed" not in s.visit.names,
    "goes on after failed": lambda s: s.events[-1].type != "failed" or len(s.visit.names) > 1,
}
LEFT: Mistakes[Seen] = {
    "model goes on": lambda s: s.generated_late > 0,
    "sends after that": lambda s: any(event.type != "message" for event in sse.parse(s.visit.late)),
}

check = Exercise(
    observe,
    cases=(
        Visited(),
        Visited(pieces=("", "a", "", " ", "\n", "b"), when="for a reply with empty pieces"),
        Visited(pieces=(), when="for an empty reply"),
        Visited(beside=True, when="when two readers asked at the same time"),
        Visited(leave=4, when="A reader left after 4 events"),
        Visited(silence=40.0, leave=20.0, when="A reader left while the model was still silent"),
        Visited(
            leave=4, slow=True, when="The server cancelled a request while text waited to be sent"
        ),
        Visited(fails_after=3, leave=_LONG, when="in mid-reply"),
        Visited(fails_after=0, leave=_LONG, when="before its first chunk"),
    ),
    mistakes={
        **_if(lambda s: s.case.whole, WHOLE),
        **_if(lambda s: s.case.fails_after is not None, FAILED),
        **_if(lambda s: s.case.fails_after is None and s.case.leave is not None, LEFT),
    },
    first=FIRST,
    opts_out={
        "swallows the error": "the page is told by an event, which cases of its own look at",
        "swallows the cancellation": "a reader who leaves cancels it, in cases of its own",
        "stops at the first chunk": "`stops early` covers it",
    },
)
