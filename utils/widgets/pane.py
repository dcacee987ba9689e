"""What a lane shows in: any panel, and the pane for text; what reads, and when, is elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import traitlets

from utils.timing import Recording, content_of
from utils.unicode import Joiner
from utils.widgets.base import CourseWidget
from utils.widgets.style import scripts, stylesheet

STOPPED = "Stopped. What had arrived stays."


class Panel(CourseWidget):
    """The part of a lane that shows what arrives; each kind overrides what it does differently.

    Attributes:
        label: What a screen reader calls it.
        phase: What is going on, which decides the look: "ready", "waiting", "streaming", "done",
            "stopped" or "failed".
        note: A sentence below, such as an error; while text is awaited, in its place.
        counted: What stands there instead while the page counts, with {} in place of the seconds.
        age: Seconds since sending, where a page asks for them.
        elapsed: What tells them; the lane's own clock.
        at_rest: Whether all that is shown beside it has ended, too; a pane whose reader hasn't
            scrolled then shows its top again, so that replies can be compared.
        failure: Why what arrived could not be shown; empty where it could.
    """

    label = traitlets.Unicode().tag(sync=True)
    phase = traitlets.Unicode("ready").tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    counted = traitlets.Unicode().tag(sync=True)
    age = traitlets.Float(0.0).tag(sync=True, to_json=lambda _, panel: panel.elapsed())
    at_rest = traitlets.Bool(False).tag(sync=True)
    failure = ""
    elapsed: Callable[[], float] = staticmethod(lambda: 0.0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.label!r})"

    def clear(self) -> None:
        """Forget the last run and empty the page."""
        raise NotImplementedError

    def take(self, item: object, at: float) -> str | None:
        """Keep an item of the stream for the next `push`.

        Args:
            item: As the stream gave it.
            at: Seconds since sending.

        Returns:
            The words of it that a reader sees; None if it changes nothing here.
        """
        raise NotImplementedError

    def push(self) -> None:
        """Send the page what it does not have yet; called at most every 50 ms, from any thread."""
        raise NotImplementedError

    def repeat(self) -> None:
        """Send all that was pushed once more, for a page that lost some; called as `push` is."""
        raise NotImplementedError

    def end(self, recording: Recording) -> str:
        """The stream is over: say in a sentence what a reader should know of it, or nothing."""
        raise NotImplementedError


class Pane(Panel):
    """A text area that is only ever appended to.

    Each piece goes to the page once, as one small message. Setting a trait to the whole text
    would send all of it again for every token: 40 times the bytes over 2,000 tokens. The whole
    text goes to a page that asks: one that is opened later, reloaded, or lost a message. Now and
    then it is repeated for a page that can't ask, since the kernel is busy with its cell.
    """

    _esm = scripts("clock", "pane")
    _css = stylesheet()

    # Read only when a page asks for the state; never assigned, so never sent by itself.
    text = traitlets.Unicode().tag(sync=True, to_json=lambda _, pane: pane.whole)
    seq = traitlets.Int().tag(sync=True, to_json=lambda _, pane: pane.sent)

    def __init__(self, label: str, **look: Any) -> None:
        """Make an empty pane.

        Args:
            label: What a screen reader calls it.
            **look: Passed on to ipywidgets, such as `layout`.
        """
        self.sent = 0
        self._pieces: list[str] = []
        self._pending: deque[str] = deque()  # filled by one thread, emptied by another
        self._joiner = Joiner()
        super().__init__(label=label, **look)
        self.on_msg(self._on_request)

    @property
    def whole(self) -> str:
        """All text so far."""
        return "".join(self._pieces)

    def append(self, text: str) -> None:
        """Send one more piece of text to every page that shows this pane."""
        self._pieces.append(text)
        self.sent += 1
        self.send({"seq": self.sent, "text": text})

    def clear(self) -> None:
        """Empty the pane, where anything stands in it."""
        self._joiner.rest()
        if self._pieces:
            self._pieces.clear()
            self.sent += 1
            self.send({"seq": self.sent, "text": "", "fresh": True})

    def take(self, item: object, at: float) -> str | None:  # noqa: ARG002
        """Keep an item's text; an item without any changes nothing."""
        text = self._joiner.join(content_of(item)[0])
        if text:
            self._pending.append(text)
        return text or None

    def push(self) -> None:
        """Append what was taken."""
        text = ""
        while self._pending:
            text += self._pending.popleft()
        if text:
            self.append(text)

    def repeat(self) -> None:
        """Send the whole text; a page that has it already takes no notice."""
        self.send({"seq": self.sent, "text": self.whole, "fresh": True})

    def end(self, recording: Recording) -> str:
        """Say what is left of a stopped reply, or that there is nothing to see."""
        self._pending.append(self._joiner.rest())
        if recording.outcome == "left":
            return STOPPED if recording.text else "Stopped before any text."
        return "" if recording.text else "The reply has no text."

    def _on_request(self, _: Pane, content: Any, __: list[bytes]) -> None:
        if content == "whole text":
            self.send_state(["text", "seq"])
