"""Check for `whole`: return the sum of all chunks as one chunk."""

from typing import Any

from langchain_core.messages import AIMessageChunk

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.run import ANYTHING, REPEATED, Wanted
from utils.checks.lesson_3 import given
from utils.checks.lesson_3.given import EMPTY_STREAM, WEATHER, Chunks, Seen

_CHUNK = Wanted(AIMessageChunk, "one chunk, the sum of all")


def observe(answer: Any, case: Chunks) -> Seen:
    return given.observe("whole", answer, case, ANYTHING if case.empty else _CHUNK)


def wrong_fields(s: Seen) -> list[str]:
    if not s.chunks:
        return []
    returned, right = _fields(s.returned), _fields(s.chunk_sum)
    return [name for name in right if returned[name] != right[name]]


def _fields(chunk: AIMessageChunk) -> dict[str, Any]:
    reason = chunk.response_metadata.get("finish_reason")
    return {"tool calls": chunk.tool_calls, "usage": chunk.usage_metadata, "finish reason": reason}


MISTAKES: Mistakes[Seen] = {
    **given.UNREAD,
    "value for an empty stream": lambda s: not s.chunks and s.returned is not None,
    "doesn't read all chunks": lambda s: s.read_chunks < len(s.chunks),
    "returns one of the chunks": lambda s: s.returned in s.chunks and s.returned != s.chunk_sum,
    **TEXT,
    "loses another field": lambda s: bool(wrong_fields(s)),
}

check = Exercise(
    observe,
    cases=(
        Chunks(seed=31),
        Chunks(text="", calls=WEATHER, finish="tool_calls", when="for a reply with tool calls"),
        Chunks(pieces=REPEATED, compact=True, when="for a reply in which pieces repeat"),
        EMPTY_STREAM,
    ),
    first={
        # a message plus a chunk is a ChatPromptTemplate
        "adds a message": lambda s: type(s.returned).__name__ == "ChatPromptTemplate",
    },
    mistakes=MISTAKES,
    opts_out=given.OPTS_OUT,
)
