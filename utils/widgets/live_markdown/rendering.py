"""Safely renders Markdown to HTML blocks, for `LiveMarkdown` and the chat.

HTML in a reply is shown as text, only web and mail links work, and images are replaced with their
descriptions.
"""

from collections.abc import Iterable
from typing import Any

import mistune

_WEB = ("https://", "http://", "mailto:")


def render(text: str) -> list[str]:
    """Render Markdown to one string of safe HTML per block."""
    blocks: Any = _MARKDOWN(text)  # a list of strings: see `_Safe`
    return [block for block in blocks if block.strip()]


class _Safe(mistune.HTMLRenderer):
    """Renders each block separately, as HTML that can't run code or fetch data."""

    def __call__(self, tokens: Iterable[dict[str, Any]], state: mistune.BlockState) -> Any:
        """Return a list with one string per block; the library's method joins the strings."""
        return [self.render_token(token, state) for token in tokens]

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Render a web or mail link so that it opens in a new tab, and any other link as text."""
        if not url.lower().startswith(_WEB):
            return text
        opens = {"target": "_blank", "rel": "noopener noreferrer"}
        return f"<a{self.render_attrs({'href': url, 'title': title, **opens})}>{text}</a>"

    def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002
        """Render only the description: loading the image would contact an external server."""
        return f'<span class="course-picture">picture: {text}</span>'

    def linebreak(self) -> str:
        """Render a line break without the library's newline, which the chat would show, too."""
        return "<br />"


_MARKDOWN = mistune.create_markdown(renderer=_Safe(escape=True), plugins=["table", "strikethrough"])
