"""The parts of a chat panel: how turns end, seams, history, and messages to the page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage

from utils.widgets import Turn
from utils.widgets.chat.continuation import Seam
from utils.widgets.chat.ending import Ending
from utils.widgets.chat.history import GO_ON, INTERRUPTED, messages, to_go_on
from utils.widgets.chat.page import ChatPage
from utils.widgets.chat.turn import Exchange


def chunk(text="", run="run-1", **metadata):
    return AIMessageChunk(text, id=run, response_metadata=metadata)


def truncated(*items):
    ending = Ending()
    for item in items:
        ending.see(item)
    return ending.truncated


class TestEnding:
    def test_strings_have_no_finish_reason_and_are_complete(self):
        assert truncated("a", "b") == ""
        assert truncated() == ""

    @pytest.mark.parametrize(
        "metadata",
        [
            {"finish_reason": "stop"},
            {"finish_reason": "STOP"},
            {"finish_reason": "tool_calls"},
            {"stop_reason": "end_turn"},
            {"status": "completed", "incomplete_details": None},
        ],
    )
    def test_a_reason_to_finish_completes_chunks(self, metadata):
        assert truncated(chunk("a"), chunk(**metadata), chunk()) == ""

    def test_chunks_without_a_reason_are_truncated(self):
        assert "without a finish reason" in truncated(chunk("a"), chunk("b"))

    @pytest.mark.parametrize(
        ("metadata", "reason", "words"),
        [
            ({"finish_reason": "length"}, "length", "limit"),
            ({"finish_reason": "MAX_TOKENS"}, "MAX_TOKENS", "limit"),
            ({"stop_reason": "max_tokens"}, "max_tokens", "limit"),
            ({"finish_reason": "content_filter"}, "content_filter", "filter"),
            (
                {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
                "max_output_tokens",
                "limit",
            ),
            ({"status": "failed"}, "failed", "provider failed"),
        ],
    )
    def test_a_reason_that_cuts_is_told(self, metadata, reason, words):
        told = truncated(chunk("a"), chunk(**metadata))
        assert f"(`{reason}`)" in told
        assert words in told

    def test_the_reason_of_a_tool_call_does_not_finish_the_reply_that_follows(self):
        calls = [chunk("", "run-1"), chunk(finish_reason="tool_calls")]
        assert truncated(*calls, chunk("Sunny", "run-2"))
        assert not truncated(
            *calls, chunk("Sunny", "run-2"), chunk("", "run-2", finish_reason="stop")
        )


def joined(there, *texts):
    seam = Seam(there)
    return there + "".join([seam.join(text) for text in texts]) + seam.rest()


TEXT = "The lighthouse keeper counted the waves until the lamp was lit again."


class TestSeam:
    @given(st.text("ab \n", max_size=30), st.lists(st.text("ab \n", min_size=1), max_size=8))
    def test_short_parts_are_joined_as_they_come(self, there, texts):
        assert joined(there, *texts) == there + "".join(texts)

    @given(st.integers(0, len(TEXT)), st.integers(1, 9))
    def test_a_model_that_goes_on_is_shown_whole(self, cut, size):
        rest = TEXT[cut:]
        pieces = [rest[at : at + size] for at in range(0, len(rest), size)]
        assert joined(TEXT[:cut], *pieces) == TEXT

    @given(st.integers(40, len(TEXT)), st.integers(1, 9))
    def test_a_model_that_begins_again_is_not_shown_twice(self, cut, size):
        pieces = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]
        assert joined(TEXT[:cut], *pieces) == TEXT

    def test_one_that_begins_again_and_breaks_off_again_adds_nothing(self):
        assert joined(TEXT, TEXT[:50]) == TEXT

    def test_a_refrain_is_no_repetition(self):
        assert joined("Row, row, row your boat. ", "Row, ", "row.") == (
            "Row, row, row your boat. Row, row."
        )

    def test_a_first_reply_is_not_held_back(self):
        assert Seam("").join("a") == "a"

    def test_other_text_is_not_held_back_beyond_its_first_word(self):
        seam = Seam(TEXT)
        assert seam.join("The ") == ""
        assert seam.join("end") == "The end"
        assert seam.join(" of it") == " of it"


@pytest.mark.parametrize(
    ("came", "said"),
    [(["Bec"], "It broke: continue, or ask again."), ([], "It broke: ask again.")],
)
def test_a_broken_reply_may_be_continued_where_some_of_it_came(came, said):
    exchange = Exchange("Why?", stall=10, clock=lambda: 0.0)
    for text in came:
        exchange.take(text)
    exchange.end("failed", "It broke: ask again.")
    assert exchange.turn.note == said
    assert exchange.can_go_on == bool(came)


def turn(question="Why?", reply="Because.", state="complete"):
    return Turn(question, reply, state, 0.1, 1.0, "")


class TestHistory:
    @pytest.mark.parametrize("state", ["stopped", "truncated", "failed"])
    def test_an_interrupted_reply_is_kept_and_marked(self, state):
        _, said = messages([turn(reply="Bec", state=state)])
        assert said.content == f"Bec\n\n{INTERRUPTED}"
        assert said.additional_kwargs == {"interrupted": state}

    def test_a_reply_without_text_is_left_out(self):
        assert messages([turn(reply="", state="failed")]) == [HumanMessage("Why?")]

    def test_going_on_sends_the_partial_unmarked_and_asks_for_the_rest(self):
        assert to_go_on([turn(), turn("And?", "Bec", "stopped")])[2:] == [
            HumanMessage("And?"),
            AIMessage("Bec"),
            HumanMessage(GO_ON),
        ]


class Reader:
    """Applies messages as the page's script does: see `keepList` in synced_list.js."""

    def __init__(self):
        self.seq, self.items = 0, []

    def hear(self, content):
        assert content["at"] == 0 or content["seq"] == self.seq + 1, "a message was lost"
        fresh = list(content["items"])
        if "keep" in content:
            units = self.items[content["at"]].encode("utf-16-le")[: 2 * content["keep"]]
            fresh[0] = units.decode("utf-16-le") + fresh[0]
        self.seq, self.items = content["seq"], self.items[: content["at"]] + fresh


PIECES = ["word ", "**bold", "** ", "\n\n", "```", "\n", "- ", "é", "👩‍👩‍👧", "𝄞", "# ", "<b>", "&"]


class TestPage:
    @given(st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4), max_size=12))
    def test_the_page_has_all_after_every_message(self, batches):
        page, reader = ChatPage(""), Reader()
        page.send = reader.hear
        exchange = Exchange("Why?", stall=10, clock=lambda: 0.0)
        for batch in batches:
            for text in batch:
                exchange.take(text)
            page.show_turns([exchange])
            page.push()
            assert reader.items == page.whole
        exchange.begin()
        page.show_turns([exchange])
        page.push()
        assert reader.items == page.whole

    @pytest.mark.parametrize("text", ["token ", "- item\n", "| a | b |\n"])
    def test_a_long_reply_is_sent_once_and_not_again_with_every_token(self, wire, text):
        page = ChatPage("")
        exchange = Exchange("Why?", stall=10, clock=lambda: 0.0)
        wire.messages.clear()
        for _ in range(50):  # 500 tokens at 200 per second, sent every 50 ms
            for _ in range(10):
                exchange.take(text)
            page.show_turns([exchange])
            page.push()
        sent = sum(len(str(data["content"])) for data in wire.sent_by(page))
        whole = sum(map(len, filter(lambda item: isinstance(item, str), page.whole)))
        feet = 50 * 250
        assert sent < 2 * whole + feet

    def test_only_the_last_reply_has_buttons(self, wire):
        exchanges = [Exchange(name, stall=10, clock=lambda: 0.0) for name in "ab"]
        for exchange in exchanges:
            exchange.take("text")
            exchange.end("stopped")
        page = ChatPage("")
        page.show_turns(exchanges)
        feet = [item["actions"] for item in page.whole if "actions" in item]
        assert feet == [[], ["Continue", "Regenerate"]]
