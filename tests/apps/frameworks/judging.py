"""Judges an app the way the `verdict` command does, but with shorter waits."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx2

from tools.running_app import Site
from tools.verdict.__main__ import parser, wire_format
from tools.verdict.case import Case, Seen
from tools.verdict.endpoint import Endpoint
from tools.verdict.lines import LINES, judge
from tools.verdict.model import Model
from tools.verdict.sockets import PAGES, Sockets


def verdict(site: Site, preset: str, url: str) -> dict[str, Seen]:
    """Return the verdict table. Its keys name the lines, such as "Stop stops the model".

    Args:
        site: The app's process and its simulator.
        preset: The app's name, which determines how questions are sent.
        url: The address of the app, or of nginx in front of the app.
    """
    client = partial(httpx2.AsyncClient, timeout=None, trust_env=False)
    ask = client
    if preset in PAGES:  # the app's page uses a websocket
        ask = partial(client, transport=Sockets(PAGES[preset], url))

    async def judged() -> dict[str, Seen]:
        wire = wire_format(parser().parse_args(["--preset", preset, url]), port=0)  # port is unused
        model = Model(site.model["OPENAI_BASE_URL"], site.model["OPENAI_API_KEY"], client)
        # `hold`: how long the model pauses, in seconds
        # `silence`: how long a pause the app must survive or report, in seconds
        case = Case(Endpoint(wire, ask), model, speed=2, hold=4, silence=2)
        return await judge(case, lambda *_: None)

    # Use a new thread: in the current one, sync Playwright may have left an event loop running.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(judged())).result()


def failed(table: dict[str, Seen]) -> list[str]:
    """Return the names of the verdict lines that the app didn't pass."""
    assert list(table) == list(LINES)
    return [name for name, seen in table.items() if seen.verdict != "passed"]
