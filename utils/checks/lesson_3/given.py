"""The replies that exercises 3.1 to 3.3 read as streams of chunks, and how that is observed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata

from utils.checks.engine import virtual_time
from utils.checks.engine.exercise import Mistakes
from utils.checks.engine.run import ANYTHING, Case, Run, Wanted
from utils.checks.engine.stream_runner import call
from utils.checks.engine.student_code import untouched

HERON = "The heron stands still for an hour. Then it doesn't."
WEATHER = (("get_weather", '{"city": "San Francisco"}'), ("get_time", '{"zone": "Asia/Tokyo"}'))
HALF = (("get_weather", '{"city": "San'),)
UNKNOWN = "error"  # a finish reason that the lesson doesn't name, as some providers send it
# Reasons that look like "tool_calls", from an older interface and from other providers.
ALIKE = ("function_call", "tool_use")
USAGE = UsageMetadata(input_tokens=12, output_tokens=17, total_tokens=29)


@dataclass(frozen=True, kw_only=True)
class Chunks(Case):
    """A reply as chunks, with its tool calls and finish reason; `empty` is a stream of none."""

    text: str = HERON
    calls: Sequence[tuple[str, str]] = ()
    finish: str | None = "stop"
    empty: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """One reading of a stream of chunks.

    Attributes:
        chunks: All chunks of the reply.
        read_chunks: How many of them were taken.
        finish: The reply's finish reason.
    """

    chunks: Sequence[AIMessageChunk]
    read_chunks: int
    finish: str | None

    @property
    def whole(self) -> AIMessageChunk:
        """The sum of the chunks."""
        return reduce(add, self.chunks)

    @property
    def in_time(self) -> bool:
        """Whether the chunk with the finish reason was among those that were taken."""
        return any(chunk.response_metadata for chunk in self.chunks[: self.read_chunks])


def observe(name: str, answer: Callable[..., Any], case: Chunks, wants: Wanted = ANYTHING) -> Seen:
    """Call the answer with a stream of the reply's chunks."""

    def reply() -> Any:
        usage = USAGE if case.finish else None
        return case.reply(calls=case.calls, finish=case.finish, usage=usage)

    given = reply()
    run = call(name, answer, case, given, given.stream if case.empty else given.chunks, wants=wants)
    with virtual_time.clock(answer):
        whole = case.fails_after is None and not case.empty
        chunks = list(reply().chunks()) if whole else []
    taken = sum(reading.items for reading in given.readings)
    return Seen.of(run, chunks=chunks, read_chunks=taken, finish=case.finish)


def uses_unwritten(run: Run, function: str, number: str) -> bool:
    """Whether the answer calls the notebook's function of an exercise that isn't written yet."""
    names = getattr(getattr(run.answer, "__code__", None), "co_names", ())
    written = getattr(run.answer, "__globals__", {}).get(function)
    return function in names and untouched(written, number)


UNREAD: Mistakes[Run] = {
    "never reads the stream": lambda s: not s.reply.readings,
}
NEEDS_WHOLE: Mistakes[Run] = {"needs whole": lambda s: uses_unwritten(s, "whole", "3.whole")}

READS_ALL = {
    "collected first": "the exercise asks for something about the whole reply",
    "left open": "a stream that is read to its end, or fails, is closed",
}

NOTHING_CAME = Chunks(pieces=(), empty=True, when="for an empty stream")
