"""Lesson 5's table of components and ways of streaming: what arrives, and when.

Each cell of the table is measured in virtual time, with a model that needs 0.2 s for its first
token and 10 s for a reply; the agent calls the model twice.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from itertools import chain as chained
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRetryMiddleware
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable
from langchain_core.tools import tool
from langgraph.config import get_stream_writer

from tests.simulator.virtual import VirtualSimulator
from utils import lesson_source

NONE = "\N{EN DASH}"  # the text of a cell for a combination that doesn't exist
RAINBOW, ORDER = "How does a rainbow form?", "Where is my order 4711?"
TYPES = {BaseMessage: "chunks", str: "strings", tuple: "pairs"}  # the table's names for item types

Read = Callable[[Any], None]  # called with each item of a stream
Way = Callable[["Component", Read], Coroutine[Any, Any, None]]


@tool
def order_status(order: int) -> str:
    """Look up where an order is, by its number."""
    get_stream_writer()("looking it up")
    return f"Order {order} arrives on Thursday."


@dataclass(frozen=True)
class Component:
    runnable: Runnable[Any, Any]
    asked: Any  # the runnable's input
    virtual: VirtualSimulator  # the server behind the runnable's model


def component(name: str, **options: Any) -> Component:
    virtual = VirtualSimulator()
    model = virtual.chat("sim-seed", **options)
    if name == "chat model":
        return Component(model, RAINBOW, virtual)
    if name == "chain":
        prompt = ChatPromptTemplate.from_template("{question}")
        return Component(prompt | model | StrOutputParser(), {"question": RAINBOW}, virtual)
    return Component(create_agent(model, [order_status]), {"messages": [("user", ORDER)]}, virtual)


def in_mode(**mode: Any) -> Way:
    async def read(given: Component, take: Read) -> None:
        async for item in given.runnable.astream(given.asked, **mode):
            take(item)

    return read


def synchronously(given: Component, take: Read) -> None:
    for item in given.runnable.stream(given.asked):
        take(item)


async def events_v2(given: Component, take: Read) -> None:
    async for event in given.runnable.astream_events(given.asked, version="v2"):
        take(event)


async def events_v3(given: Component, take: Read) -> None:
    run: Any = await given.runnable.astream_events(given.asked, version="v3")  # type: ignore[misc]
    async for event in run:
        take(event)


async def callbacks(given: Component, take: Read) -> None:
    class Tokens(BaseCallbackHandler):
        run_inline = True

        def on_llm_new_token(self, token: str, **_: Any) -> None:
            take(token)

    await given.runnable.ainvoke(given.asked, {"callbacks": [Tokens()]})


PLAINLY = "`.stream()`, `.astream()`"
# The table's rows: for each way of streaming, a function that uses it, and the model's options.
WAYS: dict[str, tuple[Way, dict[str, Any]]] = {
    PLAINLY: (in_mode(), {}),
    '`stream_mode="updates"`': (in_mode(stream_mode="updates"), {}),
    '`stream_mode="values"`': (in_mode(stream_mode="values"), {}),
    '`stream_mode="messages"`': (in_mode(stream_mode="messages"), {}),
    '`stream_mode="custom"`': (in_mode(stream_mode="custom"), {}),
    '`stream_mode=["messages", "custom"]`': (in_mode(stream_mode=["messages", "custom"]), {}),
    '`astream_events(…, version="v2")`': (events_v2, {}),
    '`astream_events(…, version="v3")`': (events_v3, {}),
    "`ainvoke` with a callback": (callbacks, {}),
    "the same with `streaming=True`": (callbacks, {"streaming": True}),
}


def texts(item: Any) -> Iterator[str]:
    """Yield the model's text in a stream's item, whatever the item's type."""
    if isinstance(item, str):
        yield item
    elif isinstance(item, AIMessage):
        yield item.text
    elif isinstance(item, dict):
        yield from (value for key, value in item.items() if key == "text")
        yield from chained.from_iterable(
            texts(it) for it in item.values() if not isinstance(it, str)
        )
    elif isinstance(item, list | tuple):
        yield from chained.from_iterable(map(texts, item))


def kind(item: Any) -> str:
    """Return the word that the lesson's table uses for an item's type."""
    match item:
        case dict() if "event" in item or item.get("type") == "event":
            return "events"
        case dict():
            return "dicts"
    return next(word for base, word in TYPES.items() if isinstance(item, base))


def measured(name: str, way: Any, options: dict[str, Any]) -> str:
    """Return the kind of the first item, and when the first item and the first text arrived.

    The times are percentages of the run's duration.
    """
    given = component(name, **options)
    clock, seen = given.virtual.clock, []
    began = clock()
    try:
        reading = way(given, lambda item: seen.append((clock(), item)))
        if reading is not None:
            given.virtual.run(reading)
    except NotImplementedError:
        return "`NotImplementedError`"
    total = clock() - began
    given.virtual.close()
    full = [(at, item) for at, item in seen if item != ""]
    if not full:
        return "nothing"
    first_at, first_item = full[0]
    answer = "A rainbow" if name != "agent" else "I asked"
    text_at = next(
        (at for at, item in full if any(_begins(text, answer) for text in texts(item))), None
    )
    shares = [f"{(at - began) / total:.0%}" if at else "never" for at in (first_at, text_at)]
    return f"{kind(first_item)}, {' / '.join(shares)}"


def _begins(text: str, answer: str) -> bool:
    """Return whether `text` is non-empty and either string is a prefix of the other."""
    return text != "" and (text.startswith(answer) or answer.startswith(text))


def table() -> Iterator[tuple[str, str, str]]:
    """Yield each cell of the lesson's table as (way of streaming, component, claim)."""
    lines = lesson_source.paths()[4].read_text(encoding="utf-8").splitlines()
    at = lines.index("| | chat model | chain | agent |")
    for line in lines[at + 2 :]:
        if not line.startswith("|"):
            return
        way, *claims = (cell.strip() for cell in line.strip("|").split("|"))
        for name, cell in zip(("chat model", "chain", "agent"), claims, strict=True):
            yield way, name, cell


TABLE = list(table())


def test_the_table_has_every_way_and_each_component() -> None:
    assert list(dict.fromkeys(way for way, _, _ in TABLE)) == list(WAYS)
    empty = {(way, name) for way, name, cell in TABLE if cell == NONE}
    assert empty == {
        (way, name) for way in WAYS if "stream_mode" in way for name in ("chat model", "chain")
    }


@pytest.mark.parametrize(("way", "name", "claim"), [each for each in TABLE if each[2] != NONE])
def test_each_cell_of_the_table(way: str, name: str, claim: str) -> None:
    read, options = WAYS[way]
    assert measured(name, read, options) == claim


@pytest.mark.parametrize(("way", "name", "claim"), [each for each in TABLE if each[0] == PLAINLY])
def test_stream_yields_the_same_as_astream(way: str, name: str, claim: str) -> None:
    assert measured(name, synchronously, {}) == claim


@pytest.mark.parametrize(("closes", "ended"), [(True, "client left"), (False, "finished")])
def test_a_version_3_run_continues_without_a_reader_unless_closed(closes: bool, ended: str) -> None:
    given = component("agent")

    async def leave() -> None:
        run = await given.runnable.astream_events({"messages": RAINBOW}, version="v3")  # type: ignore[misc]
        if closes:
            async with run:
                await first_text(run)
        else:
            await first_text(run)
        await asyncio.sleep(20)

    given.virtual.run(leave())
    assert [request.ended for request in given.virtual.requests()] == [ended]
    given.virtual.close()


def test_a_retry_in_an_agent_shows_text_twice() -> None:
    virtual = VirtualSimulator()
    again = ModelRetryMiddleware(max_retries=1, initial_delay=0, jitter=False)
    agent = create_agent(virtual.chat("sim-seed:drop@20"), [], middleware=[again])

    async def shown() -> str:
        stream = agent.astream({"messages": [("user", RAINBOW)]}, stream_mode="messages")
        return "".join([chunk.text async for chunk, _ in stream])

    assert virtual.run(shown()).count("A rainbow needs two things") == 2
    virtual.close()


async def first_text(run: Any) -> None:
    """Read a run until the model's first text has arrived."""
    async for message in run.messages:
        async for text in message.text:
            if text:
                return
