"""Replies that depend on the conversation, such as the rest of a truncated reply."""

import pytest

from utils.simulator.api.chat_completions import parse
from utils.simulator.content import prepared_replies
from utils.simulator.content.answer import answer


def reply(*turns):
    """Return the reply to a conversation in which user and assistant take turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]
    (part,) = answer(parse({"model": "sim", "messages": messages}))
    return part.text


ASKED = "Write a poem about a river."
POEM = prepared_replies.answer(ASKED)


@pytest.mark.parametrize("wish", ["Continue.", "Please go on", "Carry on where you stopped."])
@pytest.mark.parametrize("length", [1, 40, len(POEM) - 1])
def test_a_truncated_reply_is_continued_where_it_ended(wish, length):
    assert POEM[:length] + reply(ASKED, POEM[:length], wish) == POEM


def test_a_truncated_continuation_is_continued_too():
    parts = (POEM[:40], "Go on.", POEM[40:60], "Continue.")
    assert POEM[:60] + reply(ASKED, *parts) == POEM


def test_a_truncated_free_reply_is_continued():
    asked = ("Name a river.", "The Rhine.", "Why do cats purr?")
    whole = reply(*asked)
    assert whole[:20] + reply(*asked, whole[:20], "Continue.") == whole


def test_a_complete_reply_is_not_continued():
    assert "complete" in reply(ASKED, POEM, "Continue.")


def test_the_last_reply_is_repeated():
    assert reply("Name a river.", "The Rhine.", "Say that again, please.") == "The Rhine."


def test_an_earlier_conversation_does_not_change_a_prepared_reply():
    assert reply("hello", "Hello!", ASKED) == POEM
