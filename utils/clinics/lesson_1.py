"""Lesson 1's clinic: a program that streams on a laptop but not in production."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from langchain_core.messages import BaseMessageChunk

from utils.provider import chat_model


@dataclass(frozen=True)
class Deployment:
    """A deployed program that streams replies from a model."""

    stream: Callable[[str], Iterator[BaseMessageChunk]]  # takes a prompt


def deployments(_: str = "") -> dict[str, Deployment]:
    """Return the deployments to diagnose, by name.

    The model is always simulated, since faults can't be injected into a real provider.
    `_` is ignored; learners' old notebooks pass the exercise number.
    """
    return {"A": Deployment(_a), "B": Deployment(_b), "C": Deployment(_c)}


# The functions below are shown to learners after the diagnosis.


def _a(prompt: str) -> Iterator[BaseMessageChunk]:
    chunks = chat_model("laptop", simulated=True).stream(prompt)
    yield from chunks


def _b(prompt: str) -> Iterator[BaseMessageChunk]:
    chunks = chat_model("chat", simulated=True).stream(prompt)
    yield from list(chunks)


def _c(prompt: str) -> Iterator[BaseMessageChunk]:
    chunks = chat_model("chat", simulated=True).stream(prompt)
    yield from chunks
