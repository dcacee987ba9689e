"""The check of exercise 3.1: one chunk that is the sum of all."""

from langchain_core.messages import AIMessageChunk, BaseMessage

from utils.checks.engine.student_code import learners_code
from utils.checks.engine.wording import shown
from utils.checks.lesson_3_replies import (
    HERON,
    WEATHER,
    Reply,
    chunk_of,
    was_read,
    was_read_once,
    where_nothing_comes,
)
from utils.checks.observe import first_difference, kind, not_asked_for, plain_call, the_function
from utils.checks.outcome import NotYet


def whole(answer: object) -> str:
    """One chunk that is the sum of all."""
    function = the_function(answer, "whole")
    for reply in (Reply(HERON), Reply(calls=WEATHER, finish="tool_calls")):
        with learners_code("for a reply with tool calls" if reply.calls else ""):
            returned = function(reply.stream())
        plain_call(returned, "whole")
        was_read(reply, "whole")
        if returned != reply.whole:
            was_read_once(reply)
        _is_chunk(returned)
        _holds_all(returned, reply)
    with learners_code("for a stream of one chunk"):
        single = function(iter([chunk_of("One.")]))
    if not isinstance(single, AIMessageChunk) or single.content != "One.":
        raise NotYet(f"A stream of one chunk gave {shown(repr(single))}.")
    with where_nothing_comes():
        nothing = function(iter(()))
    if nothing is not None:
        raise NotYet(
            f"A stream that brings nothing gave {kind(nothing)}; the exercise asks for `None`."
        )
    return (
        "One chunk with the whole text, the usage, the finish reason and both tool calls; and "
        "`None` where nothing came."
    )


def _is_chunk(returned: object) -> None:
    if isinstance(returned, AIMessageChunk):
        return
    if returned is None:
        raise NotYet(not_asked_for(returned, "one chunk", "for a stream that had chunks"))
    if isinstance(returned, str):
        raise NotYet("What comes back is the text alone; the exercise asks for the whole chunk.")
    if isinstance(returned, BaseMessage):
        raise NotYet(
            f"What comes back is {kind(returned)}, which no longer adds up with chunks; the "
            "exercise asks for a chunk."
        )
    if type(returned).__name__ == "ChatPromptTemplate":
        raise NotYet(
            "What comes back is a `ChatPromptTemplate`: that is what a message and a chunk make. "
            "What did you begin with?"
        )
    raise NotYet(not_asked_for(returned, "one chunk"))


def _holds_all(got: AIMessageChunk, reply: Reply) -> None:
    right = reply.whole
    if reply.taken < len(reply.chunks):
        raise NotYet(f"Only {reply.taken} of {len(reply.chunks)} chunks were read.")
    if got.content != right.content:
        if got in reply.chunks:
            raise NotYet(f"What comes back is one chunk of the {len(reply.chunks)}, not their sum.")
        raise NotYet(
            f"The text isn't that of the reply. {first_difference(str(got.content), reply.text)}"
        )
    reason = "finish_reason"
    missing = [
        name
        for name, one, other in (
            ("the usage", got.usage_metadata, right.usage_metadata),
            (
                "the finish reason",
                got.response_metadata.get(reason),
                right.response_metadata[reason],
            ),
            ("the tool calls", got.tool_calls, right.tool_calls),
        )
        if one != other
    ]
    if missing:
        has = "The text is right" if reply.text else "One chunk comes back"
        raise NotYet(
            f"{has}, and {' and '.join(missing)} didn't come along. Where in the stream "
            f"{'is that' if missing[0] != 'the tool calls' and len(missing) == 1 else 'are they'}?"
        )
