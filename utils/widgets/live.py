"""`LiveText`: one reply that appears while it streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter

from utils.widgets.pane import Pane
from utils.widgets.reading import Source
from utils.widgets.viewer import Viewer


class LiveText(Viewer):
    """A reply on the page, word by word, with its latency beside it.

    In a cell, either of:

        text = await LiveText("Haiku").run(model.astream("Write a haiku."))
        text = LiveText("Haiku").show(model.stream("Write a haiku."))

    The first has a Stop button. The second has none: a plain loop keeps the kernel busy, and a busy
    kernel does not hear a click; the kernel's own ■ works in both.

    A LiveText shows itself when it first runs, unless it has been displayed before.
    """

    def __init__(
        self,
        title: str = "",
        *,
        stop: bool = True,
        display: bool = True,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Lay out an empty pane.

        Args:
            title: Shown above the text, and named in the printed line.
            stop: Whether `run` offers a Stop button.
            display: Whether it shows itself; False where it stands inside another widget.
            clock: Seconds from any fixed point; for tests.
        """
        self._pane = Pane(f"Reply of {title}" if title else "Reply")
        super().__init__(title, self._pane, stop=stop, display=display, clock=clock)

    @property
    def text(self) -> str:
        """The reply as far as it came."""
        return self._pane.whole if self.recording is None else self.recording.text

    async def run(self, source: Source) -> str:
        """Show an async stream until it ends or Stop is pressed, then print its latency.

        Args:
            source: What `model.astream(…)` returns, or any async iterable of message chunks or
                strings. An awaitable of a whole reply, such as `model.ainvoke(…)`, works too.

        Returns:
            The text that arrived. Stop is not an error: see `.stopped`.

        Raises:
            RuntimeError: If this LiveText is running already.
            Exception: Whatever the stream raises, after it has been shown as a sentence.
        """
        return (await self.aview(source)).text

    def show(self, stream: Iterable[object]) -> str:
        """Show a stream until it ends, then print its latency.

        Args:
            stream: What `model.stream(…)` returns, or any iterable of message chunks or strings.

        Returns:
            The whole text.

        Raises:
            RuntimeError: If this LiveText is running already.
            Exception: Whatever the stream raises, after it has been shown as a sentence.
        """
        return self.view(stream).text
