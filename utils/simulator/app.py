"""The routes: what arrives over HTTP, and the answers that leave."""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

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
from .wire import Wire, model, model_list, to_json
from .wire_chat import ChatWire
from .wire_responses import ResponsesWire

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
    """

    key: str
    profile: Profile = PROFILES["chat"]
    speed: float = 1.0


class Service:
    """The state of one server and its endpoints."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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
        try:
            raw = await request.body()
            body = read_json(raw)
            entry.understood(body, len(raw))
            ask = read(body)
            entry.asked(ask.prompt)
            reply = compose(ask, self._settings.profile, self._asked.count(raw))
            wire = shape(reply, body)
        except ApiError as error:
            entry.answered(error.status)
            entry.end("failed")
            self._log.close(entry)
            raise
        except BaseException:
            self._log.close(entry)
            raise
        entry.answered(200)
        entry.planned(reply.first_shown(), reply.gap, self._settings.speed)
        return Paced(reply, wire, entry, self._log, self._settings.speed)

    async def models(self, _: Request) -> Response:
        """List the models."""
        return JSONResponse(model_list(model_names(), self._started))

    async def model(self, request: Request) -> Response:
        """Describe one model."""
        name = request.path_params["name"]
        choose(name, self._settings.profile)
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

    def __init__(self, reply: Reply, wire: Wire, entry: Entry, log: Log, speed: float) -> None:
        self._reply = reply
        self._wire = wire
        self._entry = entry
        self._log = log
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
                entry.sent(sum(parcel.tokens for parcel in batch))
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
            self._log.close(entry)

    def _start(self) -> dict[str, object]:
        kind = _HEADERS[self._reply.ask.stream]
        headers = [(b"content-type", kind), (b"cache-control", b"no-cache")]
        return {"type": "http.response.start", "status": 200, "headers": headers}


class KeyRequired:
    """Turns away every request that doesn't carry the key."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            word, _, key = given.partition(b" ")
            if word.lower() != b"bearer" or not hmac.compare_digest(key.strip(), self._key):
                response = refusal(errors.wrong_key(bool(key)))
                await response(scope, receive, send)
                return
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            return  # left while its request was still coming in: nobody to answer


def refusal(error: ApiError, speed: float = 1.0) -> JSONResponse:
    """Return an error as a response."""
    return JSONResponse(error.body(), error.status, error.headers(speed))


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = errors.wrong_method if error.status_code == 405 else errors.no_such_path
    return refusal(answer(request.method, request.url.path))


def make_app(settings: Settings) -> ASGIApp:
    """Return the server as an ASGI application.

    Raises:
        ValueError: If the speed is not a positive finite number.
    """
    if not (settings.speed > 0 and math.isfinite(settings.speed)):
        raise ValueError(f"speed must be a positive number, not {settings.speed}")

    def on_api_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return refusal(error, settings.speed)

    app = Starlette(
        routes=Service(settings).routes(),
        exception_handlers={ApiError: on_api_error, HTTPException: _on_http_error},
    )
    return KeyRequired(app, settings.key)
