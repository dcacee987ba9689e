"""Base classes for panels that show a stream, and sentences about a stopped or empty reply.

A `Lane` passes each item of the stream to a panel's `take`, then calls `push` to update the page.
"""

from collections.abc import Callable

import traitlets

from utils.timing import Outcome, Recording, content_of
from utils.timing.chunks import may_hold_text
from utils.unicode import Joiner
from utils.widgets.base.synced_list import SyncedList

STOPPED = "Stopped. Everything received so far is kept."


class Panel(SyncedList):
    """The part of a widget that shows a stream's content; subclasses define how."""

    content, first = "Reply", "words"  # names for the content, and for what arrives first
    label = traitlets.Unicode().tag(sync=True)  # the panel's name for screen readers
    # "ready", "waiting", "streaming", "done", "stopped" or "failed"; determines the panel's colour
    phase = traitlets.Unicode("ready").tag(sync=True)
    # a sentence below the content, such as an error; a clock replaces it in the "waiting" phase
    note = traitlets.Unicode().tag(sync=True)
    # seconds since the request was sent; computed when a page requests the state
    age = traitlets.Float(0.0).tag(sync=True, to_json=lambda _, panel: panel.elapsed())
    failure = ""  # why the content couldn't be shown; empty if it was shown
    # returns the seconds since the request was sent; set by the panel's `Lane`
    elapsed: Callable[[], float] = staticmethod(lambda: 0.0)

    def clear(self) -> None:
        """Clear the panel, in the kernel and on the page."""
        self.replace([])
        super().push()  # bypasses the subclasses' `push`, which may require some text

    def take(self, item: object, at: float) -> str | None:
        """Store an item that arrived `at` seconds after the request; the next `push` shows it.

        Return None if the item doesn't change this panel; otherwise, a string. The first string
        that isn't empty marks the arrival of the first words.
        """
        raise NotImplementedError

    def end(self, recording: Recording) -> str:
        """Mark the stream as ended; return a sentence for the reader, or an empty string."""
        raise NotImplementedError


class TextPanel(Panel):
    """Panel that shows the text of a reply."""

    def __init__(self) -> None:
        self._pieces: list[str] = []  # a list: one thread can append safely while another reads it
        self._joiner = Joiner()
        self._other = ""  # the type of the last item that can't hold text
        super().__init__()

    @property
    def text(self) -> str:
        """All text received so far."""
        return "".join(self._pieces)

    def clear(self) -> None:
        """Clear the panel, in the kernel and on the page."""
        self._pieces, self._other = [], ""
        super().clear()

    def take(self, item: object, at: float) -> str | None:  # noqa: ARG002
        """Add the text of an item; ignore items without text."""
        if not may_hold_text(item):
            self._other = type(item).__name__
        text = self._joiner.join(content_of(item)[0])
        if text:
            self._pieces.append(text)
        return text or None

    def end(self, recording: Recording) -> str:
        """Add any unpaired half of a surrogate pair; return a sentence for the reader, or ""."""
        self._pieces.append(self._joiner.rest())
        return ending_of_text(self.text, recording.outcome, self._other)


def ending_of_text(text: str, outcome: Outcome, other: str = "") -> str:
    """Describe a reply that was stopped ("left") or has no text; for any other reply, return ""."""
    if outcome == "left":
        return STOPPED if text else "Stopped before any text."
    return "" if text else no_text(other) or "The reply has no text."


def no_text(other: str) -> str:
    """Explain that items of type `other` can't hold text; return "" if `other` is empty."""
    if not other:
        return ""
    return f"No text: the stream's items are of type {other}, not message chunks or strings."
