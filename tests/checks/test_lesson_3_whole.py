"""Exercise 3.1: one chunk that is the sum of all."""

from functools import reduce
from operator import add

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, message_chunk_to_message
from langchain_core.messages.ai import add_ai_message_chunks

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks.lesson_3_replies import Reply


def adds_in_a_loop(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
    return total


def reduces(stream):
    chunks = list(stream)
    return reduce(add, chunks) if chunks else None


def sums_from_the_first(stream):
    chunks = list(stream)
    return sum(chunks[1:], chunks[0]) if chunks else None


def adds_all_at_once(stream):
    first = next(stream, None)
    return first and add_ai_message_chunks(first, *stream)


def adds_in_place(stream):
    total = next(iter(stream), None)
    for chunk in stream:
        total += chunk
    return total


@pytest.mark.parametrize(
    "whole",
    by_name(adds_in_a_loop, reduces, sums_from_the_first, adds_all_at_once, adds_in_place),
)
def test_3_1_accepts(whole):
    right("3.1", whole)


def joins_the_texts(stream):
    return AIMessageChunk("".join(chunk.content for chunk in stream))


def keeps_chunks_with_text(stream):
    return adds_in_a_loop(chunk for chunk in stream if chunk.content)


def leaves_at_the_finish_reason(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if "finish_reason" in chunk.response_metadata:
            return total
    return total


def returns_the_text(stream):
    return "".join(chunk.content for chunk in stream)


def returns_a_list(stream):
    return list(stream)


def returns_a_message(stream):
    total = adds_in_a_loop(stream)
    return total and message_chunk_to_message(total)


def begins_with_a_message(stream):
    total = AIMessage("")
    for chunk in stream:
        total = total + chunk
    return total


def begins_with_an_empty_chunk(stream):
    total = AIMessageChunk("")
    for chunk in stream:
        total += chunk
    return total


def begins_with_zero(stream):
    return sum(stream)


def begins_with_none(stream):
    total = None
    for chunk in stream:
        total += chunk
    return total


def trips_over_nothing(stream):
    first, *others = stream
    return sum(others, first)


def returns_the_last(stream):
    *_, last = stream
    return last


def loses_the_first(stream):
    next(stream, None)
    next(stream, None)
    return adds_in_a_loop(stream)


def forgets_return(stream):
    adds_in_a_loop(stream)


def yields(stream):
    yield adds_in_a_loop(stream)


def trips_over_one(stream):
    chunks = list(stream)
    if not chunks:
        return None
    return sum(chunks[2:], chunks[0] + chunks[1])


def counts_them_first(stream):
    count = len(list(stream))
    return adds_in_a_loop(stream) if count else None


def adds_to_the_last(stream):
    chunks = list(stream)
    return sum(stream, chunks[-1]) if chunks else None


def reads_another_stream(stream):
    return adds_in_a_loop(Reply("The heron flies.").stream())


def as_it_came(stream):
    """Return the sum of all chunks in `stream`, or None if there are none."""


def has_no_loop_yet(stream):
    chunks = []
    return chunks[0] if chunks else None


UNFINISHED_3_1 = (as_it_came, has_no_loop_yet)


def beside_whole(code, whole):
    """The function of a later exercise, which finds that `whole` among the notebook's names."""
    names = {"whole": whole}
    exec(code, names)
    return list(names.values())[-1]


WRONG_3_1 = (
    (counts_them_first, "`stream` was looped over twice.* a stream can be read once"),
    (adds_to_the_last, "`stream` was looped over twice.* a stream can be read once"),
    (reads_another_stream, "`whole` took nothing from `stream`. Is it read at all, or another"),
    (joins_the_texts, "the usage and the finish reason didn't come along"),
    (keeps_chunks_with_text, "the usage and the finish reason didn't come along"),
    (leaves_at_the_finish_reason, "Only .* of .* chunks were read"),
    (returns_the_text, "the text alone; the exercise asks for the whole chunk"),
    (returns_a_list, "is a `list`; the exercise asks for one chunk"),
    (returns_a_message, "an `AIMessage`, which no longer adds up with chunks"),
    (begins_with_a_message, "`ChatPromptTemplate`: .*What did you begin with"),
    (begins_with_an_empty_chunk, "brings nothing gave an `AIMessageChunk`"),
    (begins_with_zero, "TypeError: .*`return sum"),
    (begins_with_none, r"TypeError: .*`total \+= chunk`"),
    (trips_over_nothing, "left is a stream that brings nothing. .*ValueError: .* no chunk came"),
    (trips_over_one, "IndexError: .*for a stream of one chunk"),
    (returns_the_last, "one chunk of the .*, not their sum"),
    (loses_the_first, "The text isn't that of the reply"),
    (forgets_return, "Nothing came back for a stream that had chunks: is a `return` missing"),
    (yields, "There is a `yield`"),
)


@pytest.mark.parametrize(("whole", "said"), with_reason(*WRONG_3_1))
def test_3_1_says_what_is_wrong_with_code_that(whole, said):
    wrong("3.1", whole, said)


def test_3_1_misses_tool_calls():
    def keeps_what_has_no_call(stream):
        return adds_in_a_loop(chunk for chunk in stream if not chunk.tool_call_chunks)

    wrong("3.1", keeps_what_has_no_call, "Only|the tool calls didn't come along")
