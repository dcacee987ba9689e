"""Results of the load experiment as a table: one row per endpoint style and number of clients."""

import html
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from utils.formatting import in_seconds

_HEADINGS = (
    "endpoint", "clients", "TTFT median", "TTFT worst", "all done", "failed", "health check",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """Results for one endpoint style and number of clients. All times are in seconds.

    Attributes:
        style: A key of `STYLES`.
        clients: The number of concurrent clients.
        ttft_median: The median TTFT of the clients that received text.
        ttft_worst: The longest TTFT.
        makespan: The time from the first request to the end of the last reply.
        failed: The number of truncated or missing replies.
        health: The duration of the slowest health check during the measurement.
    """

    style: str
    clients: int
    ttft_median: float
    ttft_worst: float
    makespan: float
    failed: int
    health: float


class Rows(list[Row]):
    """Rows in the order measured; displayed as a table.

    Attributes:
        left_out: Sentences about what wasn't measured, and why.
    """

    def __init__(self, rows: Iterable[Row], left_out: Iterable[str] = ()) -> None:
        super().__init__(rows)
        self.left_out = tuple(left_out)

    def at(self, style: str, clients: int) -> Row:
        """Return the row for a style and a number of clients."""
        for row in self:
            if (row.style, row.clients) == (style, clients):
                return row
        raise KeyError(f"{style} was not measured with {clients} clients")

    def __repr__(self) -> str:
        table = self._table()
        # the first column is left-aligned; the numbers are right-aligned
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
            for line in table
        ]
        return "\n".join([*lines, *self.left_out])

    def _repr_html_(self) -> str:
        _, *cells = self._table()
        head = "".join(f"<th scope='col'>{heading}</th>" for heading in _HEADINGS)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in cells
        )
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.left_out)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"

    def _table(self) -> list[tuple[str, ...]]:
        """Return the headings, then each row's cells."""
        return [_HEADINGS, *(tuple(map(_formatted, astuple(row))) for row in self)]


def _formatted(cell: str | float) -> str:
    return in_seconds(cell) if isinstance(cell, float) else str(cell)
