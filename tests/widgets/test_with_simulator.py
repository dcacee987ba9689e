"""Stop or an interrupt closes LangChain's stream, and so the server stops generating."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import ipywidgets
import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk

from tests.widgets.doubles import find
from utils.assistant import order_status
from utils.provider import chat_model, simulator
from utils.widgets import ChatPanel, LiveText
from utils.widgets.live_text.widget import TextPanel


async def has_text(live: LiveText) -> None:
    shown = asyncio.Event()
    find(live, TextPanel).observe(lambda change: shown.set(), "phase")
    while find(live, TextPanel).phase != "streaming":
        await asyncio.wait_for(shown.wait(), 240)
        shown.clear()


@pytest.mark.parametrize("way", ["button", "interrupt"])
async def test_ending_a_reply_ends_its_generation(wire, way):
    live = LiveText("Reply")
    model = chat_model("seed", simulated=True)
    with simulator().watch() as seen:
        cell = asyncio.create_task(live.run(model.astream("Why does streaming feel faster?")))
        await has_text(live)
        if way == "button":
            find(live, ipywidgets.Button, description="Stop").click()
            assert await cell == live.text
        else:
            cell.cancel()
            with pytest.raises(asyncio.CancelledError):
                await cell
    (request,) = seen
    assert request.ended == "client left"
    assert request.tokens_unsent > 0
    assert live.text
    assert live.stopped


async def by_agent(history):
    """Yield the chunks from an agent's model, as in lesson 5."""
    agent = create_agent(chat_model("chat", delivery="stall@20,60", simulated=True), [order_status])
    stream = agent.astream({"messages": history}, stream_mode="messages")
    async with aclosing(stream) as items:
        async for chunk, _ in items:
            if isinstance(chunk, AIMessageChunk):
                yield chunk


async def test_stop_reaches_the_model_of_an_agent(wire):
    async def left_in_the_silence(history):
        async with aclosing(by_agent(history)) as chunks:
            async for chunk in chunks:
                yield chunk
                if "left" in chunk.text:
                    panel.stop()

    panel = ChatPanel(left_in_the_silence).show()
    with simulator().watch() as seen:
        turn = await panel.ask("Where is my order 4711?")
    assert turn.state == "stopped"
    assert "Order 4711" in turn.reply
    assert [request.ended for request in seen] == ["finished", "client left"]
