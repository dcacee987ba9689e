"""The fixture `verdict`, which judges an app in this process, in virtual time.

A verdict is a table with a `Seen` for each line: passed, failed or not tried, and why.
"""

from collections.abc import Callable

import httpx2
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.simulator.virtual import ADDRESS, KEY, AppTransport, VirtualSimulator
from tools.verdict.case import TRICKY, Case, Seen
from tools.verdict.endpoint import Endpoint
from tools.verdict.lines import judge
from tools.verdict.model import Model
from tools.verdict.wire_format import WireFormat
from utils.simulator.response import RESET

Make = Callable[[VirtualSimulator], ASGIApp]
Judge = Callable[..., dict[str, Seen]]


def served(app: ASGIApp) -> ASGIApp:
    """Wrap an app so that an exception causes a 500 response or, in mid-response, a reset."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, noted)
        except Exception:
            if begun:
                await scope["extensions"][RESET]()
            else:
                await PlainTextResponse("Internal Server Error", 500)(scope, receive, send)

    return guarded


@pytest.fixture
def verdict() -> Judge:
    """Return a function that calls `make` to create an app, and returns the app's verdict table."""

    def judged(make: Make, wire: WireFormat, *, simulated: bool = True) -> dict[str, Seen]:
        virtual = VirtualSimulator()
        app = served(make(virtual))

        def client(to: ASGIApp) -> Callable[[], httpx2.AsyncClient]:
            return lambda: httpx2.AsyncClient(transport=AppTransport(to), timeout=None)

        model = Model(ADDRESS, KEY, client(virtual.app)) if simulated else None
        # Use short replies, so that a few pieces are a large part of a reply.
        brief = {"flood": 0.6, "about": "Name a river.", "tricky": TRICKY[:1]}
        case = Case(Endpoint(wire, client(app)), model, **brief)
        try:
            return virtual.run(judge(case, report=lambda *_: None))
        finally:
            virtual.close()

    return judged
