"""Prepared replies that log how they are read.

    reply = Reply(cut("Rivers bend.", seed=1))
    answer(FakeModel.of({"Why do rivers bend?": reply}), "Why do rivers bend?")
    reply.requests, reply.taken, reply.ended

Reading takes virtual time. A reply can also be passed to an answer directly, as a stream of text
(`stream`, `astream`) or of chunks (`chunks`, `achunks`) that can be read only once.
"""

# ruff: noqa: D102 (`close` and `aclose` work as in a generator)

import random
import re
import threading
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_openai.chat_models.base import OpenAIConnectionError

from utils.checks.engine import virtual_time

ROLE_AFTER = 0.1  # seconds from the request to the empty first chunk, which carries the role
FIRST_AFTER = 0.5  # seconds from the role chunk to the first text
GAP = 0.1  # seconds between pieces, and from the last piece to the end

_REQUEST = httpx2.Request("POST", "http://model/v1/chat/completions")


class ConnectionLost(OpenAIConnectionError):  # noqa: N818 (named after what happened)
    """The kind of error that `ChatOpenAI` raises when the connection drops mid-reply."""

    def __init__(self, message: str = "the connection was lost") -> None:
        super().__init__(message=message, request=_REQUEST)


def cut(text: str, seed: int = 1) -> list[str]:
    """Split `text` into pieces of 1 to 6 characters, with random sizes determined by `seed`.

    Consecutive line breaks form a separate piece, as is common in model output.
    """
    chance = random.Random(seed)
    pieces: list[str] = []
    for part in re.split(r"(\n+)", text):
        while part:
            size = len(part) if part.isspace() else chance.randint(1, 6)
            pieces.append(part[:size])
            part = part[size:]
    return pieces


@dataclass(frozen=True)
class Event:
    """One entry in a reply's log: a piece was taken, the end was reached, or text was output."""

    what: Literal["in", "end", "out"]
    text: str = ""
    at: float = field(default_factory=virtual_time.now)  # in virtual seconds


@dataclass(eq=False)
class Reading:
    """One reading of a reply, from the request to the end; times are in virtual seconds."""

    messages: Sequence[BaseMessage] = ()  # empty if the answer received a stream and no model
    # the call's keyword arguments, such as `tools`, and the model's `max_tokens`
    settings: Mapping[str, Any] = field(default_factory=dict)
    streamed: bool = True  # whether the reply was streamed, rather than sent in one go
    usage: bool = True  # whether token usage, if any, is sent
    began: float = field(default_factory=virtual_time.now)  # when the reply was requested
    arrived: list[float] = field(default_factory=list)  # when each non-empty piece was taken
    items: int = 0  # how many chunks or pieces were taken, including empty ones
    left: float | None = None  # when the stream ended, failed or was closed; None while open
    ended: bool = False  # whether the reply was read to the end
    failed: bool = False  # whether the connection was lost
    blocking: bool = False  # whether waiting for the reply blocked the event loop
    thread: int = field(default_factory=threading.get_ident)  # the id of the requesting thread
    # how many times the stream signalled its end: more than once if it was read again afterwards
    ends_signalled: int = 0


@dataclass(eq=False)
class Reply:
    """A prepared reply, and a log of how it was read."""

    pieces: Sequence[str] = ()
    calls: Sequence[tuple[str, str]] = ()  # tool calls after the text: names and JSON arguments
    finish: str | None = "stop"  # the finish reason; None for a stream that ends without one
    usage: UsageMetadata | None = None  # the provider's token counts
    model_name: str = "fake-model"  # the model name in the response metadata
    # number of pieces before the connection is lost; if 0, no chunk arrives
    fails_after: int | None = None
    error: BaseException = field(default_factory=ConnectionLost)  # raised when the connection drops
    # seconds to the first piece, from the role chunk or, if there is none, from the request
    first_after: float = FIRST_AFTER
    gap: float = GAP  # seconds between pieces
    # extra seconds to wait before a piece, keyed by its index
    silences: Mapping[int, float] = field(default_factory=dict)
    # Whether the first chunk with text contains the role, and the last one contains the finish
    # reason, as with some providers. Otherwise, separate chunks without text contain them.
    compact: bool = False
    keeps_sending: bool = False  # whether unread pieces keep arriving, as over a network
    between: Callable[[], object] = lambda: None  # called during each delay of a synchronous stream
    again: "Reply | None" = None  # the reply to later requests; None to repeat this reply
    log: list[Event] = field(default_factory=list)  # everything that was read or output, in order
    readings: list[Reading] = field(default_factory=list)  # one reading per request

    @property
    def text(self) -> str:
        """All pieces as one string."""
        return "".join(self.pieces)

    @property
    def requests(self) -> int:
        """How many times the reply was requested; a stream that was never read doesn't count."""
        return len(self.readings) + (self.again.requests if self.again else 0)

    @property
    def taken(self) -> int:
        """The total number of non-empty pieces taken, over all readings."""
        return sum(len(reading.arrived) for reading in self.readings)

    @property
    def ended(self) -> bool:
        """Whether the latest reading reached the end of the reply."""
        return bool(self.readings) and self.readings[-1].ended

    @property
    def lasts(self) -> float:
        """Seconds from request to end for a reply without tool calls, read without pauses."""
        return self.arrives(len(self.pieces))

    def arrives(self, piece: int) -> float:
        """Return the seconds from the request to the arrival of the piece with this index."""
        first = 0.0 if self.compact else ROLE_AFTER
        return first + sum(self._wait_before(at) for at in range(piece + 1))

    @property
    def most_held(self) -> int:
        """The largest number of pieces that had been taken but not passed on.

        Pieces are counted whenever another one is taken, and at the end. Output is matched to
        pieces by length, so it must be as long as the input. 0 means that each piece is passed on
        before the next is taken; `len(pieces)` means that all pieces are collected first.
        """
        most = going_in = coming_out = 0
        ends: list[int] = []
        for event in self.log:
            if event.what == "out":
                coming_out += len(event.text)
            else:
                most = max(most, sum(end > coming_out for end in ends))
                going_in += len(event.text)
                ends.append(going_in)
        return most

    @property
    def most_late(self) -> float:
        """The longest delay, in virtual seconds, from taking a piece to passing on its last part.

        Output is matched to pieces by length, as in `most_held`.
        """
        late, going_in, coming_out = 0.0, 0, 0
        waiting: list[tuple[int, float]] = []  # where each piece ends, and when it was taken
        for event in self.log:
            if event.what == "out":
                coming_out += len(event.text)
                while waiting and waiting[0][0] <= coming_out:
                    late = max(late, event.at - waiting.pop(0)[1])
            elif event.what == "in":
                going_in += len(event.text)
                waiting.append((going_in, event.at))
        return late

    def out(self, text: str) -> None:
        """Log text that the answer yielded, printed or sent."""
        self.log.append(Event("out", text))

    def stream(self) -> "Stream":
        """Return a stream of the pieces."""
        return Stream(self, chunks=False)

    def chunks(self) -> "Stream":
        """Return a stream of chunks, as from `ChatOpenAI.stream`."""
        return Stream(self, last=True)

    def astream(self) -> "AsyncStream":
        """Async version of `stream`."""
        return AsyncStream(self, chunks=False)

    def achunks(self) -> "AsyncStream":
        """Async version of `chunks`."""
        return AsyncStream(self, last=True)

    def items(self, reading: Reading, **how: bool) -> Generator[Any]:
        """Yield the reply's items, blocking the thread during delays; pass `how` to `_steps`."""
        with closing(self._steps(reading, **how)) as steps:
            for step in steps:
                if isinstance(step, float):
                    reading.blocking = reading.blocking or virtual_time.blocks_the_loop()
                    virtual_time.pause(step)
                    self.between()
                else:
                    yield step

    async def aitems(self, reading: Reading, **how: bool) -> AsyncGenerator[Any]:
        """Yield the reply's items without blocking the thread; pass `how` to `_steps`."""
        with closing(self._steps(reading, **how)) as steps:
            for step in steps:
                if isinstance(step, float):
                    await virtual_time.sleep(step)
                else:
                    yield step

    def _steps(
        self, reading: Reading, *, chunks: bool = True, last: bool = False
    ) -> Generator[Any]:
        """Yield the reply's items, each preceded by the seconds to wait for it, as a float.

        The items are chunks, or strings if `chunks` is false; `last` adds LangChain's final chunk.
        """
        if self.again is not None and self.readings:
            yield from self.again._steps(reading, chunks=chunks, last=last)
            return
        self.readings.append(reading)
        reading.began = virtual_time.now()
        due = reading.began
        try:
            timed = self._timed_chunks(reading.usage, last) if chunks else self._timed_text()
            for seconds, item in timed:
                due += seconds
                wait = due - virtual_time.now() if self.keeps_sending else seconds
                yield float(max(0.0, wait))
                if isinstance(item, BaseException):
                    reading.failed = True
                    raise item
                reading.items += 1
                text = item if isinstance(item, str) else getattr(item, "text", "")
                if text:
                    self.log.append(Event("in", text))
                    reading.arrived.append(virtual_time.now())
                yield item
            if chunks and self.compact:  # wait as long as a final chunk would take
                yield self.gap
            reading.ended = True
            self.log.append(Event("end"))
        finally:
            reading.left = virtual_time.now()

    def _timed_text(self) -> Iterator[tuple[float, str | BaseException]]:
        """Yield pairs: the seconds to wait, and then the piece to send or the error to raise."""
        for at, piece in enumerate(self.pieces):
            if at == self.fails_after:
                yield 0.0, self.error
            yield self._wait_before(at), piece
        if self.fails_after is not None and self.fails_after >= len(self.pieces):
            yield self.gap, self.error

    def _timed_chunks(
        self, usage: bool, last: bool
    ) -> Iterator[tuple[float, AIMessageChunk | BaseException]]:
        """Yield pairs: the seconds to wait, and then the chunk to send or the error to raise."""
        compact = self.compact and not self.calls  # the finish reason must come after tool calls
        if self.fails_after == 0:
            yield ROLE_AFTER, self.error
        # a new string, as in parsed JSON, so that comparing it with `is` fails
        finish = self.finish and "".join(self.finish)
        ending = {"finish_reason": finish, "model_name": self.model_name}
        if not compact:
            yield ROLE_AFTER, chunk_of()
        for number, (seconds, piece) in enumerate(self._timed_text(), start=1):
            if not isinstance(piece, str):
                yield seconds, piece
            elif compact and self.finish and number == len(self.pieces):
                yield seconds, chunk_of(piece, response_metadata=ending)
            else:
                yield seconds, chunk_of(piece)
        for index, (name, arguments) in enumerate(self.calls):
            named = tool_call_chunk(name=name, args="", id=f"call-{name}-{index}", index=index)
            yield self.gap, chunk_of(tool_call_chunks=[named])
            for piece in cut(arguments, index):
                more = tool_call_chunk(args=piece, index=index)
                yield self.gap, chunk_of(tool_call_chunks=[more])
        if self.finish and not compact:
            yield self.gap, chunk_of(response_metadata=ending)
        if usage and self.usage:
            position = {"chunk_position": "last"} if last and compact else {}
            yield 0.0, chunk_of(usage_metadata=self.usage, **position)
        if last and not compact:
            yield 0.0, chunk_of(chunk_position="last")

    def _wait_before(self, at: int) -> float:
        return (self.gap if at else self.first_after) + self.silences.get(at, 0.0)


def chunk_of(content: str = "", **fields: Any) -> AIMessageChunk:
    """Return a chunk with this text; `fields` are other fields of `AIMessageChunk`."""
    return AIMessageChunk(content=content, id="run-1", **fields)


class Stream(Iterator[Any]):
    """A reply's items, which can be read only once; counts how many times the end is signalled."""

    def __init__(self, reply: Reply, **how: bool) -> None:
        self._reading = Reading()
        self._inner = reply.items(self._reading, **how)

    def __next__(self) -> Any:
        try:
            return next(self._inner)
        except StopIteration:
            self._reading.ends_signalled += 1
            raise

    def close(self) -> None:
        self._inner.close()


class AsyncStream(AsyncIterator[Any]):
    """Async version of `Stream`."""

    def __init__(self, reply: Reply, **how: bool) -> None:
        self._reading = Reading()
        self._inner = reply.aitems(self._reading, **how)

    async def __anext__(self) -> Any:
        try:
            return await anext(self._inner)
        except StopAsyncIteration:
            self._reading.ends_signalled += 1
            raise

    async def aclose(self) -> None:
        await self._inner.aclose()
