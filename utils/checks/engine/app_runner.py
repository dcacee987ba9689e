"""Runs an answer that creates a web app, and sends requests to that app."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

from starlette.applications import Starlette

from utils.checks.engine.asgi_client import App, Visit, started
from utils.checks.engine.exercise import Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.mistakes import FIRST
from utils.checks.engine.reply import Reply
from utils.checks.engine.run import Case, Run, Wanted
from utils.checks.engine.stream_runner import run_async


class _App(Wanted):
    def fits(self, value: object) -> bool:
        """Whether a value is an app: an object that can be called, or a raw ASGI function."""
        if inspect.iscoroutinefunction(value):
            return len(inspect.signature(value).parameters) == 3  # scope, receive and send
        return callable(value) and not inspect.isroutine(value) and not isinstance(value, type)


_APP = _App(object, "the app")

NO_APP: Mistakes[Run] = {  # mistakes that a check looks for before mistakes in the responses
    "not a function": lambda run: not _makes_an_app(run.answer),
    "async def": FIRST["async def"],
    "yields": FIRST["yields"],
    "returns nothing": FIRST["returns nothing"],
    "returns the wrong type": FIRST["returns the wrong type"],
}


def _makes_an_app(answer: object) -> bool:
    return callable(answer) and not isinstance(answer, Starlette)  # an app is callable, too


def run_app(
    name: str,
    answer: Any,
    case: Case,
    reply: Reply,
    model: FakeModel,
    send_requests: Callable[[App], Awaitable[Sequence[Visit]]],
    *,
    passes_on: bool,
) -> Run:
    """Call the answer to create an app, then call `send_requests` with the app.

    The app's first exception is recorded as the answer's. For `passes_on`, see `Run`.
    """
    made: list[Any] = []

    # `wraps` sets `__wrapped__`, by which the virtual clock finds the answer's globals
    @wraps(answer, updated=())
    async def visit(model: FakeModel) -> None:
        if not _makes_an_app(answer):
            return
        made.append(answer(model))
        if not _APP.fits(made[0]):
            return
        async with started(made[0]) as app:
            visits = await send_requests(app)
        for each in visits:
            if each.error:
                raise each.error

    run = run_async(name, visit, case, reply, model, wants=_APP, passes_on=passes_on)
    # Record the answer and its app instead of `visit` and its result.
    return replace(run, answer=answer, returned=next(iter(made), None), asynchronous=False)
