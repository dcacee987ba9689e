import contextlib
import io
import re
import unicodedata

import pytest

from utils.simulator.content.prepared_replies import HeaderError, all_replies, answer, parse

TEXTS = {reply.name: reply.text for reply in all_replies()}


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Why does streaming make a chat feel faster?", "why_streaming"),
        ("Why does a reply feel quicker when it is streamed?", "why_streaming"),
        ("Write a poem about a river.", "river_poem"),
        ("Write a poem", "river_poem"),
        ("Name a river.", "name_a_river"),
        ("Explain how a rainbow forms.", "rainbow"),
        ("Tell me a short story about a lighthouse.", "lighthouse"),
        ("Give me three tips for a pleasant chat.", "three_tips"),
        ("Write a Python function that counts words.", "python_code"),
        ("Say something with emoji and accents.", "unicode"),
        ("Write a packing list for a hike as a table.", "packing_list"),
        ("Show me Markdown with a table and code.", "markdown"),
        ("Show me a family emoji and combining marks.", "unicode"),
        ("Which card did I pay with?", "card"),
        ("hello", "hello"),
    ],
)
def test_a_prompt_of_the_lessons_gets_its_written_reply(prompt: str, name: str) -> None:
    assert answer(prompt) == TEXTS[name]


def test_every_written_reply_can_be_asked_for() -> None:
    for reply in all_replies():
        prompts = [" ".join(words) for words in reply.asks] + list(reply.exactly)
        assert prompts
        assert any(answer(prompt) == reply.text for prompt in prompts), reply.name


@pytest.mark.parametrize("prompt", ["Why is the sky blue?", "Write a poem about cats", "", "42"])
def test_any_other_prompt_has_no_written_reply(prompt: str) -> None:
    assert answer(prompt) is None


def test_the_race_reply_takes_about_a_minute_to_read() -> None:
    assert 220 <= len(TEXTS["why_streaming"].split()) <= 260


def test_the_poem_has_twelve_to_sixteen_lines() -> None:
    assert 12 <= len(TEXTS["river_poem"].replace("\n\n", "\n").splitlines()) <= 16


def test_the_short_reply_is_one_or_two_sentences() -> None:
    assert 1 <= TEXTS["name_a_river"].count(".") <= 2


def test_the_rainbow_is_explained_in_four_to_six_sentences() -> None:
    assert 4 <= len(re.findall(r"[.!?](?=\s|$)", TEXTS["rainbow"])) <= 6


def test_the_unicode_reply_holds_marks_apart_from_their_letters() -> None:
    assert any(unicodedata.combining(character) for character in TEXTS["unicode"])
    assert "\u200d" in TEXTS["unicode"]


@pytest.mark.parametrize("mark", ["**", "](", "```python", "| --- |", "> ", "1. ", "## ", "`"])
def test_the_markdown_reply_holds_what_a_stream_can_cut(mark: str) -> None:
    assert mark in TEXTS["markdown"]


def test_the_code_of_the_python_reply_does_what_its_comment_says() -> None:
    code = TEXTS["python_code"].split("```")[1].removeprefix("python\n")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {"__name__": "reply"})  # code from the course's own file
    assert f"# {printed.getvalue().strip()}" in code


@pytest.mark.parametrize("source", ["asked: river\n\ntext", "asks:\n\ntext", "asks: river\n\n \n"])
def test_a_header_that_cannot_be_read_is_an_error_that_names_the_file(source: str) -> None:
    with pytest.raises(HeaderError, match="my_reply"):
        parse("my_reply", source)
