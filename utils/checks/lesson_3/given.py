"""Inputs and records of runs for `whole`, `calls` and `to_store`, which read a stream of chunks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata

from utils.checks.engine import virtual_time
from utils.checks.engine.exercise import Mistakes
from utils.checks.engine.reply import Reply
from utils.checks.engine.run import ANYTHING, Case, Run, Wanted
from utils.checks.engine.stream_runner import call
from utils.checks.engine.untouched import untouched

HERON = "The heron stands still for an hour. Then it doesn't."
# two tool calls, as (tool name, JSON arguments)
WEATHER = (("get_weather", '{"city": "San Francisco"}'), ("get_time", '{"zone": "Asia/Tokyo"}'))
UNKNOWN = "error"  # a finish reason that some providers send but the lesson doesn't mention
USAGE = UsageMetadata(input_tokens=12, output_tokens=17, total_tokens=29)


@dataclass(frozen=True, kw_only=True)
class Chunks(Case):
    """A reply in chunks, or a stream without chunks if `empty`."""

    text: str = HERON
    calls: Sequence[tuple[str, str]] = ()  # tool calls, as (tool name, JSON arguments)
    finish: str | None = "stop"  # the finish reason; None for a reply without one
    empty: bool = False


EMPTY_STREAM = Chunks(pieces=(), finish=None, empty=True, when="for an empty stream")


def ended(finish: str | None, text: str = HERON, calls: Sequence[tuple[str, str]] = ()) -> Chunks:
    """Create a case with this finish reason and a `when` that mentions it."""
    when = f"with the finish reason `{finish}`" if finish else "without a finish reason"
    return Chunks(text=text, calls=calls, finish=finish, when=f"for a reply {when}")


@dataclass(kw_only=True)
class Seen(Run):
    case: Chunks
    chunks: Sequence[AIMessageChunk]  # all chunks; empty if the reply fails or the stream is empty
    read_chunks: int  # how many chunks were read

    @property
    def chunk_sum(self) -> AIMessageChunk:
        return reduce(add, self.chunks)


def observe(name: str, answer: Any, case: Chunks, wants: Wanted) -> Seen:
    """Call the answer with a stream of chunks; expect no text if `wants` is `ANYTHING`."""

    def new_reply() -> Reply:
        usage = USAGE if case.finish else None
        return case.reply(calls=case.calls, finish=case.finish, usage=usage)

    reply = new_reply()
    # unlike `stream`, `chunks` yields a first and a last chunk even if there are no pieces
    stream = reply.stream if case.empty else reply.chunks
    run = call(name, answer, case, reply, stream, wants=wants)
    with virtual_time.clock(answer):
        complete = case.fails_after is None and not case.empty
        chunks = list(new_reply().chunks()) if complete else []
    return Seen.of(
        run,
        expected="" if wants is ANYTHING else reply.text,
        chunks=chunks,
        read_chunks=sum(reading.items for reading in reply.readings),
    )


def uses(s: Seen, name: str) -> bool:
    """Whether the answer's code, excluding nested functions, uses this attribute or global."""
    return name in getattr(getattr(s.answer, "__code__", None), "co_names", ())


# for exercises whose answers may call `whole`, which learners write in an earlier exercise
FIRST: Mistakes[Seen] = {
    "needs whole": lambda s: (
        uses(s, "whole") and untouched(getattr(s.answer, "__globals__", {}).get("whole"), "3.whole")
    ),
}
UNREAD: Mistakes[Run] = {"never reads the stream": lambda s: not s.reply.readings}

OPTS_OUT = {
    "collected first": "the exercise needs the whole reply",
    "left open": "a stream that is read to its end, or fails, is closed",
}
