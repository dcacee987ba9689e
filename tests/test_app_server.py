"""Serving a learner's app on the notebook's event loop: requests, restarts, stops, exceptions."""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse

from tests.sse_streams import StreamingApp
from utils.app_server import ServingError, serve, serving

AN_HOUR = 3600.0


async def unfinished(send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})


def greeting(word="hello"):
    app = FastAPI()
    app.get("/")(lambda: word)
    return app


def failing():
    """Return an app whose endpoints fail before or during a response, or in a task group."""
    app = FastAPI()

    @app.get("/before")
    async def before() -> str:
        raise ValueError("no such model")

    @app.get("/middle")
    async def middle() -> StreamingResponse:
        async def words():
            yield "one"
            raise KeyError("two")

        return StreamingResponse(words())

    @app.get("/sse", response_class=EventSourceResponse)
    async def sse() -> AsyncIterator[str]:
        raise ValueError("in a task group")
        yield "never"  # makes this a generator

    return app


async def get(url):
    async with httpx2.AsyncClient() as client:
        return await client.get(url)


@asynccontextmanager
async def half_read(url):
    """Request a stream, read its first piece, and yield the rest."""
    async with httpx2.AsyncClient() as client, client.stream("GET", url) as response:
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"first"
        yield pieces


async def refuses(url):
    try:
        await get(url)
    except httpx2.ConnectError:
        return True
    return False


async def test_an_app_is_served_on_the_running_loop_while_the_block_runs():
    app = FastAPI()
    signals = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    @app.get("/")
    async def inside() -> bool:
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        return asyncio.get_running_loop() is loop and handlers == signals

    loop = asyncio.get_running_loop()
    async with serving(app) as url:
        assert (await get(url)).json() is True
    assert await refuses(url)


async def test_serving_ends_when_the_cell_is_cancelled():
    started = asyncio.get_running_loop().create_future()

    async def cell():
        async with serving(greeting()) as url:
            started.set_result(url)
            await asyncio.sleep(AN_HOUR)

    task = asyncio.create_task(cell())
    url = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await refuses(url)


async def test_serving_again_replaces_the_server_with_the_same_name():
    first = await serve(greeting("one"))
    second, other = await serve(greeting("two")), await serve(greeting("three"), name="other")
    try:
        assert first.stopped
        assert await refuses(first.url)
        assert [(await get(server.url)).json() for server in (second, other)] == ["two", "three"]
    finally:
        await other.stop()
        await second.stop()
        await second.stop()  # safe to call again
    assert repr(second) == f"<Server at {second.url} (stopped)>"


def test_a_server_of_a_closed_loop_is_replaced_too():
    async def served():
        return await serve(greeting(), name="over loops")

    first = asyncio.run(served())
    second = asyncio.run(served())
    assert first.stopped
    assert first.url != second.url


async def test_stopping_aborts_connections_and_closes_their_streams():
    streaming = StreamingApp("first")
    server = await serve(streaming.app)
    async with half_read(server.url) as pieces:
        await server.stop()
        assert streaming.closed.is_set()
        with pytest.raises(httpx2.RemoteProtocolError):
            await anext(pieces)


async def test_stopping_sends_a_disconnect_to_an_app_that_receives():
    received = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await unfinished(send)
            while "http.disconnect" not in received:
                received.append((await receive())["type"])

    server = await serve(app)
    async with half_read(server.url):
        await server.stop()
    assert received == ["http.request", "http.disconnect"]


async def test_stopping_cancels_an_app_that_ignores_the_disconnect():
    forever = asyncio.get_running_loop().create_future()

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await unfinished(send)
            await forever

    server = await serve(app)
    async with half_read(server.url):
        await server.stop()
    assert forever.cancelled()


async def test_a_disconnect_closes_the_stream_and_is_not_an_error():
    streaming = StreamingApp("first")
    server = await serve(streaming.app)
    try:
        async with half_read(server.url):
            pass
        await streaming.closed.wait()
        assert server.errors == []
    finally:
        await server.stop()


async def test_exceptions_of_the_app_are_recorded():
    server = await serve(failing())
    try:
        assert (await get(f"{server.url}/before")).status_code == 500
        for path in ("middle", "sse"):
            with pytest.raises(httpx2.RemoteProtocolError):
                await get(f"{server.url}/{path}")
    finally:
        await server.stop()
    raised = [f"{type(error).__name__}: {error}" for error in server.errors]
    assert raised == ["ValueError: no such model", "KeyError: 'two'", "ValueError: in a task group"]


async def test_serving_prints_each_exception_once(capsys):
    async with serving(failing()) as url:
        await get(f"{url}/before")
        await get(f"{url}/before")
    assert capsys.readouterr().out == "The app raised ValueError: no such model\n"


async def test_nothing_is_logged_into_the_notebook(capsys, monkeypatch):
    lines = []
    screen = logging.Handler()
    screen.emit = lines.append
    for _ in range(3):  # collect earlier tests' garbage, which would log warnings here
        gc.collect()
        await asyncio.sleep(0)
    monkeypatch.setattr(logging.getLogger(), "handlers", [screen])
    async with serving(failing()) as url:
        await get(f"{url}/before")
        async with serving(StreamingApp("first").app) as other, half_read(other):
            pass
    assert capsys.readouterr().err == ""
    assert lines == []


async def test_asyncios_warning_about_disconnected_clients_is_hidden(caplog):
    async with serving(greeting()):
        logging.getLogger("asyncio").warning("socket.send() raised exception.")
        logging.getLogger("asyncio").warning("something else")
    assert [record.getMessage() for record in caplog.records] == ["something else"]


async def test_the_apps_lifespan_runs():
    steps = []

    @asynccontextmanager
    async def lifespan(_):
        steps.append("start")
        yield
        steps.append("end")

    async with serving(FastAPI(lifespan=lifespan)):
        assert steps == ["start"]
    assert steps == ["start", "end"]


async def test_an_app_that_fails_to_start_is_an_error():
    @asynccontextmanager
    async def lifespan(_):
        raise ValueError("no database")
        yield  # makes this a generator

    with pytest.raises(ServingError, match=r"its lifespan\): ValueError: no database"):
        await serve(FastAPI(lifespan=lifespan))


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (FastAPI, r"`FastAPI` is a class. Pass an instance: `app = FastAPI\(\)`"),
        (greeting, "the function `greeting`, not a web app"),
        (None, "This is None, not a web app"),
        ("http://x", "This is 'http://x', not a web app"),
    ],
)
async def test_anything_but_an_app_is_an_error(thing, words):
    with pytest.raises(ServingError, match=words):
        await serve(thing)
    with pytest.raises(ServingError, match=words):
        async with serving(thing):
            pass


def test_without_a_running_loop_the_error_says_where_to_call_it():
    with pytest.raises(ServingError, match=r"write `server = await serve\(app\)`"):
        serve(greeting())


async def test_proxies_are_bypassed(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with serving(greeting()) as url:
        assert (await get(url)).json() == "hello"
