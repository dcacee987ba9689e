"""Exercise 3.2: the tool calls of a reply that was finished in order to call them."""

import pytest
from langchain_core.tools import tool

from tests.checks.test_lesson_3_whole import UNFINISHED_3_1, adds_in_a_loop, beside_whole
from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks import evaluate
from utils.checks.lesson_3_replies import WEATHER, Reply


def asks_the_sum(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") != "tool_calls":
        return []
    return total.tool_calls


def remembers_the_reason(stream):
    total, reason = None, None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        reason = chunk.response_metadata.get("finish_reason", reason)
    return list(total.tool_calls) if reason == "tool_calls" else []


def leaves_when_it_is_sure(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if chunk.response_metadata.get("finish_reason") == "tool_calls":
            return total.tool_calls
    return []


@pytest.mark.parametrize(
    "calls", by_name(asks_the_sum, remembers_the_reason, leaves_when_it_is_sure)
)
def test_3_2_accepts(calls):
    right("3.2", calls)


def at_the_first_piece(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if total.tool_calls:
            return total.tool_calls
    return []


def whatever_the_reason(stream):
    total = adds_in_a_loop(stream)
    return total.tool_calls if total else []


def in_square_brackets(stream):
    total = adds_in_a_loop(stream)
    return total.tool_calls if total.response_metadata["finish_reason"] == "tool_calls" else []


def all_but_length(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") == "length":
        return []
    return total.tool_calls


def any_reason(stream):
    total = adds_in_a_loop(stream)
    return total.tool_calls if total and total.response_metadata.get("finish_reason") else []


def any_but_a_limit(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    return total.tool_calls if reason not in (None, "length") else []


def in_the_last_chunk(stream):
    total = chunk = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
    if chunk is None or chunk.response_metadata.get("finish_reason") != "tool_calls":
        return []
    return total.tool_calls


def none_for_none(stream):
    return asks_the_sum(stream) or None


def the_pieces(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") != "tool_calls":
        return []
    return total.tool_call_chunks


def the_arguments(stream):
    return [call["args"] for call in asks_the_sum(stream)]


def only_the_first(stream):
    return asks_the_sum(stream)[:1]


def all_along(stream):
    total, found = None, []
    for chunk in stream:
        total = chunk if total is None else total + chunk
        found += total.tool_calls
    return found if total and total.response_metadata.get("finish_reason") == "tool_calls" else []


def trips_over_an_empty_stream(stream):
    total = adds_in_a_loop(stream)
    return total.tool_calls if total.response_metadata.get("finish_reason") == "tool_calls" else []


def yields_calls(stream):
    yield from asks_the_sum(stream)


def a_dict(stream):
    return {call["name"]: call["args"] for call in asks_the_sum(stream)}


def at_the_first_piece_in_a_list(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if total.tool_calls:
            return [total.tool_calls]
    return []


def in_a_list_at_the_reason(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if chunk.response_metadata.get("finish_reason") == "tool_calls":
            return [total.tool_calls]
    return []


def of_the_chunk_with_the_reason(stream):
    for chunk in stream:
        if chunk.response_metadata.get("finish_reason") == "tool_calls":
            return chunk.tool_calls
    return []


def gives_up_at_once(stream):
    for chunk in stream:
        if chunk.response_metadata.get("finish_reason") != "tool_calls":
            return []
    return []


def the_pieces_at_the_reason(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if chunk.response_metadata.get("finish_reason") == "tool_calls":
            return total.tool_call_chunks
    return []


def unless_it_is_a_known_end(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    return total.tool_calls if reason not in (None, "length", "content_filter") else []


def of_a_reply_that_stopped(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") != "stop":
        return []
    return total.tool_calls


def of_a_misspelt_reason(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") != "tool_call":
        return []
    return total.tool_calls


def with_the_reason_in_a_second_loop(stream):
    total = adds_in_a_loop(stream)
    for chunk in stream:
        if chunk.response_metadata.get("finish_reason") == "tool_calls":
            return total.tool_calls
    return []


def of_another_stream(stream):
    return asks_the_sum(Reply(calls=WEATHER, finish="tool_calls").stream())


def without_return(stream):
    asks_the_sum(stream)


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"Sunny in {city}."


def executes_them(stream):
    return [get_weather.invoke(call) for call in asks_the_sum(stream)]


def executes_one(stream):
    return [get_weather.invoke(call["args"]) for call in asks_the_sum(stream)[:1]]


WRONG_3_2 = (
    (executes_them, "A tool was executed, and it failed with .* asks for the calls alone"),
    (executes_one, "An entry of the list is no tool call: `'Sunny in San Francisco.'`"),
    (
        unless_it_is_a_known_end,
        "A reply with the finish reason `error` gave .* would be executed; `tool_calls` alone",
    ),
    (of_a_reply_that_stopped, "gave an empty list. Which reason did you compare with"),
    (of_a_misspelt_reason, "In which chunk .*for the calls\\? Which reason did you compare with"),
    (with_the_reason_in_a_second_loop, "`stream` was looped over twice"),
    (of_another_stream, "`calls` took nothing from `stream`. Is it read at all, or another one"),
    (without_return, "Nothing came back: is a `return` missing"),
    (at_the_first_piece, "came back after 2 of .* chunks, with .* arguments are provisional"),
    (at_the_first_piece_in_a_list, r"a list in a list, `\[\[\{'name'"),
    (in_a_list_at_the_reason, "a list in a list.* the exercise asks for a list of calls"),
    (of_the_chunk_with_the_reason, "that chunk holds no calls; the sum of the chunks does"),
    (gives_up_at_once, "after 1 of .* an empty list. The finish reason was still to come"),
    (the_pieces_at_the_reason, "`args` is a text in them.* its arguments as a dictionary"),
    (whatever_the_reason, "cut off by a limit .* nobody finished asking for it"),
    (in_square_brackets, "KeyError: 'finish_reason'.*for a reply broken off"),
    (all_but_length, "A reply broken off .* nobody finished asking"),
    (any_reason, "cut off by a limit .* nobody finished asking for it"),
    (any_but_a_limit, "stopped by the provider's filter"),
    (in_the_last_chunk, "gave an empty list. In which chunk"),
    (none_for_none, "gave `None`; the exercise asks for an empty list"),
    (the_pieces, r"pieces of calls: `args` is a text in them, `'\{\"city\": \"San Francisco\"\}'`"),
    (the_arguments, "is no tool call"),
    (only_the_first, "makes 2 calls, and 1 came back"),
    (all_along, "makes 2 calls, and .* came back"),
    (trips_over_an_empty_stream, "left is a stream that brings nothing.*AttributeError: "),
    (yields_calls, "There is a `yield`"),
    (a_dict, "is a `dict`; the exercise asks for a list of calls"),
)


@pytest.mark.parametrize(("calls", "said"), with_reason(*WRONG_3_2))
def test_3_2_says_what_is_wrong_with_code_that(calls, said):
    wrong("3.2", calls, said)


def test_3_2_asks_where_the_reason_was_looked_for_if_no_reason_helps():
    assert "In which chunk" not in evaluate("3.2", of_a_reply_that_stopped).message


def test_3_2_says_nothing_of_what_a_reply_that_stopped_makes_of_the_code():
    def trips_over_stop(stream):
        if adds_in_a_loop(stream).response_metadata.get("finish_reason") == "stop":
            raise RuntimeError("stop")
        return []

    wrong("3.2", trips_over_stop, "gave an empty list. In which chunk")


def test_3_2_leaves_open_what_a_reply_with_calls_that_stopped_gives():
    def accepts_stop_too(stream):
        total = adds_in_a_loop(stream)
        reason = total.response_metadata.get("finish_reason") if total else None
        return total.tool_calls if reason in ("stop", "tool_calls") else []

    right("3.2", accepts_stop_too)


BY_WHOLE = """
def calls(stream):
    total = whole(stream)
    if total is None or total.response_metadata.get("finish_reason") != "tool_calls":
        return []
    return total.tool_calls
"""
UNGUARDED = """
def calls(stream):
    return whole(stream).tool_calls
"""


@pytest.mark.parametrize("code", [BY_WHOLE, UNGUARDED])
@pytest.mark.parametrize("whole", UNFINISHED_3_1)
def test_3_2_names_exercise_3_1_where_that_is_used_and_not_done(code, whole):
    said = "`calls` uses `whole`, which takes nothing from its stream. Is Exercise 3.1 done"
    wrong("3.2", beside_whole(code, whole), said)


def test_3_2_says_nothing_of_3_1_where_that_is_done_or_not_used():
    right("3.2", beside_whole(BY_WHOLE, adds_in_a_loop))
    message = evaluate("3.2", beside_whole(UNGUARDED, adds_in_a_loop)).message
    assert "3.1" not in message
    asks_another = BY_WHOLE.replace("whole(stream)", "None")
    wrong("3.2", beside_whole(asks_another, UNFINISHED_3_1[0]), "took nothing from `stream`")
