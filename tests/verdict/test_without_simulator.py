"""Verdicts on apps whose model isn't the simulator; some of the verdict's lines need it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.verdict.conftest import Judge
from tools.verdict.case import WITHOUT_SIMULATOR
from tools.verdict.endpoint import EndpointError
from tools.verdict.lines import LINES
from tools.verdict.wire_format import WireFormat

WIRE = WireFormat("http://app/chat?question={question}")
TEXT, END, DONE = "data: lamp\n\n", "event: end\ndata: 1\n\n", "data: [DONE]\n\n"
STREAM = [*repeat((0.1, TEXT), 30), (0.0, END)]  # (seconds to wait, text to send) pairs
EARLY, SMOOTH, INTACT, ENDS, OTHERS = (
    "first text long before the last",
    "not buffered on the way",
    "every character intact",
    "the end is announced",
    "other visitors aren't blocked",
)


def serving(answer: Callable[[Request], object]) -> Callable[[object], ASGIApp]:
    """Return an app factory: `/chat` calls `answer`, and `/chat/` streams `STREAM`."""
    return lambda _: Starlette(
        routes=[Route("/chat", answer, methods=["GET", "POST"]), Route("/chat/", streaming(STREAM))]
    )


def streaming(
    script: Sequence[tuple[float, Any]], kind: str = "text/event-stream"
) -> Callable[[Request], object]:
    """Return an endpoint that streams each frame of a script, such as `STREAM`, after its delay."""

    async def frames() -> AsyncIterator[str]:
        for seconds, frame in script:
            await asyncio.sleep(seconds)
            yield frame

    async def chat(_: Request) -> Response:
        return StreamingResponse(frames(), media_type=kind)

    return chat


async def moved(request: Request) -> Response:
    return RedirectResponse(request.url.replace(path="/chat/"))


async def empty(_: Request) -> Response:
    return Response(status_code=204)


def once() -> Callable[[Request], object]:
    """Return an endpoint that refuses every request that arrives while it is streaming a reply."""
    streams = 0

    async def frames() -> AsyncIterator[str]:
        nonlocal streams
        for seconds, frame in STREAM:
            await asyncio.sleep(seconds)
            yield frame
        streams -= 1

    async def chat(_: Request) -> Response:
        nonlocal streams
        if streams:
            return Response(status_code=429)
        streams += 1
        return StreamingResponse(frames(), media_type="text/event-stream")

    return chat


async def breaks(_: Request) -> Response:
    async def frames() -> AsyncIterator[str]:
        yield TEXT
        await asyncio.sleep(1)
        yield TEXT
        raise RuntimeError

    return StreamingResponse(frames(), media_type="text/event-stream")


async def around(request: Request) -> Response:
    return RedirectResponse(request.url)


def refusing(status: int) -> Callable[[Request], object]:
    async def chat(_: Request) -> Response:
        return Response("no lamps", status)

    return chat


async def silent(_: Request) -> Response:
    await asyncio.sleep(10_000)
    return Response()


@pytest.mark.parametrize(
    ("answer", "bad"),
    [
        (streaming(STREAM), {}),
        (moved, {}),
        (streaming([(12, ""), *STREAM]), {}),  # a slow model's delay isn't mistaken for buffering
        (
            streaming([(2, TEXT * 30 + END)]),
            {EARLY: "failed", SMOOTH: "failed", OTHERS: "not tried"},
        ),
        (
            streaming([(0, TEXT * 15), (2, TEXT * 15 + END)]),
            {SMOOTH: "failed", OTHERS: "not tried"},
        ),
        (streaming([*STREAM[:15], (0, END.replace("end", "failed"))]), {ENDS: "failed"}),
        (streaming([*STREAM[:15], (0, END.replace("end", "error"))]), {ENDS: "failed"}),
        (streaming([*STREAM[:15], (0, END.replace("end", "failed") + END)]), {ENDS: "failed"}),
    ],
    ids=["streams", "redirect", "slow", "one burst", "two bursts", "failed", "error", "then end"],
)
def test_arrival_and_ending_are_judged_correctly(
    verdict: Judge, answer: Callable[[Request], object], bad: dict[str, str]
) -> None:
    table = verdict(serving(answer), WIRE, simulated=False)
    assert table.pop(INTACT) == WITHOUT_SIMULATOR
    tried = {name: seen.verdict for name, seen in table.items() if LINES[name].anywhere}
    assert {name: seen for name, seen in tried.items() if seen != "passed"} == bad


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (streaming(STREAM, "application/json"), "status 200 and application/json.* see --format"),
        (empty, "GET http://app/chat.* status 204 and no content type.* The response is empty"),
        (refusing(404), "Are the URL and the request right.*The response began with: 'no lamps'"),
        (refusing(503), "status 503 .* The server's log may say why.*: 'no lamps'"),
        (silent, "A reply hadn't ended after 120 s; it had no text"),
        (streaming([(1, TEXT)] * 1000), "hadn't ended after 120 s; its last text .* after 119"),
        (
            streaming([(0, TEXT + END), *[(9, ": ping\n\n")] * 100]),
            "hadn't ended after 120 s; its last text .* after 0",
        ),
        (around, "The request to http://app/chat.* failed: Exceeded maximum allowed redirects"),
        (streaming([(0, "event: word\n" + TEXT + END)]), "It has events named end, word. See"),
        (streaming([(0, "data: lamp\n")]), "It has no complete event"),
        (streaming([(0, ": ping\n\n"), (99, "")]), "Then nothing arrived for 60 s"),
        (streaming([(0, 'data: {"delta": "lamp"}\n\n')] * 9), "is JSON, such as .*--text-path"),
        (streaming([(0, 'data: "lamp"\n\n')] * 9), "is JSON, such as .*--text-path"),
    ],
    ids=[
        *(
            "content type",
            "no content",
            "refused",
            "failed",
            "no answer",
            "no end",
            "pings",
            "redirects",
        ),
        *("event name", "no blank line", "silence", "JSON", "JSON string"),
    ],
)
def test_a_response_that_is_not_a_reply_is_reported(
    verdict: Judge, answer: Callable[[Request], object], sentence: str
) -> None:
    with pytest.raises(EndpointError, match=sentence):
        verdict(serving(answer), WIRE, simulated=False)


def test_a_refused_visitor_and_a_dropped_connection_are_named(verdict: Judge) -> None:
    table = verdict(serving(once()), WIRE, simulated=False)
    assert table[OTHERS].what == "the second visitor's request was answered with status 429"
    assert table["no key and no traceback in any answer"].what == "4 answers"
    table = verdict(serving(breaks), WIRE, simulated=False)
    assert table[ENDS].what.startswith("the connection dropped after the last text")
    assert (
        table[SMOOTH].what == "at most 50% of the text arrived in one go, but the reply broke off"
    )


@pytest.mark.parametrize("data", [{"error": {"code": 503}}, {"type": "error", "text": "busy"}])
def test_an_error_before_the_last_event_is_a_failure(verdict: Judge, data: Any) -> None:
    ending = f"data: {json.dumps(data)}\n\ndata: [DONE]\n\n"
    script = [*repeat((0.1, 'data: {"delta": "lamp"}\n\n'), 15), (0, ending)]
    wire = replace(WIRE, text_path="delta")
    table = verdict(serving(streaming(script)), wire, simulated=False)
    assert table[ENDS].what.startswith("the reply ended with an error object, as if it had failed")
    assert table[ENDS].what.endswith(str(data))


@pytest.mark.parametrize(("last", "reason"), [("", "error"), ("lamp", "error"), ("", "abort")])
def test_a_finish_reason_can_report_a_failure(verdict: Judge, last: str, reason: str) -> None:
    def chunk(text: str, reason: str | None) -> str:
        choice = {"delta": {"content": text}, "finish_reason": reason}
        return f"data: {json.dumps({'choices': [choice]})}\n\n"

    script = [*repeat((0.1, chunk("lamp", None)), 15), (0, chunk(last, reason)), (0, DONE)]
    wire = replace(WIRE, text_path="choices.0.delta.content")
    table = verdict(serving(streaming(script)), wire, simulated=False)
    said = f'the reply ended with the finish reason "{reason}", as if it had failed'
    assert table[ENDS].verdict == "failed"
    assert table[ENDS].what.startswith(said)


def test_a_byte_order_mark_does_not_hide_the_first_text(verdict: Judge) -> None:
    lines = [(1, '\ufeff{"t": "lamp"}\n'), *repeat((1, '{"t": "lamp"}\n'), 9)]
    wire = replace(WIRE, method="POST", format="jsonl", text_path="t")
    table = verdict(serving(streaming(lines, "text/plain")), wire, simulated=False)
    assert table[EARLY].what.startswith("first text after 1.0 s")


def test_text_that_is_not_utf_8_is_quoted(verdict: Judge) -> None:
    script = [*repeat((0.1, "data: lämp\n\n".encode("latin-1")), 9), (0.0, END)]
    table = verdict(serving(streaming(script)), WIRE, simulated=False)
    assert table[INTACT].what == r"received b'data: l\xe4mp\n', but a page reads UTF-8"


async def started(_: Request) -> Response:
    return JSONResponse({"id": 1})


def test_a_field_that_the_app_does_not_send_is_named(verdict: Judge) -> None:
    wire = replace(WIRE, then="/chat/?reply={reply}")
    with pytest.raises(
        EndpointError, match=r"needs the field \{reply\}, but the app sent these fields: id"
    ):
        verdict(serving(started), wire, simulated=False)
