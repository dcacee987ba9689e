"""Who may ask: the key, and whose requests these are. Everybody else is told no."""

from __future__ import annotations

import hmac
import re

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from . import errors
from .errors import ApiError

LEARNER = "simulator.learner"  # key of the ASGI scope: who asks
_LONGEST_NAME = 40  # characters


class KeyRequired:
    """Turns away every request that doesn't carry the key, and notes whose the others are.

    Slashes too many, as of a base URL that ends in one, are taken out of the path.
    """

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] == "http":
            scope["path"] = re.sub(r"/+", "/", scope["path"]).rstrip("/") or "/"
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
