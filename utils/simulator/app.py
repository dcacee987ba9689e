"""The routes: what arrives over HTTP, and the answers that leave."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from . import ask_chat, ask_responses, errors
from .ask import Ask
from .errors import ApiError
from .fields import Json, read_json
from .log import Entry, Log
from .memory import Memory, Tally
from .pacing import Presence, due
from .profiles import PROFILES, Profile, model_names
from .reply import Reply, choose, compose
from .sharing import Seats
from .traces import Recordings
from .wire import Wire, model, model_list, to_json
from .wire_chat import ChatWire
from .wire_responses import ResponsesWire

LEARNER = "simulator.learner"  # key of the ASGI scope: who asks
_LARGE = 1_000_000  # bytes; of larger bodies only a few are read at a time
_LARGE_BODIES = 4
_LARGEST = 16_000_000  # bytes
_BODY_SECONDS = 60.0
_LONGEST_NAME = 40  # characters
RESET = "simulator.reset"  # extension of the ASGI scope: breaks the connection
_SETTLE_SECONDS = 5.0
_HEADERS = {True: b"text/event-stream; charset=utf-8", False: b"application/json"}


@dataclass(frozen=True)
class Settings:
    """What a server is started with.

    Attributes:
        key: The key that clients must send.
        profile: The profile behind the model name `sim`.
        speed: How many times faster than real time replies are.
        recordings: Replies of real models, served under those models' names.
        most_streams: Most replies at once; None is no limit.
    """

    key: str
    profile: Profile = PROFILES["chat"]
    speed: float = 1.0
    recordings: Recordings = field(default_factory=Recordings)
    most_streams: int | None = None


class Service:
    """The state of one server and its endpoints."""

    def __init__(self, settings: Settings, seats: Seats) -> None:
        self._settings = settings
        self._seats = seats
        self._large = asyncio.Semaphore(_LARGE_BODIES)
        self._log = Log()
        self._asked = Tally()
        self._memory = Memory()
        self._started = int(time.time())

    def routes(self) -> list[Route]:
        """Return the table of endpoints."""
        return [
            Route("/v1/chat/completions", self.chat_completions, methods=["POST"]),
            Route("/v1/responses", self.responses, methods=["POST"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{name}", self.model, methods=["GET"]),
            Route("/simulator/requests", self.requests, methods=["GET"]),
        ]

    async def chat_completions(self, request: Request) -> ASGIApp:
        """Answer a chat request, streaming or whole."""
        return await self._answered(request, ask_chat.read_ask, lambda reply, _: ChatWire(reply))

    async def responses(self, request: Request) -> ASGIApp:
        """Answer a request of the Responses API, streaming or whole."""

        def read(body: Json) -> Ask:
            before = self._memory.recall(body.get("previous_response_id"))
            return ask_responses.read_ask(body, before)

        def shape(reply: Reply, body: Json) -> Wire:
            wire = ResponsesWire(reply, body)
            if body.get("store") is not False:
                self._memory.keep(wire.id, reply)
            return wire

        return await self._answered(request, read, shape)

    async def _answered(
        self, request: Request, read: Callable[[Json], Ask], shape: Callable[[Reply, Json], Wire]
    ) -> ASGIApp:
        """Read a request, keep the log, and return what sends the answer."""
        entry = self._log.open(request.url.path)
        visit = contextlib.ExitStack()
        visit.callback(self._log.close, entry)
        try:
            raw = await self._body(request)
            body = read_json(raw)
            entry.understood(body, len(raw))
            ask = read(body)
            entry.asked(ask.prompt)
            learner = str(request.scope[LEARNER])
            self._seats.take(learner)
            visit.callback(self._seats.leave, learner)
            settings, times = self._settings, self._asked.count(raw)
            name = hashlib.sha256(raw).hexdigest()
            reply = compose(ask, settings.profile, times, settings.recordings, name=name)
            wire = shape(reply, body)
        except ApiError as error:
            entry.answered(error.status)
            entry.end("failed")
            visit.close()
            raise
        except BaseException:
            visit.close()
            raise
        entry.answered(200)
        entry.planned(reply.first_shown(), reply.gap, self._settings.speed)
        return Paced(reply, wire, entry, visit, self._seats.count, self._settings.speed)

    async def _body(self, request: Request) -> bytes:
        """Return a request's body, unless it is too large or does not come in.

        Raises:
            ApiError: 408 or 413.
        """
        length = request.headers.get("content-length", "")
        is_large = not (length.isdecimal() and int(length) <= _LARGE)
        try:
            async with (
                asyncio.timeout(_BODY_SECONDS),
                self._large if is_large else contextlib.nullcontext(),
            ):
                raw = bytearray()
                async for part in request.stream():
                    raw += part
                    if len(raw) > _LARGEST:
                        raise errors.too_large(_LARGEST)
                return bytes(raw)
        except TimeoutError:
            raise errors.too_slow() from None

    async def models(self, _: Request) -> Response:
        """List the models."""
        return JSONResponse(
            model_list([*self._settings.recordings.models, *model_names()], self._started)
        )

    async def model(self, request: Request) -> Response:
        """Describe one model."""
        name = request.path_params["name"]
        choose(name, self._settings.profile, self._settings.recordings.models)
        return JSONResponse(model(name, self._started))

    async def requests(self, request: Request) -> Response:
        """Hand out the request log, on demand when no reply is on its way any more."""
        settled = True
        if request.query_params.get("settled"):
            settled = await self._log.settle(_SETTLE_SECONDS)
        since = request.query_params.get("since", "")
        answer = {
            "mark": self._log.mark(),
            "settled": settled,
            "requests": self._log.since(since),
        }
        return Response(to_json(answer), media_type="application/json")


class Paced:
    """An ASGI response whose parcels leave at their deadlines, until the client leaves."""

    def __init__(
        self,
        reply: Reply,
        wire: Wire,
        entry: Entry,
        visit: contextlib.ExitStack,
        count: Callable[[int], None],
        speed: float,
    ) -> None:
        self._reply = reply
        self._wire = wire
        self._entry = entry
        self._visit = visit
        self._count = count
        self._speed = speed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the reply and keep the log."""
        entry, presence = self._entry, Presence(receive)
        parcels = self._reply.parcels(self._wire)
        begun, ends = False, ""
        try:
            async for batch in due(parcels, entry.started, self._speed, presence.until):
                if not begun:  # the headers travel with the first bytes
                    await send(self._start())
                    begun = True
                data = b"".join(parcel.data for parcel in batch)
                await send({"type": "http.response.body", "body": data, "more_body": True})
                tokens = sum(parcel.tokens for parcel in batch)
                entry.sent(tokens)
                self._count(tokens)
                ends = batch[-1].ends
            if presence.left_at is not None:
                seconds = (presence.left_at - entry.started) * self._speed
                entry.left(self._reply.plan, seconds)
                return
            entry.end("failed" if ends else "finished")
            if ends == "reset":
                scope["extensions"][RESET]()
                await presence.gone()
            else:
                await send({"type": "http.response.body", "body": b""})
        finally:
            presence.close()
            self._visit.close()

    def _start(self) -> dict[str, object]:
        kind = _HEADERS[self._reply.ask.stream]
        headers = [(b"content-type", kind), (b"cache-control", b"no-cache")]
        return {"type": "http.response.start", "status": 200, "headers": headers}


class KeyRequired:
    """Turns away every request that doesn't carry the key, and notes whose the others are."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            word, _, key = given.partition(b" ")
            key, learner = self._told_apart(key.strip())
            scope[LEARNER] = learner or str((scope.get("client") or ("",))[0])
            if word.lower() != b"bearer" or not hmac.compare_digest(key, self._key):
                response = refusal(errors.wrong_key(bool(key)))
                await response(scope, receive, send)
                return
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            return  # left while its request was still coming in: nobody to answer

    def _told_apart(self, key: bytes) -> tuple[bytes, str]:
        """Return the key, and the learner's name after it if there is one."""
        front, slash, name = key.rpartition(b"/")
        if slash and hmac.compare_digest(front, self._key):
            return front, re.sub(r"[^\w.@-]", "", name.decode(errors="ignore"))[:_LONGEST_NAME]
        return key, ""


def refusal(error: ApiError, speed: float = 1.0) -> JSONResponse:
    """Return an error as a response."""
    return JSONResponse(error.body(), error.status, error.headers(speed))


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = errors.wrong_method if error.status_code == 405 else errors.no_such_path
    return refusal(answer(request.method, request.url.path))


def make_app(settings: Settings, seats: Seats) -> ASGIApp:
    """Return the server as an ASGI application.

    Args:
        settings: What the server is started with.
        seats: Who is streaming.

    Raises:
        ValueError: If the speed is not a positive finite number.
    """
    if not (settings.speed > 0 and math.isfinite(settings.speed)):
        raise ValueError(f"speed must be a positive number, not {settings.speed}")

    def on_api_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return refusal(error, settings.speed)

    app = Starlette(
        routes=Service(settings, seats).routes(),
        exception_handlers={ApiError: on_api_error, HTTPException: _on_http_error},
    )
    return KeyRequired(app, settings.key)
