"""What the pane sends to the page, and what a page gets that asks."""

from __future__ import annotations

from utils.widgets.pane import Pane


def test_each_piece_is_sent_once_and_numbered(wire):
    pane = Pane("Reply")
    wire.messages.clear()
    pane.append("Hel")
    pane.append("lo")
    assert wire.sent_by(pane) == [
        {"method": "custom", "content": {"seq": 1, "text": "Hel"}},
        {"method": "custom", "content": {"seq": 2, "text": "lo"}},
    ]


def test_a_page_that_opens_later_gets_the_whole_text(wire):
    pane = Pane("Reply")
    pane.append("Hel")
    pane.append("lo")
    state = pane.get_state()
    assert (state["text"], state["seq"]) == ("Hello", 2)


def test_a_page_that_lost_a_message_can_ask_for_the_whole_text(wire):
    pane = Pane("Reply")
    pane.append("Hello")
    wire.messages.clear()
    pane._handle_custom_msg("whole text", [])
    (answer,) = wire.sent_by(pane)
    assert answer["state"] == {"text": "Hello", "seq": 1}


def test_clearing_tells_the_page_to_start_afresh(wire):
    pane = Pane("Reply")
    pane.append("old")
    pane.clear()
    pane.append("new")
    assert pane.whole == "new"
    assert wire.sent_by(pane)[-2]["content"] == {"seq": 2, "text": "", "fresh": True}


def test_text_is_never_sent_as_markup(wire):
    pane = Pane("Reply")
    pane.append("<b>&amp;")
    assert wire.appended_to(pane) == ["<b>&amp;"]
    assert "innerHTML" not in str(pane._esm)
