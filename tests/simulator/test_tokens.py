"""The simulator's approximate tokenizer."""

from hypothesis import given
from hypothesis import strategies as st

from utils.simulator.content import prepared_replies
from utils.simulator.tokens import split, split_json


@given(st.text())
def test_tokens_are_not_empty_and_concatenate_to_the_text(text: str) -> None:
    assert all(split(text))
    assert "".join(split(text)) == text


def test_a_word_includes_the_space_before_it() -> None:
    assert split("the river runs") == ("the", " river", " runs")


def test_long_words_are_split() -> None:
    assert len(split("unbelievable")) == 2


def test_numbers_in_json_have_one_token_per_digit() -> None:
    assert split_json('{"age": 42}')[-3:] == (" 4", "2", "}")


def test_text_has_about_four_thirds_tokens_per_word() -> None:
    texts = [reply.text for reply in prepared_replies.all_replies()]
    words = sum(len(text.split()) for text in texts)
    tokens = sum(len(split(text)) for text in texts)
    assert 1.15 < tokens / words < 1.5
