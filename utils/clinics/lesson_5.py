"""Lesson 5's clinic: duplicated text after a retry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from utils.provider import chat_model, explain, simulator

_SHOWN = 30  # tokens that reach the screen before a connection ends: more than a sentence


@dataclass(frozen=True)
class Case:
    """What one program showed of a reply whose connection may break.

    Attributes:
        shown: All text that reached the screen.
        requests: The number of requests the server received.
        finish: The last reply's finish reason; None if there was none.
        error: The exception the program swallowed, as a sentence; empty if there was none.
    """

    shown: str
    requests: int
    finish: str | None
    error: str


def retries(_: str = "") -> dict[str, Callable[[str], Awaitable[Case]]]:
    """Return the programs to diagnose; each takes a prompt and is awaited.

    They are always simulated, since a real provider can't be told to break. The reply to the prompt
    needs 90 tokens or more, and fewer than 30 in its first sentence.

    Learners' old notebooks pass the number of the exercise.
    """
    return {
        "A": partial(_answer, f"drop@{_SHOWN}"),
        "B": partial(_answer, f"end@{_SHOWN}"),
        "C": partial(_answer, "drop@0"),
        "D": partial(_answer, f"drop@{_SHOWN}", again="packed@2", skips=True),
    }


async def _answer(
    delivery: str, prompt: str, *, again: str | None = None, skips: bool = False
) -> Case:
    """Show a reply, and send the request again if that raises.

    Args:
        delivery: The fault of the first reply.
        prompt: The prompt.
        again: The fault of the second.
        skips: Whether to skip as many of the second reply's chunks as the first one had, which is
            right only if both have the same chunks.
    """
    screen = _Screen()
    async with simulator().watch() as seen:
        if not await screen.show(delivery, prompt):
            await screen.show(again, prompt, skip=screen.chunks if skips else 0)
    return Case(screen.text, len(seen), screen.finish, screen.error)


class _Screen:
    """The text a program shows, and how its last stream ended."""

    def __init__(self) -> None:
        self.text = ""
        self.chunks = 0  # with text
        self.finish: str | None = None
        self.error = ""

    async def show(self, delivery: str | None, prompt: str, skip: int = 0) -> bool:
        """Show a reply without its first `skip` chunks; return whether it raised nothing."""
        import openai  # slow, but loaded by now

        model = chat_model("fast", delivery=delivery, simulated=True)
        self.chunks, self.finish = 0, None
        try:
            async for chunk in model.astream(prompt):
                self.finish = chunk.response_metadata.get("finish_reason", self.finish)
                self.chunks += bool(chunk.content)
                if self.chunks > skip:
                    self.text += str(chunk.content)
        except openai.APIError as error:
            self.error = explain(error)
            return False
        return True
