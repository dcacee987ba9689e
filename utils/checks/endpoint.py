"""The check of exercise 4.6: an endpoint that streams events, asked by ASGI in virtual time."""

import asyncio
import inspect
import json
import re
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any
from weakref import WeakSet

from starlette.applications import Starlette
from starlette.routing import Router

from utils import sse
from utils.checks.async_streams import LiveProbe, LiveSwitchboard
from utils.checks.awaited import leaves, tasks_at_work, told_apart
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.asgi_client import Visit, get
from utils.checks.engine.student_code import learners_code, learners_own, told, untouched
from utils.checks.engine.virtual_time import run
from utils.checks.engine.wording import shown
from utils.checks.guard import judged
from utils.checks.observe import (
    first_difference,
    kind,
    names_in,
    no_blank_piece_lost,
    nothing_left_unread,
    the_function,
)
from utils.checks.outcome import NotYet
from utils.checks.streams import cut, cut_at_lines
from utils.checks.watching import often

_WHY, _HOW = "Why do rivers bend?", "How do tides work? & why"
_RIVERS = "Rivers bend:\n\nwater\nis never quite even."
_TIDES = 'The moon pulls, and "the sea" follows it around.'
_SILENCE = 40.0  # seconds


@judged("create_app")
def create_app(answer: object) -> str:
    """An endpoint that streams events, lets its readers and its model go, and holds nobody up."""
    if isinstance(answer, Starlette):
        raise NotYet(
            "The check wants the function itself, `create_app`, to make apps with models of its "
            "own; it was given an app."
        )
    function = the_function(answer, "create_app")
    _answers(function)
    _two_readers(function)
    _lets_go(function, "after 4 events", leave_after=4)
    _lets_go(function, "while the model was still silent", leave_after=_SILENCE / 2)
    _lets_go(function, "while a text waited to be sent", leave_after=4, slow=True)
    _no_end_after_a_loss(function)
    return (
        "Each text was on its way before the next one was taken, the end is an event that a page "
        "hears, two readers were served side by side, and the model stopped when its reader left."
        f"{_who_closes(function)}"
    )


@dataclass
class _Service:
    """An app of the learner's, and what its model answers."""

    app: Any
    probes: Mapping[str, LiveProbe]
    other: LiveProbe

    async def get(self, question: str, **leaving: Any) -> Visit:
        """Ask the app, and tell the probe what arrives."""
        probe = self.probes[question]

        def heard(event: sse.Event) -> None:
            probe.out(_text_of(event) or "")

        return await get(self.app, "/chat", {"question": question}, heard, **leaving)


def _service(function: Callable[..., Any], **how: Any) -> _Service:
    probes = {
        _WHY: LiveProbe(cut_at_lines(_RIVERS, 161), **how),
        _HOW: LiveProbe(cut(_TIDES, 162), **how),
    }
    other = LiveProbe(["Pardon?"])
    with learners_code("when an app was made"):
        app = function(LiveSwitchboard(probe=other, probes=probes))
    if inspect.iscoroutine(app):
        app.close()
        raise NotYet("`create_app` is an `async def`: calling it gives a coroutine and no app.")
    if app is None:
        raise NotYet("`create_app` returns `None`. Is there a `return app`?")
    if not isinstance(app, Starlette | Router):
        raise NotYet(f"`create_app` returns {kind(app)}; the exercise asks for the app.")
    if any(probe.called for probe in (other, *probes.values())):
        raise NotYet(
            "The model was asked when the app was made. Nobody had put a question to it by then."
        )
    return _Service(app, probes, other)


def _answers(function: Callable[..., Any]) -> None:
    async def main() -> tuple[Visit, LiveProbe, float, Any]:
        service = _service(function)
        visit = await service.get(_WHY)
        _right_question(service, service.probes[_WHY])
        return visit, service.probes[_WHY], loops.blocked(), service.app

    visit, probe, held_up, app = run(main, function)
    _frame_is_there(function, visit)
    _served(visit)
    _holds_nobody_up(probe, held_up)
    _not_closed_before_it_is_read(probe, app)
    nothing_left_unread(probe, "chat")
    if not probe.requests:
        said = shown(visit.body.decode(errors="replace")) if visit.body else "nothing"
        raise NotYet(
            f"`GET /chat?question=…` is answered with {said}, and the model was never asked."
            f"{' Is a `return` missing?' if visit.body == b'null' else ''}"
        )
    _right_kind(visit, app)
    _right_events(visit, probe)
    _in_time(visit, probe)


def _frame_is_there(function: Callable[..., Any], visit: Visit) -> None:
    """Turn down an endpoint that failed for want of the exercise before."""
    error = leaves(visit.error)[0] if visit.error else None
    missing = isinstance(error, NameError) and error.name == "frame"
    written = getattr(function, "__globals__", {}).get("frame")
    if missing or (visit.error is not None and untouched(written, "4.5")):
        reason = "the notebook has none yet" if missing else "that isn't written yet"
        raise NotYet(
            f"The endpoint uses `frame` of exercise 4.5, and {reason}. Run the cell of Exercise "
            "4.5 with your answer in it, and then this one again."
        )


def _not_closed_before_it_is_read(probe: LiveProbe, app: Any) -> None:
    """Turn down an endpoint that makes the stream in a block around its `return`."""
    if not probe.called or probe.requests:
        return
    if any({"aclosing", "aclose"} & set(each.__code__.co_names) for each in _endpoints(app)):
        raise NotYet(
            "The model's stream was closed before anybody had read it: a block that holds "
            "`return` ends when `chat` returns, and only then does the response begin to read. "
            "Which function's block lasts as long as the reading?"
        )


def _endpoints(app: Any) -> list[FunctionType]:
    """The learner's own functions that answer the app's requests."""
    found = (getattr(route, "endpoint", None) for route in app.routes)
    return [
        each
        for each in found
        if isinstance(each, FunctionType) and learners_own(each.__code__.co_filename)
    ]


def _right_question(service: _Service, probe: LiveProbe) -> None:
    others = [each for each in (service.other, *service.probes.values()) if each is not probe]
    asked = next((each for each in others if each.requests), None)
    if asked:
        raise NotYet(
            f"The question was {shown(_WHY)}, and the model was asked "
            f"{shown(asked.seen[0][-1].text)}."
        )


_NO_STREAM = {  # what Starlette and FastAPI say, and what it means
    "'function' object is not iterable": "The response was given a function, and nothing can be "
    "read from that. Calling it makes the stream: are brackets missing after its name?",
    "'coroutine' object is not iterable": "The response was given a coroutine, and nothing can be "
    "read from that. Is there a `yield` in the function that made it?",
    "'async_generator' object is not iterable": "The endpoint returns its stream as it is, and "
    "FastAPI can't turn that into JSON. What reads it, and sends it piece by piece?",
    "object has no attribute 'items'": "The response's `headers` are to be a dict, a header's name "
    "before each colon and its value after it; it was given something else.",
}


def _served(visit: Visit) -> None:
    asked = "`GET /chat?question=…`"
    if visit.error is not None:
        error = told_apart(leaves(visit.error)[0])
        if isinstance(error, NotYet):
            raise error
        for what, reason in _NO_STREAM.items():
            if isinstance(error, TypeError | ValueError | AttributeError) and what in str(error):
                raise NotYet(reason)
        raise NotYet(told(error, "when the app was asked")) from visit.error
    if visit.status == 422:
        wants = _wanted(visit.body)
        raise NotYet(
            f"{asked} is answered with status 422: FastAPI misses {wants}. By what name does the "
            "endpoint take the question?"
        )
    if visit.status in (404, 405):
        meaning = "nothing is there" if visit.status == 404 else "not by `GET`"
        raise NotYet(f"{asked} is answered with status {visit.status}: {meaning}.")
    if visit.status != 200:
        raise NotYet(f"{asked} is answered with status {visit.status}.")


def _wanted(body: bytes) -> str:
    try:
        where = json.loads(body)["detail"][0]["loc"]
    except (ValueError, LookupError, TypeError):
        return "something"
    return f"{shown(str(where[-1]))} in the {where[0]}"


def _holds_nobody_up(probe: LiveProbe, held_up: float) -> None:
    if probe.blocking or held_up:
        raise NotYet(
            f"While this one reply was made, the event loop stood still for {held_up:.1f} s: the "
            "server answered nobody else. What in the endpoint waits without letting others run?"
        )


def _yields(function: object) -> bool:
    return inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function)


_A_FIELD = re.compile(r"(data|event|id|retry)(:|$)|:")  # how a line of a frame begins
_HEADERS = (  # its name, what its value says, and what happens otherwise
    ("X-Accel-Buffering", r"^\s*no\s*$", "nginx in front of the server would hold the text back"),
    ("Cache-Control", r"\bno-(cache|store)\b", "a proxy in between may keep what it sends on"),
)


def _right_kind(visit: Visit, app: Any) -> None:
    kind_of = visit.headers.get("content-type", "")
    if kind_of.partition(";")[0].strip().lower() != "text/event-stream":
        seen = f"is {shown(kind_of)}" if kind_of else "is missing"
        own = next((each.__name__ for each in _endpoints(app) if _yields(each)), None)
        if own:
            raise NotYet(
                f"`{own}` yields by itself, and so FastAPI makes the response of it: the content "
                f"type {seen}. Put the `yield`s into a function `frames` of their own, and return "
                "a `StreamingResponse` that reads it."
            )
        raise NotYet(
            f"The answer's content type {seen}. A page's `EventSource` refuses it and reads "
            "nothing."
        )
    for header, wanted, harm in _HEADERS:
        value = visit.headers.get(header.lower(), "")
        if not re.search(wanted, value, re.IGNORECASE):
            seen = f"is {shown(value)}" if value else "is missing"
            raise NotYet(f"The header `{header}` {seen}: {harm}.")


def _text_of(event: sse.Event) -> str | None:
    """The text that a message carries; None if it carries none."""
    try:
        data = json.loads(event.data)
    except ValueError:
        return None
    return data if isinstance(data, str) and event.type == "message" else None


def _right_events(visit: Visit, probe: LiveProbe) -> None:
    events = [event for _, event in visit.events]
    if not visit.body:
        raise NotYet("The answer is empty: status 200, and no byte after its headers.")
    if not events:
        raise NotYet(
            f"What arrived is {shown(repr(visit.body.decode(errors='replace')), 90)}, and a page "
            "hears no event in it."
        )
    texts = [event for event in events if event.type != "end"]
    _each_framed(visit, events)
    _no_other_end(events, probe)
    _right_texts(texts, probe)
    if len(texts) == len(events):
        raise NotYet(_no_end(visit, events))
    before = [event.type for event in events].index("end")
    after = events[before + 1 :]
    if after and all(event.type == "end" for event in after):
        raise NotYet(f"The event `end` was sent {often(len(after) + 1)}; once is enough.")
    if after:
        raise NotYet(
            f"The event `end` came after {before} of {len(texts)} texts. A page hears it, closes, "
            "and misses what follows."
        )


def _each_framed(visit: Visit, events: list[sse.Event]) -> None:
    """Turn down text that was sent as it is, of which a page hears nothing."""
    lines = visit.body.decode(errors="replace").splitlines()
    bare = next((line for line in lines if line and not _A_FIELD.match(line)), None)
    if bare and len(events) == 1:
        raise NotYet(
            f"What was sent begins with {shown(repr(visit.body.decode(errors='replace')), 70)}. A "
            f"page skips {shown(bare)} and each other line that names no field, and hears one "
            "event in all. What makes an event of a piece of text?"
        )


def _no_other_end(events: list[sse.Event], probe: LiveProbe) -> None:
    """Turn down an end that is only one more message, and not even JSON."""
    *texts, last = events
    got = "".join(_text_of(event) or "" for event in texts)
    if got == probe.text and last.type == "message" and _not_json(last):
        raise NotYet(
            f"No event named `end` came. The last one is a message with the data "
            f"{shown(last.data)}, and a page takes it for a piece of the reply. What gives an "
            "event its name?"
        )


def _not_json(event: sse.Event) -> bool:
    try:
        json.loads(event.data)
    except ValueError:
        return True
    return False


def _right_texts(events: list[sse.Event], probe: LiveProbe) -> None:
    for event in events:
        if event.type != "message":
            raise NotYet(
                f"An event of the type {shown(event.type)} came, with the data "
                f"{shown(event.data)}. A page that listens for messages and for `end` doesn't "
                "hear it."
            )
        try:
            data = json.loads(event.data)
        except ValueError:
            raise NotYet(
                f"The data of an event is {shown(repr(event.data))}, which is no JSON. The reply's "
                "new lines and spaces don't survive that."
            ) from None
        if not isinstance(data, str):
            raise NotYet(
                f"The data of an event is {shown(event.data)}: {kind(data)}. The exercise asks "
                "for the text itself, as in `frame`."
            )
    got = "".join(_text_of(event) or "" for event in events)
    if not got:
        raise NotYet("The events carry no text, though the model wrote some.")
    if all(text[:1] == text[-1:] == '"' for text in map(_text_of, events) if text):
        raise NotYet(f"The text was turned into JSON twice: {shown(got)}.")
    last = _text_of(events[-1]) or ""
    if got == probe.text + last and "end" in last.lower():
        raise NotYet(
            f"No event named `end` came. The last one is a message with the text {shown(last)}, "
            "and a page shows it as part of the reply. What gives an event its name?"
        )
    no_blank_piece_lost(got, probe.pieces)
    if got != probe.text:
        raise NotYet(
            "The events' texts, put together, aren't the reply. "
            f"{first_difference(got, probe.text)}"
        )


def _no_end(visit: Visit, events: list[sse.Event]) -> str:
    if b"event: end" in visit.body or b"event:end" in visit.body:
        return (
            "`event: end` is in what was sent, and a page never hears of it: "
            f"`utils.sse.parse` finds {len(events)} events, and the last isn't `end`. What does a "
            "frame need in order to be dispatched?"
        )
    named = events[-1].type
    if named != "message":
        return f"The last event is called {shown(named)}; the exercise asks for `end`."
    return (
        "After the last text nothing says that the reply is over. When the connection closes, a "
        "page takes it for a fault and asks again."
    )


def _in_time(visit: Visit, probe: LiveProbe) -> None:
    total = len(probe.pieces)
    if not probe.most_held:
        return
    if probe.most_held == total:
        raise NotYet(
            "The events are right, and the first one was sent when all "
            f"{total} pieces of the reply were there, after {visit.events[0][0] - visit.began:.1f} "
            "s."
        )
    raise NotYet(
        f"At one time {probe.most_held} of {total} pieces had arrived and weren't sent. Each "
        "should be on its way before the next one is taken."
    )


def _two_readers(function: Callable[..., Any]) -> None:
    async def main() -> tuple[list[Visit], _Service]:
        service = _service(function)
        visits = await asyncio.gather(service.get(_WHY), service.get(_HOW))
        return list(visits), service

    visits, service = run(main, function)
    for visit, probe in zip(visits, service.probes.values(), strict=True):
        _served(visit)
        got = "".join(_text_of(event) or "" for _, event in visit.events)
        if got != probe.text:
            raise NotYet(
                "One reader is served well. Of two at once, one gets "
                f"{shown(got) if got else 'nothing'} for the reply {shown(probe.text)}. What do "
                "they share?"
            )
    slowest = max((visit.over or 0) - visit.began for visit in visits)
    alone = max(probe.lasts for probe in service.probes.values())
    if slowest > 1.3 * alone:
        raise NotYet(
            f"Two readers asked at once, and one of them waited for the other: {slowest:.1f} s in "
            f"place of {alone:.1f} s."
        )


def _lets_go(function: Callable[..., Any], when: str, **leaving: Any) -> None:
    async def main() -> tuple[Visit, LiveProbe, list[str]]:
        in_silence = isinstance(leaving["leave_after"], float)
        service = _service(function, silences={0: _SILENCE} if in_silence else {})
        with _streams_begun() as begun:
            visit = await service.get(_WHY, **leaving)
        if leaving.get("slow"):
            await _closed(begun)
        await loops.soon()
        names = tasks_at_work()
        await asyncio.sleep(2 * _SILENCE)
        return visit, service.probes[_WHY], names

    visit, probe, tasks = run(main, function)
    left = visit.left if visit.left is not None else loops.BEGIN
    more = sum(at > left + loops.SOON for at in probe.came_at)
    if more:
        pieces = "piece was" if more == 1 else "pieces were"
        raise NotYet(
            f"A reader left {when}, and the model went on: {more} more {pieces} generated for "
            f"nobody, and paid for. {_who_goes_on(probe, tasks)}"
        )
    if probe.left_at is None or probe.left_at > left + loops.SOON:
        raise NotYet(
            f"A reader left {when}, and the model's stream stayed open: a real one would write on "
            f"for nobody. {_who_goes_on(probe, tasks)}"
        )
    if visit.late:
        raise NotYet(
            f"A reader left {when}. Your code was cancelled, and it sent "
            f"{shown(repr(visit.late.decode(errors='replace')))} all the same. Which `except` or "
            "`finally` does that?"
        )


@contextmanager
def _streams_begun() -> Iterator[WeakSet[AsyncGenerator[Any, Any]]]:
    """The learner's own async generators that are begun meanwhile, as long as they live."""
    begun: WeakSet[AsyncGenerator[Any, Any]] = WeakSet()
    first = sys.get_asyncgen_hooks().firstiter

    def noted(stream: Any) -> None:
        if learners_own(stream.ag_code.co_filename):
            begun.add(stream)
        if first is not None:
            first(stream)

    sys.set_asyncgen_hooks(firstiter=noted)
    try:
        yield begun
    finally:
        sys.set_asyncgen_hooks(firstiter=first)


async def _closed(streams: WeakSet[AsyncGenerator[Any, Any]]) -> None:
    """Close what was left at a `yield`, as Python does sooner or later: servers don't."""
    closing = [asyncio.ensure_future(stream.aclose()) for stream in list(streams)]
    if closing:
        await asyncio.wait(closing, timeout=loops.SOON)


def _no_end_after_a_loss(function: Callable[..., Any]) -> None:
    """Turn down code after whose `end` a page takes half a reply for the whole."""
    pieces = 3

    async def main() -> tuple[Visit, Visit, LiveProbe]:
        whole = await _service(function).get(_WHY)
        service = _service(function, fails_after=pieces)
        half = await service.get(_WHY, leave_after=3 * _SILENCE)  # some never end it
        return whole, half, service.probes[_WHY]

    whole, half, probe = run(main, function)
    events = [event for _, event in half.events]
    got = "".join(_text_of(event) or "" for event in events)
    nothing_said = all(event.type in ("message", "end") for event in events)
    nothing_said = nothing_said and got == "".join(probe.pieces[:pieces])
    if nothing_said and events and events[-1] == whole.events[-1][1]:
        raise NotYet(
            f"When the model's connection broke after {pieces} of {len(probe.pieces)} pieces, "
            "`end` was sent all the same: a page takes half a reply for the whole. Which `except` "
            "or `finally` keeps the error to itself?"
        )


def _who_closes(function: Callable[..., Any]) -> str:
    """A word for code that leaves it to Python to close the stream."""
    names = names_in(function)
    if "astream" not in names or names & {"aclosing", "aclose"}:
        return ""
    return (
        " Nothing in your code closes the model's stream: it went because nobody else held it, "
        "as after a plain `break`. `aclosing` closes it in any case."
    )


def _who_goes_on(probe: LiveProbe, tasks: Sequence[str]) -> str:
    if tasks:
        return f"The task of `{tasks[0]}` is still at work. Who cancels it?"
    if "stream" in probe.called:
        return "A thread reads it. How would that hear that its reader has left?"
    return "Who still holds it, and what closes it?"
