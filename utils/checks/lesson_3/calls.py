"""Check for `calls`: return a reply's tool calls if its finish reason is `tool_calls`."""

from collections.abc import Mapping
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import Wanted
from utils.checks.lesson_3 import given
from utils.checks.lesson_3.given import EMPTY_STREAM, UNKNOWN, WEATHER, Chunks, Seen, ended

_LIST = Wanted(list, "a list of tool calls, which may be empty")
_TRUNCATED = (("get_weather", '{"city": "San'),)
# for each `Case.when`, the calls in a finished reply, as (tool name, JSON arguments) pairs
_FINISHED = {
    "": WEATHER,
    "for two calls of the same tool": (WEATHER[0], ("get_weather", '{"city": "Tokyo"}')),
    "for a call without arguments": (WEATHER[0], ("get_news", "{}")),
    "for a call whose arguments aren't valid JSON": (*WEATHER, ("get_news", "[about: rivers")),
}
_OTHER_REASONS = ("content_filter", "stop", UNKNOWN, "function_call", "tool_use")


def observe(answer: Any, case: Chunks) -> Seen:
    return given.observe("calls", answer, case, _LIST)


def _finished(s: Seen) -> bool:
    return s.case.finish == "tool_calls" and bool(s.chunks)


MISTAKES: Mistakes[Seen] = {
    **given.UNREAD,
    "before the finish reason": lambda s: (
        _finished(s) and not any(chunk.response_metadata for chunk in s.chunks[: s.read_chunks])
    ),
    "returns no calls": lambda s: _finished(s) and not s.returned and s.case.ordinary,
    "refuses calls": lambda s: _finished(s) and not s.returned,
    "no tool calls": lambda s: (
        not all(isinstance(call, Mapping) and "args" in call for call in s.returned)
    ),
    "pieces of calls": lambda s: (
        bool(s.returned) and all(isinstance(call["args"], str) for call in s.returned)
    ),
    "calls despite the reason": lambda s: bool(s.returned) and not _finished(s),
    "another number of calls": lambda s: (
        _finished(s) and len(s.returned) != len(s.chunk_sum.tool_calls)
    ),
    "changes a call": lambda s: _finished(s) and s.returned != s.chunk_sum.tool_calls,
}

check = Exercise(
    observe,
    cases=(
        *(
            Chunks(calls=calls, finish="tool_calls", seed=32, when=when)
            for when, calls in _FINISHED.items()
        ),
        Chunks(calls=WEATHER, finish="tool_calls", text="", when="for calls without any text"),
        *(ended(finish, text="", calls=_TRUNCATED) for finish in ("length", None)),
        *(ended(finish, calls=WEATHER) for finish in _OTHER_REASONS),
        Chunks(when="for a reply of text alone"),
        EMPTY_STREAM,
    ),
    first=given.FIRST,
    mistakes=MISTAKES,
    opts_out=given.OPTS_OUT,
)
