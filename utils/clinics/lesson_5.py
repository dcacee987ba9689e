"""Lesson 5's clinic: duplicated text after a retry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

from openai import APIError

from utils.provider import chat_model, simulator

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessageChunk


@dataclass(frozen=True)
class Case:
    """The result of running one program with injected connection faults."""

    shown: str  # all text that reached the screen
    requests: int  # the number of requests that the server received
    finish: str | None  # the last reply's finish reason; None if none was sent


class Screen:
    """A reader's screen, the state that the program reports, and the last reply's finish reason."""

    def __init__(self) -> None:
        self.text, self.state = "", ""
        self.finish: str | None = None

    def show(self, chunk: BaseMessageChunk) -> None:
        """Show the text of a chunk."""
        self.text += str(chunk.content)
        self.finish = chunk.response_metadata.get("finish_reason", self.finish)


Request = Callable[[], AsyncIterator["BaseMessageChunk"]]  # sends a request and returns the stream
Program = Callable[[Request, Screen], Awaitable[None]]


def retries(_: str = "") -> dict[str, Callable[[str], Awaitable[Case]]]:
    """Return the programs to diagnose; each is async and takes a prompt.

    The model is always simulated, since faults can't be injected into a real provider. The reply
    to the prompt must have at least 90 tokens, with fewer than 30 in its first sentence.
    `_` is ignored; learners' old notebooks pass the exercise number.
    """
    return {"A": _a, "B": _b, "C": _c, "D": _d}


def _connections(
    first: str, second: str | None = None
) -> Callable[[Program], Callable[[str], Awaitable[Case]]]:
    """Return a decorator that injects faults, such as `drop@30`, into a program's requests."""

    def decorate(program: Program) -> Callable[[str], Awaitable[Case]]:
        @wraps(program)
        async def run(prompt: str) -> Case:
            screen, faults = Screen(), iter([first, second])

            def request() -> AsyncIterator[BaseMessageChunk]:
                screen.finish = None
                return chat_model("fast", delivery=next(faults), simulated=True).astream(prompt)

            async with simulator().watch() as seen:
                await program(request, screen)
            return Case(screen.text, len(seen), screen.finish)

        return run

    return decorate


# The functions below are shown to learners after the diagnosis.


@_connections("drop@30")
async def _a(request: Request, screen: Screen) -> None:
    try:
        async for chunk in request():
            screen.show(chunk)
    except APIError:
        async for chunk in request():
            screen.show(chunk)
    screen.state = "complete" if screen.finish == "stop" else "truncated"


@_connections("end@30")
async def _b(request: Request, screen: Screen) -> None:
    try:
        async for chunk in request():
            screen.show(chunk)
    except APIError:
        if screen.text:
            raise
        async for chunk in request():
            screen.show(chunk)
    screen.state = "complete"


@_connections("drop@0")
async def _c(request: Request, screen: Screen) -> None:
    try:
        async for chunk in request():
            screen.show(chunk)
    except APIError:
        if screen.text:
            raise
        async for chunk in request():
            screen.show(chunk)
    screen.state = "complete" if screen.finish == "stop" else "truncated"


@_connections("drop@30", "packed@2")
async def _d(request: Request, screen: Screen) -> None:
    chunks = 0
    try:
        async for chunk in request():
            screen.show(chunk)
            chunks += 1
    except APIError:
        async for chunk in request():
            chunks -= 1
            if chunks < 0:
                screen.show(chunk)
    screen.state = "complete" if screen.finish == "stop" else "truncated"
