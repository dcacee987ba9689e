"""Renders Markdown to HTML blocks, safely and incrementally.

HTML in a reply is shown as text, only web and mail links work, and images are replaced with their
descriptions.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import mistune

Links = dict[str, Any]  # targets of reference links, by label

_WEB = ("https://", "http://", "mailto:")
_LONG = 8_000  # characters; blocks are settled once the unsettled text is this long
_TRIES = 3  # candidate cut points tried at a time
# A blank line before a complete line that isn't indented.
_CUT = re.compile(r"\n[ \t]*\r?\n(?=\S[^\n]*\n)")


class Rendering:
    """Renders growing Markdown, without rendering the whole text again for each addition.

    Blocks that can't change any more are settled; only the text after them is rendered again. The
    settled text ends at a blank line where rendering both sides separately gives the same result as
    rendering them together.
    """

    def __init__(self) -> None:
        self._restart()

    def _restart(self) -> None:
        self._settled = ""
        self._blocks: list[str] = []
        self._links: Links = {}
        self._first_links: Links | None = None  # link targets available to all settled blocks
        self._long = _LONG

    def blocks(self, text: str, *, whole: bool = False) -> list[str]:
        """Render all text so far to one string of safe HTML per block.

        Until the text is `whole`, a link whose target is defined only after the settled blocks
        stays plain text.
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
        """Settle the blocks that can't change; if there are none, try again at twice the length."""
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
    """Render Markdown to one string of safe HTML per block."""
    return _rendered(text, {})[0]


def _rendered(text: str, links: Links) -> tuple[list[str], Links]:
    """Return the blocks, and all link targets known after them."""
    state = mistune.BlockState()
    state.env["ref_links"] = dict(links)
    blocks: Any = _markdown().parse(text, state)[0]  # a list of strings: see `_Safe`
    return [block for block in blocks if block.strip()], state.env["ref_links"]


class _Safe(mistune.HTMLRenderer):
    """Renders block by block, without anything that could run code or fetch data."""

    def __call__(self, tokens: Iterable[dict[str, Any]], state: mistune.BlockState) -> Any:
        """Return one string per block, instead of joining them as the library does."""
        return [self.render_token(token, state) for token in tokens]

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Render a link that opens a new tab; any link other than web or mail becomes text."""
        if not url.lower().startswith(_WEB):
            return text
        opens = {"target": "_blank", "rel": "noopener noreferrer"}
        return f"<a{self.render_attrs({'href': url, 'title': title, **opens})}>{text}</a>"

    def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002
        """Render just the description: loading the image would tell its server about the reader."""
        return f'<span class="course-picture">picture: {text}</span>'


@cache
def _markdown() -> mistune.Markdown:
    return mistune.create_markdown(renderer=_Safe(escape=True), plugins=["table", "strikethrough"])
