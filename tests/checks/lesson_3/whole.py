"""Right and wrong answers to 3.whole, which asks for the sum of all chunks."""

# ruff: noqa: F401 (edits use the imports)

from langchain_core.messages import AIMessage, AIMessageChunk

from tests.checks.answers import edits, right, wrong
from utils.checks.engine.reply import Reply


@right("3.whole")
def whole(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
    return total


edit = edits("3.whole", whole)  # edit(mistake or None, {old: new}, regex)
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


@wrong("3.whole", "returns one of the chunks")
def returns_the_last(stream):
    *_, last = stream
    return last


@wrong("3.whole", "reads twice")
def counts_them_first(stream):
    count = len(list(stream))
    return whole(stream) if count else None


def parts(stream, *lost):
    return whole(chunk for chunk in stream if not any(getattr(chunk, name) for name in lost))


def with_another_finish_reason(stream):
    total = whole(stream)
    if total is not None:
        total.response_metadata["finish_reason"] = "stop"
    return total


for mistake, says, answer in (
    ("never reads the stream", "", lambda stream: whole(Reply(["Another."]).chunks())),
    ("loses another field", "lacks the reply's usage\\. ", lambda s: whole(list(s)[:-1])),
    ("loses another field", "reply's finish reason for a reply", with_another_finish_reason),
    ("loses another field", "tool calls", lambda s: parts(s, "tool_call_chunks")),
):
    wrong("3.whole", mistake, says)(answer)
