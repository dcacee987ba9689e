"""Exercise 1.5: the first sentence, and the model stops."""

import re
from contextlib import closing

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import StrOutputParser

from tests.checks.test_lesson_1_show import never_asks, yields
from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks import evaluate

END = re.compile(r"[.!?](?=\s)")


def closing_the_stream(model, prompt):
    text = ""
    with closing(model.stream(prompt)) as chunks:
        for chunk in chunks:
            text += chunk.content
            if end := END.search(text):
                return text[: end.end()]
    return text


def leaving_an_unnamed_stream(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.text
        if end := END.search(text):
            break
    else:
        return text
    return text[: end.end()]


def a_generator_in_between(model, prompt):
    def sentences():
        text = ""
        for chunk in model.stream(prompt):
            text += chunk.content
            if end := END.search(text):
                yield text[: end.end()]
        yield text

    return next(sentences())


def leaving_a_named_one(model, prompt):
    chunks = model.stream(prompt)
    text = ""
    for chunk in chunks:
        text += chunk.content
        if end := END.search(text):
            return text[: end.end()]
    return text


def by_next_and_close(model, prompt):
    chunks = model.stream(prompt)
    whole = next(chunks)
    while not END.search(whole.text) and (chunk := next(chunks, None)):
        whole += chunk
    chunks.close()
    return END.split(whole.text)[0] + "".join(END.findall(whole.text)[:1])


@pytest.mark.parametrize(
    "first_sentence",
    by_name(
        closing_the_stream,
        leaving_an_unnamed_stream,
        a_generator_in_between,
        leaving_a_named_one,
        by_next_and_close,
    ),
)
def test_1_5_accepts(first_sentence):
    right("1.5", first_sentence)


def reads_to_the_end(model, prompt):
    text = "".join(chunk.content for chunk in model.stream(prompt))
    return END.split(text)[0] + "".join(END.findall(text)[:1])


def pays_for_all(model, prompt):
    text = model.invoke(prompt).text
    return END.split(text)[0] + "".join(END.findall(text)[:1])


def drains_a_chain(model, prompt):
    text = ""
    for piece in (model | StrOutputParser()).stream(prompt):
        text += piece
        if end := END.search(text):
            return text[: end.end()]
    return text


kept = []


def keeps_the_stream(model, prompt):
    chunks = model.stream(prompt)
    kept.append(chunks)
    text = ""
    for chunk in chunks:
        text += chunk.content
        if end := END.search(text):
            return text[: end.end()]
    return text


def returns_too_much(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if END.search(text):
            return text + next(iter("Z"))
    return text


def stops_at_any_mark(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := re.search(r"[.!?]", text):
            return text[: end.end()]
    return text


def loses_the_mark(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := END.search(text):
            return text[: end.start()]
    return text


def looks_in_the_chunk(model, prompt):
    for chunk in model.stream(prompt):
        if END.search(chunk.content + " "):
            return chunk.content
    return ""


def forgets_the_end(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := END.search(text):
            return text[: end.end()]
    return None


def waits_for_an_end(model, prompt):
    text = ""
    chunks = model.stream(prompt)
    while not (end := END.search(text)):
        text += next(chunks).content
    return text[: end.end()]


def never_returns(model, prompt):
    text = ""
    chunks = model.stream(prompt)
    while not (end := END.search(text)):
        text += next(chunks, AIMessageChunk("")).content
    return text[: end.end()]


def reads_on(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if (end := END.search(text)) and len(text) > end.end() + 20:
            return text[: end.end()]
    return text[: end.end()] if (end := END.search(text)) else text


def waits_for_the_next_word(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := re.search(r"[.!?](?=\s+\S)", text):
            return text[: end.end()]
    return text


def keeps_the_white_space(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := re.search(r"[.!?]\s", text):
            return text[: end.end()]
    return text


def begins_with_a_new_line(model, prompt):
    return "\n" + closing_the_stream(model, prompt)


def returns_the_first_piece(model, prompt):
    for chunk in model.stream(prompt):
        if chunk.content:
            return chunk.content
    return None


def returns_chunks(model, prompt):
    return [chunk for chunk in model.stream(prompt)]  # noqa: C416 (as a learner writes it)


def makes_it_up(model, prompt):
    next(model.stream(prompt))
    return "It depends."


WRONG_1_5 = (
    (reads_to_the_end, "read to its end"),
    (pays_for_all, "called with `invoke`"),
    (drains_a_chain, "a chain that is left early reads the rest"),
    (keeps_the_stream, "still generating: something holds on"),
    (returns_too_much, "goes on after the end of the first sentence"),
    (stops_at_any_mark, "white space doesn't follow it"),
    (loses_the_mark, "without the mark"),
    (looks_in_the_chunk, "the beginning of the sentence is lost"),
    (forgets_the_end, "Nothing came back for a reply that ends with its first sentence: is a"),
    (waits_for_an_end, "StopIteration.*for a reply that ends with its first sentence"),
    (reads_on, "pieces were read. Piece .* brought the white space after the mark"),
    (waits_for_the_next_word, "were read. Piece .* white space after the mark: the sentence was"),
    (keeps_the_white_space, "with white space at its end"),
    (begins_with_a_new_line, "with white space at its beginning"),
    (returns_the_first_piece, "the first sentence goes on"),
    (returns_chunks, "is a `list`; the exercise asks for a text"),
    (makes_it_up, "and the reply begins"),
    (yields, "There is a `yield`"),
    (never_asks, "never asked the model"),
)


@pytest.mark.parametrize(("first_sentence", "said"), with_reason(*WRONG_1_5))
def test_1_5_says_what_is_wrong_with_code_that(first_sentence, said):
    wrong("1.5", first_sentence, said)


@pytest.mark.parametrize("first_sentence", by_name(closing_the_stream, by_next_and_close))
def test_1_5_says_nothing_of_closing_to_code_that_closes(first_sentence):
    assert "closing" not in right("1.5", first_sentence).message


@pytest.mark.parametrize(
    "first_sentence",
    by_name(leaving_an_unnamed_stream, a_generator_in_between, leaving_a_named_one),
)
def test_1_5_names_closing_to_code_that_only_lets_go(first_sentence):
    assert "`closing` says so in words" in right("1.5", first_sentence).message


def test_1_5_cuts_a_loop_that_waits_for_ever():
    outcome = evaluate("1.5", never_returns, limit=0.5)
    assert outcome.status == "not yet"
    assert "stopped after 0.5 s" in outcome.message
