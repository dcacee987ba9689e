"""Stop closes LangChain's stream, and so the server stops generating."""

from __future__ import annotations

from contextlib import aclosing

from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk

from utils.assistant import order_status
from utils.provider import chat_model, simulator
from utils.widgets import ChatPanel


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
