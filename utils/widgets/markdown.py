"""`LiveMarkdown`: a reply's Markdown, rendered again and again while it is still half written.

Rendering is safe whatever a model writes: HTML in the reply is shown as text, links lead only to
the web or to mail, and pictures are named but never fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from time import perf_counter
from typing import Any

import mistune

from utils.errors import sentence
from utils.timing import Recording, content_of
from utils.unicode import Joiner
from utils.widgets.pane import STOPPED, Panel
from utils.widgets.reading import Source
from utils.widgets.sheet import Sheet, script
from utils.widgets.style import stylesheet
from utils.widgets.viewer import Viewer

Repair = Callable[[str], str]

Links = dict[str, Any]  # the targets of links by reference, by their names

_WEB = ("https://", "http://", "mailto:")
_LONG = 8_000  # characters that may be rendered again at each push
_TRIES = 3  # places where text may be cut that are tried at a time
# A blank line before a whole line that isn't indented.
_CUT = re.compile(r"\n[ \t]*\r?\n(?=\S[^\n]*\n)")


class LiveMarkdown(Viewer):
    """A reply on the page as formatted text, redrawn at most every 50 ms.

        text = LiveMarkdown("Answer").show(model.stream(prompt))
        text = await LiveMarkdown("Answer", repair=close_fences).run(model.astream(prompt))

    Of each drawing, only the paragraphs that changed go to the page.
    """

    def __init__(
        self,
        title: str = "",
        repair: Repair | None = None,
        *,
        stop: bool = True,
        display: bool = True,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Lay out an empty page.

        Args:
            title: Shown above the text, and named in the printed line.
            repair: Takes the text so far and returns what to render, so that half-written Markdown
                can be completed first. The text that is returned in the end is not touched.
            stop: Whether `run` offers a Stop button.
            display: Whether it shows itself; False where it stands inside another widget.
            clock: Seconds from any fixed point; for tests.
        """
        self._document = Document(f"Reply of {title}" if title else "Reply", repair)
        super().__init__(title, self._document, stop=stop, display=display, clock=clock)

    @property
    def text(self) -> str:
        """The reply's Markdown as far as it came."""
        return self._document.text

    async def run(self, source: Source) -> str:
        """Show an async stream until it ends or Stop is pressed, then print its latency.

        Args:
            source: What `model.astream(…)` returns, or any async iterable of message chunks or
                strings.

        Returns:
            The Markdown that arrived. Stop is not an error: see `.stopped`.

        Raises:
            RuntimeError: If this LiveMarkdown is showing a stream already.
            Exception: Whatever the stream or `repair` raises, after it has been shown as a
                sentence.
        """
        await self.aview(source)
        return self._finished()

    def show(self, stream: Iterable[object]) -> str:
        """Show a stream until it ends, then print its latency; otherwise as `run`."""
        self.view(stream)
        return self._finished()

    def _finished(self) -> str:
        if self._document.error is not None:
            raise self._document.error
        return self.text


class Document(Sheet, Panel):
    """The formatted text: a list of blocks, such as paragraphs, each a string of safe HTML.

    Attributes:
        error: What `repair` raised, if it did.
    """

    _esm = script("markdown")
    _css = stylesheet("markdown")

    def __init__(self, label: str, repair: Repair | None = None) -> None:
        super().__init__(label=label)
        self.error: Exception | None = None
        self._repair = repair
        self._rendering = Rendering()
        self._over = False
        self._pieces: list[str] = []
        self._joiner = Joiner()

    @property
    def text(self) -> str:
        """The Markdown so far, unrepaired."""
        return "".join(self._pieces)

    def clear(self) -> None:
        """Forget the last run and empty the page."""
        self._pieces, self.error, self.failure = [], None, ""
        self._joiner.rest()
        self._rendering, self._over = Rendering(), False
        self.become([])
        super().push()

    def take(self, item: object, at: float) -> str | None:  # noqa: ARG002
        """Keep an item's text; an item without any changes nothing.

        Raises:
            Exception: What `repair` raised meanwhile: a timer's thread has nobody to tell.
        """
        if self.error is not None:
            raise self.error
        text = self._joiner.join(content_of(item)[0])
        if text:
            self._pieces.append(text)
        return text or None

    def push(self) -> None:
        """Render the text so far, and send the blocks that changed."""
        if self.error is None:
            try:
                self.become(self._rendering.blocks(self._repaired(), whole=self._over))
            except Exception as error:
                self.error, self.failure = error, f"repair failed: {sentence(error)}"
        super().push()

    def end(self, recording: Recording) -> str:
        """Say what is left of a stopped reply, or that there is nothing to see."""
        self._pieces.append(self._joiner.rest())
        self._over = True
        if recording.outcome == "left":
            return STOPPED if recording.text else "Stopped before any text."
        return "" if recording.text else "The reply has no text."

    def _repaired(self) -> str:
        if self._repair is None:
            return self.text
        repaired: object = self._repair(self.text)
        if not isinstance(repaired, str):
            raise TypeError(
                f"`repair` returned {repaired!r}; it has to return the text to render, a string."
            )
        return repaired


class Rendering:
    """Markdown that grows, rendered in time that follows its growth rather than its length.

    Blocks that can't change any more stay as they are; only the text after them is rendered again.
    They end at a blank line, wherever rendering both sides alone gives the same as both together.
    """

    def __init__(self) -> None:
        self._restart()

    def _restart(self) -> None:
        self._settled = ""
        self._blocks: list[str] = []
        self._links: Links = {}
        self._first_links: Links | None = None  # those that all settled blocks could use
        self._long = _LONG

    def blocks(self, text: str, *, whole: bool = False) -> list[str]:
        """Render Markdown, as far as it is written, to one string of safe HTML for each block.

        Args:
            text: From its beginning. Where that has changed, all is rendered again.
            whole: Whether nothing more comes. Until then, a link stays text whose target is defined
                only after the blocks that are settled.
        """
        if not text.startswith(self._settled):
            self._restart()
        rest = text[len(self._settled) :]
        blocks, links = _rendered(rest, self._links)
        if whole and self._first_links is not None and links.keys() > self._first_links.keys():
            return render(text)
        all_blocks = [*self._blocks, *blocks]
        if len(rest) >= self._long:
            self._settle(rest, blocks)
        return all_blocks

    def _settle(self, rest: str, blocks: list[str]) -> None:
        """Keep the blocks that will stay; where none is certain, try again with twice the text."""
        cuts = [found.end() for found in _CUT.finditer(rest)]
        for cut in cuts[: -_TRIES - 1 : -1]:
            head, links = _rendered(rest[:cut], self._links)
            tail, _ = _rendered(rest[cut:], links)
            if [*head, *tail] == blocks:
                self._settled += rest[:cut]
                self._blocks += head
                self._links = links
                self._first_links = links if self._first_links is None else self._first_links
                self._long = _LONG
                return
        self._long = 2 * len(rest)


def render(text: str) -> list[str]:
    """Render Markdown to one string of safe HTML for each block."""
    return _rendered(text, {})[0]


def _rendered(text: str, links: Links) -> tuple[list[str], Links]:
    """The blocks, and all link targets known after them.

    Args:
        text: Markdown.
        links: Targets that were defined before it.
    """
    state = mistune.BlockState()
    state.env["ref_links"] = dict(links)
    blocks: Any = _markdown().parse(text, state)[0]  # a list of strings: see `_Safe`
    return [block for block in blocks if block.strip()], state.env["ref_links"]


class _Safe(mistune.HTMLRenderer):
    """Renders block by block, and nothing that could run or fetch."""

    def __call__(self, tokens: Iterable[dict[str, Any]], state: mistune.BlockState) -> Any:
        """One string for each block, where the library joins them."""
        return [self.render_token(token, state) for token in tokens]

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link that leaves the notebook open; a link to anything but web or mail is text."""
        if not url.lower().startswith(_WEB):
            return text
        attributes: Mapping[str, object] = {
            "href": url,
            "title": title,
            "target": "_blank",
            "rel": "noopener noreferrer",
        }
        return f"<a{self.render_attrs(attributes)}>{text}</a>"

    def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002
        """A picture's description: fetching one would tell its server who reads what."""
        return f'<span class="course-picture">picture: {text}</span>'


@cache
def _markdown() -> mistune.Markdown:
    return mistune.create_markdown(renderer=_Safe(escape=True), plugins=["table", "strikethrough"])
