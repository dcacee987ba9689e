"""Lesson 3's checks: what works passes, however it is written; what doesn't is told apart."""

import ast
import re
from functools import reduce
from operator import add
from time import perf_counter

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, message_chunk_to_message
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.output_parsers import JsonOutputParser

from utils import source
from utils.checks import evaluate
from utils.checks.lesson_3 import HERON, WEATHER, Reply


def right(number, answer):
    outcome = evaluate(number, answer)
    assert outcome.status == "correct", outcome
    return outcome


def wrong(number, answer, said):
    outcome = evaluate(number, answer)
    assert outcome.status == "not yet", outcome
    assert re.search(said, outcome.message), outcome
    return outcome


def by_name(*functions):
    return [pytest.param(function, id=function.__name__) for function in functions]


def with_reason(*pairs):
    return [pytest.param(function, said, id=function.__name__) for function, said in pairs]


# --- The replies ----------------------------------------------------------------------------------


def test_a_reply_is_shaped_as_openais():
    reply = Reply(HERON)
    chunks = list(reply.stream())
    assert (chunks[0].content, chunks[-1].content) == ("", "")
    assert chunks[-1].chunk_position == "last"
    assert chunks[-1].response_metadata == {}  # the finish reason isn't in the last chunk
    assert reply.whole.content == HERON
    assert reply.taken == len(chunks)


def test_tool_calls_of_a_reply_come_in_pieces():
    reply = Reply(calls=WEATHER, finish="tool_calls")
    assert [call["args"] for call in reply.whole.tool_calls] == [
        {"city": "San Francisco"},
        {"zone": "Asia/Tokyo"},
    ]
    assert len(reply.chunks) > 10


def test_a_call_that_is_cut_off_looks_like_one():
    broken = Reply(calls=[("get_weather", '{"city": "San')], finish=None)
    assert broken.whole.tool_calls[0]["args"] == {"city": "San"}
    assert "finish_reason" not in broken.whole.response_metadata


# --- 3.1 ------------------------------------------------------------------------------------------


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


WRONG_3_1 = (
    (counts_them_first, "`stream` was looped over twice.* a stream can be read once"),
    (adds_to_the_last, "`stream` was looped over twice.* a stream can be read once"),
    (reads_another_stream, "`whole` never read `stream`"),
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
    (trips_over_nothing, "ValueError: .*for a stream that brings nothing"),
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


# --- 3.2 ------------------------------------------------------------------------------------------


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


WRONG_3_2 = (
    (
        unless_it_is_a_known_end,
        "A reply with the finish reason `error` gave .* would be executed; `tool_calls` alone",
    ),
    (of_a_reply_that_stopped, "gave an empty list. Which reason did you compare with"),
    (of_a_misspelt_reason, "In which chunk .*for the calls\\? Which reason did you compare with"),
    (with_the_reason_in_a_second_loop, "`stream` was looped over twice"),
    (of_another_stream, "`calls` never read `stream`"),
    (without_return, "Nothing came back: is a `return` missing"),
    (at_the_first_piece, "came back after 2 of .* chunks, with .* arguments are provisional"),
    (at_the_first_piece_in_a_list, r"a list in a list, `\[\[\{'name'"),
    (in_a_list_at_the_reason, "a list in a list.* the exercise asks for a list of calls"),
    (of_the_chunk_with_the_reason, "that chunk holds no calls; the sum of the chunks does"),
    (gives_up_at_once, "after 1 of .* an empty list. The finish reason was still to come"),
    (the_pieces_at_the_reason, "pieces of calls, with arguments as text"),
    (whatever_the_reason, "cut off by a limit .* nobody finished asking for it"),
    (in_square_brackets, "KeyError: 'finish_reason'.*for a reply broken off"),
    (all_but_length, "A reply broken off .* nobody finished asking"),
    (any_reason, "cut off by a limit .* nobody finished asking for it"),
    (any_but_a_limit, "stopped by the provider's filter"),
    (in_the_last_chunk, "gave an empty list. In which chunk"),
    (none_for_none, "gave `None`; the exercise asks for an empty list"),
    (the_pieces, "pieces of calls, with arguments as text"),
    (the_arguments, "is no tool call"),
    (only_the_first, "makes 2 calls, and 1 came back"),
    (all_along, "makes 2 calls, and .* came back"),
    (trips_over_an_empty_stream, "AttributeError: .*for a stream that brings nothing"),
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


# --- 3.3 ------------------------------------------------------------------------------------------


def keeps_the_reason(stream):
    pieces, reason = [], None
    for chunk in stream:
        pieces.append(chunk.content)
        reason = chunk.response_metadata.get("finish_reason", reason)
    if reason != "stop":
        raise ValueError(f"The reply is not complete: finish reason {reason}.")
    return "".join(pieces)


def of_the_sum(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason == "stop":
        return total.text
    raise ValueError(reason or "no finish reason at all")


class IncompleteError(ValueError):
    """One of the learner's own."""


def with_an_error_of_its_own(stream):
    chunks = list(stream)
    reasons = [c.response_metadata["finish_reason"] for c in chunks if c.response_metadata]
    if reasons != ["stop"]:
        raise IncompleteError(f"ended by {reasons}")
    return "".join(chunk.text for chunk in chunks)


@pytest.mark.parametrize(
    "to_store", by_name(keeps_the_reason, of_the_sum, with_an_error_of_its_own)
)
def test_3_3_accepts(to_store):
    right("3.3", to_store)


def looks_at_the_last_chunk(stream):
    *pieces, last = stream
    reason = last.response_metadata.get("finish_reason")
    if reason != "stop":
        raise ValueError(f"finish reason {reason}")
    return "".join(chunk.content for chunk in pieces)


def stores_anything(stream):
    return "".join(chunk.content for chunk in stream)


def refuses_length_alone(stream):
    total = adds_in_a_loop(stream)
    if total.response_metadata.get("finish_reason") == "length":
        raise ValueError("length")
    return total.content


def refuses_no_reason_alone(stream):
    total = adds_in_a_loop(stream)
    if total is None or not total.response_metadata.get("finish_reason"):
        raise ValueError("no reason")
    return total.content


def refuses_known_reasons(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason in (None, "length"):
        raise ValueError(f"finish reason {reason}")
    return total.content


def returns_none(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError:
        return None


def returns_the_error(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError as error:
        return error


def raises_another(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError as error:
        raise RuntimeError(str(error)) from None


def asks_by_square_brackets(stream):
    total = adds_in_a_loop(stream)
    if (reason := total.response_metadata["finish_reason"]) != "stop":
        raise ValueError(reason)
    return total.content


def names_no_reason(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError:
        raise ValueError("not complete") from None


def stores_a_message(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") != "stop":
        raise ValueError(total and total.response_metadata.get("finish_reason"))
    return total


def stores_a_list(stream):
    return [keeps_the_reason(stream)]


def stores_capitals(stream):
    return keeps_the_reason(stream).upper()


def prints_it(stream):
    print(keeps_the_reason(stream))


def wants_full_stops(stream):
    text = stores_anything(stream)
    if not text.endswith("."):
        raise ValueError("length or nothing or content_filter")
    return text


def misses_the_empty_stream(stream):
    chunks = list(stream)
    return keeps_the_reason(iter(chunks)) if chunks else ""


def trips_over_an_empty_one(stream):
    total = adds_in_a_loop(stream)
    if (reason := total.response_metadata.get("finish_reason")) != "stop":
        raise ValueError(reason)
    return total.content


def refuses_all_known_reasons(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason in ("length", "content_filter", None):
        raise ValueError(f"finish reason {reason}")
    return total.content


def refuses_these_and_calls(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason in ("length", "content_filter", "tool_calls", None):
        raise ValueError(f"finish reason {reason}")
    return total.content


def stores_calls_too(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason not in ("stop", "tool_calls"):
        raise ValueError(f"finish reason {reason}")
    return total.content


def names_every_reason(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError:
        raise ValueError("length or content_filter or None") from None


def says_nothing(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError:
        raise ValueError from None


def strips_the_text(stream):
    return keeps_the_reason(stream).strip()


def looks_for_the_reason_in_a_second_loop(stream):
    text = "".join(chunk.content for chunk in stream)
    reasons = [chunk.response_metadata.get("finish_reason") for chunk in stream]
    if "stop" not in reasons:
        raise ValueError(f"finish reasons {reasons}")
    return text


def stores_another(stream):
    return keeps_the_reason(Reply(HERON).stream())


def refuses_without_a_look(stream):
    raise ValueError


WRONG_3_3 = (
    (refuses_all_known_reasons, "reason `tool_calls` came back, .* stored; `stop` alone counts"),
    (stores_calls_too, "reason `tool_calls` came back, .* stored; `stop` alone counts"),
    (refuses_these_and_calls, "reason `error` came back, .* stored; `stop` alone counts"),
    (names_every_reason, "`tool_calls` raises .* is `length or .* should name the finish reason"),
    (says_nothing, "raises `ValueError`, and it has no message. It should name"),
    (strips_the_text, "begins and ends with white space, and not all of that came back"),
    (looks_for_the_reason_in_a_second_loop, "`stream` was looped over twice"),
    (stores_another, "`to_store` never read `stream`"),
    (refuses_without_a_look, "`to_store` never read `stream`"),
    (looks_at_the_last_chunk, "A complete reply, .*was refused: .*Which of its chunks"),
    (stores_anything, "cut off by a limit on its length came back, .*stored as complete"),
    (refuses_length_alone, "A reply broken off.* came back, .*stored as complete"),
    (refuses_no_reason_alone, "cut off by a limit on its length came back, .*stored"),
    (refuses_known_reasons, "by the provider's filter came back, .*stored"),
    (returns_none, "came back as `None`. Nothing was raised"),
    (returns_the_error, "came back as a `ValueError`, which wasn't raised"),
    (raises_another, "RuntimeError: .*the exercise asks for `ValueError`"),
    (asks_by_square_brackets, "KeyError: 'finish_reason'.*for a reply broken off"),
    (names_no_reason, "its message is `not complete`. It should name the finish reason"),
    (stores_a_message, "is a message; the exercise asks for its text"),
    (stores_a_list, "is a `list`"),
    (stores_capitals, "The text isn't that of the reply"),
    (prints_it, "Nothing came back for a complete reply: is a `return` missing"),
    (misses_the_empty_stream, "A stream that brings nothing gave"),
    (trips_over_an_empty_one, "AttributeError: .*for a stream that brings nothing"),
    (yields, "There is a `yield`"),
)


@pytest.mark.parametrize(("to_store", "said"), with_reason(*WRONG_3_3))
def test_3_3_says_what_is_wrong_with_code_that(to_store, said):
    wrong("3.3", to_store, said)


def test_3_3_quotes_no_message_where_a_complete_reply_is_refused_without_one():
    def refuses_all(stream):
        list(stream)
        raise ValueError

    wrong("3.3", refuses_all, "reason `stop`, was refused. Which of its chunks")


@pytest.mark.parametrize("strip", [str.lstrip, str.rstrip])
def test_3_3_wants_the_white_space_at_either_end(strip):
    wrong("3.3", lambda stream: strip(keeps_the_reason(stream)), "white space, and not all of that")


def test_3_3_praises_in_a_sentence():
    said = "replies cut off by a limit, a filter or the line were refused, with the reason named"
    assert said in right("3.3", keeps_the_reason).message


def test_3_3_is_not_fooled_by_a_full_stop():
    wrong("3.3", wants_full_stops, "A reply broken off.* came back, `The heron .* hour.`")


# --- 3.4 ------------------------------------------------------------------------------------------


def waits_and_joins(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        now = clock()
        if waiting and (last is None or now - last >= seconds):
            yield waiting
            waiting, last = "", now
    if waiting:
        yield waiting


def with_a_list(pieces, seconds=0.05, clock=perf_counter):
    waiting, due = [], clock()
    for piece in pieces:
        waiting.append(piece)
        if piece and clock() >= due:
            yield "".join(waiting)
            waiting.clear()
            due = clock() + seconds
    if waiting:
        yield "".join(waiting)


def first_by_hand(pieces, seconds=0.05, clock=perf_counter):
    pieces = iter(pieces)
    for first in pieces:
        if first:
            yield first
            break
    last, waiting = clock(), ""
    for piece in pieces:
        waiting += piece
        if clock() - last >= seconds:
            yield waiting
            last, waiting = clock(), ""
    if waiting:
        yield waiting


class Coalesced:
    """An iterator that isn't a generator."""

    def __init__(self, pieces, seconds, clock):
        self._texts = waits_and_joins(pieces, seconds, clock)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._texts)


def an_iterator(pieces, seconds=0.05, clock=perf_counter):
    return Coalesced(pieces, seconds, clock)


@pytest.mark.parametrize(
    "coalesce", by_name(waits_and_joins, with_a_list, first_by_hand, an_iterator)
)
def test_3_4_accepts(coalesce):
    right("3.4", coalesce)


def reads_all_first(pieces, seconds=0.05, clock=perf_counter):
    clock()
    pieces = list(pieces)
    yield from waits_and_joins(pieces, seconds, clock)


def joins_all(pieces, seconds=0.05, clock=perf_counter):
    clock()
    yield "".join(pieces)


def loses_the_rest(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()


def starts_the_clock_first(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", clock()
    for piece in pieces:
        waiting += piece
        if clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


def passes_everything(pieces, seconds=0.05, clock=perf_counter):
    for piece in pieces:
        clock()
        yield piece


def never_resets_the_clock(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            waiting, last = "", last or clock()
    if waiting:
        yield waiting


def catches_up(pieces, seconds=0.05, clock=perf_counter):
    waiting, due = "", None
    for piece in pieces:
        waiting += piece
        if due is None or clock() >= due:
            yield waiting
            waiting, due = "", (due or clock()) + seconds
    if waiting:
        yield waiting


def wants_more_than(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last > seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


def holds_one_back(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        if last is None:
            yield piece
            last = clock()
            continue
        if clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
        waiting += piece
    if waiting:
        yield waiting


def shows_the_latest(pieces, seconds=0.05, clock=perf_counter):
    last = None
    for piece in pieces:
        if last is None or clock() - last >= seconds:
            yield piece
            last = clock()
    if last:
        yield piece


def never_empties(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            last = clock()
    yield waiting


def by_its_own_clock(pieces, seconds=0.05, clock=perf_counter):
    return waits_and_joins(pieces, seconds)


def by_number(pieces, seconds=0.05, clock=perf_counter):
    waiting = ""
    for number, piece in enumerate(pieces):
        waiting += piece
        clock()
        if number % 4 == 0:
            yield waiting
            waiting = ""
    if waiting:
        yield waiting


def returns_texts(pieces, seconds=0.05, clock=perf_counter):
    return list(waits_and_joins(pieces, seconds, clock))


def returns_no_texts(pieces, seconds=0.05, clock=perf_counter):
    for _ in waits_and_joins(pieces, seconds, clock):
        pass


def reads_ahead(pieces, seconds=0.05, clock=perf_counter):
    return waits_and_joins(list(pieces), seconds, clock)


def yields_lists(pieces, seconds=0.05, clock=perf_counter):
    for text in waits_and_joins(pieces, seconds, clock):
        yield [text]


def trips_over_no_pieces(pieces, seconds=0.05, clock=perf_counter):
    yield next(pieces)
    yield from first_by_hand(pieces, seconds, clock)


def never_ends(pieces, seconds=0.05, clock=perf_counter):
    yield from waits_and_joins(pieces, seconds, clock)
    while True:
        yield ""


def has_no_clock(pieces, seconds=0.05):
    yield from pieces


def strips(pieces, seconds=0.05, clock=perf_counter):
    for text in waits_and_joins(pieces, seconds, clock):
        yield text.strip()


def starts_at_zero(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", 0
    for piece in pieces:
        waiting += piece
        if waiting and clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


def takes_zero_for_never(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if waiting and (not last or clock() - last >= seconds):
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


def passes_an_empty_first_piece(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if last is None or clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
    if waiting:
        yield waiting


def passes_an_empty_rest(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        if waiting and (last is None or clock() - last >= seconds):
            yield waiting
            waiting, last = "", clock()
    yield waiting


def counts_an_empty_first_piece(pieces, seconds=0.05, clock=perf_counter):
    for text in passes_an_empty_first_piece(pieces, seconds, clock):
        if text:
            yield text


def joins_without_a_clock(pieces, seconds=0.05, clock=perf_counter):
    yield "".join(pieces)


WRONG_3_4 = (
    (joins_without_a_clock, "the first text was passed on when all of them had come"),
    (starts_at_zero, "clock shows 0 the first text was passed on when all of them .* at once"),
    (takes_zero_for_never, "clock shows 0, .* 0.0625 s after the text before it"),
    (passes_an_empty_first_piece, "empty first piece, an empty text .* when only that had come"),
    (passes_an_empty_rest, "an empty text was passed on when nothing was waiting"),
    (counts_an_empty_first_piece, "The first that is not empty should go on at once"),
    (reads_all_first, "the first text was passed on when all of them had come"),
    (joins_all, "the first text was passed on when all of them had come"),
    (loses_the_rest, "the end is lost: .* never comes out"),
    (starts_the_clock_first, "the first text was passed on when 4 of them had come"),
    (passes_everything, "0.0625 s after the text before it, which is less than 0.25 s"),
    (never_resets_the_clock, "0.0625 s after the text before it, which is less than 0.25 s"),
    (catches_up, "in bursts, .* was passed on 0(.0625)? s after the text before it"),
    (wants_more_than, "when 0.25 s had gone by .* wasn't passed on then"),
    (holds_one_back, "had come, and .* was passed on. What is there should go"),
    (shows_the_latest, "pieces are lost, such as"),
    (never_empties, "What was passed on once comes again"),
    (by_its_own_clock, "never looked at the clock"),
    (by_number, "in bursts|which is less than|wasn't passed on then"),
    (returns_texts, "returns a `list`, which is there only when the stream has ended"),
    (returns_no_texts, "there is no `yield`"),
    (reads_ahead, "pieces before anybody asked"),
    (yields_lists, "What is passed on is a `list`"),
    (never_ends, "goes on after the pieces have ended"),
    (has_no_clock, "TypeError: .*clock"),
    (strips, "The text changed"),
)


@pytest.mark.parametrize(("coalesce", "said"), with_reason(*WRONG_3_4))
def test_3_4_says_what_is_wrong_with_code_that(coalesce, said):
    wrong("3.4", coalesce, said)


def test_3_4_has_a_case_without_pieces():
    def first_by_next(pieces, seconds=0.05, clock=perf_counter):
        yield next(pieces)
        last, waiting = clock(), ""
        for piece in pieces:
            waiting += piece
            if clock() - last >= seconds:
                yield waiting
                last, waiting = clock(), ""
        if waiting:
            yield waiting

    wrong("3.4", first_by_next, "StopIteration.*for a stream that is empty")


# --- 3.5 ------------------------------------------------------------------------------------------

FENCE = "```"


def counts_lines(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    if sum(re.match(" {0,3}```", line) is not None for line in lines) % 2:
        lines.append(FENCE)
    return "\n".join(lines)


def searches(text):
    text = re.sub(r"(\A|\n)`{1,2}\Z", r"\1", text)
    if len(re.findall(r"^ {0,3}```", text, re.MULTILINE)) % 2:
        text += ("" if text.endswith("\n") else "\n") + FENCE
    return text


def walks_through(text):
    is_open, lines = False, text.splitlines()
    if lines and lines[-1] in ("`", "``"):
        text = text[: -len(lines.pop())]
    for line in lines:
        if line[:6].lstrip(" ").startswith(FENCE):
            is_open = not is_open
    return text + "\n" + FENCE + "\n" if is_open else text


def closes_as_deep_as_it_opened(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    fences = [line for line in lines if re.match(" {0,3}```", line)]
    if len(fences) % 2:
        lines.append(fences[-1][: fences[-1].index(FENCE)] + FENCE)
    return "\n".join(lines)


@pytest.mark.parametrize(
    "closed", by_name(counts_lines, searches, walks_through, closes_as_deep_as_it_opened)
)
def test_3_5_accepts(closed):
    right("3.5", closed)


def always_closes(text):
    return f"{text}\n{FENCE}"


def never_closes(text):
    return text


def counts_anywhere(text):
    *lines, last = text.split("\n")
    text = text if last not in ("`", "``") else "\n".join(lines)
    return f"{text}\n{FENCE}" if text.count(FENCE) % 2 else text


def closes_on_the_line(text):
    *lines, last = text.split("\n")
    text = text if last not in ("`", "``") else "\n".join(lines)
    is_open = sum(line.startswith(FENCE) for line in text.split("\n")) % 2
    return text + FENCE if is_open else text


def keeps_half_a_fence(text):
    is_open = sum(line.startswith(FENCE) for line in text.split("\n")) % 2
    return f"{text}\n{FENCE}" if is_open else text


def drops_short_lines(text):
    *lines, last = text.split("\n")
    return counts_lines("\n".join(lines) if len(last) < 3 else text)


def drops_what_ends_in_backticks(text):
    return counts_lines(text.rstrip("`") if not text.endswith(FENCE) else text)


def closes_twice(text):
    repaired = counts_lines(text)
    return f"{repaired}\n{FENCE}\n{FENCE}" if repaired != text else text


def strips_the_end(text):
    return counts_lines(text.rstrip())


def prints_only(text):
    print(counts_lines(text))


def takes_the_block_out(text):
    repaired = counts_lines(text)
    return text[: text.rindex(FENCE)] if repaired.count(FENCE) > text.count(FENCE) else repaired


def trips_over_no_text(text):
    return counts_lines(text) if text[0] else text


def capitals(text):
    return counts_lines(text).upper()


def counts_at_the_margin(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    if sum(line.startswith(FENCE) for line in lines) % 2:
        lines.append(FENCE)
    return "\n".join(lines)


def counts_at_any_depth(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    if sum(line.strip().startswith(FENCE) for line in lines) % 2:
        lines.append(FENCE)
    return "\n".join(lines)


def closes_bold_words_too(text):
    repaired = counts_lines(text)
    return f"{repaired}**" if repaired.count("**") % 2 else repaired


def drops_lone_backticks_anywhere(text):
    *lines, last = text.split("\n")
    lines = [line for line in lines if line.strip() not in ("`", "``")]
    return counts_lines("\n".join([*lines, last]))


WRONG_3_5 = (
    (counts_at_any_depth, "after four spaces, .*: a fence was added, and no block is open"),
    (closes_bold_words_too, r"half-written bold word, .*nothing is to be repaired.*in \*\*'"),
    (drops_lone_backticks_anywhere, "in the middle, .*nothing is to be repaired"),
    (always_closes, "a text without a fence, .*: a fence was added, and no block is open"),
    (never_closes, "an open block, .*came back, where the block is still open"),
    (counts_anywhere, "three backticks inside a line, .*a fence was added, and no block is open"),
    (closes_on_the_line, "isn't on a line of its own"),
    (counts_at_the_margin, "fences stand after one space, .*where the block is still open"),
    (keeps_half_a_fence, "may be a fence to come, and is still there"),
    (drops_short_lines, "nothing is to be repaired, and .* came back"),
    (drops_what_ends_in_backticks, "nothing is to be repaired, and .* came back"),
    (closes_twice, "a fence was added twice"),
    (strips_the_end, "a text without a fence, .*nothing is to be repaired"),
    (prints_only, "Nothing came back: is a `return` missing"),
    (takes_the_block_out, "an open block, .* came back, and some of the text is lost"),
    (trips_over_no_text, "IndexError: .*for an empty text"),
    (capitals, "nothing is to be repaired, and"),
    (yields, "There is a `yield`"),
)


@pytest.mark.parametrize(("closed", "said"), with_reason(*WRONG_3_5))
def test_3_5_says_what_is_wrong_with_code_that(closed, said):
    wrong("3.5", closed, said)


@pytest.mark.parametrize("closed", [never_closes, counts_at_the_margin, keeps_half_a_fence])
def test_3_5_shows_a_text_that_python_can_read(closed):
    outcome = wrong("3.5", closed, "```|`` '|'See")
    assert "x60" not in outcome.message
    in_python = re.search("<code>('.*?')</code>", outcome._repr_html_())[1]
    text = ast.literal_eval(in_python)
    assert "`" in text
    assert closed(text) != counts_lines(text)


def test_3_5_quotes_the_learners_line_with_its_backticks():
    def trips(text):
        return {"```": text}["`"]

    page = wrong("3.5", trips, "KeyError")._repr_html_()
    assert '<code>return {"```": text}["`"]</code>' in page


# --- 3.6 ------------------------------------------------------------------------------------------

PIECES = ('{"city', '": "Ro', 'me", "te', 'mp": 2', "1}")
VALUES = list(JsonOutputParser().transform(iter(PIECES)))


@pytest.mark.parametrize(
    "values", [VALUES, tuple(VALUES), [dict(reversed(value.items())) for value in VALUES]]
)
def test_3_6_accepts_what_the_parser_yields(values):
    right("3.6", values)


def test_3_6_is_asked_in_the_lesson_with_the_same_pieces():
    for path in source.paths():
        if path.name.startswith("03_"):
            assert "      ".join(f"'{piece}'" for piece in PIECES) in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (VALUES[1:], "One comes before it: .*beginning of a key"),
        ([VALUES[0], *VALUES[2:]], "How far has the text come at that point"),
        ([*VALUES[:3], VALUES[4]], "How much of the number has come at that point"),
        ([*VALUES[:2], {"city": "Rome", "te": None}], "of which no value has come yet"),
        ([*VALUES[:2], {"city": "Rome", "temp": None}], "of which no value has come yet"),
        ([VALUES[0], {"city": ""}], "How far has the text come"),
        ([{}, {"town": "Ro"}], "There is no key `town`"),
        ([*VALUES[:3], {"city": "Rome", "Temp": 2}], "There is no key `Temp`"),
        ([*VALUES[:4], {"city": "Rome", "Temp": 21}], "There is no key `Temp`"),
        ([{}, {1: "Ro"}], "There is no key `1`"),
        (VALUES[:2] + VALUES[1:], r"value 3 is `\{'city': 'Ro'\}`. .* isn't yielded again"),
        ([VALUES[0], *VALUES], r"value 2 is `\{\}`. A value that is the same as the one before"),
        ([*VALUES, VALUES[-1]], "then you have more. A value that is the same .* isn't yielded"),
        ([*VALUES, {"city": "Oslo"}], "then you have more.$"),
        ([*VALUES[:3], {"city": "Rome", "temp": "2"}], "Its `temp` is a text, `'2'`, where the"),
        ([*VALUES[:4], {"city": "Rome", "temp": "21"}], "is a text, `'21'`, .* has a number"),
        ([{"city": ""}, *VALUES[1:]], "value never comes: look .* beginning of a key"),
        (VALUES[:3], "Your 3 values are right, and there are more"),
        (VALUES[:1], "Your value is right, and there are more"),
        ([], "There are no values yet"),
        ([{}, ...], "Value 2 is still missing"),
        (['{"city'], "Value 1 is a `str`"),
        ({"city": "Rome"}, "a list of values, not a `dict`"),
    ],
)
def test_3_6_says_which_line_above_to_compare_with(values, said):
    message = wrong("3.6", values, said).message
    for value in VALUES[1:]:
        if value not in list(values):
            assert repr(value) not in message, "it tells the answer"


def test_3_6_is_not_attempted_while_there_are_only_dots():
    assert evaluate("3.6", [...]).status == "not attempted"


# --- 3.7 ------------------------------------------------------------------------------------------

TRUTH = {"A": "limit", "B": "broken off", "C": "complete", "D": "filtered"}
ALL = tuple(TRUTH.values())
WORDS = {"limit": "limit", "broken off": "broken", "complete": "complete", "filtered": "filter"}


@pytest.fixture
def _known_replies(monkeypatch):
    monkeypatch.setattr(source, "solution", lambda number: f"diagnosis = {TRUTH!r}")


@pytest.mark.usefixtures("_known_replies")
class TestDiagnosis:
    """3.7, whatever replies the lesson has."""

    @pytest.mark.parametrize(
        "answer",
        [
            TRUTH,
            dict(reversed(TRUTH.items())),
            {name: f" {value.capitalize()} " for name, value in TRUTH.items()},
        ],
    )
    def test_accepts_the_truth(self, answer):
        right("3.7", answer)

    @pytest.mark.parametrize(
        ("name", "given"),
        [(name, given) for name in TRUTH for given in ALL if given != TRUTH[name]],
    )
    def test_names_evidence_for_each_wrong_pair_and_never_the_truth(self, name, given):
        said = f"^{name} .*{WORDS[given]}.*[Ll]ook"
        message = wrong("3.7", {**TRUTH, name: given}, said).message
        assert WORDS[TRUTH[name]] not in message, "it tells the answer"

    def test_praises_no_last_words_that_it_has_not_read(self):
        said = "A isn't complete. Look at its finish reason: does it say so\\?"
        assert "words" not in wrong("3.7", dict.fromkeys(TRUTH, "complete"), said).message

    def test_says_where_finish_reasons_are_explained(self):
        wrong("3.7", {**TRUTH, "D": "limit"}, "in the section on replies that stop")

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ({**TRUTH, "B": "asleep"}, "`asleep` isn't one of the four"),
            ({**TRUTH, "E": "complete"}, "There is no reply E"),
            ({"A": "limit", "B": ...}, "No diagnosis yet for B and C and D"),
            ("complete", "is a dict with"),
        ],
    )
    def test_says_what_a_diagnosis_looks_like(self, answer, said):
        wrong("3.7", answer, said)


# --- All ------------------------------------------------------------------------------------------


def test_the_wrong_answers_of_an_exercise_get_different_messages():
    for number, cases, alike in (
        ("3.1", WRONG_3_1, 2),  # two that keep the text alone, two that loop twice
        ("3.2", WRONG_3_2, 3),  # two take one cut off, two hand back pieces, two find no reason
        ("3.3", WRONG_3_3, 3),  # two that store one cut off, two store calls, two read nothing
        ("3.4", WRONG_3_4, 3),  # three that read all first, two that pass on too soon
        ("3.5", WRONG_3_5, 1),  # two that lose the last line
    ):
        reasons = {evaluate(number, answer).message for answer, _ in cases}
        assert len(reasons) >= len(cases) - alike, number
