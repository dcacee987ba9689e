"""Check for 4.rejoin: `create_lasting_app`, whose replies outlive their readers but end on Stop.

`POST /chat` starts a reply and returns its key. `GET /replies/KEY` streams the events that follow
`Last-Event-ID`, and `POST /replies/KEY/stop` stops the reply.
"""

import asyncio
import json
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

from utils.checks.engine.app_runner import NO_APP, run_app
from utils.checks.engine.asgi_client import App, Visit, get, json_of, logs_output_of, post
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.mistakes import TEXT, sent_late
from utils.checks.engine.reply import Reply, cut
from utils.checks.engine.run import Case, Run
from utils.checks.engine.virtual_time import SOON

_HARBOUR = 'The harbour wakes:\n"gulls" first, then engines.'
_OTHER = "How do tides work?"  # the question for a second reply in the same app
_LONG = 120.0  # seconds allowed for each response to end
_SLOW = 0.1  # seconds allowed for a response to send a finished reply
_WRONG_IDS = ("999", "-1", "x")  # values of `Last-Event-ID` that match no event
_ENDS = ("end", "failed")  # possible types of a reply's last event
LOST = ("unknown", "unknown/stop")  # paths for a reply that doesn't exist


@dataclass(frozen=True, kw_only=True)
class Readers(Case):
    """A reply and its readers. After the reply ends, one more reader reads it from the start."""

    text: str = _HARBOUR
    seed: int = 71
    # for each reader, how many events it receives before each drop; finally, it reads to the end
    drops: Sequence[Sequence[int]] = ((),)
    # seconds until Stop is sent; None if it isn't sent. A second reply is requested before that,
    # and must continue after it.
    stops: float | None = None
    bad_requests: bool = False  # whether the check also sends bad requests

    @property
    def whole(self) -> bool:
        return super().whole and self.stops is None


class Rejoin(NamedTuple):
    """The text that a page received before and after it reconnected."""

    before: str = ""
    after: str = ""
    due: str = ""  # the correct text after the reconnection


@dataclass
class Reader:
    """A page that reconnects with the last event id it received, like an `EventSource`."""

    visits: list[Visit] = field(default_factory=list)

    @property
    def events(self) -> list[Any]:
        return [event for visit in self.visits for event in visit.events]

    @property
    def text(self) -> str:
        return "".join(visit.text for visit in self.visits)

    @property
    def messages(self) -> list[tuple[str, str]]:
        return [(event.id, event.data) for event in self.events if event.type == "message"]

    async def read(
        self, app: Any, path: str, drops: Sequence[int] = (), on_event: Any = None
    ) -> None:
        """Read a reply, reconnecting after each of the `drops`; give up if a status isn't 200."""
        for leave_after in (*drops, _LONG):  # an int is a number of events; a float is in seconds
            headers = {"last-event-id": self.last_id} if self.last_id else {}
            visit = await get(app, path, {}, on_event, headers=headers, leave_after=leave_after)
            self.visits.append(visit)
            if visit.status != 200 or (self.events and self.events[-1].type != "message"):
                return
            await asyncio.sleep(0.25)  # the model keeps generating during this time

    @property
    def last_id(self) -> str:
        """The id of the last event that the page received; "" before any event."""
        return self.events[-1].id if self.events else ""

    def same_id(self) -> str:
        """Return the first id that two different messages share; "" if there is none."""
        ids = [each for each, _ in set(self.messages)]
        return next((each for each in sorted(ids) if ids.count(each) > 1), "")

    def wrong_rejoin(self, expected: str) -> Rejoin:
        """Return the first reconnection that received wrong text; an empty `Rejoin` if none did."""
        before = self.visits[0].text if self.visits else ""
        for visit in self.visits[1:]:
            rest = expected.removeprefix(before)
            is_last = visit is self.visits[-1]  # the last visit should receive all that remains
            if not rest.startswith(visit.text) or (is_last and visit.text != rest):
                return Rejoin(before, visit.text, rest)
            before += visit.text
        return Rejoin()


@dataclass(kw_only=True)
class Seen(Run):
    case: Readers
    begun: Visit  # the response to `POST /chat`; empty if there is no app
    # the reply's readers; the last one connects after the reply has ended; empty without a reply
    readers: Sequence[Reader]
    stops: Sequence[Visit]  # the responses to two Stops: one in mid-reply, one after the end
    cut_off: bool  # whether the reply to `_OTHER` is incomplete, although it wasn't stopped
    bad: Sequence[tuple[str, Visit]]  # each bad request's path or event id, with the response
    kept: int  # how many pieces had arrived when Stop was sent; all pieces if Stop wasn't sent
    reader: Reader  # the first reader that received the wrong text; if none did, `readers[0]`
    refusals: Sequence[Visit]  # responses to readers with a status other than 200
    media_type: str  # the first wrong content type; "" if there is none
    no_string: str  # the data of the first message that isn't a JSON string; "" if there is none
    last: str  # the first wrong type among the readers' last events; "" if there is none
    first_id: str  # the id of the first reader's first message; "" if there is none
    # the duration, in seconds, of the last response, which began after the reply was complete
    late: float

    @property
    def output(self) -> str:
        return self.reader.text


def observe(answer: Any, case: Readers) -> Seen:
    reply = case.reply()
    plain = case.whole and case.drops == ((),)  # whether one connection receives the whole reply
    readers = [Reader() for _ in (*case.drops, "later")]  # the last one reads the finished reply
    other = Reply(cut("The moon pulls the sea.", 73), silences={2: 40.0})
    other_reader = Reader()
    # the fields of `Seen` that `send_requests` fills in
    seen: dict[str, Any] = {"readers": [], "stops": [], "bad": [], "cut_off": False}
    seen["begun"] = Visit(began=0.0)

    async def send_requests(app: App) -> list[Visit]:
        other_key = ""
        seen["begun"] = await post(app, "/chat", {"question": case.prompt})
        key = _key(seen["begun"])
        if not key:
            return [seen["begun"]]
        path, seen["readers"] = f"/replies/{key}", readers
        async with asyncio.TaskGroup() as group:
            for reader, drops in zip(readers, case.drops, strict=False):
                on_event = logs_output_of(reply) if plain else None
                group.create_task(reader.read(app, path, drops, on_event))
            if case.stops:
                other_key = _key(await post(app, "/chat", {"question": _OTHER}))
                await asyncio.sleep(case.stops)
                seen["stops"].append(await post(app, f"{path}/stop"))
            if case.bad_requests:
                await asyncio.sleep(reply.arrives(3))
                seen["bad"] = await _send_bad_requests(app, path)
        await asyncio.sleep(reply.lasts)  # until the reply has ended, even if Stop failed
        if case.stops:
            seen["stops"].append(await post(app, f"{path}/stop"))
            await other_reader.read(app, f"/replies/{other_key}")
            seen["cut_off"] = other_reader.text != other.text
        await readers[-1].read(app, path)
        last_id = readers[-1].last_id
        if case.bad_requests and last_id.isdecimal():
            after_it = str(int(last_id) + 1)
            seen["bad"].append((after_it, await _get_from(app, path, after_it)))
        return [seen["begun"], *seen["stops"], *_visits(readers)]

    model = FakeModel.of({case.prompt: reply, _OTHER: other})
    run = run_app("create_lasting_app", answer, case, reply, model, send_requests, passes_on=plain)
    stop_at = seen["stops"][0].began + SOON if seen["stops"] else inf
    kept = sum(at <= stop_at for each in reply.readings for at in each.arrived)
    due = reply.text if case.whole else "".join(reply.pieces[:kept])
    misled = [each for each in seen["readers"] if each.text != due]
    visits = _visits(seen["readers"])
    types = [visit.headers.get("content-type") or "None" for visit in visits]
    events = [event for visit in visits for event in visit.events]
    data = [event for event in events if event.type == "message"]
    right = "end" if case.fails_after is None else "failed"
    last_types = [each.events[-1].type if each.events else "none" for each in seen["readers"]]
    return Seen.of(
        run,
        **seen,
        kept=kept,
        expected=due,
        reader=misled[0] if misled else readers[0],
        late=(visits[-1].over or 0.0) - visits[-1].began if visits else 0.0,
        refusals=[visit for visit in visits if visit.status != 200],
        media_type=next((t for t in types if not t.startswith("text/event-stream")), ""),
        no_string=next((event.data for event in data if not isinstance(json_of(event), str)), ""),
        last=next((each for each in last_types if each != right), ""),
        first_id=next((number for number, _ in readers[0].messages), ""),
    )


async def _send_bad_requests(app: App, path: str) -> list[tuple[str, Visit]]:
    reply, stop = LOST
    return [
        (reply, await get(app, f"/replies/{reply}")),
        (stop, await post(app, f"/replies/{stop}")),
        *[(each, await _get_from(app, path, each)) for each in _WRONG_IDS],
    ]


async def _get_from(app: App, path: str, last_id: str) -> Visit:
    return await get(app, path, headers={"last-event-id": last_id}, leave_after=_LONG)


def _visits(readers: Sequence[Reader]) -> list[Visit]:
    return [visit for reader in readers for visit in reader.visits]


def _key(begun: Visit) -> str:
    """Return the key of the reply that a request started; "" if the response has no key."""
    try:
        return str(json.loads(begun.body)["reply"])
    except (ValueError, TypeError, KeyError):
        return ""


def _repeats_from(s: Seen) -> int | None:
    """Return the index of the first text that `reader` received twice; None if there is none."""
    rejoin = s.reader.wrong_rejoin(s.expected)
    at = s.expected.find(rejoin.after[:8]) if rejoin.after else -1
    return at if 0 <= at < len(rejoin.before) else None


def fails(visit: Visit) -> bool:
    return visit.status not in range(200, 300)


def accepted(s: Seen) -> Sequence[tuple[str, Visit]]:
    """Return each bad request that received the wrong status, with its response."""
    right = {what: (404,) if what in LOST else range(400, 500) for what, _ in s.bad}
    return [(what, visit) for what, visit in s.bad if visit.status not in right[what]]


def refused(s: Seen) -> Sequence[tuple[Reader, Visit]]:
    """Return each rejected request's reader and response.

    If no request succeeded, a rejection is a 4xx status other than 404, 405 and 422, which may
    mean that the endpoint itself is wrong.
    """
    visits = [(reader, visit) for reader in s.readers for visit in reader.visits]
    exists = any(visit.status == 200 for _, visit in visits)
    counts = set(range(400, 500)) - {404, 405, 422}
    return [
        (reader, visit)
        for reader, visit in visits
        if visit.status != 200 and (exists or visit.status in counts)
    ]


def ends_early(s: Seen) -> Sequence[Visit]:
    """Return the responses that ended before the reply did.

    If the first of them contains a named event, such as `end`, return an empty list.
    """
    until = s.begun.began + s.reply.lasts - SOON if s.case.whole else 0.0
    visits = [visit for visit in _visits(s.readers) if visit.left is None]
    early = [visit for visit in visits if visit.over is not None and visit.over < until]
    return [] if early and early[0].names else early


def _unnamed(visit: Visit) -> bool:
    """Whether a response has events but no `event:` line."""
    return bool(visit.events) and not re.search(rb"(^|[\r\n])event:", visit.body)


FIRST: Mistakes[Seen] = {
    **NO_APP,
    "asks for event 0": lambda s: any(  # raises `IndexError` in the lesson's `Reply.event`
        isinstance(each, IndexError)
        and traceback.extract_tb(each.__traceback__)[-1].name == "event"
        for each in s.causes
    ),
    "begins no reply": lambda s: s.begun.over is not None and not s.readers and not s.error,
}
MISTAKES: Mistakes[Seen] = {
    "refuses a reader": lambda s: bool(refused(s)),
    "another status": lambda s: bool(s.refusals),
    "no event stream": lambda s: bool(s.media_type),
    "not a JSON string": lambda s: bool(s.no_string),
    "no id": lambda s: any(not number for each in s.readers for number, _ in each.messages),
    "first id isn't 1": lambda s: s.first_id not in ("", "1"),
    "same id twice": lambda s: any(each.same_id() for each in s.readers),
    "ignores the id": lambda s: _repeats_from(s) == 0,
    "repeats events": lambda s: _repeats_from(s) is not None,
    "loses events": lambda s: bool(s.reader.wrong_rejoin(s.expected).due),
    "no Stop": lambda s: bool(s.stops) and s.stops[0].status in (404, 405),
    "Stop refused": lambda s: any(map(fails, s.stops)),
    "goes on after Stop": lambda s: bool(s.stops) and s.reply.taken > s.kept,
    "stops another reply": lambda s: s.cut_off,
    "ends twice": lambda s: any(e.type in _ENDS for r in s.readers for e in r.events[:-1]),
    "another text later": lambda s: s.wrong_text and s.reader is s.readers[-1],
    "readers share state": lambda s: len(s.case.drops) > 1 and s.wrong_text,
    "ends early": lambda s: bool(ends_early(s)),
    "no blank line": lambda s: b"data:" in s.reader.visits[0].body and not s.reader.events,
    "event without data": lambda s: (
        s.case.whole and any(visit.undispatched for visit in _visits(s.readers))
    ),
    "no text": TEXT["no text"],
    "no event name": lambda s: bool(s.last) and any(map(_unnamed, _visits(s.readers))),
    "no end": lambda s: bool(s.last) and s.output.startswith(s.expected),
    **TEXT,
    "never ends for a reader": lambda s: any(r.visits[-1].left is not None for r in s.readers),
    "waits between events": lambda s: s.late > _SLOW,
    "sent late": sent_late,
    "accepts a bad request": lambda s: bool(accepted(s)),
}

check = Exercise(
    observe,
    cases=(
        # this short silence keeps pieces from arriving in step with a reader that polls
        Readers(silences={1: 0.003}),
        Readers(pieces=(), when="for an empty reply"),
        Readers(drops=((4, 3),), when="after a reader's connection had dropped"),
        Readers(drops=((), (5,)), when="when two readers read the same reply"),
        Readers(drops=((), ()), silences={6: 40.0}, stops=20.0, when="after Stop"),
        Readers(fails_after=3, when="when the model's connection was lost"),
        Readers(bad_requests=True, when="for a bad request"),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    opts_out={
        "swallows the error": "the app sends its readers an event instead",
        "swallows the cancellation": "a reply is a separate task, which only Stop cancels",
    },
)
