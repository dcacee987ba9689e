"""The checks of lesson 4's two exercises about a web server: a frame, and an endpoint of frames."""

import asyncio
import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Router

from utils import sse
from utils.checks import loops
from utils.checks.async_streams import LiveProbe, LiveSwitchboard
from utils.checks.attempt import learners_code, told, untouched
from utils.checks.awaited import leaves
from utils.checks.loops import run
from utils.checks.observe import first_difference, kind, nothing_left_unread, the_function
from utils.checks.outcome import NotYet, shown
from utils.checks.servers import Visit, get
from utils.checks.streams import cut

# --- 4.5 frame(text) ------------------------------------------------------------------------------

_TEXTS = (
    "Hello",
    "Two\nlines",
    "One line\n\nand, after a gap, another",
    "She said \"yes\", and 'no'.",
    "\n",
    "",
    "data: Hello\n\n",
    "id: 7\rretry: 1",
    " a space before, and one after ",
    "C:\\notes\\new",
    "🌊 Grüße, 海",
)


def frame(answer: object) -> str:
    """One event that a page can turn back into the text, whatever is in it."""
    function = the_function(answer, "frame")
    frames = []
    for text in _TEXTS:
        with learners_code(f"for the text {shown(repr(text))}"):
            returned = function(text)
        _is_text(returned)
        _carries(returned, text)
        frames.append(returned)
    together = [event.data for event in sse.parse(frames)]
    if together != [event.data for each in frames for event in sse.parse(each)]:
        raise NotYet(
            f"Each frame is right by itself. {len(frames)} of them one after the other make "
            f"{len(together)} events. Where does one end, and the next begin?"
        )
    return (
        f"{len(_TEXTS)} texts came through and back, with line ends, quotes, backslashes and an "
        "emoji, and an empty one."
    )


def _is_text(returned: object) -> None:
    if isinstance(returned, str):
        return
    if inspect.iscoroutine(returned):
        returned.close()
        raise NotYet(
            "`frame` is an `async def`. There is nothing to wait for in it, and without `await` "
            "what comes back is a coroutine and no frame."
        )
    if inspect.isgenerator(returned):
        raise NotYet("There is a `yield` in `frame`; the exercise asks for one text.")
    if isinstance(returned, bytes):
        raise NotYet("What comes back is `bytes`; the exercise asks for a text.")
    if returned is None:
        raise NotYet("`frame` returns `None`. Did it print what it should return?")
    raise NotYet(f"What comes back is {kind(returned)}; the exercise asks for a text.")


def _carries(returned: str, text: str) -> None:
    given = f"For the text {shown(repr(text))},"
    events = sse.parse(returned)
    if not events:
        raise NotYet(f"{given} the frame is {_seen(returned)}. {_why_none(returned)}")
    if len(events) > 1:
        raise NotYet(
            f"{given} the frame is {_seen(returned)}, and a page hears {len(events)} events. What "
            "ends an event?"
        )
    event = events[0]
    if event.type != "message":
        raise NotYet(
            f"The event's type is {shown(event.type)}; a page that listens for messages doesn't "
            "hear it."
        )
    try:
        data = json.loads(event.data)
    except ValueError:
        raise NotYet(f"{given} {_no_json(event.data, text)}") from None
    if data == text and isinstance(data, str):
        return
    if isinstance(data, Mapping | list):
        raise NotYet(
            f"{given} the data is {shown(event.data)}, {kind(data)} around the text. The exercise "
            "asks for the text itself."
        )
    if isinstance(data, str) and data == json.dumps(text):
        raise NotYet(f"{given} the data is {shown(event.data)}: it was turned into JSON twice.")
    if isinstance(data, str):
        raise NotYet(f"{given} a page gets {shown(repr(data))}.")
    raise NotYet(f"{given} a page gets {kind(data)}: {shown(event.data)}.")


def _why_none(returned: str) -> str:
    lines = [line for line in returned.splitlines() if line]
    if not any(line.startswith("data:") or line == "data" for line in lines):
        return "No line of it says that it is data, and so no page hears of it."
    if sse.parse(returned + "\n") or sse.parse(returned + "\n\n"):
        return "As it ends there, a page still waits for the rest of it."
    return "A page hears nothing of it."


def _no_json(data: str, text: str) -> str:
    if data == text:
        end = " And a lone `\\r` wouldn't arrive as it was." if "\n" in text else ""
        return f"the data is the text as it stands, which is no JSON.{end}"
    if data == repr(text):
        return (
            f"the data is {shown(data)}, which is Python's spelling. A page reads JSON, and this "
            "is none."
        )
    if text.startswith(data) and data != text:
        return f"a page gets {shown(repr(data))}. What became of the rest?"
    return f"the data is {shown(repr(data))}, and a page that reads JSON fails at it."


def _seen(text: str) -> str:
    return shown(repr(text), 90)


# --- 4.6 create_app(model) ------------------------------------------------------------------------

_WHY, _HOW = "Why do rivers bend?", "How do tides work? & why"
_RIVERS = "Rivers bend because water\nis never quite even."
_TIDES = 'The moon pulls, and "the sea" follows it around.'
_SILENCE = 40.0  # seconds


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
    _lets_go(function, leave_after=4)
    _lets_go(function, leave_after=_SILENCE / 2)
    return (
        "Each text was on its way before the next one was taken, the end is an event that a page "
        "hears, two readers were served side by side, and the model stopped when its reader left."
    )


@dataclass
class _Service:
    """An app of the learner's, and what its model answers."""

    app: Any
    probes: Mapping[str, LiveProbe]
    other: LiveProbe

    async def get(self, question: str, leave_after: float | int | None = None) -> Visit:
        """Ask the app, and tell the probe what arrives."""
        probe = self.probes[question]

        def heard(event: sse.Event) -> None:
            probe.out(_text_of(event) or "")

        return await get(self.app, "/chat", {"question": question}, heard, leave_after=leave_after)


def _service(function: Callable[..., Any], **silences: Any) -> _Service:
    probes = {
        _WHY: LiveProbe(cut(_RIVERS, 161), **silences),
        _HOW: LiveProbe(cut(_TIDES, 162), **silences),
    }
    other = LiveProbe(["Pardon?"])
    with learners_code("when an app was made"):
        app = function(LiveSwitchboard(probe=other, probes=probes))
    if inspect.iscoroutine(app):
        app.close()
        raise NotYet("`create_app` is an `async def`: calling it gives a coroutine and no app.")
    if app is None:
        raise NotYet("`create_app` returns `None`. Where does the app go that it makes?")
    if not isinstance(app, Starlette | Router):
        raise NotYet(f"`create_app` returns {kind(app)}; the exercise asks for the app.")
    if any(probe.called for probe in (other, *probes.values())):
        raise NotYet(
            "The model was asked when the app was made. Nobody had put a question to it by then."
        )
    return _Service(app, probes, other)


def _answers(function: Callable[..., Any]) -> None:
    async def main() -> tuple[Visit, LiveProbe, float]:
        service = _service(function)
        visit = await service.get(_WHY)
        _right_question(service, service.probes[_WHY])
        return visit, service.probes[_WHY], loops.blocked()

    visit, probe, held_up = run(main, function)
    _frame_is_there(function, visit)
    _served(visit)
    _holds_nobody_up(probe, held_up)
    nothing_left_unread(probe, "chat")
    if not probe.requests:
        said = shown(visit.body.decode(errors="replace")) if visit.body else "nothing"
        raise NotYet(
            f"`GET /chat?question=…` is answered with {said}, and the model was never asked."
        )
    _right_kind(visit)
    _right_events(visit, probe)
    _in_time(visit, probe)


def _frame_is_there(function: Callable[..., Any], visit: Visit) -> None:
    """Turn down an endpoint that failed for want of the exercise before."""
    missing = isinstance(visit.error, NameError) and visit.error.name == "frame"
    written = getattr(function, "__globals__", {}).get("frame")
    if missing or (visit.error is not None and untouched(written, "4.5")):
        raise NotYet(
            "The endpoint uses `frame`, which isn't there yet: it is exercise 4.5. Write it and "
            "run its cell first."
        )


def _right_question(service: _Service, probe: LiveProbe) -> None:
    others = [each for each in (service.other, *service.probes.values()) if each is not probe]
    asked = next((each for each in others if each.requests), None)
    if asked:
        raise NotYet(
            f"The question was {shown(_WHY)}, and the model was asked "
            f"{shown(asked.seen[0][-1].text)}."
        )


def _served(visit: Visit) -> None:
    asked = "`GET /chat?question=…`"
    if visit.error is not None:
        error = leaves(visit.error)[0]
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
            "server answered nobody else, not even a health check. What in the endpoint waits "
            "without letting others run?"
        )


_HEADERS = (  # its name, what its value says, and what happens otherwise
    ("X-Accel-Buffering", r"^\s*no\s*$", "nginx in front of the server would hold the text back"),
    ("Cache-Control", r"\bno-(cache|store)\b", "a proxy in between may keep what it sends on"),
)


def _right_kind(visit: Visit) -> None:
    kind_of = visit.headers.get("content-type", "")
    if kind_of.partition(";")[0].strip().lower() != "text/event-stream":
        raise NotYet(
            f"The answer's content type is {shown(kind_of or 'missing')}. A page's `EventSource` "
            "refuses it and reads nothing."
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
    *texts, last = events
    _right_texts([event for event in events if event.type != "end"], probe)
    if last.type != "end":
        raise NotYet(_no_end(visit, events))
    if any(event.type == "end" for event in texts):
        raise NotYet(
            "The event `end` came more than once, or before the last text. A page stops listening "
            "at the first."
        )


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
    if got != probe.text:
        raise NotYet(f"The text of all events differs. {first_difference(got, probe.text)}")


def _no_end(visit: Visit, events: list[sse.Event]) -> str:
    if b"event: end" in visit.body or b"event:end" in visit.body:
        return (
            "`event: end` is in what was sent, and a page never hears of it: "
            f"`utils.sse.parse` finds {len(events)} events, and the last is no `end`. What does a "
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


def _lets_go(function: Callable[..., Any], leave_after: float | int) -> None:
    async def main() -> tuple[Visit, LiveProbe]:
        in_silence = isinstance(leave_after, float)
        service = _service(function, silences={0: _SILENCE} if in_silence else {})
        visit = await service.get(_WHY, leave_after)
        await asyncio.sleep(2 * _SILENCE)
        return visit, service.probes[_WHY]

    visit, probe = run(main, function)
    left = visit.left if visit.left is not None else loops.BEGIN
    more = sum(at > left + loops.SOON for at in probe.came_at)
    when = (
        "while the model was still silent"
        if isinstance(leave_after, float)
        else f"after {leave_after} events"
    )
    if more:
        raise NotYet(
            f"A reader left {when}, and the model went on: {more} more pieces were generated for "
            "nobody, and paid for."
        )
    if probe.left_at is None or probe.left_at > left + loops.SOON:
        raise NotYet(
            f"A reader left {when}, and the model's stream stayed open: a real one would write on "
            "for nobody."
        )
