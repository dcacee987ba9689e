"""Properties that all widgets share."""

from __future__ import annotations

import pytest

from utils.widgets import (
    ChatPanel,
    ChunkTable,
    EventTimeline,
    Heartbeat,
    JsonCard,
    LatencyBadge,
    LiveMarkdown,
    LiveText,
    Progress,
    StatusLine,
)
from utils.widgets.base.theme import WIDGETS
from utils.widgets.race.widget import Race

WORDS = ["token "] * 1000


@pytest.mark.parametrize(
    ("make", "plain"),
    [
        (lambda: ChatPanel(print), "ChatPanel()"),
        (lambda: ChatPanel(print, title="A"), "ChatPanel('A')"),
        (lambda: ChunkTable("A"), "ChunkTable('A')"),
        (lambda: EventTimeline("A"), "EventTimeline('A')"),
        (lambda: Heartbeat("A"), "Heartbeat('A')"),
        (lambda: JsonCard("A", ["name"]), "JsonCard('A')"),
        (LatencyBadge, "LatencyBadge()"),
        (lambda: LiveMarkdown("A"), "LiveMarkdown('A')"),
        (lambda: LiveText("A"), "LiveText('A')"),
        (lambda: Progress(3, "A"), "Progress(3, 'A')"),
        (lambda: Race({"A": print, "B": print}), "Race('A', 'B')"),
        (lambda: StatusLine("A", "B"), "StatusLine('A', 'B')"),
    ],
)
def test_stored_outputs_contain_a_short_repr(wire, make, plain):
    assert repr(make()) == plain


def count_in_timeline():
    timeline = EventTimeline()
    for number in range(1000):
        timeline.add("token", number)
    timeline.flush()


def change_status():
    status = StatusLine()
    for number in range(1000):
        status.to("Tool call", f"row {number}")
    status.done()


@pytest.mark.parametrize(
    "use",
    [
        lambda: ChunkTable().show(WORDS),
        lambda: JsonCard().show([{"name": "John"}] * 1000),
        lambda: LiveMarkdown().show(WORDS),
        lambda: LiveText().show(WORDS),
        lambda: list(Progress(1000).over(WORDS)),
        change_status,
        count_in_timeline,
    ],
)
def test_a_thousand_quick_updates_take_few_messages(wire, use):
    use()
    assert len(wire.messages) < 60


def test_only_sanitized_blocks_are_set_as_html():
    setters = [path.name for path in WIDGETS.rglob("*.js") if "innerHTML" in path.read_text()]
    assert setters == ["blocks.js"]
