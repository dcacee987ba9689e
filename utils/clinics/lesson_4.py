"""Lesson 4's clinic: four endpoints to diagnose, and the clients that visit them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection
from inspect import getsource
from select import select
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from langchain_openai import ChatOpenAI

from utils.provider import chat_model, simulator
from utils.simulator import Simulator
from utils.timing import Recording, record

if TYPE_CHECKING:
    from fastapi import FastAPI  # importing it takes half a second, and other clinics don't use it

    from utils.simulator.client import Seen

Frames = Callable[[ChatOpenAI, str], AsyncGenerator[str]]

_CHECK_EVERY = 0.1  # seconds to wait before each health check
_READ_LOG_EVERY = 0.01  # seconds between reads of the simulator's log
_DISCONNECT_AFTER = 3  # number of tokens sent before the second client disconnects
_pumps: set[asyncio.Task[None]] = set()  # prevents running tasks from being garbage-collected


@dataclass(frozen=True)
class Case:
    """The result of two requests to an endpoint; the second client disconnected early."""

    # the fraction of the reply that the model had sent when the first text arrived
    ttft_share: float
    health_checks: int  # how many health checks were answered while the model was sending
    unsent: int  # number of tokens left ungenerated because the second client disconnected
    recording: Recording  # a recording of the reply that was read to the end

    @property
    def froze(self) -> bool:
        """Whether `health_checks` is zero; printed by learners' old notebooks."""
        return not self.health_checks


def endpoints(_: str = "") -> dict[str, FastAPI]:
    """Return the endpoints to diagnose, each an app with `/chat` and `/health`.

    The model is always simulated, since an endpoint that keeps generating would cost money.
    `_` is ignored; learners' old notebooks pass the exercise number.
    """
    return {name: _app(frames) for name, frames in _frames_by_name().items()}


def source(name: str) -> str:
    """Return an endpoint's code, to read after the diagnosis."""
    return f"# {name}\n{getsource(_frames_by_name()[name])}"


async def visit(endpoint: FastAPI, prompt: str) -> Case:
    """Serve an endpoint, read one reply to the end, and disconnect early from a second one.

    The clients run in threads, so that a blocked event loop doesn't stop them. Apart from the
    recording, the result consists of counts, not times, so that it is the same on a busy machine.
    """
    from utils.app_server import serving

    async with serving(endpoint) as url:
        await asyncio.to_thread(_check_health, url)  # a warm-up, since the first request is slower
        async with _real_time_simulator().watch() as read:
            recording, by_then, answered = await _read_and_check(url, prompt, read)
        async with _real_time_simulator().watch() as left:
            await asyncio.to_thread(_disconnect_early, url, prompt, left)
    return Case(
        ttft_share=by_then / max(1, sum(request.tokens_sent for request in read)),
        health_checks=answered,
        unsent=sum(request.tokens_unsent for request in left),
        recording=recording,
    )


# --- clients ------------------------------------------------------------------------------------


async def _read_and_check(url: str, prompt: str, seen: Seen) -> tuple[Recording, int, int]:
    """Read a reply to the end while sending health checks.

    Return the recording, how many tokens the model had sent when the first text arrived, and how
    many health checks were answered while the model was sending.
    """
    over = Event()
    checks = asyncio.create_task(asyncio.to_thread(_health_checks, url, over, seen))
    try:
        recording, by_then = await asyncio.to_thread(_read, url, prompt, seen)
    finally:
        over.set()
    return recording, by_then, await checks


def _read(url: str, prompt: str, seen: Seen) -> tuple[Recording, int]:
    """Return the recording, and how many tokens had been sent when the first text arrived."""
    run = record(_texts(url, prompt))
    by_then = 0
    for text in run:
        if text and not by_then:
            by_then = _tokens_sent(seen)
    return run.recording, by_then


def _tokens_sent(seen: Seen) -> int:
    return sum(request.tokens_sent for request in seen.now())


def _texts(url: str, prompt: str) -> Iterator[str]:
    from utils.sse import Reader

    reader = Reader()
    with closing(_connection(url)) as connection:
        connection.request("GET", _path(prompt))
        response = connection.getresponse()
        while piece := response.read1():
            for event in reader.feed(piece):
                if event.type == "message":
                    yield json.loads(event.data)


def _disconnect_early(url: str, prompt: str, seen: Seen) -> None:
    """Send a request and disconnect once the model has sent `_DISCONNECT_AFTER` tokens."""
    with closing(_connection(url)) as connection:
        connection.request("GET", _path(prompt), headers={"Connection": "close"})
        while _tokens_sent(seen) < _DISCONNECT_AFTER:
            readable, _, _ = select([connection.sock], [], [], _READ_LOG_EVERY)
            if readable and not connection.sock.recv(65536):
                return  # the reply has ended


def _health_checks(url: str, over: Event, seen: Seen) -> int:
    """Send health checks until `over` is set; count those answered while the model was sending."""
    answered = 0
    while not over.wait(_CHECK_EVERY):
        if _is_sending(seen):
            _check_health(url)
            answered += _is_sending(seen)  # 0 if the reply has ended by now
    return answered


def _check_health(url: str) -> None:
    with closing(_connection(url)) as connection:
        connection.request("GET", "/health")
        connection.getresponse().read()


def _is_sending(seen: Seen) -> bool:
    return any(request.ended == "streaming" for request in seen.now())


def _connection(url: str) -> HTTPConnection:
    return HTTPConnection(urlsplit(url).netloc)


def _path(prompt: str) -> str:
    return f"/chat?question={quote(prompt)}"


# --- endpoints -----------------------------------------------------------------------------------


def _frames_by_name() -> dict[str, Frames]:
    return {"A": _collecting, "B": _pumping, "C": _streaming, "D": _blocking_the_loop}


@cache
def _second_simulator() -> Simulator:
    return Simulator(speed=1)


def _real_time_simulator() -> Simulator:
    """Return the course's simulator or, if it is sped up, another simulator at normal speed.

    The clients act while the model is sending, and they can't be sped up with it.
    """
    shared = simulator()
    return shared if shared.speed <= 1 else _second_simulator()


def _app(frames: Frames) -> FastAPI:
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse

    app = FastAPI()
    server = _real_time_simulator()
    model = chat_model(
        "seed", max_tokens=60, simulated=True, base_url=server.base_url, api_key=server.api_key
    )

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


async def _blocking_the_loop(model: ChatOpenAI, question: str) -> AsyncGenerator[str]:
    for chunk in model.stream(question):
        yield _frame(chunk.text)


async def _pumping(model: ChatOpenAI, question: str) -> AsyncGenerator[str]:
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    async def pump() -> None:
        async for chunk in model.astream(question):
            queue.put_nowait(chunk.text)
        queue.put_nowait(None)

    task = asyncio.create_task(pump())  # isn't cancelled when the client disconnects
    _pumps.add(task)
    task.add_done_callback(_pumps.discard)
    while (text := await queue.get()) is not None:
        yield _frame(text)


def _frame(text: str) -> str:
    return f"data: {json.dumps(text)}\n\n"
