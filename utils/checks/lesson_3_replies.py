"""Replies as chunks of a stream, LangChain's own and shaped as OpenAI's, and how they were read."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk

from utils.checks.engine.student_code import LearnersError, learners_code
from utils.checks.observe import names_in, plain_call
from utils.checks.outcome import NotYet
from utils.checks.streams import cut

HERON = "The heron stands still for an hour. Then it doesn't."
USAGE = UsageMetadata(input_tokens=12, output_tokens=17, total_tokens=29)
WEATHER = [("get_weather", '{"city": "San Francisco"}'), ("get_time", '{"zone": "Asia/Tokyo"}')]
UNKNOWN = "error"  # a finish reason that the lesson doesn't name, as some providers send it


@dataclass
class Reply:
    """A reply as the chunks of a stream, which can be read once.

    Attributes:
        text: The text, cut anywhere.
        calls: Tool calls, as a name and arguments in JSON, cut anywhere.
        finish: Why it ended; None if nobody said so.
        chunks: All its chunks: the role, text, calls, the finish reason, usage, and LangChain's
            last one, which is empty.
        taken: How many of them were read.
        ends: How often somebody asked for a chunk when there was none left.
    """

    text: str = ""
    calls: Sequence[tuple[str, str]] = ()
    finish: str | None = "stop"
    chunks: list[AIMessageChunk] = field(init=False)
    taken: int = 0
    ends: int = 0

    def __post_init__(self) -> None:
        self.chunks = [chunk_of(), *(chunk_of(piece) for piece in cut(self.text, len(self.text)))]
        for index, (name, arguments) in enumerate(self.calls):
            named = tool_call_chunk(name=name, args="", id=f"call-{index}", index=index)
            self.chunks.append(chunk_of(tool_call_chunks=[named]))
            for piece in cut(arguments, index):
                more = tool_call_chunk(args=piece, index=index)
                self.chunks.append(chunk_of(tool_call_chunks=[more]))
        if self.finish:
            self.chunks.append(chunk_of(response_metadata={"finish_reason": self.finish}))
            self.chunks.append(chunk_of(usage_metadata=USAGE))
        self.chunks.append(chunk_of(chunk_position="last"))

    @property
    def whole(self) -> AIMessageChunk:
        """What its chunks add up to."""
        return reduce(add, self.chunks)

    @property
    def reason_taken(self) -> bool:
        """Whether its finish reason was among the chunks that were read."""
        return any(chunk.response_metadata for chunk in self.chunks[: self.taken])

    def stream(self) -> Iterator[AIMessageChunk]:
        """Its chunks, counted as they are read."""
        return _Stream(self)


class _Stream(Iterator[AIMessageChunk]):
    """The chunks of a reply; a generator couldn't note a second loop, which finds it exhausted."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._left = iter(reply.chunks)

    def __next__(self) -> AIMessageChunk:
        for chunk in self._left:
            self._reply.taken += 1
            return chunk.model_copy(deep=True)
        self._reply.ends += 1
        raise StopIteration

    def close(self) -> None:
        """Bring nothing more, as a generator that is closed."""
        self._left = iter(())


def chunk_of(content: str = "", **fields: Any) -> AIMessageChunk:
    """A chunk of that text; `fields` are LangChain's."""
    return AIMessageChunk(content=content, id="run-1", **fields)


def was_read(reply: Reply, name: str) -> None:
    """Turn down code that never read its stream.

    Raises:
        NotYet: If no chunk was taken.
    """
    if not reply.taken:
        raise NotYet(
            f"`{name}` took nothing from `stream`. Is it read at all, or another one in its place?"
        )


def was_read_once(reply: Reply) -> None:
    """Turn down code that looped over its stream again; to be asked where something is wrong.

    Raises:
        NotYet: If the end was met twice.
    """
    if reply.ends > 1:
        raise NotYet(
            "`stream` was looped over twice, and a stream can be read once: the second loop finds "
            "nothing in it."
        )


@contextmanager
def where_nothing_comes() -> Iterator[None]:
    """Tells of an exception in code whose stream brings nothing, which is asked last.

    Raises:
        NotYet: In place of the exception.
    """
    try:
        with learners_code():
            yield
    except LearnersError as error:
        raise NotYet(
            f"What is left is a stream that brings nothing. {error} What does the code hold when "
            "no chunk came?"
        ) from error


@contextmanager
def may_use_whole(function: Callable[..., Any], name: str) -> Iterator[None]:
    """Names Exercise 3.1 where a later one fails and uses its `whole`, which reads nothing yet.

    Args:
        function: The answer that is judged inside the block.
        name: The function's.

    Raises:
        NotYet: In place of what was found.
    """
    try:
        yield
    except (NotYet, LearnersError):
        if _uses_unfinished_whole(function):
            raise NotYet(
                f"`{name}` uses `whole`, which takes nothing from its stream. Is Exercise 3.1 done?"
            ) from None
        raise


def _uses_unfinished_whole(function: Callable[..., Any]) -> bool:
    whole = getattr(function, "__globals__", {}).get("whole")
    if not callable(whole) or "whole" not in names_in(function):
        return False
    reply = Reply(HERON)
    try:
        with learners_code():
            plain_call(whole(reply.stream()), "whole")
    except (NotYet, LearnersError):
        return False
    return not reply.taken
