"""`LiveMarkdown`: a reply as formatted text, re-rendered as it grows."""

from collections.abc import Callable
from typing import Any

from utils.errors import sentence
from utils.widgets.base.panel import TextPanel
from utils.widgets.base.theme import script, stylesheet
from utils.widgets.live_markdown.rendering import render
from utils.widgets.stream_view.widget import StreamView

Repair = Callable[[str], str]


class LiveMarkdown(StreamView[str]):
    """Shows a reply as formatted text, redrawn at most once every 50 ms.

        text = LiveMarkdown("Answer").show(model.stream(prompt))
        text = await LiveMarkdown("Answer", repair=close_fences).run(model.astream(prompt))

    `StreamView` reads the stream. Each redraw sends only the blocks that changed.
    """

    def __init__(self, title: str = "", repair: Repair | None = None, **options: Any) -> None:
        """Lay out an empty panel.

        Args:
            title: Shown above the text and in the line printed after each run.
            repair: Called with the text so far; returns the text to render, for example with
                unfinished Markdown completed. `run` and `show` return the original text, and
                raise any exception from `repair`.
            **options: Options of `StreamView`, such as `clock`.
        """
        self._document = Document(repair)
        super().__init__(title, self._document, **options)

    @property
    def text(self) -> str:
        """The Markdown of the reply so far."""
        return self._document.text

    def _result(self) -> str:
        if self._document.error is not None:
            raise self._document.error
        return self.text


class Document(TextPanel):
    """Panel with formatted text: a list of blocks, such as paragraphs, each a safe HTML string."""

    _esm = script("live_markdown/live_markdown.js")
    _css = stylesheet("live_markdown/live_markdown.css")

    def __init__(self, repair: Repair | None) -> None:
        super().__init__()
        self.error: Exception | None = None  # the exception from `repair`, if any
        self._repair = repair

    def clear(self) -> None:
        """Discard the last run and clear the panel."""
        super().clear()
        self.error, self.failure = None, ""

    def take(self, item: object, at: float) -> str | None:
        """Add the text of an item; ignore items without text.

        Raises:
            Exception: The exception that `repair` raised earlier, possibly in a timer thread.
        """
        if self.error is not None:
            raise self.error
        return super().take(item, at)

    def push(self) -> None:
        """Render the text so far and send the blocks that changed."""
        if self.error is None:
            try:
                self.replace(render(self._repaired()))
            except Exception as error:
                self.error, self.failure = error, f"repair failed: {sentence(error)}"
        super().push()

    def _repaired(self) -> str:
        if self._repair is None:
            return self.text
        repaired: object = self._repair(self.text)
        if not isinstance(repaired, str):
            raise TypeError(
                f"`repair` returned {repaired!r}; it has to return the text to render, a string."
            )
        return repaired
