"""The outcome of a check, and how it is displayed under a cell."""

import html
import re
from dataclasses import dataclass
from typing import Literal

Status = Literal["correct", "not yet", "not attempted"]

# The CSS variables follow the JupyterLab theme; the fallbacks are for other front ends.
_COLOUR = {
    "correct": "var(--jp-success-color1, #2e7d32)",
    "not yet": "var(--jp-warn-color1, #b25e00)",
    "not attempted": "var(--jp-info-color1, #1565c0)",
}
# One or more backticks, code, then the same number of backticks.
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_SIGN = {"correct": "✓", "not yet": "→", "not attempted": "○"}


@dataclass(frozen=True)
class Outcome:
    """The result of checking an answer."""

    number: str  # the exercise number, such as "1.2"
    status: Status
    message: str  # sentences; code in them is between backticks
    mistake: str | None = None

    def __repr__(self) -> str:
        return f"{self._headline} {self.message}"

    def _repr_html_(self) -> str:
        return panel(
            self.status,
            f'<span aria-hidden="true">{_SIGN[self.status]} </span>'
            f"<strong>{html.escape(self._headline)}</strong> {in_html(self.message)}",
        )

    @property
    def _headline(self) -> str:
        wording = "not attempted yet" if self.status == "not attempted" else self.status
        return f"Exercise {self.number}: {wording}."


def display(item: object) -> None:
    """Show an item under the cell."""
    from IPython.display import display as show

    show(item)  # type: ignore[no-untyped-call]


def panel(status: Status, content: str) -> str:
    """Return an HTML panel, announced by screen readers, with a bar coloured by status."""
    return (
        f'<div role="status" style="border-left: 4px solid {_COLOUR[status]}; '
        "padding: 4px 12px; margin: 4px 0; max-width: 48em; "
        f'color: var(--jp-content-font-color1, inherit)">{content}</div>'
    )


def in_html(text: str) -> str:
    """Return text as HTML; code between backticks becomes a `<code>` element.

    As in Markdown, code that contains backticks is delimited by a longer or shorter run of
    backticks and padded with a space on either side.
    """
    return _CODE.sub(_as_code, html.escape(text, quote=False))


def _as_code(match: re.Match[str]) -> str:
    code = match[2]
    if "`" in code and code[0] == code[-1] == " ":
        code = code[1:-1]
    return f"<code>{code}</code>"
