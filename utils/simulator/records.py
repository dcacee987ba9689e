"""What the request log tells a reader: one frozen record for each request, and lists of them."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, overload

Ended = Literal["streaming", "finished", "client left", "failed"]


@dataclass(frozen=True)
class Request:
    """One request that the simulator received. Times are Unix times in seconds.

    Attributes:
        id: Its number, counted from 1 since the simulator started.
        path: Path of the URL.
        model: The model that was asked for.
        stream: Whether the request said `"stream": true`.
        prompt: Text of the last user message.
        status: HTTP status of the answer.
        tokens_sent: Tokens handed to the connection.
        tokens_unsent: Tokens that were never generated, as the client had left.
        ended: "streaming" while the reply is on its way, then "finished", "client left", "failed".
        received: When the request had come in.
        first_byte: When the first byte of the reply left; None if none did.
        ended_at: When the reply was over; None while it is on its way.
        planned_ttft: The TTFT that was drawn for this reply, in seconds; None if refused.
        planned_gap: The gap between its tokens without stalls, in seconds; None if refused.
        body: The request's JSON as it came.
    """

    id: int
    path: str
    model: str
    stream: bool
    prompt: str
    status: int
    tokens_sent: int
    tokens_unsent: int
    ended: Ended
    received: float
    first_byte: float | None
    ended_at: float | None
    planned_ttft: float | None
    planned_gap: float | None
    body: dict[str, Any] = field(repr=False)


_HEADINGS = ("#", "stream", "model", "prompt", "status", "tokens sent", "not generated", "ended")


def _row(request: Request) -> tuple[str, ...]:
    prompt = request.prompt if len(request.prompt) <= 40 else request.prompt[:39] + "…"
    return (
        str(request.id),
        "yes" if request.stream else "no",
        request.model,
        " ".join(prompt.split()),
        str(request.status),
        str(request.tokens_sent),
        str(request.tokens_unsent),
        request.ended,
    )


class Requests(Sequence[Request]):
    """Requests in the order in which they came; shown as a table.

    Attributes:
        settled: False if some reply was still on its way when the log was read.
    """

    def __init__(self, requests: Iterable[Request] = (), settled: bool = True) -> None:
        self._requests = tuple(requests)
        self.settled = settled

    @overload
    def __getitem__(self, index: int) -> Request: ...
    @overload
    def __getitem__(self, index: slice) -> Requests: ...
    def __getitem__(self, index: int | slice) -> Request | Requests:
        if isinstance(index, slice):
            return Requests(self._requests[index], self.settled)
        return self._requests[index]

    def __len__(self) -> int:
        return len(self._requests)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Requests | list | tuple):
            return list(self) == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # equal to lists, which have no hash either

    def _note(self) -> str:
        return "" if self.settled else "A reply was still on its way when this was read."

    def __repr__(self) -> str:
        if not self:
            return "no requests"
        rows = [_HEADINGS, *map(_row, self)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, *filter(None, [self._note()])])

    def _repr_html_(self) -> str:
        if not self:
            return "<p>no requests</p>"
        head = "".join(f"<th scope='col'>{heading}</th>" for heading in _HEADINGS)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in _row(request)) + "</tr>"
            for request in self
        )
        note = f"<p>{self._note()}</p>" if self._note() else ""
        caption = "<caption>What the simulator received</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"
