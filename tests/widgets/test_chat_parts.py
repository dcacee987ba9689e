"""The parts of a chat panel: truncation, continuations, and messages to the page.

A `Continuation` joins a partial reply and its continuation, which may start the reply over. An
`Exchange` is a question and its reply.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk

from utils.widgets.chat.continuation import Continuation
from utils.widgets.chat.page import ChatPage
from utils.widgets.chat.truncation import Truncation
from utils.widgets.chat.turn import Exchange


def chunk(text="", run="run-1", **metadata):
    return AIMessageChunk(text, id=run, response_metadata=metadata)


def truncated(*items):
    truncation = Truncation()
    for item in items:
        truncation.see(item)
    return truncation.reason


class TestTruncation:
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
    def test_a_finish_reason_completes_a_reply(self, metadata):
        assert truncated(chunk("a"), chunk(**metadata), chunk()) == ""

    def test_chunks_without_a_finish_reason_are_truncated(self):
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
            ({"finish_reason": "abort"}, "abort", "cancelled"),
        ],
    )
    def test_the_cause_of_a_truncation_is_named(self, metadata, reason, words):
        sentence = truncated(chunk("a"), chunk(**metadata))
        assert f"(`{reason}`)" in sentence
        assert words in sentence

    def test_the_finish_reason_of_a_tool_call_does_not_complete_the_next_reply(self):
        calls = [chunk("", "run-1"), chunk(finish_reason="tool_calls")]
        assert truncated(*calls, chunk("Sunny", "run-2"))
        assert not truncated(
            *calls, chunk("Sunny", "run-2"), chunk("", "run-2", finish_reason="stop")
        )


def joined(partial, *texts):
    continuation = Continuation(partial)
    return partial + "".join([continuation.join(text) for text in texts]) + continuation.rest()


TEXT = "The lighthouse keeper counted the waves until the lamp was lit again."


class TestContinuation:
    @given(st.text("ab \n", max_size=30), st.lists(st.text("ab \n", min_size=1), max_size=8))
    def test_short_parts_are_joined_unchanged(self, partial, texts):
        assert joined(partial, *texts) == partial + "".join(texts)

    @given(st.integers(0, len(TEXT)), st.integers(1, 9))
    def test_a_continuation_is_added(self, cut, size):
        rest = TEXT[cut:]
        pieces = [rest[at : at + size] for at in range(0, len(rest), size)]
        assert joined(TEXT[:cut], *pieces) == TEXT

    @given(st.integers(40, len(TEXT)), st.integers(1, 9))
    def test_a_reply_that_starts_over_is_not_repeated(self, cut, size):
        pieces = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]
        assert joined(TEXT[:cut], *pieces) == TEXT

    def test_a_partial_repetition_adds_nothing(self):
        assert joined(TEXT, TEXT[:50]) == TEXT

    def test_a_refrain_is_not_a_repetition(self):
        assert joined("Row, row your boat. ", "Row, ") == "Row, row your boat. Row, "

    def test_other_text_is_delayed_only_until_it_differs(self):
        continuation = Continuation(TEXT)
        assert continuation.join("The ") == ""
        assert continuation.join("end") == "The end"
        assert continuation.join(" of it") == " of it"


@pytest.mark.parametrize(
    ("texts", "note"),
    [(["Bec"], "It broke: continue, or ask again."), ([], "It broke: ask again.")],
)
def test_a_failed_reply_with_text_can_be_continued(texts, note):
    exchange = Exchange("Why?", stall=10, clock=lambda: 0.0)
    for text in texts:
        exchange.take(text)
    exchange.end("failed", "It broke: ask again.")
    assert exchange.turn.note == note
    assert exchange.can_go_on == bool(texts)


def test_only_the_last_reply_has_buttons():
    exchanges = [Exchange(name, stall=10, clock=lambda: 0.0) for name in "ab"]
    for exchange in exchanges:
        exchange.take("text")
        exchange.end("stopped")
    page = ChatPage("")
    page.show_turns(exchanges)
    feet = [item["actions"] for item in page.whole if "actions" in item]
    assert feet == [[], ["Continue", "Regenerate"]]
