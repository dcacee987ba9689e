"""Exercise 1.1: each piece on the screen as it arrives."""

import sys

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import StrOutputParser

from tests.checks.verdict import by_name, right, wrong
from utils.checks.streams import Probe, ProbeModel


def a_loop_and_a_list(model, prompt):
    pieces = []
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        pieces.append(chunk.content)
    return "".join(pieces)


def adding_chunk_to_chunk(model, prompt):
    whole = None
    for chunk in model.stream(prompt):
        print(chunk.text, end="", flush=True)
        whole = chunk if whole is None else whole + chunk
    print()
    return whole.text


def a_chain_with_a_parser(model, prompt):
    text = ""
    for piece in (model | StrOutputParser()).stream(prompt):
        text += piece
        print(piece, end="", flush=True)
    return text


def writing_to_stdout(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        if chunk.content:
            sys.stdout.write(chunk.content)
            sys.stdout.flush()
            text += chunk.content
    return text


@pytest.mark.parametrize(
    "show",
    by_name(a_loop_and_a_list, adding_chunk_to_chunk, a_chain_with_a_parser, writing_to_stdout),
)
def test_1_1_accepts(show):
    right("1.1", show)


def invokes(model, prompt):
    text = model.invoke(prompt).text
    print(text, end="", flush=True)
    return text


def collects_then_prints(model, prompt):
    pieces = [chunk.content for chunk in model.stream(prompt)]
    for piece in pieces:
        print(piece, end="", flush=True)
    return "".join(pieces)


def prints_two_at_a_time(model, prompt):
    text, waiting = "", ""
    for number, chunk in enumerate(model.stream(prompt)):
        text += chunk.content
        waiting += chunk.content
        if number % 2:
            print(waiting, end="", flush=True)
            waiting = ""
    print(waiting, end="", flush=True)
    return text


def prints_the_chunk(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk, end="", flush=True)
        text += chunk.content
    return text


def prints_lines(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content, flush=True)
        text += chunk.content
    return text


def prints_blanks_between(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content, end=" ", flush=True)
        text += chunk.content
    return text


def prints_nothing(model, prompt):
    return "".join(chunk.content for chunk in model.stream(prompt))


def does_not_flush(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content, end="")
        text += chunk.content
    return text


def flushes_at_the_end(model, prompt):
    text = does_not_flush(model, prompt)
    sys.stdout.flush()
    return text


def returns_nothing(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)


def returns_a_list(model, prompt):
    pieces = []
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        pieces.append(chunk.content)
    return pieces


def returns_a_message(model, prompt):
    whole = AIMessageChunk("")
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        whole += chunk
    return whole


def returns_the_last_piece(model, prompt):
    last = ""
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        last = chunk.content or last
    return last


def yields(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        yield chunk.content


async def is_async(model, prompt):
    async for chunk in model.astream(prompt):
        print(chunk.content, end="", flush=True)


def never_asks(model, prompt):
    print(prompt, end="", flush=True)
    return prompt


def asks_twice(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
    return "".join(chunk.content for chunk in model.stream(prompt))


def streams_then_invokes(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
    return model.invoke(prompt).content


def returns_inside_the_loop(model, prompt):
    pieces = []
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        pieces.append(chunk.content)
        return "".join(pieces)
    return ""


from_outside = ProbeModel(probe=Probe(["Another ", "model."]))


def asks_a_model_from_outside(model, prompt):
    return a_loop_and_a_list(from_outside, prompt)


collected = ["Text of an earlier call. "]


@pytest.fixture(autouse=True)
def _collected_by_one_call_alone():
    del collected[1:]


def collects_outside(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        collected.append(chunk.content)
    return "".join(collected)


def puts_the_prompt_before_it(model, prompt):
    return prompt + a_loop_and_a_list(model, prompt)


def leaves_early(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        if chunk.content:
            return chunk.content
    return None


def misspells(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.contents, end="", flush=True)


WRONG_1_1 = (
    (invokes, "called with `invoke`"),
    (collects_then_prints, "stayed blank until all"),
    (prints_two_at_a_time, "1 of 43 pieces had arrived and weren't printed"),
    (prints_the_chunk, "chunk with all its fields"),
    (prints_lines, "a new line between the pieces"),
    (prints_blanks_between, "something between the pieces"),
    (prints_nothing, "Nothing was printed"),
    (does_not_flush, "not flushed"),
    (flushes_at_the_end, "not flushed"),
    (returns_nothing, "returns `None`"),
    (returns_a_list, "a `list`; the exercise asks for one text"),
    (returns_a_message, "a message; the exercise asks for its text"),
    (returns_the_last_piece, r"it has \d characters"),
    (yields, "There is a `yield`"),
    (is_async, "is an `async def`"),
    (never_asks, "never asked the model that it was given"),
    (asks_twice, "asked twice for one reply.* there already"),
    (streams_then_invokes, "asked twice for one reply.* there already"),
    (returns_inside_the_loop, "after the first piece, which is empty.* does `return` stand"),
    (asks_a_model_from_outside, "never asked the model that it was given"),
    (collects_outside, "earlier call still stands before it: `Text of an earlier call. `"),
    (puts_the_prompt_before_it, r"it has \d+ characters"),
    (leaves_early, "Only 1 of .* was read. What ends the loop"),
    (misspells, r"AttributeError: .*contents.*at the line `print\(chunk.contents"),
    ("a text", "wants the function itself"),
)


@pytest.mark.parametrize(
    ("show", "said"),
    [pytest.param(*pair, id=getattr(pair[0], "__name__", "a_text")) for pair in WRONG_1_1],
)
def test_1_1_says_what_is_wrong_with_code_that(show, said):
    wrong("1.1", show, said)
