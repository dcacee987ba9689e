"""Exercise 3.3: the text of a complete reply, and an error for any other."""

from tests.checks.answers import right, wrong
from tests.checks.lesson_3.calls import beside, without_whole
from tests.checks.lesson_3.whole import adds_in_a_loop
from utils.checks.engine.reply import Reply


@right("3.to_store")
def keeps_the_reason(stream):
    pieces, reason = [], None
    for chunk in stream:
        pieces.append(chunk.content)
        reason = chunk.response_metadata.get("finish_reason", reason)
    if reason != "stop":
        raise ValueError(f"The reply is not complete: finish reason {reason}.")
    return "".join(pieces)


@right("3.to_store")
def of_the_sum(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason == "stop":
        return total.text
    raise ValueError(reason or "no finish reason at all")


@right("3.to_store")
def hands_the_reason_over(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason != "stop":
        raise ValueError(reason)  # which reads `None` where there is none
    return total.content


class IncompleteError(ValueError):
    """One of the learner's own."""


@right("3.to_store")
def with_an_error_of_its_own(stream):
    chunks = list(stream)
    reasons = [c.response_metadata["finish_reason"] for c in chunks if c.response_metadata]
    if reasons != ["stop"]:
        raise IncompleteError(f"ended by {reasons}")
    return "".join(chunk.text for chunk in chunks)


@wrong("3.to_store", "refuses a complete reply")
def looks_at_the_last_chunk(stream):
    *pieces, last = stream
    reason = last.response_metadata.get("finish_reason")
    if reason != "stop":
        raise ValueError(f"finish reason {reason}")
    return "".join(chunk.content for chunk in pieces)


@wrong("3.to_store", "stores a truncated reply")
def stores_anything(stream):
    return "".join(chunk.content for chunk in stream)


@wrong("3.to_store", "stores a truncated reply")
def refuses_length_alone(stream):
    total = adds_in_a_loop(stream)
    if total.response_metadata.get("finish_reason") == "length":
        raise ValueError("length")
    return total.content


@wrong("3.to_store", "stores a truncated reply")
def refuses_no_reason_alone(stream):
    total = adds_in_a_loop(stream)
    if total is None or not total.response_metadata.get("finish_reason"):
        raise ValueError("no reason")
    return total.content


@wrong("3.to_store", "stores a truncated reply")
def refuses_known_reasons(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason in (None, "length"):
        raise ValueError(f"finish reason {reason}")
    return total.content


@wrong("3.to_store", "refuses by None")
def returns_none(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError:
        return None


@wrong("3.to_store", "returns the error")
def returns_the_error(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError as error:
        return error


@wrong("3.to_store", "raises another error", "`RuntimeError` was raised .*asks for a `ValueError`")
def raises_another(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError as error:
        raise RuntimeError(str(error)) from None


@wrong("3.to_store", "raises")
def asks_by_square_brackets(stream):
    total = adds_in_a_loop(stream)
    if (reason := total.response_metadata["finish_reason"]) != "stop":
        raise ValueError(reason)
    return total.content


@wrong("3.to_store", "doesn't name the reason")
def names_no_reason(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError:
        raise ValueError("not complete") from None


@wrong("3.to_store", "returns no text")
def stores_a_message(stream):
    total = adds_in_a_loop(stream)
    if total is None or total.response_metadata.get("finish_reason") != "stop":
        raise ValueError(total and total.response_metadata.get("finish_reason"))
    return total


@wrong("3.to_store", "returns no text")
def stores_a_list(stream):
    return [keeps_the_reason(stream)]


@wrong("3.to_store", "another text")
def stores_capitals(stream):
    return keeps_the_reason(stream).upper()


@wrong("3.to_store", "returns nothing")
def prints_it(stream):
    print(keeps_the_reason(stream))


@wrong("3.to_store", "stores a truncated reply", "hour")
def wants_full_stops(stream):
    text = stores_anything(stream)
    if not text.endswith("."):
        raise ValueError("length or nothing or content_filter")
    return text


@wrong("3.to_store", "stores an empty stream")
def misses_the_empty_stream(stream):
    chunks = list(stream)
    return keeps_the_reason(iter(chunks)) if chunks else ""


@wrong("3.to_store", "raises")
def trips_over_an_empty_one(stream):
    total = adds_in_a_loop(stream)
    if (reason := total.response_metadata.get("finish_reason")) != "stop":
        raise ValueError(reason)
    return total.content


@wrong("3.to_store", "stores another ending")
def refuses_all_known_reasons(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason in ("length", "content_filter", None):
        raise ValueError(f"finish reason {reason}")
    return total.content


@wrong("3.to_store", "stores another ending")
def refuses_these_and_calls(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason in ("length", "content_filter", "tool_calls", None):
        raise ValueError(f"finish reason {reason}")
    return total.content


@wrong("3.to_store", "stores another ending")
def stores_calls_too(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason not in ("stop", "tool_calls"):
        raise ValueError(f"finish reason {reason}")
    return total.content


@wrong("3.to_store", "doesn't say that there is none")
def names_every_reason(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError:
        raise ValueError("length or content_filter or None") from None


@wrong("3.to_store", "empty message")
def says_nothing(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError:
        raise ValueError from None


@wrong("3.to_store", "strips the text")
def strips_the_text(stream):
    return keeps_the_reason(stream).strip()


@wrong("3.to_store", "reads twice")
def looks_for_the_reason_in_a_second_loop(stream):
    text = "".join(chunk.content for chunk in stream)
    reasons = [chunk.response_metadata.get("finish_reason") for chunk in stream]
    if "stop" not in reasons:
        raise ValueError(f"finish reasons {reasons}")
    return text


@wrong("3.to_store", "never reads the stream")
def stores_another(stream):
    return keeps_the_reason(Reply(["The heron flies."]).chunks())


@wrong("3.to_store", "never reads the stream")
def refuses_without_a_look(stream):
    raise ValueError


@wrong("3.to_store", "empty message")
def names_what_there_is(stream):
    total = adds_in_a_loop(stream)
    reason = total.response_metadata.get("finish_reason") if total else None
    if reason != "stop":
        raise ValueError(reason or "")
    return total.content


@wrong("3.to_store", "empty message")
def says_nothing_of_nothing(stream):
    chunks = list(stream)
    if not chunks:
        raise ValueError
    return keeps_the_reason(iter(chunks))


@wrong("3.to_store", "refuses a complete reply", r"refused: `ValueError\(\)`")
def refuses_all(stream):
    list(stream)
    raise ValueError


wrong("3.to_store", "strips the text")(lambda stream: keeps_the_reason(stream).lstrip())
wrong("3.to_store", "strips the text")(lambda stream: keeps_the_reason(stream).rstrip())


def refuses_with(message):
    def to_store(stream):
        total = None
        for chunk in stream:
            total = chunk if total is None else total + chunk
        reason = total.response_metadata.get("finish_reason") if total else None
        if reason != "stop":
            raise ValueError(message(reason, total.content if total else ""))
        return total.content

    return to_store


NO_REASON = "doesn't say that there is none"
wrong("3.to_store", NO_REASON)(refuses_with(lambda reason, _: reason or "incomplete reply"))
wrong("3.to_store", NO_REASON)(refuses_with(lambda reason, text: reason or text or "x"))
wrong("3.to_store", NO_REASON)(
    refuses_with(lambda reason, _: f"finish reason: {reason or 'length'}")
)
wrong("3.to_store", NO_REASON)(
    refuses_with(lambda reason, _: f"finish reason {reason or 'unfinished'}")
)
right("3.to_store")(refuses_with(lambda reason, _: f"finish_reason={reason!r}"))
right("3.to_store")(refuses_with(lambda reason, _: reason or "There is no finish reason."))
right("3.to_store")(
    refuses_with(lambda reason, _: reason or "The connection broke: finish reason missing")
)
right("3.to_store")(refuses_with(lambda reason, _: reason or "the model didn't say why it stopped"))
right("3.to_store")(refuses_with(lambda reason, text: f"{reason}: {text}"))


@wrong("3.to_store", "swallows the error")
def stores_what_arrived(stream):
    text = ""

    def noted():
        nonlocal text
        for chunk in stream:
            text += chunk.content
            yield chunk

    try:
        return keeps_the_reason(noted())
    except ValueError:
        raise
    except Exception:
        return text


@right("3.to_store")
def refuses_what_failed(stream):
    try:
        return keeps_the_reason(stream)
    except Exception as error:
        raise ValueError(f"The reply is not complete: {error}") from error


wrong("3.to_store", "needs whole", "Exercise 3.1 isn't done")(
    beside(
        without_whole,
        "def to_store(stream):\n    total = whole(stream)\n    return total.content",
    )["to_store"]
)


@wrong("3.to_store", "drops the first chunk")
def takes_the_first_chunk_for_an_empty_one(stream):
    next(stream, None)
    return keeps_the_reason(stream)


@wrong("3.to_store", "replaces the error", "`RuntimeError")
def raises_another_for_a_lost_connection(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError:
        raise
    except Exception as error:
        raise RuntimeError("the stream failed") from error


@wrong("3.to_store", "replaces the error")
def hides_the_cause(stream):
    try:
        return keeps_the_reason(stream)
    except ValueError:
        raise
    except Exception:
        raise ValueError("the stream failed") from None


@wrong("3.to_store", "refuses a complete reply", "for a reply without text")
def wants_text(stream):
    text = keeps_the_reason(stream)
    if not text:
        raise ValueError("there is no text, although the finish reason is stop")
    return text


@wrong("3.to_store", "raises another error", "`AssertionError`")
def asserts(stream):
    chunks = list(stream)
    reasons = [chunk.response_metadata.get("finish_reason") for chunk in chunks]
    assert "stop" in reasons, f"the finish reasons are {reasons}"
    return "".join(chunk.content for chunk in chunks)
