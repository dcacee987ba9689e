"""Client for the endpoint under test: asks a question, rejoins a reply, presses Stop."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urljoin

import httpx2

from .stream import Stream
from .wire_format import WireFormat


class EndpointError(Exception):
    """Raised if the endpoint can't be tested; the message says why."""


class Endpoint:
    """Sends each request to the endpoint from a new client, as if from a different reader."""

    def __init__(
        self, wire: WireFormat, client: Callable[[], httpx2.AsyncClient], longest: float = 120
    ) -> None:
        """Limit each reply to `longest` seconds."""
        self.wire = wire
        self._longest = longest
        self.received: list[bytes | bytearray] = []  # all responses, to be searched for secrets
        self._client = client
        self._closing: set[str] = set()  # the names of events on which a page closes the stream

    def learn_closing_event(self, complete: Stream) -> None:
        """Close later streams on events with the same name as the last event in `complete`."""
        if complete.ending and complete.ending[-1].name not in ("", *self.wire.text_events):
            self._closing.add(complete.ending[-1].name)

    @asynccontextmanager
    async def ask(self, question: str) -> AsyncIterator[Stream]:
        """Send a question and yield the stream; disconnect at the end of the `with` block."""
        wire = self.wire
        stream = Stream(asyncio.get_running_loop().time(), wire, self._closing)
        url = wire.url.replace("{question}", quote(question, safe=""))
        in_json = json.dumps(question)[1:-1]  # escaped; the quotes around it are in the template
        body = wire.body and wire.body.replace("{question}", in_json)
        headers = dict(wire.headers) | ({"content-type": "application/json"} if body else {})
        async with self._limited(stream), self._client() as client:
            request = client.build_request(wire.method, url, content=body, headers=headers)
            if wire.then is not None:
                # The response is JSON; its fields go into the URL of a second request.
                async with self._opened(client, request, stream):
                    await stream.rest(patience=60)
                if stream.status >= 400:
                    yield stream
                    return
                stream.fields = _object(stream.raw)
                # Don't reset `began`: the reader's wait includes both responses.
                stream.parts.clear()
                stream.over = False
                request = self._reading_request(client, stream)
            async with self._opened(client, request, stream):
                yield stream

    @asynccontextmanager
    async def rejoin(self, left: Stream, last_id: str) -> AsyncIterator[Stream]:
        """Request the events after `last_id` in `left`'s reply, as `EventSource` would."""
        now = asyncio.get_running_loop().time()
        again = Stream(now, self.wire, self._closing, fields=left.fields)
        async with self._limited(again), self._client() as client:
            request = self._reading_request(client, again, last_id)
            async with self._opened(client, request, again):
                yield again

    async def stop(self, stream: Stream) -> int:
        assert self.wire.stop is not None
        async with self._client() as client:
            try:
                url = self._filled(self.wire.stop, stream)
                answer = await client.post(url, follow_redirects=True)
            except httpx2.HTTPError as error:
                raise EndpointError(f"Stop could not be sent ({type(error).__name__})") from error
        self.received.append(answer.content)
        return answer.status_code

    def _reading_request(
        self, client: httpx2.AsyncClient, stream: Stream, last_id: str = ""
    ) -> httpx2.Request:
        assert self.wire.then is not None
        headers = {"accept": "text/event-stream"} | ({"last-event-id": last_id} if last_id else {})
        return client.build_request("GET", self._filled(self.wire.then, stream), headers=headers)

    def _filled(self, path: str, stream: Stream) -> str:
        """Return the URL of a path, with each {name} replaced by the field `name` of the stream."""
        for name, value in stream.fields.items():
            path = path.replace("{" + name + "}", quote(str(value), safe=""))
        if missing := re.search(r"\{\w+\}", path):
            known = ", ".join(stream.fields) or "none"
            raise EndpointError(
                f"{path} needs the field {missing[0]}, but the app sent these fields: {known}."
            )
        return urljoin(self.wire.url, path)

    @asynccontextmanager
    async def _limited(self, stream: Stream) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._longest):
                yield
        except TimeoutError as error:
            texts = [part.at - stream.began for part in stream.parts if part.text]
            last = (
                f"its last text had arrived after {texts[-1]:.1f} s" if texts else "it had no text"
            )
            ended = f"A reply hadn't ended after {self._longest:g} s"
            raise EndpointError(f"{ended}; {last}.") from error

    @asynccontextmanager
    async def _opened(
        self, client: httpx2.AsyncClient, request: httpx2.Request, stream: Stream
    ) -> AsyncIterator[None]:
        """Send the request, and let `stream` read the response during the `with` block."""
        stream.raw = bytearray()
        self.received.append(stream.raw)
        try:
            response = await client.send(request, stream=True, follow_redirects=True)
        except httpx2.ConnectError as error:
            unknown = "CERTIFICATE_VERIFY" in str(error)
            fix = "Set SSL_CERT_FILE to its certificate." if unknown else "Is the app running?"
            raise EndpointError(
                f"Could not connect to {error.request.url} ({error}). {fix}"
            ) from error
        except httpx2.RequestError as error:
            why = str(error).rstrip(".") or "the connection was lost"
            raise EndpointError(
                f"The request to {error.request.url} failed: {why}. Is that the app's address?"
            ) from error
        try:
            stream.read_from(response)
            yield
        finally:
            await response.aclose()


def _object(raw: bytes | bytearray) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise EndpointError("The first request wasn't answered with a JSON object; see --then.")
    return value
