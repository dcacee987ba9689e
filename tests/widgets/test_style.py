"""The wording and colours that widgets share."""

from __future__ import annotations

import pytest

from utils import palette
from utils.widgets.style import seconds, sentence, stylesheet


@pytest.mark.parametrize(
    ("duration", "written"), [(3.21, "3.2 s"), (10, "10.0 s"), (0.1, "0.1 s"), (0.042, "0.04 s")]
)
def test_seconds_are_short_but_never_nothing(duration, written):
    assert seconds(duration) == written


def test_the_page_takes_its_colours_from_the_palette():
    assert f"--course-waiting: {palette.WAITING};" in stylesheet()


@pytest.mark.parametrize(
    "message",
    [
        "Incorrect API key provided: sk-proj-abc123DEF. Find yours online.",
        "401 for Bearer abcdef",
        "refused Zm9vYmFyYmF6MTIzNDU2Nzg5MA of this account",
    ],
)
def test_a_sentence_never_shows_a_key(message):
    told = sentence(ValueError(message))
    assert "[hidden]" in told
    assert not any(secret in told for secret in ("abc123", "abcdef", "Zm9v"))


def test_a_sentence_takes_an_api_error_by_its_own_words():
    error = ValueError("Error code: 404 - {'error': {'message': 'No such model.'}}")
    error.body = {"message": "No such model."}
    assert sentence(error) == "ValueError: No such model."


def test_a_sentence_is_one_line_of_bearable_length():
    told = sentence(ValueError("first\nsecond " + "long " * 200))
    assert told.startswith("ValueError: first second long")
    assert "\n" not in told
    assert len(told) < 320


def test_an_error_without_words_is_told_by_its_name():
    assert sentence(KeyError()) == "KeyError"


def test_ordinary_words_and_figures_are_not_hidden():
    told = sentence(ValueError("Rate limit of 30000 tokens per minute for sim-chat reached."))
    assert "[hidden]" not in told
