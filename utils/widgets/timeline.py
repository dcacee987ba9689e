"""`EventTimeline`: events on a time axis, drawn while they happen.

It knows nothing of callbacks: a handler's methods call `add`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from typing import Self

import traitlets
from IPython.display import display

from utils.unicode import well_formed
from utils.widgets.base import as_text
from utils.widgets.coalesce import Coalescer, timer_thread
from utils.widgets.sheet import Sheet, script
from utils.widgets.style import stylesheet

_SHOWN = 160  # characters of a detail that go to the page


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        name: What happened, such as "on_llm_new_token".
        detail: More about it, such as the token.
        run: Which run it belongs to; empty where there is but one.
        at: Seconds since the first event.
    """

    name: str
    detail: str
    run: str
    at: float


class EventTimeline(Sheet):
    """A row for each kind of event, with a mark for each time it happened.

        timeline = EventTimeline("A handler's life").show()

        class Watcher(BaseCallbackHandler):
            def on_llm_new_token(self, token, *, run_id, **kwargs):
                timeline.add("on_llm_new_token", repr(token), run_id)

    Events of several runs are grouped by run. The first event is at 0 s.

    Attributes:
        title: Shown above the rows.
    """

    _esm = script("timeline")
    _css = stylesheet("timeline")

    title = traitlets.Unicode().tag(sync=True)

    def __init__(self, title: str = "", *, clock: Callable[[], float] = perf_counter) -> None:
        """Lay out an empty timeline.

        Args:
            title: Shown above the rows.
            clock: Seconds from any fixed point; for tests.
        """
        super().__init__(title=as_text(title, "title"))
        self._clock = clock
        self._events: list[Event] = []
        self._start = 0.0
        self._adding = Lock()  # events keep the order of their times
        self._outbox = Coalescer(self.push, timer_thread, repeat=self.repeat)

    def __repr__(self) -> str:
        return f"EventTimeline({self.title!r})"

    def show(self) -> Self:
        """Display it, and return it, so that it can be made and shown in one line."""
        display(self)  # type: ignore[no-untyped-call]
        return self

    def add(self, name: str, detail: object = "", run: object = "") -> None:
        """Mark an event, now. Safe to call from any thread; costs a few microseconds.

        Args:
            name: What happened; names the row.
            detail: More about it; the latest of a row is shown as text.
            run: Which run it belongs to, such as a callback's `run_id`.
        """
        with self._adding:
            now = self._clock()
            if not self._events:
                self._start = now
            what, more, whose = (well_formed(str(part)) for part in (name, detail, run))
            event = Event(what, more, whose, now - self._start)
            self._events.append(event)
            self.append([event.name, event.run, round(event.at, 4), event.detail[:_SHOWN]])
        self._outbox.ask()

    def clear(self) -> None:
        """Forget all events; the next one is at 0 s again."""
        with self._adding:
            self._events = []
            self.become([])
        self.flush()

    def flush(self) -> None:
        """Send the page what it does not have yet; this happens by itself within 50 ms."""
        self._outbox.ask()
        self._outbox.flush()

    @property
    def events(self) -> list[Event]:
        """All events so far, in order."""
        with self._adding:
            return list(self._events)

    def summary(self) -> str:
        """Count the events of each name, in one line and in the order of their first."""
        counts = Counter(event.name for event in self.events)
        told = (f"{name} × {count}" for name, count in counts.items())  # noqa: RUF001
        return " · ".join(told) or "no events"
