"""Keeps the replies and conversations in this process's memory, for a single worker.

For several workers, use replies_in_redis.py, which has the same class and functions.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any
from uuid import uuid4

MOST_TURNS = 20  # the maximum number of earlier turns per conversation; older turns are dropped
MOST_VISITORS = 1_000  # limit on conversations, one per visitor; the oldest are dropped

lifespan = None  # don't wait at shutdown: the replies are lost with this process anyway
Turn = tuple[str, str, str]  # a question, its reply, and a note such as "Stopped."
Write = Callable[[Any, list[Turn], str], Coroutine[Any, Any, None]]  # `write` in app.py


class Reply:
    """A reply, as events that any number of pages can read, each at its own pace."""

    def __init__(self) -> None:
        self.id = uuid4().hex
        self.events: list[tuple[str, Any]] = []  # the name and data of each event
        self.news = asyncio.Event()  # set when an event is appended, to wake readers
        self.task: asyncio.Task[None]

    @property
    def over(self) -> bool:
        return bool(self.events) and self.events[-1][0] in ("end", "failed")

    async def append(self, event: str, data: Any) -> None:
        """Add an event; the last one (`end` or `failed`) contains the whole text and a note."""
        self.events.append((event, data))
        self.news.set()

    async def read(self, after: int) -> AsyncGenerator[tuple[int, str, Any]]:
        """Yield the events after number `after`, each with its number, as they arrive."""
        while True:
            self.news.clear()
            for event, data in self.events[after:]:
                after += 1
                yield after, event, data
            if after >= len(self.events):
                if self.over:
                    return
                await self.news.wait()

    async def stop(self) -> None:
        """Cancel the task that generates the reply and wait until it has ended."""
        self.task.cancel()
        await asyncio.wait([self.task])


# keyed by visitor: the earlier turns, the last question, and its reply
conversations: dict[str, tuple[list[Turn], str, Reply]] = {}


async def find(reply_id: str) -> Reply | None:
    """Return the reply with this id, if it is the last one in its conversation."""
    return next((reply for *_, reply in conversations.values() if reply.id == reply_id), None)


async def conversation(visitor: str) -> tuple[list[Turn], str | None]:
    """Return a visitor's turns, and the id of the reply that is still being generated, if any."""
    if visitor not in conversations:
        return [], None
    turns, question, reply = conversations[visitor]
    if not reply.over:
        return [*turns, (question, "", "")], reply.id
    _, (text, note) = reply.events[-1]
    return [*turns, (question, text, note)], None


async def begin(visitor: str, question: str, write: Write) -> Reply | None:
    """Start `write(reply, turns, question)` as a task, unless another reply is in progress."""
    turns, running = await conversation(visitor)
    if running:
        return None
    turns = turns[-MOST_TURNS:]
    reply = Reply()
    reply.task = asyncio.create_task(write(reply, turns, question))
    conversations.pop(visitor, None)  # so that the most recent conversation is last
    conversations[visitor] = turns, question, reply
    for old in list(conversations)[:-MOST_VISITORS]:
        *_, last_reply = conversations[old]
        if last_reply.over:
            del conversations[old]
    return reply
