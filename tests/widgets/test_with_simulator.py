"""Stop and ■ reach the server through LangChain: it stops generating."""

from __future__ import annotations

import asyncio

import ipywidgets
import pytest

from tests.widgets.doubles import find
from utils.provider import chat_model, simulator
from utils.widgets import LiveText
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
