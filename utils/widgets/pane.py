"""The pane that live text appears in; what reads the stream, and when to send, is elsewhere."""

from __future__ import annotations

from typing import Any, Literal

import traitlets
from anywidget import AnyWidget

from utils.widgets.style import HERE, stylesheet

Phase = Literal["ready", "waiting", "streaming", "done", "stopped", "failed"]


class Pane(AnyWidget):
    """A text area that is only ever appended to.

    Each piece goes to the page once, as one small message. Setting a trait to the whole text
    would send all of it again for every token: 40 times the bytes over 2,000 tokens. The whole
    text is sent only to a page that asks: one that is opened later, reloaded, or lost a message.

    Attributes:
        label: What a screen reader calls the text.
        phase: What is going on, which decides the look.
        note: A sentence under the text; while waiting, in its place.
    """

    _esm = HERE / "pane.js"
    _css = stylesheet()

    label = traitlets.Unicode().tag(sync=True)
    phase = traitlets.Unicode("ready").tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    # Read only when a page asks for the state; never assigned, so never sent by itself.
    text = traitlets.Unicode().tag(sync=True, to_json=lambda _, pane: pane.whole)
    seq = traitlets.Int().tag(sync=True, to_json=lambda _, pane: pane.sent)

    def __init__(self, label: str) -> None:
        self.sent = 0
        self._pieces: list[str] = []
        super().__init__(label=label)
        self.on_msg(self._on_request)

    def __repr__(self) -> str:
        return f"Pane({self.label!r})"

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
        """Empty the pane."""
        self._pieces.clear()
        self.sent += 1
        self.send({"seq": self.sent, "text": "", "fresh": True})

    def _on_request(self, _: Pane, content: Any, __: list[bytes]) -> None:
        if content == "whole text":
            self.send_state(["text", "seq"])
