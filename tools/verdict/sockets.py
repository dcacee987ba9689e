"""An HTTP transport for `endpoint` that turns Chainlit's and Streamlit's websockets into SSE.

Each question opens a websocket, as a page would; closing the response closes the websocket. This
module implements only what is needed to ask a question, read the reply and press Stop.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

# ("text", piece) for each piece, then ("end", None) or ("failed", message)
Events = AsyncGenerator[tuple[str, Any]]


class Chainlit:
    """A Chainlit page, which exchanges Socket.IO text frames with the server.

    A frame begins with its type: 40 for connecting, 42 for an event, 2 for a ping, 3 for a pong.
    """

    path = "/ws/socket.io/?EIO=4&transport=websocket"

    async def ask(self, socket: ClientConnection, question: str) -> None:
        session = {"clientType": "webapp", "sessionId": str(uuid4()), "userEnv": "{}"}
        await socket.recv()
        await socket.send(f"40{json.dumps(session)}")
        while not str(await socket.recv()).startswith("40"):
            pass
        await self._emit(socket, "connection_successful")
        while "task_end" not in str(await socket.recv()):  # `task_end` is sent to every new page
            pass
        message = {"id": str(uuid4()), "name": "user", "type": "user_message", "output": question}
        message["createdAt"] = datetime.now(UTC).isoformat()
        await self._emit(socket, "client_message", {"message": message, "fileReferences": []})

    async def reply(self, socket: ClientConnection) -> Events:
        """Yield tokens until the task ends; then, yield the task's outcome."""
        begun, failed = False, None
        async for frame in socket:
            assert isinstance(frame, str)
            if frame == "2":
                await socket.send("3")
            event: list[Any] = json.loads(frame[2:]) if frame.startswith("42") else [""]
            name, *data = event
            if name == "task_start":
                begun = True
            elif name == "stream_start":
                yield "text", data[0]["output"]
            elif name == "stream_token":
                yield "text", data[0]["token"]
            elif name == "new_message" and data[0].get("isError"):
                failed = data[0]["output"]
            elif name == "task_end" and begun:
                yield ("failed", failed) if failed else ("end", None)
                return

    async def stop(self, socket: ClientConnection) -> None:
        await self._emit(socket, "stop")

    async def _emit(self, socket: ClientConnection, *event: Any) -> None:
        await socket.send(f"42{json.dumps(event)}")


class Streamlit:
    """A Streamlit page, which sends widget states and receives elements, both as protobuf."""

    path = "/_stcore/stream"
    FINISHED, ELEMENT = (6,), (5, 3)  # paths of field numbers in a frame
    # paths of field numbers in an element
    CHAT_INPUT, ALERT, MARKDOWN, KIND = (49, 1), (30, 1), (29, 1), (29, 4)
    PLAIN = 1  # the KIND of ordinary Markdown; captions ("Thinking…") have a different one

    async def ask(self, socket: ClientConnection, question: str) -> None:
        """Let the script run once, then rerun it with the question as its chat input."""
        await socket.send(_field(11, b""))  # run the script
        chat_input_id = b""
        async for frame in socket:
            assert isinstance(frame, bytes)
            chat_input_id = _at(_at(frame, *self.ELEMENT), *self.CHAT_INPUT) or chat_input_id
            if _at(frame, *self.FINISHED):
                break
        # fields: rerun (11) > widget states (2) > one state (1) > its id (1) and chat input (15)
        value = _field(1, chat_input_id) + _field(15, _field(1, question.encode()))
        await socket.send(_field(11, _field(2, _field(1, value))))

    async def reply(self, socket: ClientConnection) -> Events:
        """Yield only each update's new text, since Streamlit resends the whole reply every time."""
        shown, failed = "", ""
        async for frame in socket:
            assert isinstance(frame, bytes)
            element = _at(frame, *self.ELEMENT)
            text = _at(element, *self.MARKDOWN).decode()
            if text and _at(element, *self.KIND) == bytes([self.PLAIN]) and text != shown:
                yield "text", text.removeprefix(shown)
                shown = text
            failed = _at(element, *self.ALERT).decode() or failed
            if _at(frame, *self.FINISHED):
                yield ("failed", failed) if failed else ("end", None)
                return

    async def stop(self, socket: ClientConnection) -> None:
        await socket.send(b"\x38\x01")  # sets stop_script, field 7, to true


Page = type[Chainlit] | type[Streamlit]
PAGES: dict[str, Page] = {"chainlit": Chainlit, "streamlit": Streamlit}


class Sockets(httpx2.AsyncBaseTransport):
    """An HTTP transport that uses a page's websocket.

    `POST /chat` opens a page and sends a question; `POST /stop/{page}` presses Stop on that page.
    """

    def __init__(self, page: Page, url: str) -> None:
        self._page = page()
        self._url = f"ws://{urlsplit(url).netloc}{page.path}"
        self._open: list[ClientConnection] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        with _errors_as_http():
            if request.url.path.startswith("/stop/"):
                await self._page.stop(self._open[int(request.url.path.rpartition("/")[2])])
                return httpx2.Response(204)
            socket = await connect(self._url, max_size=None, proxy=None)
            self._open.append(socket)
            await self._page.ask(socket, json.loads(await request.aread())["message"])
        frames = self._frames(socket, len(self._open) - 1)
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, stream=_Body(frames, socket))

    async def _frames(self, socket: ClientConnection, number: int) -> AsyncGenerator[bytes]:
        yield _frame("page", {"page": number})
        with _errors_as_http():
            async for name, data in self._page.reply(socket):
                yield _frame(name, data)


class _Body(httpx2.AsyncByteStream):
    def __init__(self, frames: AsyncGenerator[bytes], socket: ClientConnection) -> None:
        self._frames = frames
        self._socket = socket

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._frames

    async def aclose(self) -> None:
        await self._socket.close()
        with suppress(RuntimeError):  # raised if the response is still being read
            await self._frames.aclose()


@contextmanager
def _errors_as_http() -> Iterator[None]:
    try:
        yield
    except (WebSocketException, OSError) as error:
        raise httpx2.ReadError(type(error).__name__) from error


def _frame(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


# --- Protocol buffers: a minimal codec, so that the course needn't install Streamlit ----------


def _field(number: int, value: bytes) -> bytes:
    """Encode a field that contains bytes, a string or a message."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """Encode a number as 7-bit groups, lowest first; a byte's top bit is set if more follow."""
    low = bytearray()
    while value > 0x7F:
        low.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*low, value])


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each field's number and content; the content of a numeric field is its raw bytes."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key, begin = varint(), at
        # kind 0 is a number, 1 is 8 bytes, 2 is a length followed by that many bytes, 5 is 4 bytes
        kind = key & 7
        if kind == 0:
            varint()
        else:
            size = varint() if kind == 2 else {1: 8, 5: 4}[kind]
            begin, at = at, at + size
        yield key >> 3, message[begin:at]


def _at(message: bytes, *path: int) -> bytes:
    """Return the content of the field at a path of field numbers; b"" if there is none."""
    for number in path:
        message = next((content for key, content in _fields(message) if key == number), b"")
    return message
