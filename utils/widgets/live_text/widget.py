"""`LiveText`: a reply as plain text that appears while it streams."""

from collections import deque
from typing import Any

import traitlets

from utils.timing import Recording, content_of
from utils.unicode import Joiner
from utils.widgets.base.panel import Panel, ending_of_text
from utils.widgets.base.theme import script, stylesheet
from utils.widgets.stream_view.widget import StreamView


class LiveText(StreamView[str]):
    """Shows a reply as it streams, with its latency.

    Use one of these in a cell:

        text = await LiveText("Haiku").run(model.astream("Write a haiku."))
        text = LiveText("Haiku").show(model.stream("Write a haiku."))
    """

    def __init__(self, title: str = "", **options: Any) -> None:
        """`options` are those of `StreamView`, such as `clock`."""
        self._text = TextPanel(f"Reply of {title}" if title else "Reply")
        super().__init__(title, self._text, **options)

    @property
    def text(self) -> str:
        """The reply's text so far."""
        return self._text.text

    def _result(self) -> str:
        return self.text


class TextPanel(Panel):
    """Panel for text that only grows; each item of its list is one piece."""

    _esm = script("live_text/live_text.js")
    _css = stylesheet("live_text/live_text.css")

    # whether all replies of a race have ended; a pane that the reader hasn't scrolled then scrolls
    # back to its top, so that the replies can be compared
    at_rest = traitlets.Bool(False).tag(sync=True)

    def __init__(self, label: str) -> None:
        self._pending: deque[str] = deque()  # filled by one thread, emptied by another
        self._joiner = Joiner()
        super().__init__(label=label)

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self.whole)

    def clear(self) -> None:
        """Empty the panel."""
        self._joiner.rest()
        super().clear()

    def take(self, item: object, at: float) -> str | None:  # noqa: ARG002
        """Add an item's text; an item without text changes nothing."""
        text = self._joiner.join(content_of(item)[0])
        if text:
            self._pending.append(text)
        return text or None

    def push(self) -> None:
        """Send the text taken since the last push, as one piece."""
        text = ""
        while self._pending:
            text += self._pending.popleft()
        if text:
            self.append(text)
        super().push()

    def end(self, recording: Recording) -> str:
        """Send the remaining text."""
        self._pending.append(self._joiner.rest())
        self.push()
        return ending_of_text(self.text, recording.outcome)
