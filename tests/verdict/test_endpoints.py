"""Verdicts on apps that differ from the correct app, `apps.Sound`, in format or one detail.

An app's `pieces` yields the events of a reply, and `frame` encodes an event.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from tests.simulator.virtual import VirtualSimulator
from tests.verdict import little_apps as apps
from tests.verdict.conftest import Judge
from tests.verdict.test_lines import failed
from tools.verdict.__main__ import PRESETS
from tools.verdict.lines import LINES
from tools.verdict.wire_format import WireFormat


class Posted(apps.Sound):
    """Reads the question from the JSON body of a POST request."""

    async def question(self, request: Request) -> str:
        return (await request.json())["ask"]["text"]


class JsonLines(Posted):
    def frame(self, kind: str, value: Any) -> str:
        data = {"delta": {"text": value}} if kind == "text" else {"kind": kind, **value}
        return json.dumps(data, ensure_ascii=False) + "\n"


class BreaksBefore(JsonLines):
    """Sends a line break before each line instead of after it."""

    def frame(self, kind: str, value: Any) -> str:
        return "\n" + super().frame(kind, value).removesuffix("\n")


class LastSaysDone(JsonLines):
    """Marks the last text event as the end of the reply, and sends no further event."""

    async def pieces(self, question: str) -> AsyncGenerator[tuple[str, Any]]:
        held = None
        async with aclosing(super().pieces(question)) as pieces:
            async for kind, value in pieces:
                if held is not None:
                    yield "text", (held, kind == "end")
                held = value if kind == "text" else None
                if kind not in ("text", "end"):
                    yield kind, value

    def frame(self, kind: str, value: Any) -> str:
        if kind != "text":
            return super().frame(kind, value)
        return json.dumps({"delta": {"text": value[0]}, "done": value[1]}) + "\n"


class Plain(Posted):
    """Streams plain text, to which it adds a sentence if the model fails."""

    def frame(self, kind: str, value: Any) -> str:
        return {"text": value, "failed": "\n[The reply broke off.]"}.get(kind, "")


BREAK = "a failure in mid-reply is announced"
BODY = '{"ask": {"text": "{question}"}}'
POST = WireFormat("http://app/chat", method="POST", body=BODY, text_path=".", stop="/stop/{reply}")
LINES_OF_JSON = replace(POST, format="jsonl", text_path="delta.text")
KINDS = {
    **dict.fromkeys([JsonLines, BreaksBefore, LastSaysDone], LINES_OF_JSON),
    Plain: replace(POST, format="text", text_path=None, stop=None),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_correct_app_in_any_format_fails_no_line(verdict: Judge, kind: type[apps.Sound]) -> None:
    table = verdict(kind, KINDS[kind])
    untried = {"Stop stops the model"} if KINDS[kind].stop is None else set()
    assert {name: seen for name, seen in failed(table).items() if name not in untried} == {}
    assert {name for name, seen in table.items() if seen.verdict == "not tried"} == untried


class PlainBreakIsEnd(Plain):
    def frame(self, kind: str, value: Any) -> str:
        return value if kind == "text" else ""


def test_a_plain_text_body_that_ends_normally_after_a_failure_fails(verdict: Judge) -> None:
    table = verdict(PlainBreakIsEnd, KINDS[Plain])
    assert table[BREAK].verdict == "failed"


class StaysOpen(apps.Sound):
    """Keeps the stream open after its last event, so that the client has to close it."""

    async def pieces(self, question: str) -> Any:
        async for piece in super().pieces(question):
            yield piece
        await asyncio.sleep(10_000)


class Pings(apps.BreakIsEnd):
    """Sends an event without text between the last text and the final event."""

    async def pieces(self, question: str) -> Any:
        async for kind, value in super().pieces(question):
            if kind in ("end", "failed"):
                yield "ping", {}
            yield kind, value


class NoSpaces(apps.Sound):
    """Strips leading and trailing spaces from each piece."""

    def frame(self, kind: str, value: Any) -> str:
        return super().frame(kind, value.strip() if kind == "text" else value)


class Dies(apps.Sound):
    """Raises an exception for every request once its model has failed."""

    async def chat(self, request: Request) -> Response:
        if getattr(self, "dead", False):
            raise RuntimeError
        return await super().chat(request)

    def failure(self, error: Exception) -> tuple[str, Any]:
        self.dead = True
        return super().failure(error)


class NamedError(apps.Sound):
    """Names its failure event `error`, so that `EventSource` takes it for a lost connection."""

    def failure(self, error: Exception) -> tuple[str, Any]:
        return "error", {"sentence": "The reply broke off."}


class Stamped(apps.BreakIsEnd):
    """Puts a timestamp and an ID into the end event, so that no two end events are alike."""

    numbers = itertools.count(1)

    async def pieces(self, question: str) -> Any:
        number = next(self.numbers)
        async for kind, value in super().pieces(question):
            extra = {"at": f"2026-11-28T16:{number % 60}", "tokens": number, "id": f"{number:x}"}
            yield kind, {**value, **extra} if kind == "end" else value


class EveryChunk(apps.Sound):
    """Forwards every chunk, even if it is empty, and ignores the finish reason."""

    async def asked(self, question: str, stop: asyncio.Event) -> AsyncGenerator[str]:
        async for chunk in self.model.astream(question):
            yield chunk.text

    def frame(self, kind: str, value: Any) -> str:
        return super().frame(kind, {"delta": value} if kind == "text" else value)


def test_trailing_empty_pieces_do_not_make_a_truncated_reply_look_different(verdict: Judge) -> None:
    table = verdict(EveryChunk, replace(apps.WIRE, text_path="delta"))
    seen = "a truncated stream: it ended as a complete reply does (event end)"
    assert table[BREAK].what == seen


class Buffers(apps.Batches):
    """Sends nothing until the reply is complete."""

    first = 1_000_000


def test_what_a_buffer_hides_is_not_tried(verdict: Judge) -> None:
    table = verdict(Buffers, apps.WIRE)
    hidden = {name for name, seen in table.items() if seen.verdict == "not tried"}
    assert hidden == {
        "leaving stops the model, or readers can rejoin",
        "Stop stops the model",
        "other visitors aren't blocked",
    }
    assert {"first text long before the last", "not buffered on the way"} <= set(failed(table))


@pytest.mark.parametrize(
    ("app", "bad"),
    [
        (StaysOpen, []),
        (NoSpaces, ["every character intact"]),
        *((app, [BREAK]) for app in (Pings, NamedError, Stamped)),
    ],
)
def test_other_peculiarities_of_an_endpoint_fail_no_other_line(
    verdict: Judge, app: type[apps.Sound], bad: list[str]
) -> None:
    assert list(failed(verdict(app, apps.WIRE))) == bad


def test_after_an_app_dies_the_verdict_continues(verdict: Judge) -> None:
    table = verdict(Dies, apps.WIRE)
    assert list(table) == list(LINES)
    assert table["first text long before the last"].verdict == "passed"
    assert table["Stop stops the model"].verdict == "failed"


def naive(virtual: VirtualSimulator) -> ASGIApp:
    app, model = FastAPI(), virtual.chat("sim", max_retries=2)

    @app.get("/chat")
    async def chat(question: str) -> StreamingResponse:
        async def frames() -> AsyncIterator[str]:
            async for chunk in model.astream(question):
                yield f"data: {chunk.content}\n\n"
            yield "event: close\n\n"

        return StreamingResponse(frames(), media_type="text/event-stream")

    return app


def test_the_naive_endpoint_of_lesson_4_fails_what_the_lesson_says(verdict: Judge) -> None:
    table = verdict(naive, WireFormat("http://app/chat?question={question}"))
    assert set(failed(table)) == {
        "every character intact",
        "the end is announced",
        BREAK,
        "a failure doesn't cause a second request",
        "Stop stops the model",
    }
    assert table["Stop stops the model"].verdict == "not tried"


def gateway(virtual: VirtualSimulator) -> ASGIApp:
    """Return the simulator itself, behind a gateway that adds an API key."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [*scope["headers"], (b"authorization", b"Bearer key")]
        await virtual.app({**scope, "headers": headers}, receive, send)

    return app


class FinishReasons(Posted):
    """Ends every stream with `[DONE]`, and says only in the finish reason before it what failed."""

    def frame(self, kind: str, value: Any) -> str:
        content = value if kind == "text" else ""
        reason = {"end": "stop", "failed": "error"}.get(kind)
        choice = {"index": 0, "delta": {"content": content}, "finish_reason": reason}
        done = "data: [DONE]\n\n" if reason else ""
        return f"data: {json.dumps({'choices': [choice]})}\n\n{done}"


def test_a_failure_in_the_finish_reason_is_an_announcement(verdict: Judge) -> None:
    wire = replace(POST, text_path="choices.0.delta.content", stop=None)
    table = verdict(FinishReasons, wire)
    assert set(failed(table)) == {"Stop stops the model"}  # which isn't tried
    said = 'the finish reason "error"'
    assert table[BREAK].what == f"a lost connection: {said}; a truncated stream: {said}"


def test_an_openai_compatible_endpoint_can_be_tested(verdict: Judge) -> None:
    preset = PRESETS["openai"]
    table = verdict(gateway, replace(preset, url=f"http://app{preset.url}"))
    bad = {name: seen.what for name, seen in table.items() if seen.verdict == "failed"}
    # OpenAI's API has no event for a stream that ends early
    expected = "a truncated stream: the stream ended without any event"
    assert bad == {BREAK: expected}
