"""Lesson 1's clinic: it streams on my laptop, not in production."""

from __future__ import annotations

from typing import Any

from langchain_openai import ChatOpenAI

from utils.provider import chat_model


def deployments(exercise: str) -> dict[str, ChatOpenAI]:
    """Return the deployments to diagnose in `exercise`, by the name that the lesson gives them.

    They are always simulated: a real provider can't be asked to misbehave.

    Raises:
        KeyError: No clinic has that number.
    """
    patients: dict[str, dict[str, dict[str, Any]]] = {
        "1.6": {
            "A": {"profile": "laptop"},
            "B": {"profile": "chat", "delivery": "buffered"},
            "C": {"profile": "chat"},
        },
    }
    return {
        name: chat_model(simulated=True, **settings)
        for name, settings in patients[exercise].items()
    }
