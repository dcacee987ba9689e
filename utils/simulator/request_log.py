"""The request log: what a reader sees of each request, and how the server keeps it."""

from __future__ import annotations

import asyncio
import gc
import html
import secrets
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, overload

from .pacing import Clock, Plan

_TIDY_SECONDS = 5.0  # at least, between two collections of garbage
_TIDY_DELAY = 0.05  # s; for the connection itself to close
_KEPT = 1000  # requests; older ones are forgotten
_LONGEST_PROMPT = 4096  # characters; the log cuts longer ones
_LONGEST_BODY = 16_384  # bytes; the log does not keep larger ones

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


class Entry:
    """One request, from its arrival to the end of its reply."""

    def __init__(self, number: int, path: str, clock: Clock, epoch: float) -> None:
        self.number = number
        self.started = clock()
        self.tokens_sent = 0
        self._path = path
        self._clock = clock
        self._wall = epoch
        self._body: dict[str, Any] = {}
        self._model, self._prompt, self._stream = "", "", False
        self._status = 0
        self._unsent = 0
        self._first_byte: float | None = None
        self._ended_at: float | None = None
        self._ended: Ended = "streaming"
        self._planned_ttft: float | None = None
        self._planned_gap: float | None = None

    @property
    def in_flight(self) -> bool:
        """Whether the reply is still on its way."""
        return self._ended == "streaming"

    def understood(self, body: dict[str, Any], size: int) -> None:
        """Note the request's JSON, which came in `size` bytes."""
        self._body = body if size <= _LONGEST_BODY else {"left out": f"{size} bytes"}
        self._model = str(body.get("model", ""))
        self._stream = body.get("stream") is True

    def asked(self, prompt: str) -> None:
        """Note the prompt, once the request is known to be in order."""
        self._prompt = prompt[:_LONGEST_PROMPT]

    def answered(self, status: int) -> None:
        """Note the status that the answer begins with."""
        self._status = status

    def planned(self, ttft: float | None, gap: float, speed: float) -> None:
        """Note the figures that the reply is meant to have on the client's clock."""
        self._planned_ttft = None if ttft is None else ttft / speed
        self._planned_gap = gap / speed

    def sent(self, tokens: int) -> None:
        """Note that bytes which hold `tokens` tokens were handed to the connection."""
        if self._first_byte is None:
            self._first_byte = self._clock()
        self.tokens_sent += tokens

    def end(self, how: Ended, unsent: int = 0) -> None:
        """Note the end of the reply, and how many tokens will never be generated."""
        self._ended, self._unsent, self._ended_at = how, unsent, self._clock()

    def left(self, plan: Plan, seconds: float) -> None:
        """Note that the client left `seconds` of the profile's time after its request came."""
        generated = max(plan.generated(seconds), self.tokens_sent)
        self.end("client left", unsent=len(plan.tokens) - generated)

    def record(self) -> Request:
        """Return the state of now."""
        return Request(
            id=self.number,
            path=self._path,
            model=self._model,
            stream=self._stream,
            prompt=self._prompt,
            status=self._status,
            tokens_sent=self.tokens_sent,
            tokens_unsent=self._unsent,
            ended=self._ended,
            received=self.started + self._wall,
            first_byte=None if self._first_byte is None else self._first_byte + self._wall,
            ended_at=None if self._ended_at is None else self._ended_at + self._wall,
            planned_ttft=self._planned_ttft,
            planned_gap=self._planned_gap,
            body=self._body,
        )


class Log:
    """The last requests. All methods run on the server's event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall = time.time() - clock()  # once: the times of two requests can be compared
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._count = 0
        self._in_flight = 0
        self._tidied = clock()
        self._idle = asyncio.Event()
        self._idle.set()
        self._epoch = secrets.token_hex(4)  # tells marks of this process from an earlier one's

    def open(self, path: str) -> Entry:
        """Begin an entry; it must be closed."""
        self._count += 1
        self._in_flight += 1
        self._idle.clear()
        entry = Entry(self._count, path, self._clock, self._wall)
        self._entries.append(entry)
        return entry

    def close(self, entry: Entry) -> None:
        """Finish an entry; one that did not come to an end has failed."""
        if entry.in_flight:
            entry.end("failed")
        self._in_flight -= 1
        if not self._in_flight:
            self._idle.set()
            self._tidy()

    def _tidy(self) -> None:
        """Free what closed connections left behind, while there is nobody whom it could delay."""
        now = self._clock()
        if now - self._tidied > _TIDY_SECONDS:
            self._tidied = now
            asyncio.get_running_loop().call_later(_TIDY_DELAY, gc.collect)

    def mark(self) -> str:
        """Return a mark of now, for `since`."""
        return f"{self._epoch}-{self._count}"

    def since(self, mark: str) -> list[dict[str, Any]]:
        """Return the requests received after `mark`; all of them for an unknown mark."""
        epoch, _, number = mark.partition("-")
        after = int(number) if epoch == self._epoch and number.isdecimal() else 0
        return [asdict(entry.record()) for entry in self._entries if entry.number > after]

    async def settle(self, seconds: float) -> bool:
        """Wait until no reply is on its way, `seconds` at most; return whether that came true."""
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return False
        return True
