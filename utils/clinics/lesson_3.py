"""Lesson 3's clinic: the reply that was stored as complete."""

from collections.abc import Callable, Iterable
from functools import reduce
from operator import add

from langchain_core.messages import AIMessageChunk
from openai import OpenAIError

Chunks = Iterable[AIMessageChunk]


def stores() -> dict[str, Callable[[Chunks], str | None]]:
    """Return the programs to diagnose; each takes a reply's chunks and returns the text to store.

    A program returns None to store nothing.
    """
    return {"A": _a, "B": _b, "C": _c, "D": _d}


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
