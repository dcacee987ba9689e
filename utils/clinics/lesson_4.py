"""Lesson 4's clinic: the endpoint that keeps generating, and billing, after the user has gone."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from langchain_openai import ChatOpenAI

from utils.provider import chat_model, simulator
from utils.timing import Recording, record

if TYPE_CHECKING:
    from fastapi import FastAPI  # half a second that the other lessons' clinics need not wait for

Frames = Callable[[ChatOpenAI, str], AsyncGenerator[str]]

_PING = 0.01  # seconds between two health checks
_pumps: set[asyncio.Task[None]] = set()  # of the endpoint that keeps generating


@dataclass(frozen=True)
class Case:
    """What visitors of one endpoint met: one read to the end, one left early.

    Attributes:
        ttft_share: TTFT as a share of the whole reply's time, 0 to 1.
        froze: Whether a health check that was sent meanwhile waited for most of the reply.
        unsent: Tokens that the model did not generate any more for the visitor who left.
        recording: The reply that was read to the end.
    """

    ttft_share: float
    froze: bool
    unsent: int
    recording: Recording


def endpoints(exercise: str) -> dict[str, FastAPI]:
    """Return the endpoints to diagnose in `exercise`, each an app with `/chat` and `/health`.

    They are always simulated: nobody is to pay for what goes on behind their back.

    Raises:
        KeyError: No clinic has that number.
    """
    patients: dict[str, dict[str, Frames]] = {
        "4.8": {"A": _collecting, "B": _pumping, "C": _streaming, "D": _holding_the_loop},
    }
    return {name: _app(frames) for name, frames in patients[exercise].items()}


async def visit(endpoint: FastAPI, prompt: str) -> Case:
    """Serve an endpoint, read one reply to its end and leave another early, and say what came.

    The visitor is a thread, so it keeps its own time whatever the event loop does.

    Args:
        endpoint: An app with `/chat?question=…` and `/health`.
        prompt: What is asked.
    """
    from utils.serving import serving

    async with serving(endpoint) as url:
        recording, health = await _read_and_check(url, prompt)
        async with simulator().watch() as seen:
            await asyncio.to_thread(_leave, url, prompt, recording.e2e / 3)
    return Case(
        ttft_share=(recording.ttft or recording.e2e) / recording.e2e,
        froze=health > 0.75 * recording.e2e,
        unsent=sum(request.tokens_unsent for request in seen),
        recording=recording,
    )


# --- visitors ------------------------------------------------------------------------------------


async def _read_and_check(url: str, prompt: str) -> tuple[Recording, float]:
    """Read a reply to its end; returns it and the longest time that a health check took."""
    over = Event()
    checks = asyncio.create_task(asyncio.to_thread(_check_health, url, over))
    try:
        recording = await asyncio.to_thread(_read, url, prompt)
    finally:
        over.set()
    return recording, await checks


def _read(url: str, prompt: str) -> Recording:
    run = record(_texts(url, prompt))
    for _ in run:
        pass
    return run.recording


def _texts(url: str, prompt: str) -> Iterator[str]:
    from utils.sse import Reader

    reader = Reader()
    with closing(_connection(url)) as connection:
        response = _asked(connection, prompt)
        while piece := response.read1():
            for event in reader.feed(piece):
                if event.type == "message":
                    yield json.loads(event.data)


def _leave(url: str, prompt: str, after: float) -> None:
    """Ask, and hang up after so many seconds, whatever has come by then."""
    until = time.perf_counter() + after
    connection = _connection(url)
    with closing(connection), suppress(TimeoutError):
        connection.connect()
        plug = connection.sock
        plug.settimeout(after)
        response = _asked(connection, prompt)
        while (left := until - time.perf_counter()) > 0:
            plug.settimeout(left)
            if not response.read1():
                return


def _check_health(url: str, over: Event) -> float:
    longest = 0.0
    while not over.wait(_PING):
        start = time.perf_counter()
        with closing(_connection(url)) as connection:
            connection.request("GET", "/health")
            connection.getresponse().read()
        longest = max(longest, time.perf_counter() - start)
    return longest


def _connection(url: str) -> HTTPConnection:
    return HTTPConnection(urlsplit(url).netloc)


def _asked(connection: HTTPConnection, prompt: str) -> HTTPResponse:
    connection.request("GET", f"/chat?question={quote(prompt)}")
    return connection.getresponse()


# --- endpoints -----------------------------------------------------------------------------------


def _app(frames: Frames) -> FastAPI:
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse

    app = FastAPI()
    model = chat_model("seed", max_tokens=60, simulated=True)

    @app.get("/chat", response_model=None)
    async def chat(question: str) -> StreamingResponse:
        return StreamingResponse(frames(model, question), media_type="text/event-stream")

    @app.get("/health")
    async def health() -> str:
        return "alive"

    return app


async def _streaming(model: ChatOpenAI, question: str) -> AsyncGenerator[str]:
    async with aclosing(model.astream(question)) as chunks:  # type: ignore[type-var]
        async for chunk in chunks:
            yield _frame(chunk.text)


async def _collecting(model: ChatOpenAI, question: str) -> AsyncGenerator[str]:
    texts = [chunk.text async for chunk in model.astream(question)]
    for text in texts:
        yield _frame(text)


async def _holding_the_loop(model: ChatOpenAI, question: str) -> AsyncGenerator[str]:
    for chunk in model.stream(question):
        yield _frame(chunk.text)


async def _pumping(model: ChatOpenAI, question: str) -> AsyncGenerator[str]:
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    async def pump() -> None:
        async for chunk in model.astream(question):
            queue.put_nowait(chunk.text)
        queue.put_nowait(None)

    task = asyncio.create_task(pump())  # nobody cancels it when the visitor has gone
    _pumps.add(task)
    task.add_done_callback(_pumps.discard)
    while (text := await queue.get()) is not None:
        yield _frame(text)


def _frame(text: str) -> str:
    return f"data: {json.dumps(text)}\n\n"
