"""`LiveText`: shows a reply as plain text while the reply streams."""

from typing import Any

import traitlets

from utils.widgets.base.panel import TextPanel
from utils.widgets.base.theme import script, stylesheet
from utils.widgets.stream_view.widget import StreamView


class LiveText(StreamView[str]):
    """Shows a reply as it streams, with its latency.

    Use one of these in a cell:

        text = await LiveText("Haiku").run(model.astream("Write a haiku."))
        text = LiveText("Haiku").show(model.stream("Write a haiku."))
    """

    def __init__(self, title: str = "", **options: Any) -> None:
        """`options`, such as `clock`, are passed on to `StreamView`."""
        self._text = PlainText()
        super().__init__(title, self._text, **options)

    @property
    def text(self) -> str:
        """The text of the reply so far."""
        return self._text.text

    def _result(self) -> str:
        return self.text


class PlainText(TextPanel):
    """Panel for text that only grows. Its synced list has one item: the text so far."""

    _esm = script("live_text/live_text.js")
    _css = stylesheet("live_text/live_text.css")

    # whether all replies in a race have ended; once they have, panels that the reader hasn't
    # scrolled return to the top, so that the replies can be compared
    at_rest = traitlets.Bool(False).tag(sync=True)

    def push(self) -> None:
        """Send the text received since the last push."""
        if text := self.text:
            self.replace([text])
        super().push()
