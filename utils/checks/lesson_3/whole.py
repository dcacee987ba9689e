"""Check for `whole`: return the sum of all chunks as one chunk."""

from typing import Any

from langchain_core.messages import AIMessageChunk

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import FIRST, TEXT
from utils.checks.engine.run import ANYTHING, Wanted
from utils.checks.lesson_3 import given
from utils.checks.lesson_3.given import EMPTY_STREAM, HERON, WEATHER, Chunks, Seen

_CHUNK = Wanted(AIMessageChunk, "one chunk, the sum of all")
_PARTS = ("tool calls", "usage", "finish reason")


def observe(answer: Any, case: Chunks) -> Seen:
    """Call the learner's function with one stream of chunks."""
    return given.observe("whole", answer, case, ANYTHING if case.empty else _CHUNK)


def lost(s: Seen) -> list[str]:
    """Return the names of the fields that are wrong in the returned sum."""
    if not s.chunks:
        return []
    parts = zip(_PARTS, _parts(s.returned), _parts(s.whole), strict=True)
    return [name for name, got, right in parts if got != right]


def _parts(chunk: AIMessageChunk) -> list[Any]:
    """Return the values of the fields named in `_PARTS`."""
    return [chunk.tool_calls, chunk.usage_metadata, chunk.response_metadata.get("finish_reason")]


MISTAKES: Mistakes[Seen] = {
    **given.UNREAD,
    "something from nothing": lambda s: not s.chunks and s.returned is not None,
    "leaves chunks": lambda s: s.read_chunks < len(s.chunks),
    "one chunk of many": lambda s: s.returned in s.chunks and s.returned != s.whole,
    **TEXT,
    "loses more than text": lambda s: bool(lost(s)),
}

check = Exercise(
    observe,
    cases=(
        Chunks(seed=31),
        Chunks(text="", calls=WEATHER, finish="tool_calls", when="for a reply with tool calls"),
        Chunks(text=f" {HERON}\n", compact=True, seed=34),
        EMPTY_STREAM,
    ),
    first={
        # checked before "raises", since looping twice can cause an exception
        "reads twice": FIRST["reads twice"],
        # in LangChain, the sum of two messages is a ChatPromptTemplate
        "adds a message": lambda s: type(s.returned).__name__ == "ChatPromptTemplate",
    },
    mistakes=MISTAKES,
    opts_out=given.READS_ALL,
)
