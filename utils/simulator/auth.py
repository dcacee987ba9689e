"""API-key authentication, which also identifies the learner: a key may end in `/NAME`."""

import contextlib
import hmac
import re

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from . import errors
from .errors import ApiError

LEARNER = "simulator.learner"  # ASGI scope key for the learner's name or address
_MAX_NAME = 40  # characters


class KeyRequired:
    """ASGI middleware that identifies the learner and rejects requests without the right key.

    It also removes extra slashes from the path, such as those of a base URL that ends in a slash.
    """

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward a request with the right key to the app; respond to any other with 401."""
        if scope["type"] == "http":
            scope["path"] = re.sub(r"/+", "/", scope["path"]).rstrip("/") or "/"
            given = dict(scope["headers"]).get(b"authorization", b"")
            scheme, _, credentials = given.partition(b" ")
            key, name = self._split(credentials.strip())
            address, *_port = scope.get("client") or ("",)
            scope[LEARNER] = name or str(address)
            if scheme.lower() != b"bearer" or not hmac.compare_digest(key, self._key):
                response = error_response(errors.wrong_key(bool(key)))
                await response(scope, receive, send)
                return
        with contextlib.suppress(ClientDisconnect):  # the client sent only part of its request
            await self._app(scope, receive, send)

    def _split(self, credentials: bytes) -> tuple[bytes, str]:
        """Split `KEY/NAME`; the name is "" if there is none or the key is wrong."""
        front, name = credentials[: len(self._key) + 1], credentials[len(self._key) + 1 :]
        if hmac.compare_digest(front, self._key + b"/"):
            return self._key, re.sub(r"[^\w.@-]", "", name.decode(errors="ignore"))[:_MAX_NAME]
        return credentials, ""


def error_response(error: ApiError, speed: float = 1.0) -> JSONResponse:
    """Return the HTTP response for an error; its `Retry-After` is divided by `speed`."""
    return JSONResponse(error.body(), error.status, error.headers(speed))
