"""Verdicts on apps whose model isn't the simulator: only lines marked `anywhere` are tried."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import repeat

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.verdict.conftest import Judge
from tools.verdict.endpoint import EndpointError
from tools.verdict.lines import LINES
from tools.verdict.wire_format import WireFormat

WIRE = WireFormat("http://app/chat?question={question}")
TEXT, END = "data: lamp\n\n", "event: end\ndata: 1\n\n"
STREAM = [*repeat((0.1, TEXT), 30), (0.0, END)]  # (seconds to wait, text to send) pairs
EARLY, SMOOTH, ENDS, OTHERS = (
    "first text long before the last",
    "not buffered on the way",
    "the end is announced",
    "other visitors aren't blocked",
)


def serving(answer: Callable[[Request], object]) -> Callable[[object], ASGIApp]:
    """Return an app factory: `/chat` calls `answer`, and `/chat/` streams `STREAM`."""
    return lambda _: Starlette(routes=[Route("/chat", answer), Route("/chat/", streaming(STREAM))])


def streaming(
    script: list[tuple[float, str]], kind: str = "text/event-stream"
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
    ],
    ids=["streams", "redirect", "slow", "one burst", "two bursts", "failed", "error"],
)
def test_arrival_and_ending_are_judged_correctly(
    verdict: Judge, answer: Callable[[Request], object], bad: dict[str, str]
) -> None:
    table = verdict(serving(answer), WIRE, simulated=False)
    tried = {name: table[name].verdict for name, line in LINES.items() if line.anywhere}
    assert {name: seen for name, seen in tried.items() if seen != "passed"} == bad


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (streaming(STREAM, "application/json"), "status 200 and application/json"),
        (empty, "status 204 and no content type"),
        (silent, "A reply hadn't ended after 120 s"),
        (streaming([(1, TEXT)] * 1000), "A reply hadn't ended after 120 s"),
    ],
    ids=["content type", "no content", "no answer", "no end"],
)
def test_a_response_that_is_not_a_reply_is_reported(
    verdict: Judge, answer: Callable[[Request], object], sentence: str
) -> None:
    with pytest.raises(EndpointError, match=sentence):
        verdict(serving(answer), WIRE, simulated=False)
