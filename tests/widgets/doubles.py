"""Fakes and helpers for widget tests: a connection to the page, a clock, and async sources."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import ipywidgets


@dataclass
class Wire:
    """The messages that widgets sent to the page, in order, as (comm ID, data) pairs."""

    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    on_message: Callable[[dict[str, Any]], None] = lambda data: None

    def sent_by(self, widget: ipywidgets.Widget) -> list[dict[str, Any]]:
        return [data for comm_id, data in self.messages if comm_id == widget.model_id]

    def contents_sent_by(self, widget: ipywidgets.Widget) -> list[Any]:
        """Return the contents of the widget's custom messages, such as those of a `SyncedList`."""
        return [data["content"] for data in self.sent_by(widget) if data["method"] == "custom"]

    def items_sent_by(self, widget: ipywidgets.Widget) -> list[Any]:
        return [item for content in self.contents_sent_by(widget) for item in content["items"]]


class Clock:
    """A clock that advances only when a test sets `now`."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Tap(AsyncIterator[Any]):
    """An async source that the test feeds item by item.

    Attributes:
        asked: Set once an item has been requested.
        closed: Whether `aclose` was called.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.closed = False
        self._items: asyncio.Queue[Any] = asyncio.Queue()
        self._taken = False  # whether the reader has received an item

    async def __anext__(self) -> Any:
        self.asked.set()
        if self._taken:
            self._items.task_done()
        item = await self._items.get()
        self._taken = True
        if isinstance(item, BaseException):
            raise item
        return item

    async def put(self, item: Any) -> None:
        """Send one item and wait until the next one is requested."""
        self._items.put_nowait(item)
        await self._items.join()

    def end(self, error: BaseException | None = None) -> None:
        """End the stream; if `error` is given, the stream raises it."""
        self._items.put_nowait(error or StopAsyncIteration())

    async def aclose(self) -> None:
        self.closed = True


async def stream(*items: object) -> AsyncIterator[Any]:
    for item in items:
        yield item


async def stubborn(released: asyncio.Event) -> AsyncIterator[str]:
    """Yield "Half", then ignore every cancellation until `released` is set."""
    yield "Half"
    while not released.is_set():
        with suppress(asyncio.CancelledError):
            await released.wait()
    yield "too late"


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop run until a condition is true."""
    async with asyncio.timeout(240):
        while not condition():  # noqa: ASYNC110 (there is no event to wait for)
            await asyncio.sleep(0.002)


def find(widget: ipywidgets.Widget, kind: type) -> Any:
    """Return the first widget of type `kind`: `widget` itself or one inside it."""
    return find_all(widget, kind)[0]


def find_all(widget: ipywidgets.Widget, kind: type) -> list[Any]:
    inside = [found for child in getattr(widget, "children", ()) for found in find_all(child, kind)]
    return [widget, *inside] if isinstance(widget, kind) else inside
