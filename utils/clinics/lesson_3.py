"""Lesson 3's clinic: the incomplete reply that was stored as complete."""

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from operator import add

from langchain_core.messages import AIMessageChunk
from openai import OpenAIError

from utils.provider import chat_model

Chunks = Iterable[AIMessageChunk]


def stores() -> dict[str, Callable[[Chunks], str | None]]:
    """Return the programs to diagnose; each takes a reply in chunks and returns the text to store.

    A program returns None if nothing should be stored.
    """
    return {"A": _a, "B": _b, "C": _c, "D": _d}


def received(_exercise: str) -> dict[str, Iterator[AIMessageChunk]]:
    """Return the replies from the first version of this clinic, for learners' old notebooks."""
    faults = {"A": "length@40", "B": "end@44", "C": None, "D": "filter@33"}
    return {
        name: chat_model("fast", delivery=fault, simulated=True).stream(
            "Explain how a rainbow forms."
        )
        for name, fault in faults.items()
    }


# The functions below are shown to learners after the diagnosis.


def _a(stream: Chunks) -> str | None:
    reply = reduce(add, stream)
    reason = reply.response_metadata.get("finish_reason")
    return reply.text if reason else None


def _b(stream: Chunks) -> str | None:
    text = "".join(chunk.text for chunk in stream)
    return text if text.endswith((".", "!", "?")) else None


def _c(stream: Chunks) -> str | None:
    reply = reduce(add, stream)
    reason = reply.response_metadata.get("finish_reason")
    return reply.text if reason == "stop" else None


def _d(stream: Chunks) -> str | None:
    try:
        return "".join(chunk.text for chunk in stream)
    except OpenAIError:
        return None
