"""One chunk that is the sum of all."""

from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.lesson_3 import given
from utils.checks.lesson_3.given import HERON, NOTHING_CAME, WEATHER, Chunks, Seen


def observe(answer: Callable[..., Any], case: Chunks) -> Seen:
    """Add up one stream."""
    return given.observe("whole", answer, case)


def _sum(s: Seen) -> bool:
    return bool(s.chunks) and isinstance(s.returned, AIMessageChunk)


MISTAKES: Mistakes[Seen] = {
    **given.UNREAD,
    "adds a message": lambda s: type(s.returned).__name__ == "ChatPromptTemplate",
    "returns nothing": lambda s: bool(s.chunks) and s.returned is None,
    "something from nothing": lambda s: not s.chunks and s.returned is not None,
    "returns the text": lambda s: bool(s.chunks) and isinstance(s.returned, str),
    "returns a message": lambda s: (
        bool(s.chunks) and isinstance(s.returned, BaseMessage) and not _sum(s)
    ),
    "returns no chunk": lambda s: bool(s.chunks) and not _sum(s),
    "leaves chunks": lambda s: s.read_chunks < len(s.chunks),
    "one chunk of many": lambda s: _sum(s) and s.returned != s.whole and s.returned in s.chunks,
    "drops the first chunk": lambda s: (
        _sum(s) and s.case.compact and s.returned.content == "".join(s.reply.pieces[1:])
    ),
    "another text": lambda s: _sum(s) and s.returned.content != s.whole.content,
    "loses the tool calls": lambda s: _sum(s) and s.returned.tool_calls != s.whole.tool_calls,
    "loses usage and finish reason": lambda s: (
        _sum(s)
        and not s.returned.usage_metadata
        and not s.returned.response_metadata.get("finish_reason")
    ),
    "loses the usage": lambda s: _sum(s) and s.returned.usage_metadata != s.whole.usage_metadata,
    "loses the finish reason": lambda s: (
        _sum(s) and s.returned.response_metadata.get("finish_reason") != s.finish
    ),
}

check = Exercise(
    observe,
    cases=(
        Chunks(text=HERON, seed=31),
        Chunks(text="", calls=WEATHER, finish="tool_calls", when="for a reply with tool calls"),
        Chunks(text=f" {HERON}\n", compact=True, seed=34),
        NOTHING_CAME,
    ),
    mistakes=MISTAKES,
    opts_out=given.READS_ALL,
)
