"""The request log: `Request` and `Requests` for notebooks, `Entry` and `Log` for the server."""

from __future__ import annotations

import asyncio
import html
import secrets
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, SupportsIndex, overload

from .pacing import Clock

_MAX_KEPT = 1000  # requests
MAX_PROMPT = 4096  # characters; longer prompts are truncated
_MAX_BODY = 16_384  # bytes; the log contains only the size of a larger body

Ended = Literal["streaming", "finished", "client left", "failed"]


@dataclass
class Request:
    """One request that the simulator received. Times are Unix times in seconds.

    Attributes:
        id: Sequence number since the simulator started, counting from 1.
        path: URL path.
        received: When the request arrived.
        model: The requested model.
        stream: Whether the request contained `"stream": true`.
        prompt: Text of the last user message, at most 4,096 characters.
        status: HTTP status of the response; 0 until there is a response.
        tokens_sent: Tokens passed to the connection.
        tokens_unsent: Tokens that were never generated because the client disconnected.
        ended: "streaming" while in progress, then "finished", "client left" or "failed".
        first_byte: When the first byte of the reply was sent; None if nothing was sent.
        ended_at: When the reply ended; None while it is in progress.
        planned_ttft: Planned TTFT in seconds; None if no visible token is planned.
        planned_gap: Planned seconds between tokens, excluding stalls; None if no reply is planned.
        body: JSON body of the request, or only its size if larger than 16 KiB.
    """

    id: int
    path: str
    received: float
    model: str = ""
    stream: bool = False
    prompt: str = ""
    status: int = 0
    tokens_sent: int = 0
    tokens_unsent: int = 0
    ended: Ended = "streaming"
    first_byte: float | None = None
    ended_at: float | None = None
    planned_ttft: float | None = None
    planned_gap: float | None = None
    body: dict[str, Any] = field(default_factory=dict, repr=False)


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


class Requests(list[Request]):
    """Requests in order of arrival, displayed as a table.

    Attributes:
        settled: False if a reply was still in progress when the wait for it timed out.
    """

    def __init__(self, requests: Iterable[Request] = (), settled: bool = True) -> None:
        super().__init__(requests)
        self.settled = settled

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Request: ...
    @overload
    def __getitem__(self, index: slice, /) -> Requests: ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> Request | Requests:
        found = super().__getitem__(index)
        return Requests(found, self.settled) if isinstance(found, list) else found

    def _note(self) -> str:
        return "" if self.settled else "A reply was still in progress when this was read."

    def __repr__(self) -> str:
        if not self:
            return "no requests"
        rows = [_HEADINGS, *map(_row, self)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, self._note()]).rstrip()

    def _repr_html_(self) -> str:
        if not self:
            return "<p>no requests</p>"
        head = "".join(f"<th scope='col'>{heading}</th>" for heading in _HEADINGS)
        rows = ("".join(f"<td>{html.escape(cell)}</td>" for cell in _row(one)) for one in self)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        note = f"<p>{self._note()}</p>" if self._note() else ""
        caption = "<caption>What the simulator received</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


class Entry:
    """The log entry of one request, updated until its reply ends."""

    def __init__(self, number: int, path: str, clock: Clock, epoch: float) -> None:
        self.started = clock()
        self._clock = clock
        self._epoch = epoch  # the Unix time at which `clock` was 0
        self.request = Request(id=number, path=path, received=self.started + epoch)

    def _now(self) -> float:
        return self._clock() + self._epoch

    def parsed(self, body: dict[str, Any], size: int) -> None:
        """Record the request's JSON body, which is `size` bytes long."""
        self.request.body = body if size <= _MAX_BODY else {"left out": f"{size} bytes"}
        self.request.model = str(body.get("model", ""))
        self.request.stream = body.get("stream") is True

    def planned(self, ttft: float | None, gap: float, speed: float) -> None:
        """Record status 200 and the latencies that the client should measure."""
        self.request.status = 200
        self.request.planned_ttft = None if ttft is None else ttft / speed
        self.request.planned_gap = gap / speed

    def sent(self, tokens: int) -> None:
        """Record that bytes containing `tokens` tokens were passed to the connection."""
        if self.request.first_byte is None:
            self.request.first_byte = self._now()
        self.request.tokens_sent += tokens

    def end(self, how: Ended) -> None:
        """Record the end of the reply."""
        self.request.ended, self.request.ended_at = how, self._now()

    def disconnected(self, tokens: int, generated: int) -> None:
        """Record a disconnect after `generated` of `tokens` tokens had been generated."""
        # tokens may be sent slightly early, before they count as generated
        self.request.tokens_unsent = tokens - max(generated, self.request.tokens_sent)
        self.end("client left")


class Log:
    """The latest requests. All methods run on the server's event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._epoch = time.time() - clock()  # computed once, so that all times are comparable
        self._entries: deque[Entry] = deque(maxlen=_MAX_KEPT)
        self._count = 0
        self._in_progress = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._run = secrets.token_hex(4)  # distinguishes the marks of different server processes

    def open(self, path: str) -> Entry:
        """Open an entry; the caller must close it."""
        self._count += 1
        self._in_progress += 1
        self._idle.clear()
        entry = Entry(self._count, path, self._clock, self._epoch)
        self._entries.append(entry)
        return entry

    def close(self, entry: Entry) -> None:
        """Close an entry; mark it as failed if its end wasn't recorded."""
        if entry.request.ended == "streaming":
            entry.end("failed")
        self._in_progress -= 1
        if not self._in_progress:
            self._idle.set()

    def mark(self) -> str:
        """Return the current log position, to pass to `since`."""
        return f"{self._run}-{self._count}"

    def since(self, mark: str) -> list[dict[str, Any]]:
        """Return the requests after the log position `mark`; all requests if `mark` is unknown."""
        run, _, number = mark.partition("-")
        after = int(number) if run == self._run and number.isdecimal() else 0
        return [asdict(entry.request) for entry in self._entries if entry.request.id > after]

    async def settle(self, seconds: float) -> bool:
        """Wait until no reply is in progress; return False if that takes longer than `seconds`."""
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return False
        return True
