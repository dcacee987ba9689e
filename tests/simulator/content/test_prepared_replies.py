"""Prepared replies: which prompts match them, and the features that lessons rely on."""

import contextlib
import io
import unicodedata

import pytest

from utils.simulator.content.prepared_replies import all_replies, answer, parse

TEXTS = {reply.name: reply.text for reply in all_replies()}


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Why does streaming make a chat feel faster?", "why_streaming"),
        ("Write a poem about a river.", "river_poem"),
        ("Name a river.", "name_a_river"),
        ("Explain how a rainbow forms.", "rainbow"),
        ("Tell me a short story about a lighthouse.", "lighthouse"),
        ("Which card did I pay with?", "card"),
    ],
)
def test_the_lessons_prompts_get_their_prepared_replies(prompt, name):
    assert answer(prompt) == TEXTS[name]


def test_every_prompt_in_a_header_gets_its_reply():
    for reply in all_replies():
        prompts = [" ".join(words) for words in reply.asks] + list(reply.exactly)
        assert {answer(prompt) for prompt in prompts} == {reply.text}, reply.name


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("The Moon pulls.\n", r"replies/tide\.md:1: the header has .*, unlike `The Moon pulls\.`"),
        ("asks: tide\nThe Moon pulls.\n", r"replies/tide\.md:2: .*, then an empty line"),
        ("ask: tide\n\nThe Moon pulls.\n", "unlike `ask: tide`"),
        ("asks: tide\n\n", r"replies/tide\.md: the reply is missing"),
    ],
)
def test_an_invalid_file_is_named_with_its_line(source, said):
    with pytest.raises(ValueError, match=said):
        parse("tide", source)


@pytest.mark.parametrize("prompt", ["Why is the sky blue?", "Write a poem about cats", "", "42"])
def test_other_prompts_have_no_prepared_reply(prompt):
    assert answer(prompt) is None


def test_the_race_reply_takes_about_a_minute_to_read():
    assert 220 <= len(TEXTS["why_streaming"].split()) <= 260


def test_the_unicode_reply_has_combining_marks_and_joiners():
    assert any(unicodedata.combining(character) for character in TEXTS["unicode"])
    assert "\u200d" in TEXTS["unicode"]


@pytest.mark.parametrize("mark", ["**", "](", "```python", "| --- |", "> ", "1. ", "## ", "`"])
def test_the_markdown_reply_has_syntax_that_a_stream_can_split(mark):
    assert mark in TEXTS["markdown"]


def test_the_python_reply_prints_what_its_comment_says():
    code = TEXTS["python_code"].split("```")[1].removeprefix("python\n")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {"__name__": "reply"})  # safe: the code comes from a course file
    assert f"# {printed.getvalue().strip()}" in code
