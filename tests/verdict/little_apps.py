"""Small chat apps: one is correct, and each of the others makes one line of the verdict fail.

`MISTAKES` in `test_lines.py` maps each app to that line.
"""

import asyncio
import json
import traceback
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from itertools import count
from typing import Any

import openai
from langchain_openai import ChatOpenAI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.simulator.virtual import VirtualSimulator
from tools.verdict.wire_format import WireFormat

# With the text path ".", an event's data is a JSON string: the text.
WIRE = WireFormat("http://app/chat?question={question}", text_path=".", stop="/stop/{reply}")


class TruncatedError(Exception):
    """The stream ended without a finish reason."""


class Sound(Starlette):
    """The correct app, which streams server-sent events.

    A disconnect or `POST /stop/{reply}` stops the model. `asked` calls the model once. `texts`
    yields a reply's text, from one or more calls. `pieces` yields the name and data of each event.
    `frames` yields the encoded events.
    """

    max_retries = 2

    def __init__(self, virtual: VirtualSimulator) -> None:
        super().__init__(
            routes=[
                Route("/chat", self.chat, methods=["GET", "POST"]),
                Route("/stop/{reply}", self.stop, methods=["POST"]),
            ]
        )
        self.model: ChatOpenAI = virtual.chat("sim", max_retries=self.max_retries)
        self.stops: dict[str, asyncio.Event] = {}
        self.numbers = count()

    async def question(self, request: Request) -> str:
        return request.query_params["question"]

    async def chat(self, request: Request) -> Response:
        frames = self.frames(await self.question(request))
        return StreamingResponse(frames, media_type="text/event-stream")

    async def stop(self, request: Request) -> Response:
        self.stops[request.path_params["reply"]].set()
        return Response(status_code=204)

    async def frames(self, question: str) -> AsyncIterator[str]:
        async with aclosing(self.pieces(question)) as pieces:
            async for kind, value in pieces:
                yield self.frame(kind, value)

    def frame(self, kind: str, value: Any) -> str:
        return f"event: {kind}\ndata: {json.dumps(value)}\n\n"

    async def pieces(self, question: str) -> AsyncGenerator[tuple[str, Any]]:
        reply = str(next(self.numbers))
        self.stops[reply] = asyncio.Event()
        yield "started", {"reply": reply}
        try:
            async with aclosing(self.texts(question, self.stops[reply])) as texts:
                async for text in texts:
                    yield "text", text
            yield "end", {"state": "complete"}
        except Exception as error:
            yield self.failure(error)

    def failure(self, error: Exception) -> tuple[str, Any]:
        return "failed", {"sentence": "The reply broke off."}

    def texts(self, question: str, stop: asyncio.Event) -> AsyncGenerator[str]:
        return self.asked(question, stop)

    async def asked(self, question: str, stop: asyncio.Event) -> AsyncGenerator[str]:
        """Call the model once, and yield its text until the reply ends or `stop` is set."""
        finish = None
        stopping = asyncio.ensure_future(stop.wait())
        try:
            async with aclosing(self.model.astream(question)) as chunks:
                while True:
                    reading = asyncio.ensure_future(anext(chunks, None))
                    try:
                        await asyncio.wait({reading, stopping}, return_when="FIRST_COMPLETED")
                    finally:
                        reading.cancel()  # a stream can't be closed while it is being read
                        await asyncio.wait({reading})
                    if stop.is_set():
                        return
                    chunk = reading.result()
                    if chunk is None:
                        break
                    finish = chunk.response_metadata.get("finish_reason") or finish
                    if chunk.text:
                        yield chunk.text
        finally:
            stopping.cancel()
        if finish is None:
            raise TruncatedError


class Batches(Sound):
    """Sends the first piece, then the others in batches of 25."""

    first, later = 1, 25  # the number of pieces in the first batch, and in each later one

    async def texts(self, question: str, stop: asyncio.Event) -> AsyncGenerator[str]:
        held: list[str] = []
        size = self.first
        try:
            async with aclosing(self.asked(question, stop)) as texts:
                async for text in texts:
                    held.append(text)
                    if len(held) == size:
                        yield "".join(held)
                        held, size = [], self.later
        except Exception:
            yield "".join(held)
            raise
        yield "".join(held)


class LateFirst(Batches):
    """Sends the first 12 pieces together, then each piece as it arrives."""

    first, later = 12, 1


class NoNewlines(Sound):
    """Replaces line breaks with spaces."""

    def frame(self, kind: str, value: Any) -> str:
        return super().frame(kind, value.replace("\n", " ") if kind == "text" else value)


class NoEnd(Sound):
    """When the reply is complete, closes the stream without an end event."""

    async def pieces(self, question: str) -> AsyncGenerator[tuple[str, Any]]:
        async with aclosing(super().pieces(question)) as pieces:
            async for kind, value in pieces:
                if kind == "started":
                    stop = self.stops[value["reply"]]
                if kind != "end" or stop.is_set():
                    yield kind, value


class BreakIsEnd(Sound):
    """Reports a model failure as a complete reply."""

    def failure(self, error: Exception) -> tuple[str, Any]:
        return "end", {"state": "complete"}


class Retries(Sound):
    """Retries after errors of type `error`. `skip` can omit the beginning of the next reply."""

    error: type[openai.APIError]
    not_after: tuple[type[openai.APIError], ...] = ()  # subtypes of `error` that aren't retried
    tries = 2

    def skip(self, shown: str) -> int:
        """Return how many characters of the next reply to skip."""
        return 0

    async def texts(self, question: str, stop: asyncio.Event) -> AsyncGenerator[str]:
        shown, to_skip = "", 0
        for left in reversed(range(self.tries)):
            try:
                async with aclosing(self.asked(question, stop)) as texts:
                    async for text in texts:
                        new = text[to_skip:]
                        to_skip = max(0, to_skip - len(text))
                        shown += new
                        if new:
                            yield new
                return
            except openai.APIError as error:
                retries = isinstance(error, self.error) and not isinstance(error, self.not_after)
                if not (retries and left):
                    raise
                to_skip = self.skip(shown)


class AsksAgain(Retries):
    """Retries after a lost connection and skips the text that was already shown."""

    error = openai.APIConnectionError

    def skip(self, shown: str) -> int:
        return len(shown)


class Doubles(Retries):
    """Retries after an error in mid-reply and shows the reply again from the start."""

    error = openai.APIError
    not_after = (openai.APIConnectionError, openai.APIStatusError)


class Loses(Retries):
    """Retries after a server error, and drops the first three characters of the next reply."""

    error = openai.InternalServerError
    max_retries = 0

    def skip(self, shown: str) -> int:
        return 3


class Impatient(Retries):
    """Retries immediately after a rate-limit error."""

    error = openai.RateLimitError
    max_retries = 0
    tries = 3


# Pieces of text, then the exception that ended the stream, or None if it ended normally.
Queue = asyncio.Queue[str | Exception | None]


class Drains(Sound):
    """Keeps reading the model's reply after the client has disconnected."""

    async def texts(self, question: str, stop: asyncio.Event) -> AsyncGenerator[str]:
        queue: Queue = asyncio.Queue(1)
        self.reading = asyncio.create_task(_read_into(queue, self.asked(question, stop)))
        try:
            async for text in _items(queue):
                yield text
        finally:
            self.draining = asyncio.create_task(_drain(queue))


async def _read_into(queue: Queue, texts: AsyncGenerator[str]) -> None:
    try:
        async with aclosing(texts):
            async for text in texts:
                await queue.put(text)
        await queue.put(None)
    except Exception as error:
        await queue.put(error)


async def _items(queue: Queue) -> AsyncGenerator[str]:
    while (item := await queue.get()) is not None:
        if isinstance(item, Exception):
            raise item
        yield item


async def _drain(queue: Queue) -> None:
    while isinstance(await queue.get(), str):
        pass


class StopByFlag(Sound):
    """Checks the stop flag only between chunks."""

    async def asked(self, question: str, stop: asyncio.Event) -> AsyncGenerator[str]:
        async with aclosing(super().asked(question, asyncio.Event())) as texts:
            async for text in texts:
                if stop.is_set():
                    return
                yield text


class OneAtATime(Sound):
    """Makes a second client wait until 20 pieces have been sent to the first client."""

    def __init__(self, virtual: VirtualSimulator) -> None:
        super().__init__(virtual)
        self.lock = asyncio.Lock()

    async def texts(self, question: str, stop: asyncio.Event) -> AsyncGenerator[str]:
        async with aclosing(self.asked(question, stop)) as texts:
            async with self.lock:
                for _ in range(20):
                    text = await anext(texts, None)
                    if text is None:
                        return
                    yield text
            async for text in texts:
                yield text


class Hoards(Sound):
    """Reads everything from the model, even if the client doesn't keep up."""

    async def texts(self, question: str, stop: asyncio.Event) -> AsyncGenerator[str]:
        queue: Queue = asyncio.Queue()  # unbounded
        reading = asyncio.create_task(_read_into(queue, self.asked(question, stop)))
        try:
            async for text in _items(queue):
                yield text
        finally:
            reading.cancel()
            await asyncio.wait({reading})


class EndsInSilence(Sound):
    """Treats ten seconds of silence as the end of the reply."""

    async def texts(self, question: str, stop: asyncio.Event) -> AsyncGenerator[str]:
        async with aclosing(self.asked(question, stop)) as texts:
            while True:
                try:
                    async with asyncio.timeout(10):
                        text = await anext(texts, None)
                except TimeoutError:
                    return
                if text is None:
                    return
                yield text


class Tells(Sound):
    """Sends error tracebacks to the client."""

    def failure(self, error: Exception) -> tuple[str, Any]:
        return "failed", {"sentence": "".join(traceback.format_exception(error))}
