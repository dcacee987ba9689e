"""Recordings of replies: what arrived, when, and the latency figures that follow from it.

This module times streams and blocking calls and defines every figure once. It knows nothing of
readers (`reader_model`), pictures (`charts`) or providers: it reads whatever passes by its shape.

All times are seconds since sending. A stream is sent by the first `next()`, because generators do
nothing before, so that is when the clock starts. A piece "arrives" when the loop that pulls gets
it: a slow loop makes a slow recording.
"""

from __future__ import annotations

import re
import string
import time
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from types import TracebackType
from typing import Any, Final, Generic, Literal, Self, TypeVar

from utils.formatting import counted, in_milliseconds, in_seconds
from utils.unicode import well_formed

T = TypeVar("T")
Clock = Callable[[], float]
Outcome = Literal["finished", "left", "failed", "streaming"]

_OUTCOMES: Final[Mapping[Outcome, str]] = {
    "finished": "finished",
    "left": "left early",
    "failed": "failed",
    "streaming": "still streaming",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """What one item of a stream brought.

    Attributes:
        at: Seconds from sending to arrival.
        text: The answer's text; empty for an item that carries none, such as the role-only first.
        reasoning: The model's thinking, where the provider shows it.
    """

    at: float
    text: str
    reasoning: str = ""

    @property
    def empty(self) -> bool:
        """Whether a reader would see nothing of it."""
        return not (self.text or self.reasoning)


@dataclass(frozen=True)
class Recording:
    """One reply as it arrived: a snapshot that never changes.

    Definitions: `a_k` is the arrival of token k, `n` the number of tokens. Where providers and
    benchmarks disagree, the choice is written beside the figure.

    Attributes:
        label: A name for charts and tables.
        pieces: Every item in order of arrival, empty ones included.
        e2e: End-to-end latency, seconds: from sending to the last byte, that is until the stream
            said that it was over, failed or was left. While it streams: until now.
        outcome: "finished", "left" (the loop stopped pulling and closed the stream), "failed", or
            "streaming" (the stream is still open).
        error: Type and message of the exception, if it failed.
        finish_reason: The provider's word on why it stopped ("stop", "length", …). A stream that
            ends without one may be cut short, even when nothing was raised.
        usage: The provider's token counts, if it sent any.
        sent: The clock's reading at sending, seconds: places recordings of one clock side by side.
    """

    label: str
    pieces: tuple[Piece, ...]
    e2e: float
    outcome: Outcome = "finished"
    error: str | None = None
    finish_reason: str | None = None
    usage: Mapping[str, Any] | None = field(default=None, hash=False)
    sent: float = 0.0

    @property
    def ttfb(self) -> float | None:
        """Time to first byte, seconds: the first event of any kind, an empty one too."""
        return self.pieces[0].at if self.pieces else None

    @property
    def ttft(self) -> float | None:
        """Time to first token, seconds: the first non-empty content, reasoning included.

        An empty role-only chunk does not count (as in AIPerf; vLLM's benchmark counts it).
        """
        return next((piece.at for piece in self.pieces if not piece.empty), None)

    @property
    def ttfat(self) -> float | None:
        """Time to first answer token, seconds: the first text that is not reasoning."""
        return next((piece.at for piece in self.pieces if piece.text), None)

    @property
    def tpot(self) -> float | None:
        """Time per output token, seconds: (a_n - a_1) / (n - 1).

        n is `shown_tokens`, otherwise the number of non-empty pieces. None for a reply in one
        piece: tokens that come all at once have no time of their own.
        """
        arrivals = self._arrivals
        tokens = self.shown_tokens or len(arrivals)
        if len(arrivals) < 2 or tokens < 2:
            return None
        return (arrivals[-1] - arrivals[0]) / (tokens - 1)

    @property
    def gaps(self) -> tuple[float, ...]:
        """Seconds between one non-empty piece and the next.

        This is inter-chunk latency; it is inter-token latency only where a chunk is one token.
        """
        arrivals = self._arrivals
        return tuple(b - a for a, b in pairwise(arrivals))

    @cached_property
    def text(self) -> str:
        """The answer, as far as it came; well-formed, so that it can be printed and sent."""
        return well_formed("".join(piece.text for piece in self.pieces))

    @property
    def tokens(self) -> int | None:
        """Output tokens by the provider's count, whatever it includes; None without a count."""
        return _whole_number((self.usage or {}).get("output_tokens"))

    @cached_property
    def answer_tokens(self) -> int | None:
        """Tokens of the answer by the provider's count, without its reasoning.

        None without a count, where the two can't be told apart, and where the count can't be the
        answer's: see `count_doubt`.
        """
        thought = _whole_number(_mapping(self.usage, "output_token_details").get("reasoning"))
        if self.tokens is None or (thought is None and self._has_reasoning):
            return None
        # Some providers leave the reasoning out of the count, and give it in the details anyway.
        counts = (self.tokens - (thought or 0), self.tokens)
        pieces = [piece.text for piece in self.pieces]
        return next((count for count in counts if could_be_shown(count, pieces)), None)

    @cached_property
    def shown_tokens(self) -> int | None:
        """Tokens of all that was shown, by the provider's count; reasoning only where it was shown.

        None without a count, and where the count can't be that of what was shown.
        """
        if not self._has_reasoning:
            return self.answer_tokens
        pieces = [piece.reasoning + piece.text for piece in self.pieces]
        count = self.tokens
        return count if count is not None and could_be_shown(count, pieces) else None

    @property
    def count_doubt(self) -> str:
        """Why the provider's token count isn't used, as a sentence; empty if it is, or none came.

        A count often includes what nobody saw: hidden reasoning, tool calls, a failed attempt.
        """
        count = (self.usage or {}).get("output_tokens")
        if count is None or self.ttft is None or self.shown_tokens is not None:
            return ""
        if self.tokens is None:
            told = f"The provider's token count, {count!r:.20}, isn't a number of tokens."
        else:
            told = (
                f"The provider counts {counted(self.tokens, 'token')}, which can't be the text "
                "that arrived: it may include hidden reasoning, a tool call or another attempt, or "
                "cover only a part."
            )
        return f"{told} TPOT and reading time use what arrived instead."

    def summary(self) -> str:
        """One line: `TTFT 0.21 s · TPOT 40 ms · total 10.0 s · 248 tokens · finished`."""
        size = counted(words_in(self.text), "word")
        if self.count_doubt:
            size += f" (implausible token count: {(self.usage or {}).get('output_tokens')!r:.20})"
        elif self.tokens is not None:
            size = counted(self.tokens, "token")
        ending = _OUTCOMES[self.outcome]
        if self.error:
            ending += f" ({self.error.partition(':')[0]})"
        elif self.outcome == "finished" and self.finish_reason not in (None, "stop"):
            ending += f" ({self.finish_reason})"
        parts = [
            "no text" if self.ttft is None else f"TTFT {in_seconds(self.ttft)}",
            "" if self.tpot is None else f"TPOT {in_milliseconds(self.tpot)}",
            f"total {in_seconds(self.e2e)}",
            size,
            ending,
        ]
        return " · ".join(part for part in parts if part)

    def __repr__(self) -> str:
        return f"<Recording {self.label!r}: {self.summary()}>"

    @property
    def _arrivals(self) -> list[float]:
        return [piece.at for piece in self.pieces if not piece.empty]

    @property
    def _has_reasoning(self) -> bool:
        return any(piece.reasoning for piece in self.pieces)


def words_in(text: str) -> int:
    """How many words a reader sees; a Chinese or Japanese character counts as one.

    Those languages put no spaces between words, and people read about as many characters a minute
    as words of English.
    """
    if _UNSPACED.search(text) is None:
        return len(text.split())
    return len(_UNSPACED.findall(text)) + len(_UNSPACED.sub(" ", text).split())


def could_be_shown(count: int, pieces: Iterable[str]) -> bool:
    """Whether a token count can be that of the text that arrived.

    The most tokens that text can have is either one for each non-empty piece, or the sum of
    two for five ASCII letters, one for a digit, punctuation mark or line break, and one less than
    its bytes for any other character: two for a Chinese one, three for most emoji. Ten more are
    allowed, for tokens that have no text. The least is half a token for each word, and a sixteenth
    of that sum.

    The limits are wide, since a tokenizer that knows a language badly needs twice as many tokens as
    one that knows it well. A stream of single tokens passes, and large pieces do in any language.
    A count that was added up twice doesn't pass for English.
    """
    shown = [piece for piece in pieces if piece]
    text = well_formed("".join(shown))
    ascii_part = text.encode("ascii", "ignore")
    letters = len(ascii_part) - len(ascii_part.translate(None, _LETTERS))
    others = len(ascii_part) - letters - ascii_part.count(b" ")
    foreign = len(text.encode()) - len(text)  # bytes of other characters, less one for each
    most = 0.4 * letters + others + foreign
    least = max(len(text.split()) / 2, most / 16)
    return least <= count <= max(most, len(shown)) + 10


_LETTERS: Final = string.ascii_letters.encode()
_UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")


class _Tape(Generic[T]):
    """What both recorders keep: when the clock started, what arrived, how it ended.

    Items are stored with their time and interpreted only when somebody asks for the recording, so
    that timing a stream costs next to nothing while it runs.
    """

    def __init__(self, label: str, clock: Clock) -> None:
        self._label = label
        self._clock = clock
        self._start: float | None = None
        self._arrived: list[tuple[float, T]] = []
        self._pieces: list[Piece] = []
        self._finish_reason: str | None = None
        self._usages: list[Mapping[str, Any]] = []
        self._end: float | None = None
        self._outcome: Outcome = "streaming"
        self._error: str | None = None
        self._closed = False

    @property
    def recording(self) -> Recording:
        """A snapshot of the stream so far; ask again later for more."""
        start = self._clock() if self._start is None else self._start
        for arrival, item in self._arrived[len(self._pieces) :]:
            text, reasoning = content_of(item)
            self._pieces.append(Piece(arrival - start, text, reasoning))
            self._finish_reason = _finish_reason(item) or self._finish_reason
            if usage := _mapping(item, "usage_metadata"):
                self._usages.append(usage)
        end = self._end
        if end is None:
            end = start if self._start is None else self._clock()
        return Recording(
            label=self._label,
            pieces=tuple(self._pieces),
            e2e=end - start,
            outcome=self._outcome,
            error=self._error,
            finish_reason=self._finish_reason,
            usage=_usage_of(self._usages, self._pieces),
            sent=start,
        )

    @property
    def elapsed(self) -> float:
        """Seconds since sending, now; 0 before it. After an item: when that item arrived."""
        return 0.0 if self._start is None else self._clock() - self._start

    def _ended(self, outcome: Outcome, error: BaseException | None = None) -> None:
        """Stop the clock; the first ending is the one that counts."""
        if self._end is not None:
            return
        self._end = self._clock()
        self._start = self._end if self._start is None else self._start
        self._outcome = outcome
        if error is not None:  # as text: an exception would keep the stream's frames alive
            self._error = well_formed(f"{type(error).__name__}: {error}")


class Recorder(_Tape[T], Iterator[T]):
    """A stream that passes through untouched while it is timed; made by `record`."""

    def __init__(self, source: Iterator[T], owner: object, label: str, clock: Clock) -> None:
        super().__init__(label, clock)
        self._source = source
        self._owner = owner

    def __next__(self) -> T:
        if self._end is not None:
            raise StopIteration
        if self._start is None:
            self._start = self._clock()
        try:
            item = next(self._source)
        except StopIteration:
            self._ended("finished")
            raise
        except Exception as error:
            self._ended("failed", error)
            raise
        except BaseException:  # ■ or the like: the one who was reading stopped
            self.close()
            raise
        self._arrived.append((self._clock(), item))
        return item

    def close(self) -> None:
        """Close the source, so that the server stops generating. Safe to call again."""
        self._ended("left")
        if self._closed:
            return
        self._closed = True
        for source in _distinct(self._source, self._owner):
            if close := getattr(source, "close", None):
                close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if self._end is None:
            self.close()


class AsyncRecorder(_Tape[T], AsyncIterator[T]):
    """An async stream that passes through untouched while it is timed; made by `arecord`."""

    def __init__(self, source: AsyncIterator[T], owner: object, label: str, clock: Clock) -> None:
        super().__init__(label, clock)
        self._source = source
        self._owner = owner

    async def __anext__(self) -> T:
        if self._end is not None:
            raise StopAsyncIteration
        if self._start is None:
            self._start = self._clock()
        try:
            item = await anext(self._source)
        except StopAsyncIteration:
            self._ended("finished")
            raise
        except Exception as error:
            self._ended("failed", error)
            raise
        except BaseException:  # cancelled: the one who was reading stopped
            await self.aclose()
            raise
        self._arrived.append((self._clock(), item))
        return item

    async def aclose(self) -> None:
        """Close the source, so that the server stops generating. Safe to call again."""
        self._ended("left")
        if self._closed:
            return
        self._closed = True
        for source in _distinct(self._source, self._owner):
            if close := getattr(source, "aclose", None):
                await close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


def record(
    stream: Iterable[T], label: str = "", *, clock: Clock = time.perf_counter
) -> Recorder[T]:
    """Time a stream while it passes through, item by item, unchanged and not pulled ahead.

    The recorder takes the stream over: leaving it closes the source. That happens at `close()`, at
    the end of `with record(…) as recorder:`, and at once when a loop over an unnamed recorder is
    left. A recorder with a name stays open after `break`, as any generator does, until one of
    these.

    Args:
        stream: Any iterable of message chunks, strings, or dicts shaped like message chunks.
            Items that carry no text count for TTFB and pass like the rest.
        label: A name for charts and tables.
        clock: Returns seconds; for tests.

    Returns:
        An iterator over the same items; `.recording` holds the figures at any time.

    Raises:
        TypeError: If it is not a stream that a plain `for` can read.
    """
    if isinstance(stream, AsyncIterable):
        raise TypeError("This is an async stream: time it with `arecord(…)` and `async for`.")
    if hasattr(stream, "content") or not isinstance(stream, Iterable):
        raise TypeError(_not_a_stream(stream, "model.stream(…)", "record_call(model.invoke, …)"))
    return Recorder(iter(stream), stream, label, clock)


def arecord(
    stream: AsyncIterable[T], label: str = "", *, clock: Clock = time.perf_counter
) -> AsyncRecorder[T]:
    """Time an async stream while it passes through; the async twin of `record`.

    Leaving it closes the source: at `aclose()`, at the end of `async with arecord(…)`, and when the
    task that reads is cancelled. After a `break`, an unnamed async generator is closed by the event
    loop on its next turn.

    Args:
        stream: Any async iterable of message chunks, strings, or dicts shaped like message chunks.
        label: A name for charts and tables.
        clock: Returns seconds; for tests.

    Returns:
        An async iterator over the same items; `.recording` holds the figures at any time.

    Raises:
        TypeError: If it is not a stream that `async for` can read.
    """
    if not isinstance(stream, AsyncIterable):
        if isinstance(stream, Iterable) and not hasattr(stream, "content"):
            raise TypeError("This is a synchronous stream: time it with `record(…)` and `for`.")
        raise TypeError(
            _not_a_stream(stream, "model.astream(…)", "await arecord_call(model.ainvoke, …)")
        )
    return AsyncRecorder(aiter(stream), stream, label, clock)


def record_call(
    call: Callable[..., T],
    *args: object,
    label: str = "",
    clock: Clock = time.perf_counter,
    **kwargs: object,
) -> tuple[T, Recording]:
    """Call, wait for the whole reply, and return it with its recording: one piece, at the end.

    Args:
        call: What to call, such as `model.invoke`.
        *args: Handed to it.
        label: A name for charts and tables.
        clock: Returns seconds; for tests.
        **kwargs: Handed to it.

    Returns:
        The reply, and a recording whose TTFT is its end-to-end latency. An exception passes, and
        leaves no recording.
    """
    start = clock()
    reply = call(*args, **kwargs)
    return reply, _whole(reply, label, start, clock())


async def arecord_call(
    call: Callable[..., Awaitable[T]],
    *args: object,
    label: str = "",
    clock: Clock = time.perf_counter,
    **kwargs: object,
) -> tuple[T, Recording]:
    """Await a whole reply, and return it with its recording; the async twin of `record_call`."""
    start = clock()
    reply = await call(*args, **kwargs)
    return reply, _whole(reply, label, start, clock())


def _whole(reply: object, label: str, start: float, end: float) -> Recording:
    text, reasoning = content_of(reply)
    return Recording(
        label=label,
        pieces=(Piece(end - start, text, reasoning),),
        e2e=end - start,
        finish_reason=_finish_reason(reply),
        usage=_mapping(reply, "usage_metadata") or None,
        sent=start,
    )


def _not_a_stream(thing: object, stream: str, call: str) -> str:
    return (
        f"A {type(thing).__name__} is not a stream. Hand over what `{stream}` returns; "
        f"to time a whole reply, use `{call}`."
    )


def _distinct(source: object, owner: object) -> tuple[object, ...]:
    """An iterator and the iterable it came from: both may hold the connection."""
    return (source,) if source is owner else (source, owner)


def _field(item: object, name: str) -> Any:
    """A field of a message, or of a dict shaped like one."""
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)


def _usage_of(
    usages: Sequence[Mapping[str, Any]], pieces: Sequence[Piece]
) -> Mapping[str, Any] | None:
    """One usage for a reply, from all that its items carried.

    Several are increments to be added up, as LangChain does when it adds chunks, or counts so far,
    of which the last is the whole. What the text allows decides; where it allows both, counts that
    rise each time are counts so far.
    """
    counted = [usage for usage in usages if _whole_number(usage.get("output_tokens")) is not None]
    if len(counted) < 2:
        return next(iter(counted), usages[-1] if usages else None)
    last = counted[-1]
    counts = [usage["output_tokens"] for usage in counted]
    added = {**last, "output_tokens": sum(counts)}
    rising = all(before < after for before, after in pairwise(counts))
    texts = [piece.reasoning + piece.text for piece in pieces]
    fitting = (
        usage
        for usage in ((last, added) if rising else (added, last))
        if could_be_shown(usage["output_tokens"], texts)
    )
    return next(fitting, last)


def _mapping(item: object, name: str) -> Mapping[str, Any]:
    """A field that is a mapping; an empty one where it is anything else."""
    value = _field(item, name)
    return value if isinstance(value, Mapping) else {}


def _whole_number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _finish_reason(item: object) -> str | None:
    reason = _mapping(item, "response_metadata").get("finish_reason")
    return well_formed(reason) if isinstance(reason, str) else None


def content_of(item: object) -> tuple[str, str]:
    """An item's text and reasoning; its `content` is a string or a list of blocks."""
    if isinstance(item, str):
        return item, ""
    content = _field(item, "content")
    blocks = content if isinstance(content, list) else [content]
    text = reasoning = ""
    for block in blocks:
        if isinstance(block, str):
            text += block
        elif isinstance(block, Mapping) and block.get("type") == "text":
            text += block.get("text") or ""
        elif isinstance(block, Mapping) and block.get("type") in ("reasoning", "thinking"):
            reasoning += _thinking(block)
    extra = _field(item, "additional_kwargs") or {}
    shown = extra.get("reasoning_content")
    return text, reasoning + (shown if isinstance(shown, str) else "")


def _thinking(block: Mapping[str, Any]) -> str:
    """The text of a reasoning block, in the spellings that providers use."""
    spoken = block.get("reasoning") or block.get("thinking") or block.get("text") or ""
    summary: Iterable[Mapping[str, Any]] = block.get("summary") or ()
    return spoken + "".join(part.get("text") or "" for part in summary)
