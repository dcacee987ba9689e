"""Exercise 3.1: one chunk that is the sum of all."""

from contextlib import closing
from functools import reduce
from itertools import accumulate
from operator import add

from langchain_core.messages import AIMessage, AIMessageChunk, message_chunk_to_message
from langchain_core.messages.ai import add_ai_message_chunks

from tests.checks.answers import right, wrong
from utils.checks.engine.reply import Reply


@right("3.whole")
def adds_in_a_loop(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
    return total


@right("3.whole")
def reduces(stream):
    chunks = list(stream)
    return reduce(add, chunks) if chunks else None


@right("3.whole")
def sums_from_the_first(stream):
    chunks = list(stream)
    return sum(chunks[1:], chunks[0]) if chunks else None


@right("3.whole")
def adds_all_at_once(stream):
    first = next(stream, None)
    return first and add_ai_message_chunks(first, *stream)


@right("3.whole")
def adds_in_place(stream):
    total = next(iter(stream), None)
    for chunk in stream:
        total += chunk
    return total


@wrong("3.whole", "loses usage and finish reason")
def joins_the_texts(stream):
    return AIMessageChunk("".join(chunk.content for chunk in stream))


@wrong("3.whole", "loses usage and finish reason")
def keeps_chunks_with_text(stream):
    return adds_in_a_loop(chunk for chunk in stream if chunk.content)


@wrong("3.whole", "leaves chunks")
def leaves_at_the_finish_reason(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if "finish_reason" in chunk.response_metadata:
            return total
    return total


@wrong("3.whole", "returns the text")
def returns_the_text(stream):
    return "".join(chunk.content for chunk in stream)


@wrong("3.whole", "returns no chunk")
def returns_a_list(stream):
    return list(stream)


@wrong("3.whole", "returns a message")
def returns_a_message(stream):
    total = adds_in_a_loop(stream)
    return total and message_chunk_to_message(total)


@wrong("3.whole", "adds a message")
def begins_with_a_message(stream):
    total = AIMessage("")
    for chunk in stream:
        total = total + chunk
    return total


@wrong("3.whole", "something from nothing")
def begins_with_an_empty_chunk(stream):
    total = AIMessageChunk("")
    for chunk in stream:
        total += chunk
    return total


@wrong("3.whole", "raises")
def begins_with_zero(stream):
    return sum(stream)


@wrong("3.whole", "raises")
def begins_with_none(stream):
    total = None
    for chunk in stream:
        total += chunk
    return total


@wrong("3.whole", "raises")
def trips_over_nothing(stream):
    first, *others = stream
    return sum(others, first)


@wrong("3.whole", "one chunk of many")
def returns_the_last(stream):
    *_, last = stream
    return last


@wrong("3.whole", "another text")
def loses_the_first(stream):
    next(stream, None)
    next(stream, None)
    return adds_in_a_loop(stream)


@wrong("3.whole", "returns nothing")
def forgets_return(stream):
    adds_in_a_loop(stream)


@wrong("3.whole", "yields")
def yields(stream):
    yield adds_in_a_loop(stream)


@wrong("3.whole", "reads twice")
def counts_them_first(stream):
    count = len(list(stream))
    return adds_in_a_loop(stream) if count else None


@wrong("3.whole", "reads twice")
def adds_to_the_last(stream):
    chunks = list(stream)
    return sum(stream, chunks[-1]) if chunks else None


@wrong("3.whole", "never reads the stream")
def reads_another_stream(stream):
    return adds_in_a_loop(Reply(["The heron flies."]).chunks())


@wrong("3.whole", "loses the tool calls", "Were the chunks added")
def keeps_what_has_no_call(stream):
    return adds_in_a_loop(chunk for chunk in stream if not chunk.tool_call_chunks)


@wrong("3.whole", "loses the usage")
def leaves_the_usage_out(stream):
    return adds_in_a_loop(chunk for chunk in stream if not chunk.usage_metadata)


@wrong("3.whole", "loses the finish reason")
def leaves_the_finish_reason_out(stream):
    return adds_in_a_loop(chunk for chunk in stream if not chunk.response_metadata)


@wrong("3.whole", "swallows the error")
def returns_what_arrived(stream):
    total = None
    try:
        for chunk in stream:
            total = chunk if total is None else total + chunk
    except Exception:
        pass
    return total


@right("3.whole")
def closes_the_stream(stream):
    with closing(stream) as chunks:
        return adds_in_a_loop(chunks)


@right("3.whole")
def one_at_a_time(stream):
    total = next(stream, None)
    while total is not None:
        try:
            total += next(stream)
        except StopIteration:
            break
    return total


@right("3.whole")
def accumulates(stream):
    *_, total = [None, *accumulate(stream)]
    return total


@wrong("3.whole", "drops the first chunk")
def takes_the_first_chunk_for_an_empty_one(stream):
    return adds_in_a_loop(list(stream)[1:])


@wrong("3.whole", "another text")
def adds_the_first_chunk_twice(stream):
    total = None
    for chunk in stream:
        if total is None:
            total = chunk
        total = total + chunk
    return total


@wrong("3.whole", "loses the usage")
def takes_the_last_chunk_for_an_empty_one(stream):
    return adds_in_a_loop(list(stream)[:-1])


@wrong("3.whole", "another text")
def strips_the_text(stream):
    total = adds_in_a_loop(stream)
    return total and total.model_copy(update={"content": total.content.strip()})


@wrong("3.whole", "loses the finish reason", "is `stop`, and the reply's is `tool_calls`")
def says_that_it_stopped(stream):
    total = adds_in_a_loop(stream)
    if total is not None:
        total.response_metadata["finish_reason"] = "stop"
    return total
