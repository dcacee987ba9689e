"""Markdown to HTML blocks, safe and incremental.

Whatever a model writes, HTML in the reply is shown as text, links lead only to the web or to mail,
and pictures are named but never fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import mistune

Links = dict[str, Any]  # targets of reference links, by their names

_WEB = ("https://", "http://", "mailto:")
_LONG = 8_000  # characters that may be rendered again at each push
_TRIES = 3  # places where text may be cut that are tried at a time
# A blank line before a whole line that isn't indented.
_CUT = re.compile(r"\n[ \t]*\r?\n(?=\S[^\n]*\n)")


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
