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
    """A reply on the page, word by word, with its latency beside it.

    In a cell, either of:

        text = await LiveText("Haiku").run(model.astream("Write a haiku."))
        text = LiveText("Haiku").show(model.stream("Write a haiku."))
    """

    def __init__(self, title: str = "", **options: Any) -> None:
        """Lay out an empty pane.

        Args:
            title: Shown above the text, and named in the printed line.
            **options: `stop`, `display` and `clock`, as for `StreamView`.
        """
        self._text = TextPanel(f"Reply of {title}" if title else "Reply")
        super().__init__(title, self._text, **options)

    @property
    def text(self) -> str:
        """The reply's text so far."""
        return self._text.text

    def _result(self) -> str:
        return self.text


class TextPanel(Panel):
    """Text that is only ever appended to: each item of its list is a piece."""

    _esm = script("live_text/live_text.js")
    _css = stylesheet("live_text/live_text.css")

    # whether every pane beside it has ended, too; a pane whose reader hasn't scrolled then shows
    # its top again, so that replies can be compared
    at_rest = traitlets.Bool(False).tag(sync=True)

    def __init__(self, label: str, **look: Any) -> None:
        """Make an empty panel with this label for screen readers; `look` is for ipywidgets."""
        self._pending: deque[str] = deque()  # filled by one thread, emptied by another
        self._joiner = Joiner()
        super().__init__(label=label, **look)

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self.whole)

    def clear(self) -> None:
        """Empty the panel."""
        self._joiner.rest()
        super().clear()

    def take(self, item: object, at: float) -> str | None:  # noqa: ARG002
        """Add an item's text; an item without any changes nothing."""
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
