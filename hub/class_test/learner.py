"""A simulated learner that logs in, starts a server, and runs cells over a websocket.

It sends only the requests that a browser would, through the hub's proxy. Frames are stored with
their arrival times and parsed afterwards, so that simulating a whole class puts little load on the
machine that is being measured.
"""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from hub.class_test.kernel_messages import PROTOCOL, Message, message, request

# headers that a browser sends to open a page; without them, the hub would respond differently
_NAVIGATE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": ""}


class LearnerError(Exception):
    """Raised for a failure that a real learner would have seen."""


@dataclass
class Run:
    """A request to the kernel, for example to run a cell, and what the kernel sent in response."""

    request_id: str = ""
    # all frames that arrived before the next request, with their arrival times (Unix)
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    reply: dict[str, Any] | None = None  # the content of the kernel's reply, once it has arrived
    idle: bool = False  # whether the kernel has reported that it is idle again

    def messages(self) -> list[tuple[float, Message]]:
        """Return the kernel's messages for this request, with their arrival times (Unix)."""
        decoded = ((at, message(frame)) for at, frame in self.frames)
        return [(at, one) for at, one in decoded if one.parent == self.request_id]

    def printed(self) -> str:
        streams = [one for _, one in self.messages() if one.kind == "stream"]
        return "".join(one.content["text"] for one in streams)


class Learner:
    """A learner and their browser. Every method except `close` may raise LearnerError."""

    def __init__(self, name: str, address: str, password: str) -> None:
        self.name = name
        self._address = address
        self._password = password
        self._server = f"{address}/user/{name}"
        self._session = secrets.token_hex(16)
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # needed because the host is an IP address
            timeout=aiohttp.ClientTimeout(total=None, sock_read=180),
        )
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None
        self._run = Run()  # the most recent run
        self._over = asyncio.Event()  # set once `_run` is complete or the connection has closed

    async def log_in(self) -> None:
        page = f"{self._address}/hub/login"
        await self._page(page)
        form = {"username": self.name, "password": self._password}
        form["_xsrf"] = self._cookie("/hub/login")
        async with self._http.post(
            page, data=form, headers=_NAVIGATE, allow_redirects=False
        ) as answer:
            if answer.status != 302:
                raise LearnerError(f"the login returned status {answer.status}")

    async def start_server(self) -> None:
        """Request a server, and read its progress events until it is ready."""
        await self._page(f"{self._address}/hub/spawn/{self.name}")
        progress = f"{self._address}/hub/api/users/{self.name}/server/progress"
        query = {"_xsrf": self._cookie("/hub/")}
        headers = {"Accept": "text/event-stream", "Referer": f"{self._address}/hub/home"}
        async with self._http.get(progress, params=query, headers=headers) as events:
            async for line in events.content:
                if not line.startswith(b"data:"):
                    continue
                event = json.loads(line.removeprefix(b"data:"))
                if event.get("failed"):
                    raise LearnerError(f"the server did not start: {event.get('message')}")
                if event.get("ready"):
                    return
        raise LearnerError(f"the hub stopped reporting how the server starts ({events.status})")

    async def open_page(self) -> None:
        """Open JupyterLab, following the redirects between the hub and the server."""
        await self._page(f"{self._server}/")

    async def open_kernel(self, notebook: str) -> None:
        session: dict[str, Any] = {"path": notebook, "name": notebook, "type": "notebook"}
        session["kernel"] = {"name": "python3"}
        headers = {"X-XSRFToken": self._cookie(f"/user/{self.name}/api")}
        sessions = f"{self._server}/api/sessions"
        async with self._http.post(sessions, json=session, headers=headers) as answer:
            if answer.status != 201:
                raise LearnerError(
                    f"the kernel did not start ({answer.status}): {(await answer.text())[:200]}"
                )
            kernel = (await answer.json())["kernel"]["id"]
        channels = f"{self._server}/api/kernels/{quote(kernel)}/channels"
        self._socket = await self._http.ws_connect(
            f"{channels}?session_id={self._session}",
            protocols=(PROTOCOL,),
            origin=self._address,
            max_msg_size=0,  # no limit
        )
        if self._socket.protocol != PROTOCOL:
            raise LearnerError(f"the server speaks {self._socket.protocol}, not {PROTOCOL}")
        self._reading = asyncio.create_task(self._read(self._socket))
        await self._ask("kernel_info_request", {})

    async def run(self, code: str) -> Run:
        content = {"code": code, "silent": False, "store_history": True, "stop_on_error": True}
        done = await self._ask("execute_request", content | {"user_expressions": {}})
        reply = done.reply or {}
        if reply.get("status") != "ok":
            raise LearnerError(f"a cell failed: {reply.get('ename')}: {reply.get('evalue')}")
        return done

    async def value(self, expression: str) -> str:
        """Evaluate an expression in the kernel; return the `repr` of its value."""
        content = {"code": "", "silent": True, "user_expressions": {"value": expression}}
        done = await self._ask("execute_request", content)
        found = (done.reply or {}).get("user_expressions", {}).get("value", {})
        if found.get("status") != "ok":
            raise LearnerError(f"{expression} failed: {found.get('evalue')}")
        return str(found["data"]["text/plain"])

    async def close(self) -> None:
        """Close all connections; the learner's server keeps running until the hub stops."""
        if self._reading is not None:
            self._reading.cancel()
        await self._http.close()

    async def _page(self, address: str) -> None:
        async with self._http.get(address, headers=_NAVIGATE) as answer:
            await answer.read()
            if answer.status != 200:
                raise LearnerError(f"{answer.url.path} returned status {answer.status}")

    def _cookie(self, path: str) -> str:
        cookies = self._http.cookie_jar.filter_cookies(URL(f"{self._address}{path}"))
        return cookies["_xsrf"].value if "_xsrf" in cookies else ""

    async def _ask(self, kind: str, content: dict[str, Any]) -> Run:
        """Send a request; wait until its reply has arrived and the kernel is idle."""
        assert self._socket is not None
        self._over.clear()
        request_id, frame = request(kind, content, self._session)
        self._run = Run(request_id)
        await self._socket.send_bytes(frame)
        await self._over.wait()
        if self._run.reply is None:
            raise LearnerError("the connection to the kernel broke")
        return self._run

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Store each frame with its arrival time; parse only frames that may complete a request."""
        async for received in socket:
            at = time.time()
            if received.type is not aiohttp.WSMsgType.BINARY:
                continue
            frame: bytes = received.data
            run = self._run
            run.frames.append((at, frame))
            if b'"idle"' in frame or b"_reply" in frame:
                self._note_end(run, message(frame))
        self._over.set()

    def _note_end(self, run: Run, received: Message) -> None:
        """Record the kernel's reply or idle status, and end the run once both have arrived."""
        if received.parent != run.request_id:
            return
        if received.kind == "status" and received.content["execution_state"] == "idle":
            run.idle = True
        elif received.channel == "shell":
            run.reply = received.content
        if run.idle and run.reply is not None:
            self._over.set()
