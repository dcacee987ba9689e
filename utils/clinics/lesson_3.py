"""Lesson 3's clinic: the reply that was stored as complete."""

from collections.abc import Iterator

from langchain_core.messages import BaseMessageChunk

from utils.provider import chat_model

_PROMPT = "Explain how a rainbow forms."
_TWO_SENTENCES = 44  # tokens; the reply ends at a full stop but is incomplete


def received(_: str = "") -> dict[str, Iterator[BaseMessageChunk]]:
    """Return the replies to diagnose, each as the stream that a program received.

    Learners' old notebooks pass the number of the exercise.
    """
    patients = {"A": "length@40", "B": f"end@{_TWO_SENTENCES}", "C": None, "D": "filter@33"}
    return {
        name: chat_model("fast", delivery=delivery, simulated=True).stream(_PROMPT)
        for name, delivery in patients.items()
    }
