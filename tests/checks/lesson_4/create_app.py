"""Right and wrong answers to 4.create_app, which asks for an endpoint that streams events."""

# ruff: noqa: F401 (used in edits)

import asyncio
import contextlib
import json
from contextlib import aclosing
from urllib.parse import unquote_plus

import openai
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from langchain_core.output_parsers import StrOutputParser
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware

from tests.checks.answers import edits, right, wrong

HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
END = "event: end\ndata: {}\n\n"
FAILED = "event: failed\ndata: {}\n\n"
LOCKS = {}

held = []


async def limited(chunks):
    async with asyncio.timeout(120):
        async for chunk in chunks:
            yield chunk


def framed(text):
    return f"data: {json.dumps(text)}\n\n"


@right("4.create_app")
def create_app(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async def frames():
            try:
                async for chunk in model.astream(question):
                    yield framed(chunk.content)
                yield END
            except Exception:
                yield FAILED

        return StreamingResponse(frames(), media_type="text/event-stream", headers=HEADERS)

    return app


edit = edits("4.create_app", create_app)
LOOP, PIECE = "async for chunk in model.astream(question)", "framed(chunk.content)"
NEXT = "\n            "  # a line break and the indentation of the body of `frames`
START = f"async def frames():{NEXT}"
THEN = "\n                    "  # a line break and the indentation of `yield framed`
CATCH = "except Exception:\n                yield FAILED"
RESPONSE = 'StreamingResponse(frames(), media_type="text/event-stream", headers=HEADERS)'
UNCAUGHT = {"except Exception": "except ConnectionError"}  # so that a NameError propagates
EVENT_LINE = '"event: {}\\n"'.format

LIFESPAN = """@contextlib.asynccontextmanager
    async def lifespan(app):
        app.state.model = model
        yield
        app.state.model = None

    app = FastAPI(lifespan=lifespan)"""


def wrapped(app):
    async def asgi(scope, receive, send):
        await app(scope, receive, send)

    return asgi


class TellsProxies(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.append(name, value)
        return response


edit(None, {", headers=HEADERS": "", "return app": "return TellsProxies(GZipMiddleware(app))"})
edit(None, {"return app": "return wrapped(app)"})
edit(None, {"app = FastAPI()": LIFESPAN, "model.astream": "app.state.model.astream"})
edit(
    None,
    {
        "app = FastAPI()": LIFESPAN.replace("        yield", "        yield {'given': model}"),
        "chat(question": "chat(request: Request, question",
        "model.astream": "request.state.given.astream",
        "return app": "return GZipMiddleware(app)",
    },
)
edit(None, {"except Exception": "except openai.APIConnectionError"})
edit(None, {CATCH: f"{CATCH}\n                raise"})
edit(None, {"async def chat(question: str": "def chat(question: str, temperature: float = 0.5"})
edit(None, {"event-stream": "event-stream; charset=utf-8"})
edit(None, {"HEADERS": '{"cache-control": "no-store, max-age=0", "x-accel-buffering": "NO"}'})
edit(
    None,
    {
        START: f'{START}yield b": hello\\nretry: 10000\\n\\n"{NEXT}',
        "model.a": "(model | StrOutputParser()).a",
        PIECE: "framed(chunk).encode()",
        "yield END": r'yield b"id: 1\nevent: end\ndata:\n\n"',
    },
)
edit(None, {PIECE: f"{EVENT_LINE('message')} + {PIECE}"})
edit(None, {f"yield {PIECE}": "for letter in chunk.content: yield framed(letter)"})
ASKS = {"question: str": "request: Request", "(question)": "(request.query_params['question'])"}
edit(None, {**ASKS, "yield f": f"if await request.is_disconnected(): break{THEN}yield f"})
edit(
    None,
    {
        "        return": """
        async def quietly():
            with contextlib.suppress(asyncio.CancelledError):
                async for item in frames():
                    yield item

        return""",
        "(frames()": "(quietly()",
    },
)

# mistakes in reading the model's stream
PLAIN_LOOP = {"async def frames": "def frames", "async for chunk in model.a": "for chunk in model."}
edit("model goes on", PLAIN_LOOP, "1 piece was still generated after")
edit("never calls the model", {RESPONSE: "question and None"})
edit(
    "one reader after the other",
    {
        START: f"{START}loop = asyncio.get_running_loop(){NEXT}"
        f"await LOCKS.setdefault(loop, asyncio.Lock()).acquire(){NEXT}",
        CATCH: f"{CATCH}{NEXT}finally:{NEXT}    LOCKS[loop].release()",
    },
)
edit(
    "sends other questions",
    {
        START: "asked = app.state._state.setdefault('asked', [])\n        "
        f"asked.append(('user', question))\n        {START}",
        "astream(question)": "astream(list(asked))",
    },
)
edit("never awaited", {"astream(question)": "ainvoke(question)"})
MIXED = {START: f"{START}held.append(question){NEXT}await asyncio.sleep(0.01){NEXT}"}
edit("mixes readers up", {**MIXED, "astream(question)": "astream(held[-1])"}, "received `'The moon")
PAUSES = {"yield f": f"await asyncio.sleep(0.05){THEN}yield f"}
STRIPS = {"astream(question)": "astream(question.strip())"}
edit("another prompt", STRIPS, "fast")
edit("another prompt", {"astream(question)": "astream(unquote_plus(question))"}, "of C  ")
LIMITED = {"for chunk in model": "for chunk in limited(model", "question):": "question)):"}
edit("failed without a failure", LIMITED, "for a reply with a long silence")
edit("failed without a failure", {PIECE: "framed(chunk)"}, "errors in your own code")
edit("waits between pieces", PAUSES, "wrote its reply in 2.0 s, but the endpoint took")
AHEAD = "asyncio.ensure_future(anext(chunks, None))"
edit(
    "leaves a task",
    {
        START: f"{START}chunks = model.astream(question){NEXT}",
        f"{LOOP}:": f"coming = {AHEAD}{NEXT}    while chunk := await coming:{THEN}coming = {AHEAD}",
    },
    "`anext` was still running after the server had cancelled",
)
# mistakes in the events
edit("event without data", {"yield END": f"yield {EVENT_LINE('end')}"})
edit("another event", {PIECE: f"{EVENT_LINE('token')} + {PIECE}"})
edit("another event", {"yield END": "yield END.replace('end', 'end-of-reply')"}, "`end-of-reply`")
edit("no end", {"yield END": "pass"})
edit("end as a message", {"yield END": r'yield "data: [DONE]\n\n"'}, r"`\[DONE\]`")
edit("goes on after the end", {PIECE: f"{PIECE} + END", "yield END": "pass"})
edit("not a JSON string", {PIECE: r'f"data: {chunk.content}\n\n"'})
edit("text outside of the data", {PIECE: "chunk.content"})
edit("misuses the response", {PIECE: "chunk"})
edit("adds text", {START: f'{START}yield framed("Hello! "){NEXT}'})
# mistakes in the endpoint and its response
edit("another status", {"question": "prompt"}, "422.*query.*prompt")
edit("another header", {'"text/event-stream"': "None"}, "`Content-Type` is missing")
edit("another header", {"HEADERS": '{"Cache-Control": "no-cache"}'})
edit("another header", {"HEADERS": '{"X-Accel-Buffering": "no"}'})
edit("misuses the response", {RESPONSE: "frames()"})
edit("misuses the response", {"yield f": "return f", "yield": "return"})
edit("misuses the response", {"(frames()": "(frames"})
edit("misuses the response", {"=HEADERS": '="Cache-Control: no-cache"'})
# mistakes in `create_app` itself
edit("returns nothing", {"return app": ""})
edit("returns the wrong type", {"return app": "return chat"})
edit("async def", {"def create_app": "async def create_app"})
edit("yields", {"return app": "yield app"})
edit("needs frame", {"framed": "frame"})
edit("needs frame", {"framed": "frame", **UNCAUGHT}, r"`frame` of Exercise 4\.5.*Run the cell of")
STUB = {"def create_app": "def frame(text): ...\ndef create_app"}
edit("needs frame", {"framed": "frame", **STUB})
edit("raises", {**STUB, **UNCAUGHT, "framed": "framd"}, "'framd' is not defined")
# a mistake in handling a disconnect
edit("sends afterwards", {CATCH: f"except BaseException:{NEXT}    yield END"})
# mistakes in handling a model failure
edit("no failure event", {"yield FAILED": "pass"})
edit(
    "no failure event",
    {
        START: f"{START}chunks = model.astream(question){NEXT}"
        f"yield framed((await anext(chunks)).content){NEXT}",
        LOOP: "async for chunk in chunks",
    },
    "before its first chunk",
)
edit("end after a failure", {"yield FAILED": "yield END"}, "half a reply for the whole")
edit("another failure event", {"FAILED": r'"event: error\ndata: {}\n\n"'}, "uses `error` itself")
edit("failure as text", {"yield FAILED": 'yield framed("Sorry")'}, "`Sorry` as part")

wrong("4.create_app", "not a function", says="was given a `FastAPI`")(FastAPI())


# --- Other apps -----------------------------------------------------------------------------------


@right("4.create_app")
def by_a_queue(model):
    app = FastAPI()

    async def frames(question):
        queue = asyncio.Queue(maxsize=1)

        async def fill():
            try:
                async for chunk in model.astream(question):
                    await queue.put(framed(chunk.content))
                await queue.put(END)
            except Exception:
                await queue.put(FAILED)
            await queue.put(None)

        filling = asyncio.create_task(fill())
        try:
            while (item := await queue.get()) is not None:
                yield item
        finally:
            filling.cancel()
            await asyncio.wait({filling})

    @app.get("/chat")
    async def chat(question: str):
        return StreamingResponse(frames(question), media_type="text/event-stream", headers=HEADERS)

    return app


edit = edits("4.create_app", by_a_queue)
MORE = "\n                "
TOGETHER = {
    "put(framed(chunk.content))": f"put(framed(chunk.content)){MORE}    await queue.join()",
    "yield item": f"yield item{MORE}queue.task_done()",
}
edit(None, TOGETHER)
edit(None, {**TOGETHER, "\n            await asyncio.wait({filling})": ""})
POLLS = """            while not queue.empty() or not filling.done():
                if queue.empty():
                    await asyncio.sleep(0.05)
                    continue
                item = queue.get_nowait()
                if item is None:
                    break"""
edit(
    "sent late",
    {"            while (item := await queue.get()) is not None:": POLLS, "maxsize=1": ""},
    "0.05 s after it had arrived",
)
edit("hangs after a failure", {"except Exception": "except ValueError"})


@right("4.create_app", says="One more thing: `EventSourceResponse`")
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


edit = edits("4.create_app", by_fastapi)
edit("misuses the response", {"yield": "return"}, "got a coroutine")
edit = edits("4.create_app", create_app)
TICKS = """app.get("/ticks", response_class=EventSourceResponse)(limited)
    return app"""
edit(None, {"return app": TICKS}, "disconnected.$")


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

            return StreamingResponse(frames(), media_type="text/event-stream", headers=HEADERS)

    return app
