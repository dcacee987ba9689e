"""Exercise 4.6: an endpoint that streams Server-Sent Events."""

# ruff: noqa: ASYNC251 (learners write such code)

import asyncio
import contextlib
import json
import time
from contextlib import aclosing

import openai
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware

from tests.checks.answers import right, wrong


def framed(text):
    return f"data: {json.dumps(text)}\n\n"


HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
END = "event: end\ndata: {}\n\n"
FAILED = "event: failed\ndata: {}\n\n"


def sent(frames, headers=HEADERS):
    return StreamingResponse(frames, media_type="text/event-stream", headers=headers)


def streaming(frames, headers=HEADERS, media_type="text/event-stream", path="/chat"):
    """A `create_app` whose endpoint sends `frames(model, question)`."""

    def create_app(model):
        app = FastAPI()

        @app.get(path)
        async def chat(question: str):
            return StreamingResponse(
                frames(model, question), media_type=media_type, headers=headers
            )

        return app

    create_app.__name__ = frames.__name__
    return create_app


async def frames_and_closes(model, question):
    try:
        async with aclosing(model.astream(question)) as chunks:
            async for chunk in chunks:
                if chunk.content:
                    yield framed(chunk.content)
    except Exception:
        yield FAILED
    else:
        yield END


async def frames_plainly(model, question):
    try:
        async for chunk in model.astream(question):
            yield framed(chunk.content)
    except openai.APIConnectionError as error:
        yield f"event: failed\ndata: {json.dumps(str(error))}\n\n"
        return
    yield 'event: end\ndata: "done"\n\n'


async def frames_and_raises(model, question):
    try:
        async for chunk in model.astream(question):
            yield framed(chunk.text)
        yield END
    except Exception as error:
        yield f"event: failed\ndata: {type(error).__name__}\n\n"
        raise


async def frames_bytes_of_a_chain(model, question):
    last = b"id: 1\nevent: end\ndata:\n\n"
    yield b": hello\nretry: 10000\n\n"
    try:
        async for text in (model | StrOutputParser()).astream(question):
            yield framed(text).encode()
    except Exception:
        last = FAILED.encode()
    yield last


async def frames_from_a_queue(model, question):
    frames = asyncio.Queue(maxsize=1)

    async def fill():
        try:
            async for chunk in model.astream(question):
                await frames.put(framed(chunk.content))
        except Exception:
            await frames.put(FAILED)
        else:
            await frames.put(END)
        await frames.put(None)

    filling = asyncio.create_task(fill())
    try:
        while (item := await frames.get()) is not None:
            yield item
    finally:
        filling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await filling


async def frames_from_a_group(model, question):
    pieces = asyncio.Queue(maxsize=1)

    async def fill():
        async for chunk in model.astream(question):
            await pieces.put(chunk.content)
        await pieces.put(None)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fill())
            while (piece := await pieces.get()) is not None:
                yield framed(piece)
        yield END
    except* openai.OpenAIError:
        yield FAILED


async def frames_asked_for_ahead(model, question):
    chunks = model.astream(question)
    coming = asyncio.ensure_future(anext(chunks, None))
    try:
        while (chunk := await coming) is not None:
            coming = asyncio.ensure_future(anext(chunks, None))
            yield framed(chunk.content)
        yield END
    except Exception:
        yield FAILED
    finally:
        coming.cancel()


async def frames_that_end_quietly(model, question):
    with contextlib.suppress(asyncio.CancelledError):
        async for item in frames_and_closes(model, question):
            yield item


held = []


@wrong("4.create_app", "left open", "the server had cancelled a request .* What keeps it")
@streaming
async def frames_of_a_stream_that_is_held(model, question):
    held.append(model.astream(question))
    try:
        async for chunk in held[-1]:
            yield framed(chunk.content)
        yield END
    except Exception:
        yield FAILED


right("4.create_app")(streaming(frames_and_closes))
right("4.create_app")(streaming(frames_plainly))
right("4.create_app")(streaming(frames_and_raises))
right("4.create_app")(streaming(frames_bytes_of_a_chain))
right("4.create_app")(streaming(frames_from_a_queue))
right("4.create_app")(streaming(frames_from_a_group))
right("4.create_app")(streaming(frames_asked_for_ahead))
right("4.create_app")(streaming(frames_that_end_quietly))
right("4.create_app")(streaming(frames_and_closes, media_type="text/event-stream; charset=utf-8"))
right("4.create_app")(
    streaming(
        frames_and_closes,
        headers={"cache-control": "no-store, max-age=0", "x-accel-buffering": "NO"},
    )
)


@right("4.create_app")
def by_fastapi(model):
    app = FastAPI()

    @app.get("/chat", response_class=EventSourceResponse)
    async def chat(question: str):
        try:
            async for chunk in model.astream(question):
                if chunk.content:
                    yield ServerSentEvent(data=chunk.content)
            yield ServerSentEvent(data={}, event="end")
        except Exception as error:
            yield ServerSentEvent(data=str(error), event="failed")

    return app


@right("4.create_app")
def by_a_plain_def(model):
    app = FastAPI()

    @app.get("/chat")
    def chat(question: str, temperature: float = 0.5):
        return sent(frames_and_closes(model, question))

    return app


@right("4.create_app")
def with_headers_by_middleware(model):
    app = FastAPI()

    @app.middleware("http")
    async def tells_proxies(request, call_next):
        response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    @app.get("/chat")
    async def chat(question: str):
        return sent(frames_and_closes(model, question), headers=None)

    return app


@right("4.create_app")
def with_middleware_of_a_class_and_gzip(model):
    class TellsProxies(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            response = await call_next(request)
            for name, value in HEADERS.items():
                response.headers.append(name, value)
            return response

    app = streaming(frames_and_closes, headers=None)(model)
    app.add_middleware(GZipMiddleware)
    app.add_middleware(TellsProxies)
    return app


class Outer:
    """A middleware without a framework: it adds headers to what an app sends."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def with_headers(message):
            if message["type"] == "http.response.start":
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self.app(scope, receive, with_headers)


@right("4.create_app")
def inside_of_another_app(model):
    return Outer(streaming(frames_and_closes, headers=None)(model))


@right("4.create_app")
def with_a_lifespan(model):
    @contextlib.asynccontextmanager
    async def lifespan(app):
        app.state.model = model
        yield
        app.state.model = None

    app = FastAPI(lifespan=lifespan)

    @app.get("/chat")
    async def chat(question: str, request: Request):
        return sent(frames_and_closes(request.app.state.model, question))

    return app


@right("4.create_app")
def looks_whether_the_reader_is_there(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(request: Request):
        async def frames():
            async for item in frames_and_closes(model, request.query_params["question"]):
                if await request.is_disconnected():
                    break
                yield item

        return sent(frames())

    return app


class Application(FastAPI):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.add_api_route("/chat", self.chat, methods=["GET", "POST"])

    async def chat(self, question: str):
        return sent(frames_and_closes(self.model, question))


right("4.create_app")(Application)


@wrong("4.create_app", "blocks the loop")
@streaming
async def with_a_loop_that_blocks(model, question):
    for chunk in model.stream(question):
        yield framed(chunk.content)
    yield END


@wrong("4.create_app", "model goes on", "1 piece was still generated after")
@streaming
def with_a_thread_that_reads(model, question):
    for chunk in model.stream(question):
        yield framed(chunk.content)
    yield END


@wrong("4.create_app", "collected first")
@streaming
async def collected_first(model, question):
    texts = [chunk.content async for chunk in model.astream(question)]
    for text in texts:
        yield framed(text)
    yield END


@wrong("4.create_app", "invoke")
@streaming
async def all_in_one(model, question):
    yield framed((await model.ainvoke(question)).content)
    yield END


async def without_an_end(model, question):
    async for chunk in model.astream(question):
        yield framed(chunk.content)


@wrong("4.create_app", "event without data")
@streaming
async def with_an_end_that_nobody_hears(model, question):
    async for text in without_an_end(model, question):
        yield text
    yield "event: end\n\n"


@wrong("4.create_app", "another event", "named `close`")
@streaming
async def with_another_end(model, question):
    async for text in without_an_end(model, question):
        yield text
    yield "event: close\ndata: {}\n\n"


@wrong("4.create_app", "end as a message", r"`\[DONE\]`")
@streaming
async def with_done(model, question):
    async for text in without_an_end(model, question):
        yield text
    yield "data: [DONE]\n\n"


@wrong("4.create_app", "goes on after the end")
@streaming
async def with_an_end_each_time(model, question):
    async for text in without_an_end(model, question):
        yield text + END


@wrong("4.create_app", "not a JSON string")
@streaming
async def of_raw_text(model, question):
    async for chunk in model.astream(question):
        yield f"data: {chunk.content}\n\n"
    yield END


@wrong("4.create_app", "not a JSON string")
@streaming
async def of_objects(model, question):
    async for chunk in model.astream(question):
        yield f"data: {json.dumps({'text': chunk.content})}\n\n"
    yield END


@wrong("4.create_app", "no events")
@streaming
async def of_bare_text(model, question):
    async for chunk in model.astream(question):
        yield chunk.content


@wrong("4.create_app", "text outside of the data")
@streaming
async def of_bare_text_and_an_end(model, question):
    async for chunk in model.astream(question):
        yield chunk.content
    yield END


@wrong("4.create_app", "changes white space")
@streaming
async def without_line_breaks(model, question):
    async for chunk in model.astream(question):
        if chunk.content.strip():
            yield framed(chunk.content)
    yield END


@wrong("4.create_app", "misuses the response")
@streaming
async def of_chunks(model, question):
    async for chunk in model.astream(question):
        yield chunk


@wrong("4.create_app", "another event")
@streaming
async def of_tokens(model, question):
    async for chunk in model.astream(question):
        yield f"event: token\ndata: {json.dumps(chunk.content)}\n\n"
    yield END


@wrong("4.create_app", "another text")
@streaming
async def of_json_in_json(model, question):
    async for chunk in model.astream(question):
        if chunk.content:
            yield framed(json.dumps(chunk.content))
    yield END


@wrong("4.create_app", "held back")
@streaming
async def one_frame_behind(model, question):
    before = ""
    async for chunk in model.astream(question):
        if before:
            yield framed(before)
        before = chunk.content
    yield framed(before) + END


@wrong("4.create_app", "another prompt")
@streaming
async def of_another_question(model, question):
    async for text in frames_and_closes(model, "How do tides work? & why"):
        yield text


@wrong("4.create_app", "model goes on", "2 pieces were .* Which task or thread")
@streaming
async def filled_in_the_background(model, question):
    pieces = asyncio.Queue()

    async def fill():
        async for chunk in model.astream(question):
            pieces.put_nowait(chunk.content)
        pieces.put_nowait(None)

    filling = asyncio.create_task(fill())
    while (piece := await pieces.get()) is not None:
        yield framed(piece)
    yield END
    await filling


@wrong("4.create_app", "model goes on")
@streaming
async def filled_as_far_as_there_is_room(model, question):
    pieces = asyncio.Queue(maxsize=1)

    async def fill():
        async for chunk in model.astream(question):
            await pieces.put(chunk.content)
        await pieces.put(None)

    filling = asyncio.create_task(fill())
    while (piece := await pieces.get()) is not None:
        yield framed(piece)
    yield END
    await filling


@wrong("4.create_app", "sends after that")
@streaming
async def that_end_whatever_happens(model, question):
    try:
        async for chunk in model.astream(question):
            yield framed(chunk.content)
    except BaseException:
        pass
    yield END


@wrong("4.create_app", "no failure event")
@streaming
async def that_go_on_whatever_happens(model, question):
    async with aclosing(model.astream(question)) as chunks:
        async for chunk in chunks:
            with contextlib.suppress(BaseException):
                yield framed(chunk.content)
    yield END


@wrong("4.create_app", "sends after that")
@streaming
async def that_end_in_a_finally(model, question):
    try:
        async for chunk in model.astream(question):
            yield framed(chunk.content)
    finally:
        yield END


@wrong("4.create_app", "end after a failure")
@streaming
async def that_end_after_half(model, question):
    with contextlib.suppress(Exception):
        async for chunk in model.astream(question):
            yield framed(chunk.content)
    yield END


@wrong("4.create_app", "end as a message")
@streaming
async def with_a_text_as_the_end(model, question):
    async for text in without_an_end(model, question):
        yield text
    yield framed("end")


@wrong("4.create_app", "adds text")
@streaming
async def with_a_word_too_many(model, question):
    yield framed("Hello! ")
    async for text in frames_and_closes(model, question):
        yield text


@wrong("4.create_app", "goes on after the end")
@streaming
async def with_the_end_first(model, question):
    yield END
    async for text in without_an_end(model, question):
        yield text


@wrong("4.create_app", "goes on after the end")
@streaming
async def with_two_ends(model, question):
    async for text in frames_and_closes(model, question):
        yield text
    yield END


@wrong("4.create_app", "never calls the model")
@streaming
async def of_nothing(model, question):
    return
    yield


@wrong("4.create_app", "no events")
@streaming
async def of_what_was_read(model, question):
    async for chunk in model.astream(question):
        if not chunk:
            yield framed(chunk)


@wrong("4.create_app", "raises")
@streaming
async def that_fail(model, question):
    async for chunk in model.astream(question):
        yield framed(chunk.txet)


LOCK = {}


@wrong("4.create_app", "one reader after the other")
@streaming
async def with_a_lock(model, question):
    lock = LOCK.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with lock:
        async for text in frames_and_closes(model, question):
            yield text


@wrong("4.create_app", "another status")
def at_another_path(model):
    return streaming(frames_and_closes, path="/")(model)


@wrong("4.create_app", "another header")
def of_plain_text(model):
    return streaming(frames_and_closes, media_type="text/plain")(model)


@wrong("4.create_app", "another header", "`Content-Type` is `''`")
def of_no_type(model):
    return streaming(frames_and_closes, media_type=None)(model)


@wrong("4.create_app", "another header")
def without_a_word_to_proxies(model):
    return streaming(frames_and_closes, headers={"Cache-Control": "no-cache"})(model)


@wrong("4.create_app", "another header")
def without_a_word_to_caches(model):
    return streaming(frames_and_closes, headers={"X-Accel-Buffering": "no"})(model)


@wrong("4.create_app", "another header", "`Cache-Control` is `'public'`")
def with_the_cache_in_control(model):
    return streaming(frames_and_closes, headers={**HEADERS, "Cache-Control": "public"})(model)


@wrong("4.create_app", "another header")
def with_a_proxy_that_buffers(model):
    return streaming(frames_and_closes, headers={**HEADERS, "X-Accel-Buffering": "yes"})(model)


@wrong("4.create_app", "never calls the model")
def answers_nothing(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        return str(question) and None

    return app


@wrong("4.create_app", "another status", "422.*query.*prompt")
def with_another_parameter(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(prompt: str):
        return sent(frames_and_closes(model, prompt))

    return app


@wrong("4.create_app", "another status")
def by_post(model):
    app = FastAPI()

    @app.post("/chat")
    async def chat(question: str):
        return sent(frames_and_closes(model, question))

    return app


@wrong("4.create_app", "invoke")
def whole(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        return PlainTextResponse((await model.ainvoke(question)).content)

    return app


@wrong("4.create_app", "never read")
def returns_no_answer(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        model.astream(question)

    return app


@wrong("4.create_app", "returns nothing")
def returns_no_app(model):
    streaming(frames_and_closes)(model)


@wrong("4.create_app", "returns the wrong type")
def returns_the_function(model):
    async def chat(question: str):
        return StreamingResponse(frames_and_closes(model, question))

    return chat


@wrong("4.create_app", "async def")
async def makes_it_later(model):
    return streaming(frames_and_closes)(model)


@wrong("4.create_app", "blocks the loop")
def asks_when_it_is_made(model):
    model.invoke("Hello")
    return streaming(frames_and_closes)(model)


@wrong("4.create_app", "another prompt")
def without_a_question(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat():
        return sent(frames_and_closes(model, "Name a river."))

    return app


@wrong("4.create_app", "mixes readers up", "received `'The moon")
def one_stream_for_all(model):
    app = FastAPI()
    kept = []

    @app.get("/chat")
    async def chat(question: str):
        kept.append(question)
        return sent(last_of(kept, model))

    return app


@wrong("4.create_app", "another header")
def yields_itself(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async for text in frames_and_closes(model, question):
            yield text

    return app


@wrong("4.create_app", "another header", "StreamingResponse")
def yields_into_a_response(model):
    app = FastAPI()

    @app.get("/chat", response_class=StreamingResponse)
    async def chat(question: str):
        async for text in frames_and_closes(model, question):
            yield text

    return app


@wrong("4.create_app", "misuses the response")
def returns_its_stream(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        return frames_and_closes(model, question)

    return app


@wrong("4.create_app", "misuses the response")
def of_frames_that_are_returned(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async def frames():
            return "".join([text async for text in frames_and_closes(model, question)])

        return sent(frames())

    return app


@wrong("4.create_app", "misuses the response")
def without_brackets(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async def frames():
            async for text in frames_and_closes(model, question):
                yield text

        return sent(frames)

    return app


@wrong("4.create_app", "closes before it is read")
def closes_when_it_returns(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async with aclosing(model.astream(question)) as stream:

            async def frames():
                async for chunk in stream:
                    yield framed(chunk.content)
                yield END

            return sent(frames())

    return app


@wrong("4.create_app", "misuses the response")
def with_headers_in_a_text(model):
    return streaming(frames_and_closes, headers="Cache-Control: no-cache")(model)


async def last_of(kept, model):
    await asyncio.sleep(0.01)
    async for text in frames_and_closes(model, kept[-1]):
        yield text


wrong("4.create_app", "no end")(streaming(without_an_end))


@wrong("4.create_app", "waits between pieces", "wrote its reply in 2.0 s, but the endpoint took")
@streaming
async def as_on_a_typewriter(model, question):
    async for item in frames_and_closes(model, question):
        await asyncio.sleep(0.05)
        yield item


@wrong("4.create_app", "yields")
def yields_the_app(model):
    yield streaming(frames_and_closes)(model)


@wrong("4.create_app", "blocks the loop")
@streaming
async def as_on_a_typewriter_that_blocks(model, question):
    async for item in frames_and_closes(model, question):
        time.sleep(0.05)
        yield item


@wrong("4.create_app", "stops early", "read only 3 of 14 pieces")
@streaming
async def only_the_first_pieces(model, question):
    sent_so_far = 0
    async with aclosing(model.astream(question)) as chunks:
        async for chunk in chunks:
            yield framed(chunk.content)
            sent_so_far += bool(chunk.content)
            if sent_so_far == 3:
                break
    yield END


@wrong("4.create_app", "text outside of the data")
@streaming
async def frames_with_one_line_break(model, question):
    async for chunk in model.astream(question):
        yield f"data: {json.dumps(chunk.content)}\n"
    yield "event: end\ndata: {}\n\n"


@wrong("4.create_app", "text outside of the data")
@streaming
async def frames_of_the_wrong_attribute(model, question):
    async for chunk in model.astream(question):
        yield framed(chunk.response_metadata.get("text", ""))
    yield END


# --- When the model fails -------------------------------------------------------------------------


def failing(last):
    """Frames that end with `last` when the model fails."""

    async def frames(model, question):
        try:
            async for chunk in model.astream(question):
                yield framed(chunk.content)
            yield END
        except Exception as error:
            for item in last(error):
                yield item

    return streaming(frames)


def an_error_as_text(error):
    return framed(f"Error: {error}"), END


wrong("4.create_app", "end after a failure", "half a reply for the whole")(
    failing(an_error_as_text)
)
wrong("4.create_app", "end after a failure")(failing(lambda _: ["event: error\ndata: {}\n\n", END]))
wrong("4.create_app", "end after a failure")(failing(lambda _: ["event: end\ndata: error\n\n"]))
wrong("4.create_app", "goes on after the end")(failing(lambda _: [FAILED, END]))
wrong("4.create_app", "another failure event", "uses `error` itself")(
    failing(lambda _: ["event: error\ndata: {}\n\n"])
)
wrong("4.create_app", "failure as text", "`Sorry` as part")(failing(lambda _: [framed("Sorry")]))
wrong("4.create_app", "failure as text", "`Sorry` as part")(
    failing(lambda _: [framed("Sorry"), FAILED])
)
wrong("4.create_app", "event without data")(failing(lambda _: ["event: failed\n\n"]))
wrong("4.create_app", "another failure event", "named `broken`")(
    failing(lambda _: ["event: broken\ndata: {}\n\n"])
)
wrong("4.create_app", "no failure event")(failing(lambda _: []))
wrong("4.create_app", "event without data")(failing(lambda _: ["event: failed\ndata: {}"]))
wrong("4.create_app", "goes on after the end", "Event 5 of 6 is")(
    failing(lambda _: [FAILED, FAILED])
)
wrong("4.create_app", "goes on after the end", "5 of 7")(
    failing(lambda _: [FAILED, framed(""), FAILED])
)


@wrong("4.create_app", "no failure event", "reconnect and send the question again")
@streaming
async def lets_the_error_out(model, question):
    async with aclosing(model.astream(question)) as chunks:
        async for chunk in chunks:
            yield framed(chunk.content)
    yield END


@wrong("4.create_app", "no failure event")
@streaming
async def catches_another_error(model, question):
    try:
        async for chunk in model.astream(question):
            yield framed(chunk.content)
        yield END
    except ConnectionError:
        yield FAILED


@wrong("4.create_app", "no failure event", "before its first chunk")
@streaming
async def catches_errors_after_the_first_chunk(model, question):
    chunks = model.astream(question)
    yield framed((await anext(chunks)).content)
    try:
        async for chunk in chunks:
            yield framed(chunk.content)
        yield END
    except Exception:
        yield FAILED


@wrong("4.create_app", "goes on after the end")
@streaming
async def fails_in_a_finally(model, question):
    try:
        async for chunk in model.astream(question):
            yield framed(chunk.content)
        yield END
    finally:
        yield FAILED


@wrong("4.create_app", "hangs after a failure")
@streaming
async def waits_for_a_task_that_failed(model, question):
    pieces = asyncio.Queue(maxsize=1)

    async def fill():
        async for chunk in model.astream(question):
            await pieces.put(chunk.content)
        await pieces.put(None)

    filling = asyncio.create_task(fill())
    try:
        while (piece := await pieces.get()) is not None:
            yield framed(piece)
        yield END
    except Exception:
        yield FAILED
    finally:
        filling.cancel()


# --- Others --------------------------------------------------------------------------------------

notebooks_model = FakeListChatModel(responses=["Not asked for."])


@wrong("4.create_app", "another model", "called the notebook's `notebooks_model`")
def app_of_the_notebooks_model(model):
    return streaming(lambda _, question: frames_and_closes(notebooks_model, question))(model)


@wrong("4.create_app", "another status", "status 500")
def answers_with_an_error_page(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        return PlainTextResponse("Sorry", status_code=500)

    return app


wrong("4.create_app", "not a function", "was given a `FastAPI`")(FastAPI())
wrong("4.create_app", "not a function", "was given a `str`")("create_app")


def needing_frame(before):
    """An answer that uses the `frame` of an earlier cell."""
    names = {**globals()}
    names.pop("frame", None)
    text = """
def create_app(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async def frames():
            async for chunk in model.astream(question):
                yield frame(chunk.content)

        return StreamingResponse(frames(), media_type="text/event-stream", headers=HEADERS)

    return app
"""
    exec(f"{before}\n{text}", names)
    return names["create_app"]


wrong("4.create_app", "needs frame", r"`frame` of Exercise 4\.5.*Run the cell of that")(
    needing_frame("")
)
wrong("4.create_app", "needs frame")(needing_frame("def frame(text):\n    ..."))
wrong("4.create_app", "misuses the response")(needing_frame("def frame(text):\n    return 1"))
