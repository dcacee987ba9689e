"""Exercise 3.2: the tool calls of a reply that was finished in order to call them."""

from contextlib import closing

from langchain_core.tools import tool

from tests.checks.answers import right, wrong
from tests.checks.lesson_3.whole import adds_in_a_loop
from utils.checks.engine.reply import Reply
from utils.checks.lesson_3.given import WEATHER


@right("3.calls")
def asks_the_sum(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") != "tool_calls":
        return []
    return total.tool_calls


@right("3.calls")
def remembers_the_reason(stream):
    total, reason = None, None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        reason = chunk.response_metadata.get("finish_reason", reason)
    return list(total.tool_calls) if reason == "tool_calls" else []


@right("3.calls")
def leaves_when_it_is_sure(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if chunk.response_metadata.get("finish_reason") == "tool_calls":
            return total.tool_calls
    return []


@wrong("3.calls", "calls before the end")
def at_the_first_piece(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if total.tool_calls:
            return total.tool_calls
    return []


@wrong("3.calls", "calls of a truncated reply")
def whatever_the_reason(stream):
    total = adds_in_a_loop(stream)
    return total.tool_calls if total else []


@wrong("3.calls", "raises")
def in_square_brackets(stream):
    total = adds_in_a_loop(stream)
    return total.tool_calls if total.response_metadata["finish_reason"] == "tool_calls" else []


@wrong("3.calls", "calls of a truncated reply")
def all_but_length(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") == "length":
        return []
    return total.tool_calls


@wrong("3.calls", "calls of a truncated reply")
def any_reason(stream):
    total = adds_in_a_loop(stream)
    return total.tool_calls if total and total.response_metadata.get("finish_reason") else []


@wrong("3.calls", "calls of a stopped reply")
def any_but_a_limit(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    return total.tool_calls if reason not in (None, "length") else []


@wrong("3.calls", "misses the reason")
def in_the_last_chunk(stream):
    total = chunk = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
    if chunk is None or chunk.response_metadata.get("finish_reason") != "tool_calls":
        return []
    return total.tool_calls


@wrong("3.calls", "returns nothing")
def none_for_none(stream):
    return asks_the_sum(stream) or None


@wrong("3.calls", "pieces of calls")
def the_pieces(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") != "tool_calls":
        return []
    return total.tool_call_chunks


@wrong("3.calls", "no tool calls")
def the_arguments(stream):
    return [call["args"] for call in asks_the_sum(stream)]


@wrong("3.calls", "loses calls")
def only_the_first(stream):
    return asks_the_sum(stream)[:1]


@wrong("3.calls", "changes calls")
def all_along(stream):
    total, found = None, []
    for chunk in stream:
        total = chunk if total is None else total + chunk
        found += total.tool_calls
    return found if total and total.response_metadata.get("finish_reason") == "tool_calls" else []


@wrong("3.calls", "raises")
def trips_over_an_empty_stream(stream):
    total = adds_in_a_loop(stream)
    return total.tool_calls if total.response_metadata.get("finish_reason") == "tool_calls" else []


@wrong("3.calls", "yields")
def yields_calls(stream):
    yield from asks_the_sum(stream)


@wrong("3.calls", "returns no list")
def a_dict(stream):
    return {call["name"]: call["args"] for call in asks_the_sum(stream)}


@wrong("3.calls", "list in a list")
def at_the_first_piece_in_a_list(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if total.tool_calls:
            return [total.tool_calls]
    return []


@wrong("3.calls", "list in a list")
def in_a_list_at_the_reason(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if chunk.response_metadata.get("finish_reason") == "tool_calls":
            return [total.tool_calls]
    return []


@wrong("3.calls", "looks for calls in one chunk")
def of_the_chunk_with_the_reason(stream):
    for chunk in stream:
        if chunk.response_metadata.get("finish_reason") == "tool_calls":
            return chunk.tool_calls
    return []


@wrong("3.calls", "stops at the first chunk")
def gives_up_at_once(stream):
    for chunk in stream:
        if chunk.response_metadata.get("finish_reason") != "tool_calls":
            return []
    return []


@wrong("3.calls", "pieces of calls")
def the_pieces_at_the_reason(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if chunk.response_metadata.get("finish_reason") == "tool_calls":
            return total.tool_call_chunks
    return []


@wrong("3.calls", "calls of a stopped reply")
def unless_it_is_a_known_end(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    return total.tool_calls if reason not in (None, "length", "content_filter") else []


@wrong("3.calls", "misses the reason")
def of_a_reply_that_stopped(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") != "stop":
        return []
    return total.tool_calls


@wrong("3.calls", "misses the reason")
def of_a_misspelt_reason(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") != "tool_call":
        return []
    return total.tool_calls


@wrong("3.calls", "reads twice")
def with_the_reason_in_a_second_loop(stream):
    total = adds_in_a_loop(stream)
    for chunk in stream:
        if chunk.response_metadata.get("finish_reason") == "tool_calls":
            return total.tool_calls
    return []


@wrong("3.calls", "never reads the stream")
def of_another_stream(stream):
    return asks_the_sum(Reply(calls=WEATHER, finish="tool_calls").chunks())


@wrong("3.calls", "returns nothing")
def without_return(stream):
    asks_the_sum(stream)


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"Sunny in {city}."


@wrong("3.calls", "executes a tool")
def executes_them(stream):
    return [get_weather.invoke(call) for call in asks_the_sum(stream)]


@wrong("3.calls", "no tool calls")
def executes_one(stream):
    return [get_weather.invoke(call["args"]) for call in asks_the_sum(stream)[:1]]


def without_whole(stream):
    """Return the sum of all chunks in `stream`, or None if there are none."""
    # your code here


def beside(whole, code):
    """A function beside the notebook's `whole`."""
    names = {"whole": whole}
    exec(code, names)
    return names


BY_WHOLE = """
def calls(stream):
    total = whole(stream)
    if total is None or total.response_metadata.get("finish_reason") != "tool_calls":
        return []
    return total.tool_calls
"""

right("3.calls")(beside(adds_in_a_loop, BY_WHOLE)["calls"])
wrong("3.calls", "needs whole", "Exercise 3.1 isn't done")(beside(without_whole, BY_WHOLE)["calls"])


@wrong("3.calls", "calls of a stopped reply", "with the finish reason `stop`")
def accepts_stop_too(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    return total.tool_calls if reason in ("stop", "tool_calls") else []


@wrong("3.calls", "swallows the error")
def none_if_it_fails(stream):
    try:
        return asks_the_sum(stream)
    except Exception:
        return []


@wrong("3.calls", "returns no list")
def a_tuple(stream):
    return tuple(asks_the_sum(stream))


@wrong("3.calls", "empty before the reason")
def gives_up_before_the_reason(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
        if chunk.tool_call_chunks:
            break
    return total.tool_calls if total and total.response_metadata.get("finish_reason") else []


@right("3.calls")
def closes_the_stream(stream):
    with closing(stream):
        return asks_the_sum(stream)


def the_sum(stream):
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
    return total


def the_reason(total):
    return total and total.response_metadata.get("finish_reason")


@wrong("3.calls", "adds broken calls")
def adds_invalid_calls(stream):
    total = the_sum(stream)
    finished = the_reason(total) == "tool_calls"
    return total.tool_calls + total.invalid_tool_calls if finished else []


@wrong("3.calls", "loses calls", "for a call without arguments")
def leaves_out_calls_without_arguments(stream):
    total = the_sum(stream)
    found = total.tool_calls if the_reason(total) == "tool_calls" else []
    return [call for call in found if call["args"]]


@wrong("3.calls", "loses calls", "for two calls of the same tool")
def calls_each_tool_once(stream):
    total = the_sum(stream)
    found = total.tool_calls if the_reason(total) == "tool_calls" else []
    return list({call["name"]: call for call in found}.values())


@wrong("3.calls", "calls of a stopped reply", "`function_call`")
def accepts_the_older_reason(stream):
    total = the_sum(stream)
    return total.tool_calls if the_reason(total) in ("tool_calls", "function_call") else []


@wrong("3.calls", "calls of a stopped reply", "`tool_use`")
def accepts_a_prefix(stream):
    total = the_sum(stream)
    return total.tool_calls if str(the_reason(total)).startswith("tool") else []
