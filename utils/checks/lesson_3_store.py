"""The check of exercise 3.3: the text of a complete reply, and an error for any other."""

from collections.abc import Callable
from typing import Any

from langchain_core.messages import BaseMessage

from utils.checks.engine.student_code import learners_code
from utils.checks.engine.wording import shown
from utils.checks.lesson_3_replies import (
    HERON,
    UNKNOWN,
    Reply,
    may_use_whole,
    was_read,
    was_read_once,
    where_nothing_comes,
)
from utils.checks.observe import first_difference, kind, not_asked_for, plain_call, the_function
from utils.checks.outcome import NotYet

_INCOMPLETE = (
    ("length", HERON[:20], "cut off by a limit on its length"),
    (None, HERON[:35], "broken off without a finish reason"),  # after a full stop
    ("content_filter", HERON[:-1], "stopped by the provider's filter"),
    ("tool_calls", HERON, "with the finish reason `tool_calls`"),
    (UNKNOWN, HERON, f"with the finish reason `{UNKNOWN}`"),
)


def to_store(answer: object) -> str:
    """The text of a complete reply; anything else raises."""
    function = the_function(answer, "to_store")
    with may_use_whole(function, "to_store"):
        _stored(function, Reply(HERON))
    for reason, text, what in _INCOMPLETE:
        _refused(function, Reply(text, finish=reason), what)
    _stored(function, Reply(f"  {HERON}\n"))
    try:
        returned = function(iter(()))
    except ValueError as error:
        _says_why(error, "A stream that brings nothing")
    except Exception as error:
        with where_nothing_comes():
            raise error
    else:
        raise NotYet(f"A stream that brings nothing gave {shown(repr(returned))}.")
    return (
        "The complete reply came back; replies cut off by a limit, a filter or the line were "
        "refused, with the reason named."
    )


def _stored(function: Callable[..., Any], reply: Reply) -> None:
    try:
        returned = function(reply.stream())
    except ValueError as error:
        was_read(reply, "to_store")
        was_read_once(reply)
        why = f": {shown(str(error))}" if str(error) else ""
        raise NotYet(
            f"A complete reply, with the finish reason `stop`, was refused{why}. Which of its "
            "chunks has the reason?"
        ) from error
    except Exception as error:
        with learners_code():
            raise error
    plain_call(returned, "to_store")
    was_read(reply, "to_store")
    if returned != reply.text:
        was_read_once(reply)
    if returned is None:
        raise NotYet(not_asked_for(returned, "its text", "for a complete reply"))
    if isinstance(returned, BaseMessage):
        raise NotYet("What comes back is a message; the exercise asks for its text.")
    if not isinstance(returned, str):
        raise NotYet(not_asked_for(returned, "a text"))
    if len(returned) < len(reply.text) and returned.strip() == reply.text.strip():
        raise NotYet(
            "The text of a complete reply begins and ends with white space, and not all of that "
            "came back. The exercise asks for the text as it came."
        )
    if returned != reply.text:
        raise NotYet(f"The text isn't that of the reply. {first_difference(returned, reply.text)}")


def _refused(function: Callable[..., Any], reply: Reply, what: str) -> None:
    try:
        returned = function(reply.stream())
    except ValueError as error:
        if reply.finish and reply.finish not in str(error):
            has = f"its message is {shown(str(error))}" if str(error) else "it has no message"
            raise NotYet(
                f"A reply {what} raises `ValueError`, and {has}. It should name the finish reason."
            ) from error
        _says_why(error, f"A reply {what}")
        return
    except Exception as error:
        with learners_code(f"for a reply {what}; the exercise asks for `ValueError`"):
            raise error
    if returned is None:
        raise NotYet(f"A reply {what} came back as `None`. Nothing was raised.")
    if isinstance(returned, Exception):
        raise NotYet(f"A reply {what} came back as {kind(returned)}, which wasn't raised.")
    if reply.finish in ("tool_calls", UNKNOWN):
        raise NotYet(f"A reply {what} came back, and would be stored; `stop` alone counts.")
    raise NotYet(
        f"A reply {what} came back, {shown(str(returned))}, and would be stored as complete."
    )


def _says_why(error: ValueError, what: str) -> None:
    if not str(error).strip():
        raise NotYet(
            f"{what} raises `ValueError` with an empty message. The message should say that there "
            "is no finish reason."
        ) from error
