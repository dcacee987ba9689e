"""Base class of the panels that show a stream, and how a stopped or empty reply is described."""

from collections.abc import Callable

import traitlets

from utils.timing import Outcome, Recording
from utils.widgets.base.synced_list import SyncedList

STOPPED = "Stopped. Everything received so far is kept."


class Panel(SyncedList):
    """The part of a stream view that shows what arrives."""

    label = traitlets.Unicode().tag(sync=True)  # its name for screen readers
    # "ready", "waiting", "streaming", "done", "stopped" or "failed"; decides the look
    phase = traitlets.Unicode("ready").tag(sync=True)
    # a sentence below the content, such as an error; fills the panel while no text has arrived
    note = traitlets.Unicode().tag(sync=True)
    # replaces the note while the page counts seconds; {} marks where they go
    counted = traitlets.Unicode().tag(sync=True)
    # seconds since sending, for a page that requests the state
    age = traitlets.Float(0.0).tag(sync=True, to_json=lambda _, panel: panel.elapsed())
    failure = ""  # why what arrived couldn't be shown; empty if it could
    # returns the seconds since sending, by the lane's clock
    elapsed: Callable[[], float] = staticmethod(lambda: 0.0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.label!r})"

    def clear(self) -> None:
        """Forget the last run and empty the page."""
        self.replace([])
        self.push()

    def take(self, item: object, at: float) -> str | None:
        """Store an item that arrived `at` seconds after the request was sent, for the next `push`.

        Returns the item's visible text; None if the item changes nothing here.
        """
        raise NotImplementedError

    def end(self, recording: Recording) -> str:
        """Mark the stream as ended; return a sentence for the reader, or an empty string."""
        raise NotImplementedError


def ending_of_text(text: str, outcome: Outcome) -> str:
    """Describe a reply that was stopped or has no text; for any other reply, return ""."""
    if outcome == "left":
        return STOPPED if text else "Stopped before any text."
    return "" if text else "The reply has no text."
