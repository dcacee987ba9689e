"""Replies that refer to earlier turns."""

import pytest

from utils.simulator.api.chat_completions import parse
from utils.simulator.content.answer import answer
from utils.simulator.content.prepared_replies import answer as written


def reply(*turns: str) -> str:
    """Return the reply to a conversation in which user and assistant take turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]
    (part,) = answer(parse({"model": "sim", "messages": messages}))
    return part.text


POEM = written("Write a poem about a river.")


@pytest.mark.parametrize("wish", ["Continue.", "Please go on", "Carry on where you stopped."])
@pytest.mark.parametrize("length", [1, 40, len(POEM) - 1])
def test_a_reply_that_was_cut_off_is_continued_where_it_ended(wish: str, length: int) -> None:
    assert POEM[:length] + reply("Write a poem about a river.", POEM[:length], wish) == POEM


def test_a_continuation_that_was_cut_off_is_continued_too() -> None:
    parts = (POEM[:40], "Go on.", POEM[40:60], "Continue.")
    assert POEM[:60] + reply("Write a poem about a river.", *parts) == POEM


def test_a_free_reply_that_was_cut_off_is_continued() -> None:
    whole = reply("Name a river.", "The Rhine.", "Why do cats purr?")
    said = ("Name a river.", "The Rhine.", "Why do cats purr?", whole[:20], "Continue.")
    assert whole[:20] + reply(*said) == whole


def test_a_whole_reply_is_not_continued() -> None:
    assert "complete" in reply("Write a poem about a river.", POEM, "Continue.")


@pytest.mark.parametrize(
    "said", ["My name is Zoë.", "Hi, I'm Zoë", "Please call me Zoë, will you?"]
)
def test_a_name_is_remembered(said: str) -> None:
    assert "Zoë" in reply(said, "Hello!", "What's my name?")


def test_an_earlier_question_is_remembered() -> None:
    turns = ("Name a river.", "The Rhine.", "And a lake?", "Como.", "What was my first question?")
    assert "“Name a river.”" in reply(*turns)


def test_the_last_reply_is_said_again() -> None:
    assert reply("Name a river.", "The Rhine.", "Say that again, please.") == "The Rhine."


def test_a_written_reply_stays_as_it_is() -> None:
    assert reply("hello", "Hello!", "Write a poem about a river.") == POEM
