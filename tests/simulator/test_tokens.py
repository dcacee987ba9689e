from hypothesis import given
from hypothesis import strategies as st

from utils.simulator.content import prepared_replies
from utils.simulator.tokens import split


@given(st.text())
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(split(text)) == text


@given(st.text())
def test_no_token_is_empty(text: str) -> None:
    assert all(split(text))


def test_a_word_brings_the_space_before_it() -> None:
    assert split("the river runs") == ("the", " river", " runs")


def test_long_words_come_in_pieces() -> None:
    assert len(split("unbelievable")) == 2


def test_prose_has_about_four_thirds_tokens_a_word() -> None:
    prose = [reply.text for reply in prepared_replies.all_replies() if reply.name in PROSE]
    words = sum(len(text.split()) for text in prose)
    tokens = sum(len(split(text)) for text in prose)
    assert 1.15 < tokens / words < 1.5


PROSE = {"why_streaming", "lighthouse", "river_poem", "rainbow"}
