"""Right and wrong answers to 3.whole, which asks for the sum of all chunks."""

import functools
import itertools

from langchain_core.messages import AIMessage, AIMessageChunk  # noqa: F401 (used in edits)

from tests.checks.answers import edits, right, wrong
from utils.checks.engine.reply import Reply


@right("3.whole")
def whole(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
    return total


edit = edits("3.whole", whole)
STEP = "total = chunk if total is None else total + chunk"

edit("adds a message", {STEP: "total = total + chunk", "None": 'AIMessage("")'})
edit("value for an empty stream", {STEP: "total += chunk", "None": 'AIMessageChunk("")'})
edit("doesn't read all chunks", {STEP: f"{STEP}\n        if chunk.response_metadata: return total"})


@right("3.whole")
def sums_from_the_first(stream):
    chunks = list(stream)
    return sum(chunks[1:], chunks[0]) if chunks else None


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
def in_batches(stream):
    batches = iter(lambda: [*itertools.islice(stream, 7)], [])
    return whole(itertools.chain.from_iterable(batches))


@right("3.whole")
def looks_first(stream):
    one, other = itertools.tee(stream)
    return whole(other) if any(True for _ in one) else None


@wrong("3.whole", "another text", says="for a reply in which pieces repeat")
def drops_repeated_text(stream):
    chunks = list(stream)
    pairs = zip([None, *chunks], chunks, strict=False)
    return whole(new for old, new in pairs if not (old and new.text and old.text == new.text))


@wrong("3.whole", "returns one of the chunks")
def returns_the_last(stream):
    *_, last = stream
    return last


@wrong("3.whole", "reads twice")
def counts_them_first(stream):
    count = len(list(stream))
    return whole(stream) if count else None


def with_another_finish_reason(stream):
    total = whole(stream)
    if total is not None:
        total.response_metadata["finish_reason"] = "stop"
    return total


wrong("3.whole", "never reads the stream")(lambda stream: whole(Reply(["Another."]).chunks()))
lossy = functools.partial(wrong, "3.whole", "loses another field")
lossy("have the reply's usage for")(lambda stream: whole(list(stream)[:-1]))
lossy("reply's finish reason for a reply")(with_another_finish_reason)
lossy("tool calls")(lambda stream: whole(each for each in stream if not each.tool_call_chunks))
