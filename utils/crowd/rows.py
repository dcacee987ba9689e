"""Results of the load experiment as a table, with a row for each style and number of clients."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Final, overload

from utils.formatting import in_seconds


@dataclass(frozen=True, slots=True)
class Row:
    """Result for one style and number of clients. All times are in seconds.

    Attributes:
        style: A key of `STYLES`.
        clients: The number of concurrent clients.
        ttft_median: The median TTFT of the clients that received text.
        ttft_worst: The longest TTFT.
        makespan: From the first request to the end of the last reply.
        failed: The number of truncated or missing replies.
        health: The duration of the longest health check during the measurement.
    """

    style: str
    clients: int
    ttft_median: float
    ttft_worst: float
    makespan: float
    failed: int
    health: float


class Rows(Sequence[Row]):
    """Rows in the order of measurement; displayed as a table.

    Attributes:
        left_out: Sentences about what wasn't measured, and why.
    """

    def __init__(self, rows: Iterable[Row], left_out: Iterable[str] = ()) -> None:
        self._rows = tuple(rows)
        self.left_out = tuple(left_out)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Rows: ...
    def __getitem__(self, index: int | slice) -> Row | Rows:
        if isinstance(index, slice):
            return Rows(self._rows[index], self.left_out)
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def at(self, style: str, clients: int) -> Row:
        """Return the row for a style and a number of clients."""
        for row in self:
            if (row.style, row.clients) == (style, clients):
                return row
        raise KeyError(f"{style} was not measured with {clients} clients")

    def __repr__(self) -> str:
        table = [_HEADINGS, *map(_cells, self)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
            for line in table
        ]
        return "\n".join([*lines, *self.left_out])

    def _repr_html_(self) -> str:
        head = "".join(f"<th scope='col'>{heading}</th>" for heading in _HEADINGS)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(row)) + "</tr>"
            for row in self
        )
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.left_out)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"


_HEADINGS: Final = (
    "endpoint", "clients", "TTFT median", "TTFT worst", "all done", "failed", "health check",
)  # fmt: skip


def _cells(row: Row) -> tuple[str, ...]:
    style, *values = astuple(row)
    return (style, *(in_seconds(v) if isinstance(v, float) else str(v) for v in values))
