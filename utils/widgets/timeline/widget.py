"""`EventTimeline`: events on a time axis, drawn as they happen."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import perf_counter

import traitlets

from utils.unicode import well_formed
from utils.widgets.base.course_widget import Showable, as_text
from utils.widgets.base.synced_list import SyncedList
from utils.widgets.base.theme import script, stylesheet
from utils.widgets.base.throttle import Throttle, timer_thread

_LONGEST_DETAIL = 160  # characters; longer details are truncated before they are sent to the page


@dataclass(frozen=True, slots=True)
class Event:
    """An event on the timeline."""

    name: str
    detail: str
    run: str  # the id of the run that the event belongs to
    at: float  # seconds since the first event


class EventTimeline(Showable, SyncedList):
    """A timeline with a row for each event name and a mark for each event.

        timeline = EventTimeline("A handler's life").show()

        class Watcher(BaseCallbackHandler):
            def on_llm_new_token(self, token, *, run_id, **kwargs):
                timeline.add("on_llm_new_token", repr(token), run_id)

    Events are grouped by run. The first event is at 0 s.
    """

    _esm = script("timeline/timeline.js")
    _css = stylesheet("timeline/timeline.css")

    title = traitlets.Unicode().tag(sync=True)

    def __init__(self, title: str = "", *, clock: Callable[[], float] = perf_counter) -> None:
        super().__init__(title=as_text(title, "title"))
        self._clock = clock
        self._events: list[Event] = []
        self._start = 0.0  # clock reading at the first event
        self._adding = Lock()  # keeps events in chronological order
        self._throttle = Throttle(self.push, timer_thread, repeat=self.repeat)

    def __repr__(self) -> str:
        return f"EventTimeline({self.title!r})"

    def add(self, name: str, detail: object = "", run: object = "") -> None:
        """Add an event at the current time. Callable from any thread; takes a few microseconds.

        A row shows the `detail` of its latest event. `run` identifies the run: pass a callback's
        `run_id`, for example.
        """
        with self._adding:
            now = self._clock()
            if not self._events:
                self._start = now
            name, detail, run = (well_formed(str(part)) for part in (name, detail, run))
            event = Event(name, detail, run, now - self._start)
            self._events.append(event)
            self.append([event.name, event.run, round(event.at, 4), event.detail[:_LONGEST_DETAIL]])
        self._throttle.request_push()

    def flush(self) -> None:
        """Send new events to the page now. Otherwise, they are sent within 50 ms."""
        self._throttle.flush(always=True)

    @property
    def events(self) -> list[Event]:
        """All events so far, in order."""
        with self._adding:
            return list(self._events)
