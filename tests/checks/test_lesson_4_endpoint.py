"""Exercise 4.6: an endpoint that streams."""

import asyncio
import contextlib
import json
import sys
from contextlib import aclosing

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from langchain_core.output_parsers import StrOutputParser

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks import evaluate


def framed(text):
    return f"data: {json.dumps(text)}\n\n"


HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
END = "event: end\ndata: {}\n\n"


def sent(frames):
    return StreamingResponse(frames, media_type="text/event-stream", headers=HEADERS)


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
    async with aclosing(model.astream(question)) as chunks:
        async for chunk in chunks:
            if chunk.content:
                yield framed(chunk.content)
    yield END


async def frames_plainly(model, question):
    async for chunk in model.astream(question):
        yield framed(chunk.content)
    yield 'event: end\ndata: "done"\n\n'


async def frames_bytes_of_a_chain(model, question):
    async for text in (model | StrOutputParser()).astream(question):
        yield framed(text).encode()
    yield END.encode()


async def frames_from_a_queue(model, question):
    pieces = asyncio.Queue(maxsize=1)

    async def fill():
        async for chunk in model.astream(question):
            await pieces.put(chunk.content)
        await pieces.put(None)

    filling = asyncio.create_task(fill())
    try:
        while (piece := await pieces.get()) is not None:
            yield framed(piece)
    finally:
        filling.cancel()
    yield END


async def frames_from_a_queue_that_is_waited_for(model, question):
    pieces = asyncio.Queue(maxsize=1)

    async def fill():
        async with aclosing(model.astream(question)) as chunks:
            async for chunk in chunks:
                await pieces.put(framed(chunk.content))
        await pieces.put(END)
        await pieces.put(None)

    filling = asyncio.create_task(fill())
    try:
        while (piece := await pieces.get()) is not None:
            yield piece
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

    async with asyncio.TaskGroup() as group:
        group.create_task(fill())
        while (piece := await pieces.get()) is not None:
            yield framed(piece)
    yield END


async def frames_asked_for_ahead(model, question):
    chunks = model.astream(question)
    coming = asyncio.ensure_future(anext(chunks, None))
    try:
        while (chunk := await coming) is not None:
            coming = asyncio.ensure_future(anext(chunks, None))
            yield framed(chunk.content)
    finally:
        coming.cancel()
    yield END


async def frames_that_end_quietly(model, question):
    try:
        async for chunk in model.astream(question):
            yield framed(chunk.content)
        yield END
    except asyncio.CancelledError:
        pass


def by_fastapi(model):
    app = FastAPI()

    @app.get("/chat", response_class=EventSourceResponse)
    async def chat(question: str):
        async for chunk in model.astream(question):
            if chunk.content:
                yield ServerSentEvent(data=chunk.content)
        yield ServerSentEvent(data={}, event="end")

    return app


def by_a_plain_def(model):
    app = FastAPI()

    @app.get("/chat")
    def chat(question: str):
        return sent(frames_and_closes(model, question))

    return app


def with_charset_and_more(model):
    return streaming(frames_and_closes, media_type="text/event-stream; charset=utf-8")(model)


@pytest.mark.parametrize(
    "create_app",
    by_name(
        streaming(frames_and_closes),
        streaming(frames_plainly),
        streaming(frames_bytes_of_a_chain),
        streaming(frames_from_a_queue),
        streaming(frames_from_a_queue_that_is_waited_for),
        streaming(frames_from_a_group),
        streaming(frames_asked_for_ahead),
        streaming(frames_that_end_quietly),
        by_fastapi,
        by_a_plain_def,
        with_charset_and_more,
    ),
)
def test_4_6_accepts(create_app, monkeypatch):
    odd = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: odd.append(repr(what.exc_value)))
    right("4.6", create_app)
    assert odd == [], "Python would print it under the learner's cell"


async def with_a_loop_that_blocks(model, question):
    for chunk in model.stream(question):
        yield framed(chunk.content)
    yield END


def with_a_thread_that_reads(model, question):
    for chunk in model.stream(question):
        yield framed(chunk.content)
    yield END


async def collected_first(model, question):
    texts = [chunk.content async for chunk in model.astream(question)]
    for text in texts:
        yield framed(text)
    yield END


async def all_in_one(model, question):
    yield framed((await model.ainvoke(question)).content)
    yield END


async def without_an_end(model, question):
    async for chunk in model.astream(question):
        yield framed(chunk.content)


async def with_an_end_that_nobody_hears(model, question):
    async for text in without_an_end(model, question):
        yield text
    yield "event: end\n\n"


async def with_another_end(model, question):
    async for text in without_an_end(model, question):
        yield text
    yield "event: close\ndata: {}\n\n"


async def with_done(model, question):
    async for text in without_an_end(model, question):
        yield text
    yield "data: [DONE]\n\n"


async def with_an_end_each_time(model, question):
    async for text in without_an_end(model, question):
        yield text + END


async def of_raw_text(model, question):
    async for chunk in model.astream(question):
        yield f"data: {chunk.content}\n\n"
    yield END


async def of_objects(model, question):
    async for chunk in model.astream(question):
        yield f"data: {json.dumps({'text': chunk.content})}\n\n"
    yield END


async def of_bare_text(model, question):
    async for chunk in model.astream(question):
        yield chunk.content


async def of_bare_text_and_an_end(model, question):
    async for chunk in model.astream(question):
        yield chunk.content
    yield END


async def without_line_breaks(model, question):
    async for chunk in model.astream(question):
        if chunk.content.strip():
            yield framed(chunk.content)
    yield END


async def of_chunks(model, question):
    async for chunk in model.astream(question):
        yield chunk


async def of_tokens(model, question):
    async for chunk in model.astream(question):
        yield f"event: token\ndata: {json.dumps(chunk.content)}\n\n"
    yield END


async def of_json_in_json(model, question):
    async for chunk in model.astream(question):
        if chunk.content:
            yield framed(json.dumps(chunk.content))
    yield END


async def one_frame_behind(model, question):
    before = ""
    async for chunk in model.astream(question):
        if before:
            yield framed(before)
        before = chunk.content
    yield framed(before) + END


async def of_another_question(model, question):
    async for text in frames_and_closes(model, "How do tides work? & why"):
        yield text


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


held = []


async def of_a_stream_that_is_held(model, question):
    held.append(model.astream(question))
    async for chunk in held[-1]:
        yield framed(chunk.content)
    yield END


async def that_end_whatever_happens(model, question):
    try:
        async for chunk in model.astream(question):
            yield framed(chunk.content)
    except BaseException:
        pass
    yield END


async def that_go_on_whatever_happens(model, question):
    async with aclosing(model.astream(question)) as chunks:
        async for chunk in chunks:
            with contextlib.suppress(BaseException):
                yield framed(chunk.content)
    yield END


async def that_end_in_a_finally(model, question):
    try:
        async for chunk in model.astream(question):
            yield framed(chunk.content)
    finally:
        yield END


async def that_end_after_half(model, question):
    with contextlib.suppress(Exception):
        async for chunk in model.astream(question):
            yield framed(chunk.content)
    yield END


async def with_a_text_as_the_end(model, question):
    async for text in without_an_end(model, question):
        yield text
    yield framed("end")


async def with_a_word_too_many(model, question):
    yield framed("Hello! ")
    async for text in frames_and_closes(model, question):
        yield text


async def with_the_end_first(model, question):
    yield END
    async for text in without_an_end(model, question):
        yield text


async def with_two_ends(model, question):
    async for text in frames_and_closes(model, question):
        yield text
    yield END


async def of_nothing(model, question):
    return
    yield


async def of_what_was_read(model, question):
    async for chunk in model.astream(question):
        if not chunk:
            yield framed(chunk)


async def that_fail(model, question):
    async for chunk in model.astream(question):
        yield framed(chunk.txet)


LOCK = {}


async def with_a_lock(model, question):
    lock = LOCK.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with lock:
        async for text in frames_and_closes(model, question):
            yield text


def at_another_path(model):
    return streaming(frames_and_closes, path="/")(model)


def of_plain_text(model):
    return streaming(frames_and_closes, media_type="text/plain")(model)


def of_no_type(model):
    return streaming(frames_and_closes, media_type=None)(model)


def without_a_word_to_proxies(model):
    return streaming(frames_and_closes, headers={"Cache-Control": "no-cache"})(model)


def without_a_word_to_caches(model):
    return streaming(frames_and_closes, headers={"X-Accel-Buffering": "no"})(model)


def with_the_cache_in_control(model):
    return streaming(frames_and_closes, headers={**HEADERS, "Cache-Control": "public"})(model)


def with_a_proxy_that_buffers(model):
    return streaming(frames_and_closes, headers={**HEADERS, "X-Accel-Buffering": "yes"})(model)


def answers_nothing(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        return str(question) and None

    return app


def with_another_parameter(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(prompt: str):
        return sent(frames_and_closes(model, prompt))

    return app


def by_post(model):
    app = FastAPI()

    @app.post("/chat")
    async def chat(question: str):
        return sent(frames_and_closes(model, question))

    return app


def whole(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        return PlainTextResponse((await model.ainvoke(question)).content)

    return app


def returns_no_answer(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        model.astream(question)

    return app


def returns_no_app(model):
    streaming(frames_and_closes)(model)


def returns_the_function(model):
    async def chat(question: str):
        return StreamingResponse(frames_and_closes(model, question))

    return chat


async def makes_it_later(model):
    return streaming(frames_and_closes)(model)


def asks_when_it_is_made(model):
    model.invoke("Hello")
    return streaming(frames_and_closes)(model)


def without_a_question(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat():
        return sent(frames_and_closes(model, "Name a river."))

    return app


def one_stream_for_all(model):
    app = FastAPI()
    kept = []

    @app.get("/chat")
    async def chat(question: str):
        kept.append(question)
        return sent(last_of(kept, model))

    return app


def yields_itself(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async for text in frames_and_closes(model, question):
            yield text

    return app


def yields_into_a_response(model):
    app = FastAPI()

    @app.get("/chat", response_class=StreamingResponse)
    async def chat(question: str):
        async for text in frames_and_closes(model, question):
            yield text

    return app


def returns_its_stream(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        return frames_and_closes(model, question)

    return app


def of_frames_that_are_returned(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async def frames():
            return "".join([text async for text in frames_and_closes(model, question)])

        return sent(frames())

    return app


def without_brackets(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async def frames():
            async for text in frames_and_closes(model, question):
                yield text

        return sent(frames)

    return app


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


def with_headers_in_a_text(model):
    return streaming(frames_and_closes, headers="Cache-Control: no-cache")(model)


async def last_of(kept, model):
    await asyncio.sleep(0.01)
    async for text in frames_and_closes(model, kept[-1]):
        yield text


WRONG_4_6 = (
    (streaming(with_a_loop_that_blocks), "the event loop stood still for .* answered nobody else"),
    (
        streaming(with_a_thread_that_reads),
        "A reader left .* A thread reads it. How would that hear",
    ),
    (streaming(collected_first), "the first one was sent when all 12 pieces .* were there"),
    (streaming(all_in_one), "the first one was sent when all 12 pieces"),
    (streaming(without_an_end), "nothing says that the reply is over"),
    (streaming(with_an_end_that_nobody_hears), "`event: end` is in what was sent, and a page nev"),
    (streaming(with_another_end), "An event of the type `close` came"),
    (
        streaming(with_done),
        r"No event named `end` came. .* the data `\[DONE\]`, .* What gives an event its name",
    ),
    (
        streaming(of_bare_text_and_an_end),
        "sent begins with `'Rive.* A page skips .* one event in all. What makes an event",
    ),
    (
        streaming(without_line_breaks),
        r"a line break and nothing else, `'.n.n'`, is lost: .* such a piece empty",
    ),
    (
        streaming(with_an_end_each_time),
        "The event `end` came after 1 of 15 texts.*misses what follows",
    ),
    (streaming(with_the_end_first), "The event `end` came after 0 of 15 texts"),
    (streaming(with_two_ends), "The event `end` was sent twice; once is enough"),
    (streaming(of_raw_text), "The data of an event is `.*`, which is no JSON"),
    (streaming(of_objects), "a `dict`. The exercise asks for the text itself"),
    (streaming(of_bare_text), "a page hears no event in it"),
    (streaming(of_chunks), "AttributeError: .*, when the app was asked"),
    (streaming(of_tokens), "An event of the type `token` came"),
    (streaming(of_json_in_json), "turned into JSON twice"),
    (streaming(one_frame_behind), "At one time 1 of 12 pieces had arrived and weren't sent"),
    (streaming(of_another_question), "was `Why do rivers bend.`, and the model was asked `How do"),
    (streaming(filled_in_the_background), r"model went on: \d+ more .* `fill` is still at work"),
    (streaming(filled_as_far_as_there_is_room), "task of `fill` is still at work"),
    (streaming(of_a_stream_that_is_held), "while a text waited .* stayed open: .* Who still holds"),
    (
        streaming(that_end_whatever_happens),
        "Your code was cancelled, and it sent `'event: end.* all ",
    ),
    (streaming(that_end_in_a_finally), "sent `'event: end.*` all the same. Which `except` or `fin"),
    (streaming(that_end_after_half), "broke after 3 of 12 pieces, `end` was sent all the same"),
    (
        streaming(with_a_text_as_the_end),
        "No event named `end` came. .* message with the text `end`",
    ),
    (streaming(with_a_word_too_many), "texts, put together, aren't the reply. It parts from"),
    (closes_when_it_returns, "closed before anybody had read it: a block that holds `return`"),
    (with_headers_in_a_text, "`headers` are to be a dict"),
    (streaming(of_nothing), "is answered with nothing, and the model was never asked"),
    (streaming(of_what_was_read), "status 200, and no byte after its headers"),
    (streaming(that_fail), "AttributeError: .*txet.*at the line `yield framed"),
    (streaming(with_a_lock), "Two readers asked at once, and one of them waited for the other"),
    (at_another_path, "answered with status 404: nothing is there"),
    (of_plain_text, "content type is `text/plain; charset=utf-8`"),
    (of_no_type, "content type is missing"),
    (without_a_word_to_proxies, "`X-Accel-Buffering` is missing: nginx"),
    (without_a_word_to_caches, "`Cache-Control` is missing: a proxy"),
    (with_the_cache_in_control, "`Cache-Control` is `public`: a proxy"),
    (with_a_proxy_that_buffers, "`X-Accel-Buffering` is `yes`"),
    (answers_nothing, "is answered with `null`, .* never asked. Is a `return` missing"),
    (with_another_parameter, "status 422: FastAPI misses `prompt` in the query"),
    (by_post, "status 405: not by `GET`"),
    (whole, "content type is `text/plain"),
    (returns_no_answer, "`chat` made a stream with `.astream.*, and nobody read it"),
    (returns_no_app, "returns `None`. Is there a `return app`"),
    (returns_the_function, "returns a `function`; the exercise asks for the app"),
    (makes_it_later, "`create_app` is an `async def`"),
    (asks_when_it_is_made, "The model was asked when the app was made"),
    (without_a_question, "and the model was asked `Name a river.`"),
    (yields_itself, "`chat` yields by itself, .* the content type is `.*json"),
    (yields_into_a_response, "`chat` yields by itself, .* the content type is missing"),
    (returns_its_stream, "returns its stream as it is, and FastAPI can't turn that into JSON"),
    (of_frames_that_are_returned, "given a coroutine, .* Is there a `yield` in the function"),
    (without_brackets, "given a function, .* are brackets missing after its name"),
    (one_stream_for_all, "Of two at once, one gets"),
)


@pytest.mark.parametrize(("create_app", "said"), with_reason(*WRONG_4_6))
def test_4_6_says_what_is_wrong_with_code_that(create_app, said):
    wrong("4.6", create_app, said)


def test_4_6_takes_an_end_that_says_that_half_is_missing():
    async def frames(model, question):
        end = END
        try:
            async for chunk in model.astream(question):
                yield framed(chunk.content)
        except Exception:
            end = 'event: end\ndata: "lost"\n\n'
        yield end

    right("4.6", streaming(frames))


def test_4_6_prints_no_trace_of_a_generator_that_yields_on_when_it_is_closed(monkeypatch):
    odd = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: odd.append(repr(what.exc_value)))
    wrong("4.6", streaming(that_go_on_whatever_happens), "the model went on: 1 more piece")
    assert odd == []


def closes(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async def frames():
            async with aclosing(model.astream(question)) as chunks:
                async for chunk in chunks:
                    yield framed(chunk.content)
            yield END

        return sent(frames())

    return app


def leaves_it_to_python(model):
    app = FastAPI()

    @app.get("/chat")
    async def chat(question: str):
        async def frames():
            async for chunk in model.astream(question):
                yield framed(chunk.content)
            yield END

        return sent(frames())

    return app


def test_4_6_says_of_a_right_answer_if_nothing_in_it_closes_the_stream():
    assert "aclosing" not in right("4.6", closes).message
    assert "`aclosing` closes it in any case" in right("4.6", leaves_it_to_python).message


def test_4_6_wants_the_function_and_not_an_app():
    wrong("4.6", FastAPI(), "it was given an app")


def test_4_6_says_that_it_needs_the_exercise_before():
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
    stub = "def frame(text):\n    ..."
    for before, missing in (("", True), (stub, True), (f"{stub}\n    return 1", False)):
        names = {**globals()}
        exec(f"{before}\n{text}", names)
        message = evaluate("4.6", names["create_app"]).message
        assert ("uses `frame` of exercise 4.5" in message) == missing
        assert ("Run the cell of Exercise 4.5" in message) == missing
        assert ("that isn't written yet" in message) == (before == stub)
