"""The HTTP endpoints: both chat APIs, the list of models, and the request log.

`api` parses a request and encodes the reply; `compose` decides its content and timing.
"""

import contextlib
import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from . import errors
from .api import chat_completions, responses
from .api.chat_completions import ChatCompletionsEncoder
from .api.responses import ResponsesEncoder
from .auth import LEARNER, KeyRequired, error_response
from .compose import choose, compose
from .concurrency import ConcurrencyLimiter
from .conversations import Conversations
from .errors import ApiError
from .json_values import Json, parse_object, to_json
from .model_request import ModelRequest
from .pacing import Clock
from .prefill import ModelServer, Place
from .profiles import PROFILES, SIM, Profile, model_names
from .recording.recordings import Recordings
from .reply import Encoder, Reply
from .request_log import MAX_PROMPT, Log
from .response import PacedResponse

# Origins whose pages may send requests (CORS): servers on this machine, such as JupyterLab.
_LOOPBACK = r"https?://(?:[\w.-]+\.)?(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?"
_MAX_BODY = 16_000_000  # bytes
# maximum number of requests whose attempts are counted; beyond it, all counts are reset
_MAX_COUNTED = 10_000
_MAX_SERVERS = 200  # limit on simulated servers kept in memory
_MAX_SETTLE = 60.0  # longest time that a client can wait for all replies to end, in seconds


@dataclass(frozen=True)
class Settings:
    """Server settings."""

    key: str  # the key that clients must send
    profile: Profile = PROFILES["chat"]  # the profile behind the model name `sim`
    speed: float = 1.0  # how many times faster than real time replies are
    recordings: Recordings = field(default_factory=Recordings)  # served under their model names
    most_streams: int | None = None  # limit on concurrent replies; None means no limit


class Service:
    """The endpoints of one server, and their shared state."""

    def __init__(self, settings: Settings, limiter: ConcurrencyLimiter, clock: Clock) -> None:
        self._settings = settings
        self._limiter = limiter
        self._clock = clock
        self._log = Log(clock)
        # how many times each request body has arrived, keyed by its hash; some faults use this
        self._attempts: Counter[str] = Counter()
        self._conversations = Conversations()
        # one server per learner and capacity, each with a queue and a prompt cache
        self._model_server = lru_cache(_MAX_SERVERS)(lambda _, capacity: ModelServer(capacity))
        self._behind_sim = SIM  # the model that replies to requests for `sim`
        self._started = int(time.time())

    def routes(self) -> list[Route]:
        """Return the routes of all endpoints."""
        return [
            Route("/v1/chat/completions", self.chat_completions, methods=["POST"]),
            Route("/v1/responses", self.responses, methods=["POST"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{name:path}", self.model, methods=["GET"]),
            Route("/simulator/requests", self.requests, methods=["GET"]),
            Route("/simulator/sim", self.set_sim, methods=["PUT"]),
        ]

    async def chat_completions(self, request: Request) -> ASGIApp:
        """Handle a request to the Chat Completions API, with or without streaming."""
        return await self._answer(
            request, chat_completions.parse, lambda reply, _: ChatCompletionsEncoder(reply)
        )

    async def responses(self, request: Request) -> ASGIApp:
        """Handle a request to the Responses API, with or without streaming."""

        def encoder(reply: Reply, body: Json) -> Encoder:
            reply = reply.part_by_part()  # this API doesn't interleave parts
            encoded = ResponsesEncoder(reply, body)
            if body.get("store") is not False:
                self._conversations.store(encoded.id, reply)
            return encoded

        def parse(body: Json) -> ModelRequest:
            return responses.parse(body, self._conversations.recall)

        return await self._answer(request, parse, encoder)

    async def _answer(
        self,
        request: Request,
        parse: Callable[[Json], ModelRequest],
        encoder: Callable[[Reply, Json], Encoder],
    ) -> ASGIApp:
        """Reply to a request; `parse` and `encoder` implement one API's format."""
        settings, entry = self._settings, self._log.open(request.url.path)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self._log.close, entry)
            try:
                raw = await self._body(request)
                body = parse_object(raw)
                entry.parsed(body, len(raw))
                model_request = parse(body)
                if model_request.model == SIM:
                    model_request = replace(model_request, model=self._behind_sim)
                entry.request.prompt = model_request.prompt[:MAX_PROMPT]
                learner = str(request.scope[LEARNER])
                self._limiter.acquire(learner)
                cleanup.callback(self._limiter.release, learner)

                def admit(profile: Profile, prompt: Sequence[str]) -> Place | None:
                    if profile.capacity is None:
                        return None
                    server = self._model_server(learner, profile.capacity)
                    return server.admit(prompt, entry.started * settings.speed)

                digest = hashlib.sha256(raw).hexdigest()
                if len(self._attempts) > _MAX_COUNTED:
                    self._attempts.clear()
                self._attempts[digest] += 1
                reply = compose(
                    model_request,
                    settings.profile,
                    self._attempts[digest],
                    settings.recordings,
                    name=digest,
                    admit=admit,
                )
                if place := reply.place:
                    place.hold(reply.end)  # if the client disconnects, `leave` frees the slot
                    cleanup.callback(lambda: place.leave(self._clock() * settings.speed))
                encoded = encoder(reply, body)
            except ApiError as error:
                entry.request.status = error.status
                entry.end("failed")
                raise
            entry.planned(reply.ttft(), reply.gap, settings.speed)
            return PacedResponse(
                reply=reply,
                encoder=encoded,
                entry=entry,
                cleanup=cleanup.pop_all(),
                count=self._limiter.count,
                speed=settings.speed,
                clock=self._clock,
            )

    async def _body(self, request: Request) -> bytes:
        raw = bytearray()
        async for part in request.stream():
            raw += part
            if len(raw) > _MAX_BODY:
                raise errors.too_large(_MAX_BODY)
        return bytes(raw)

    async def models(self, _: Request) -> Response:
        """List the models."""
        names = model_names(self._settings.recordings.models)
        models = [self._described(name) for name in names]
        return JSONResponse({"object": "list", "data": models})

    async def model(self, request: Request) -> Response:
        """Describe one model."""
        name = request.path_params["name"]
        choose(name, self._settings.profile, self._settings.recordings.models)
        return JSONResponse(self._described(name))

    def _described(self, name: str) -> Json:
        owner = "streaming-course"
        return {"id": name, "object": "model", "created": self._started, "owned_by": owner}

    async def set_sim(self, request: Request) -> Response:
        """Set the model behind the name `sim`, including its faults, for later requests.

        Tests can use this to change how a running app's model behaves. For example, the body
        `{"model": "sim-chat:drop@8"}` adds a fault, and `{"model": "sim"}` restores the default.
        """
        name = parse_object(await self._body(request)).get("model")
        if not isinstance(name, str):
            raise errors.wrong_type("model", "a string")
        choose(name, self._settings.profile, self._settings.recordings.models)
        self._behind_sim = name
        return JSONResponse({"model": name})

    async def requests(self, request: Request) -> Response:
        """Return the request log; with `?settled=S`, wait up to S seconds for replies to end."""
        given = request.query_params.get("settled") or "0"
        if not re.fullmatch(r"\d+(\.\d+)?", given):
            raise errors.wrong_type("settled", "a number of seconds")
        seconds = min(float(given), _MAX_SETTLE)
        settled = await self._log.settle(seconds) if seconds else True
        since = request.query_params.get("since", "")
        answer = {"mark": self._log.mark(), "settled": settled, "requests": self._log.since(since)}
        return Response(to_json(answer), media_type="application/json")


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = errors.wrong_method if error.status_code == 405 else errors.no_such_path
    response = error_response(answer(request.method, request.url.path))
    response.headers.update(error.headers or {})
    return response


def make_app(settings: Settings, limiter: ConcurrencyLimiter, clock: Clock) -> ASGIApp:
    """Return the server as an ASGI app; `clock` must advance at the same rate as `loop.time()`."""

    def on_api_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return error_response(error, settings.speed)

    app = Starlette(
        routes=Service(settings, limiter, clock).routes(),
        exception_handlers={ApiError: on_api_error, HTTPException: _on_http_error},
    )
    app.router.redirect_slashes = False  # not needed: `KeyRequired` removes trailing slashes
    return CORSMiddleware(
        KeyRequired(app, settings.key),
        allow_origin_regex=_LOOPBACK,
        allow_methods=["*"],
        allow_headers=["*"],
        allow_private_network=True,
        expose_headers=["Retry-After", "Retry-After-Ms"],
    )
