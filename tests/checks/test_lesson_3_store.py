"""Exercise 3.3: the text of a complete reply, and an error for any other."""

import pytest

from tests.checks.test_lesson_3_whole import (
    UNFINISHED_3_1,
    adds_in_a_loop,
    beside_whole,
    yields,
)
from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks.lesson_3_replies import HERON, Reply


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


def hands_the_reason_over(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason != "stop":
        raise ValueError(reason)  # which reads `None` where there is none
    return total.content


class IncompleteError(ValueError):
    """One of the learner's own."""


def with_an_error_of_its_own(stream):
    chunks = list(stream)
    reasons = [c.response_metadata["finish_reason"] for c in chunks if c.response_metadata]
    if reasons != ["stop"]:
        raise IncompleteError(f"ended by {reasons}")
    return "".join(chunk.text for chunk in chunks)


@pytest.mark.parametrize(
    "to_store",
    by_name(keeps_the_reason, of_the_sum, hands_the_reason_over, with_an_error_of_its_own),
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


def names_what_there_is(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason != "stop":
        raise ValueError(reason or "")
    return total.content


def says_nothing_of_nothing(stream):
    chunks = list(stream)
    if not chunks:
        raise ValueError
    return keeps_the_reason(iter(chunks))


WRONG_3_3 = (
    (
        names_what_there_is,
        "A reply broken off .* with an empty message.* there is no finish reason",
    ),
    (says_nothing_of_nothing, "A stream that brings nothing raises `ValueError` with an empty mes"),
    (refuses_all_known_reasons, "reason `tool_calls` came back, .* stored; `stop` alone counts"),
    (stores_calls_too, "reason `tool_calls` came back, .* stored; `stop` alone counts"),
    (refuses_these_and_calls, "reason `error` came back, .* stored; `stop` alone counts"),
    (names_every_reason, "`tool_calls` raises .* is `length or .* should name the finish reason"),
    (says_nothing, "raises `ValueError`, and it has no message. It should name"),
    (strips_the_text, "begins and ends with white space, and not all of that came back"),
    (looks_for_the_reason_in_a_second_loop, "`stream` was looped over twice"),
    (stores_another, "`to_store` took nothing from `stream`. Is it read at all"),
    (refuses_without_a_look, "`to_store` took nothing from `stream`. Is it read at all"),
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
    (trips_over_an_empty_one, "left is a stream that brings nothing.*AttributeError: "),
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


BY_WHOLE = """
def to_store(stream):
    total = whole(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason != "stop":
        raise ValueError(f"finish reason {reason}")
    return total.content
"""


@pytest.mark.parametrize("whole", UNFINISHED_3_1)
def test_3_3_names_exercise_3_1_where_that_is_used_and_not_done(whole):
    said = "`to_store` uses `whole`, which takes nothing from its stream. Is Exercise 3.1 done"
    wrong("3.3", beside_whole(BY_WHOLE, whole), said)
    right("3.3", beside_whole(BY_WHOLE, adds_in_a_loop))
