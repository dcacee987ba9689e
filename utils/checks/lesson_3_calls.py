"""The check of exercise 3.2: the tool calls of a reply that was finished in order to call them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from traceback import walk_tb
from typing import Any

from utils.checks.engine.student_code import LearnersError, learners_code
from utils.checks.engine.wording import shown
from utils.checks.lesson_3_replies import (
    HERON,
    UNKNOWN,
    WEATHER,
    Reply,
    may_use_whole,
    was_read,
    was_read_once,
    where_nothing_comes,
)
from utils.checks.observe import kind, not_asked_for, plain_call, the_function
from utils.checks.outcome import NotYet

_NO_CALLS = (
    (
        Reply(calls=[("get_weather", '{"city": "San')], finish="length"),
        "cut off by a limit on its length",
    ),
    (
        Reply(calls=[("get_weather", '{"city": "San')], finish=None),
        "broken off without a finish reason",
    ),
    (Reply(calls=WEATHER, finish="content_filter"), "stopped by the provider's filter"),
    (Reply(HERON), "of text alone"),
    (Reply(calls=WEATHER, finish=UNKNOWN), f"with the finish reason `{UNKNOWN}`"),
)


def calls(answer: object) -> str:
    """The tool calls of a reply that the model finished in order to call them."""
    function = the_function(answer, "calls")
    with may_use_whole(function, "calls"):
        _finished(function, Reply(calls=WEATHER, finish="tool_calls"))
    _finished(function, Reply("Wait.", WEATHER, "tool_calls"))
    for given, what in _NO_CALLS:
        reply = Reply(given.text, given.calls, given.finish)
        with learners_code(f"for a reply {what}"):
            returned = function(reply.stream())
        if returned != []:
            raise NotYet(_unwanted(returned, reply, what))
    with where_nothing_comes():
        returned = function(iter(()))
    if returned != []:
        raise NotYet(f"A stream that brings nothing gave {shown(repr(returned))}.")
    return "Both calls of the finished reply, and none of those that were cut off or stopped."


def _finished(function: Callable[..., Any], reply: Reply) -> None:
    with _executing_nothing(), learners_code():
        returned = function(reply.stream())
    plain_call(returned, "calls")
    was_read(reply, "calls")
    if returned == [] and reply.reason_taken and reply.taken == len(reply.chunks):
        was_read_once(reply)
        raise NotYet(_no_calls(function, reply))
    _right_calls(returned, reply)


@contextmanager
def _executing_nothing() -> Iterator[None]:
    """Tells an exception of a tool that was executed from one of the learner's own code."""
    try:
        yield
    except LearnersError as error:
        trace = error.__cause__.__traceback__ if error.__cause__ else None
        modules = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(trace)]
        if any(name.startswith("langchain_core.tools") for name in modules):
            raise NotYet(
                "A tool was executed, and it failed with what it was given. The exercise asks for "
                "the calls alone; whoever gets the list executes them."
            ) from error
        raise


def _no_calls(function: Callable[..., Any], reply: Reply) -> str:
    """What to say of an empty list, from what the same reply gives if it ends with `stop`."""
    try:
        with learners_code():
            by_stop = function(Reply(reply.text, reply.calls, "stop").stream())
    except LearnersError:  # the exercise leaves open what is to come of such a reply
        by_stop = None
    where = "In which chunk did you look for the reason, and in which for the calls? "
    return (
        f"A reply with {len(reply.calls)} tool calls and the finish reason `tool_calls` gave an "
        f"empty list. {'' if by_stop else where}Which reason did you compare with?"
    )


def _right_calls(returned: object, reply: Reply) -> None:
    right = reply.whole.tool_calls
    if returned == right:
        return
    if isinstance(returned, list) and any(isinstance(entry, list) for entry in returned):
        raise NotYet(
            f"What comes back is a list in a list, {shown(repr(returned), 90)}; the exercise asks "
            "for a list of calls."
        )
    early = f"`calls` came back after {reply.taken} of {len(reply.chunks)} chunks"
    if not reply.reason_taken and returned == []:
        raise NotYet(f"{early}, with an empty list. The finish reason was still to come.")
    if not reply.reason_taken:
        raise NotYet(
            f"{early}, with {shown(repr(returned), 90)}. Until the end, arguments are provisional."
        )
    if reply.taken < len(reply.chunks) and returned == []:
        raise NotYet(
            f"{early}, with an empty list. The finish reason had come, and that chunk holds no "
            "calls; the sum of the chunks does."
        )
    if not isinstance(returned, list):
        raise NotYet(not_asked_for(returned, "a list of calls"))
    if any(not isinstance(call, Mapping) or "args" not in call for call in returned):
        raise NotYet(f"An entry of the list is no tool call: {shown(repr(returned[0]), 90)}.")
    pieces = [call["args"] for call in returned if isinstance(call["args"], str)]
    if pieces:
        raise NotYet(
            f"The list holds pieces of calls: `args` is a text in them, {shown(repr(pieces[0]))}. "
            "A tool takes its arguments as a dictionary."
        )
    if len(returned) != len(right):
        raise NotYet(f"The reply makes {len(right)} calls, and {len(returned)} came back.")
    raise NotYet(f"The calls came back changed: {shown(repr(returned), 120)}.")


def _unwanted(returned: object, reply: Reply, what: str) -> str:
    if returned is None:
        return f"A reply {what} gave `None`; the exercise asks for an empty list."
    if not isinstance(returned, list):
        return f"A reply {what} gave {kind(returned)}; the exercise asks for an empty list."
    why = (
        "; `tool_calls` alone counts."
        if reply.finish == UNKNOWN
        else ", and nobody finished asking for it."
    )
    return f"A reply {what} gave {shown(repr(returned), 120)}. It would be executed{why}"
