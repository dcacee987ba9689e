"""Keeps the replies and conversations in Redis, for several workers or machines.

    REDIS_URL=redis://127.0.0.1:6379 uvicorn app:app --workers 2 --timeout-graceful-shutdown 2

To use it in place of replies.py, change one line of app.py: `import replies_in_redis as replies`.
It uses these keys, which all expire:

    conversation:VISITOR  JSON with the earlier turns, the last question and the id of its reply
    reply:ID              a stream of events; each entry's id is the event's number
    lease:ID              exists while a worker is generating the reply and renewing the lease
    stop:ID               a list; adding an item makes the worker stop the reply
"""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import ResponseError, WatchError

MOST_TURNS = 20  # the maximum number of earlier turns per conversation; older turns are dropped
KEPT = 60 * 60  # seconds to keep a conversation after its last question
LEASE = 15  # seconds without a lease renewal before a worker is considered dead
WAIT = 5  # seconds between lease renewals, and between lease checks by a waiting reader
FINISH = 60  # seconds to wait at shutdown for this worker's replies to finish
BROKEN = "The server that was writing this reply stopped."

redis = Redis.from_url(
    os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"),
    decode_responses=True,
    max_connections=10_000,  # each reader and each running reply needs its own connection
    socket_timeout=None,  # a timeout can swallow a cancellation on Python 3.11
)
tasks: set[asyncio.Task[None]] = set()  # keeps tasks alive: the event loop's references are weak
Turn = tuple[str, str, str]  # a question, its reply, and a note such as "Stopped."
Write = Callable[[Any, list[Turn], str], Coroutine[Any, Any, None]]  # `write` in app.py


@asynccontextmanager
async def lifespan(_: Any) -> AsyncGenerator[None]:
    """Before this worker shuts down, wait for its replies to finish."""
    yield
    if tasks:
        await asyncio.wait(tasks, timeout=FINISH)


class Reply:
    """A reply as events, which any number of pages can read through any worker."""

    def __init__(self, reply_id: str) -> None:
        self.id = reply_id
        self.number = 0  # the number of the last event that this worker appended
        self.over = False
        self.stream = f"reply:{reply_id}"
        self.lease = f"lease:{reply_id}"
        self.stops = f"stop:{reply_id}"

    async def append(self, event: str, data: Any) -> None:
        """Add an event; the last one (`end` or `failed`) contains the whole text and a note."""
        self.number += 1
        self.over = event in ("end", "failed")
        async with redis.pipeline() as commands:
            fields = {"event": event, "data": json.dumps(data)}
            commands.xadd(self.stream, fields, id=f"{self.number}-0")
            commands.expire(self.stream, KEPT)
            if self.over:
                commands.delete(self.lease)
            await commands.execute()

    async def read(self, after: int) -> AsyncGenerator[tuple[int, str, Any]]:
        """Yield the events after number `after`, each with its number, as they arrive."""
        while True:
            over = await self.result()
            block = None if over else WAIT * 1000  # milliseconds; None means don't wait
            while found := await redis.xread({self.stream: f"{after}-0"}, block=block):
                for entry, fields in dict(found)[self.stream]:
                    after = int(entry.partition("-")[0])
                    yield after, fields["event"], json.loads(fields["data"])
                    if fields["event"] in ("end", "failed"):
                        return
            if over:
                return

    async def result(self) -> tuple[str, str] | None:
        """Return the text and the note, or None while a worker is still generating the reply.

        If the lease has expired, mark the reply as failed.
        """
        # checked before the events are read, since adding the last event deletes the lease
        alive = await redis.exists(self.lease)
        entries = await redis.xrange(self.stream)
        events = [(fields["event"], json.loads(fields["data"])) for _, fields in entries]
        if events and events[-1][0] in ("end", "failed"):
            return tuple(events[-1][1])
        if alive:
            return None
        self.number = 10**9  # if a hung worker resumes, Redis rejects its lower event numbers
        text = "".join(data for event, data in events if event == "text")
        with suppress(ResponseError):  # another reader may already have ended the reply
            await self.append("failed", (text, BROKEN))
        return await self.result()

    async def stop(self) -> None:
        """Stop the reply, whichever worker is generating it, and wait until it has ended."""
        await redis.rpush(self.stops, "stop")
        await redis.expire(self.stops, LEASE)
        async for _ in self.read(0):
            pass

    async def guard(self, writing: asyncio.Task[None]) -> None:
        """Renew the lease until Stop is pressed, then cancel the task that generates the reply."""
        while not await redis.blpop(self.stops, timeout=WAIT):
            await redis.set(self.lease, "", ex=LEASE)
        if not self.over:
            writing.cancel()


async def find(reply_id: str) -> Reply | None:
    """Return the reply with this id, unless it has expired."""
    reply = Reply(reply_id)
    return reply if await redis.exists(reply.stream, reply.lease) else None


async def conversation(visitor: str) -> tuple[list[Turn], str | None]:
    """Return a visitor's turns, and the id of the reply that is still being generated, if any."""
    kept = await redis.get(f"conversation:{visitor}")
    if kept is None:
        return [], None
    turns, question, reply_id = json.loads(kept)
    result = await Reply(reply_id).result()
    if result is None:
        return [*turns, (question, "", "")], reply_id
    return [*turns, (question, *result)], None


async def begin(visitor: str, question: str, write: Write) -> Reply | None:
    """Start `write(reply, turns, question)` as a task, unless another reply is in progress."""
    key, reply = f"conversation:{visitor}", Reply(uuid4().hex)
    async with redis.pipeline() as commands:
        await commands.watch(key)  # `execute` fails if another request changes the key first
        turns, running = await conversation(visitor)
        if running:
            return None
        turns = turns[-MOST_TURNS:]
        commands.multi()
        commands.set(key, json.dumps([turns, question, reply.id]), ex=KEPT)
        commands.set(reply.lease, "", ex=LEASE)
        try:
            await commands.execute()
        except WatchError:
            return None
    writing = asyncio.create_task(write(reply, turns, question))
    guarding = asyncio.create_task(reply.guard(writing))
    writing.add_done_callback(lambda _: guarding.cancel())
    for task in (writing, guarding):
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    return reply
