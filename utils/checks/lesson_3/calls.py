"""The tool calls of a reply that the model finished in order to call them."""

from collections.abc import Callable, Mapping
from traceback import walk_tb
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import ANYTHING
from utils.checks.lesson_3 import given
from utils.checks.lesson_3.given import ALIKE, HALF, NOTHING_CAME, UNKNOWN, WEATHER, Chunks, Seen


def observe(answer: Callable[..., Any], case: Chunks) -> Seen:
    """Ask for the calls of one stream."""
    return given.observe("calls", answer, case, ANYTHING)


def _meant(s: Seen) -> list[Any]:
    return list(s.whole.tool_calls) if s.finish == "tool_calls" and s.chunks else []


def _missed(s: Seen) -> bool:
    return bool(_meant(s)) and s.returned == []


def _entries(s: Seen) -> list[Any]:
    return s.returned if isinstance(s.returned, list) else []


def _executes(s: Seen) -> bool:
    trace = s.error.__traceback__ if s.error else None
    modules = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(trace)]
    return any(name.startswith("langchain_core.tools") for name in modules)


FIRST: Mistakes[Seen] = {**given.NEEDS_WHOLE, "executes a tool": _executes}
MISTAKES: Mistakes[Seen] = {
    **given.UNREAD,
    "returns nothing": lambda s: s.returned is None,
    "returns no list": lambda s: not isinstance(s.returned, list),
    "list in a list": lambda s: any(isinstance(entry, list) for entry in _entries(s)),
    "empty before the reason": lambda s: _missed(s) and not s.in_time,
    "calls before the end": lambda s: bool(_meant(s) and _entries(s)) and not s.in_time,
    "looks for calls in one chunk": lambda s: _missed(s) and s.read_chunks < len(s.chunks),
    "misses the reason": _missed,
    "no tool calls": lambda s: any(
        not isinstance(call, Mapping) or "args" not in call for call in _entries(s)
    ),
    "adds broken calls": lambda s: any(
        call.get("type") == "invalid_tool_call" for call in _entries(s)
    ),
    "pieces of calls": lambda s: any(isinstance(call["args"], str) for call in _entries(s)),
    "calls of a truncated reply": lambda s: bool(_entries(s)) and s.finish in (None, "length"),
    "calls of a stopped reply": lambda s: bool(_entries(s)) and not _meant(s),
    "loses calls": lambda s: len(_entries(s)) < len(_meant(s)),
    "changes calls": lambda s: s.returned != _meant(s),
}

check = Exercise(
    observe,
    cases=(
        Chunks(calls=WEATHER, finish="tool_calls", text="Wait for it.", seed=32),
        Chunks(calls=WEATHER, finish="tool_calls", text=""),
        Chunks(
            calls=HALF, finish="length", text="", when="for a reply that reached its length limit"
        ),
        Chunks(calls=HALF, finish=None, text="", when="for a reply without a finish reason"),
        Chunks(
            calls=WEATHER,
            finish="content_filter",
            when="for a reply that the provider's filter stopped",
        ),
        Chunks(calls=WEATHER, finish="stop", when="for a reply with the finish reason `stop`"),
        Chunks(
            calls=WEATHER, finish=UNKNOWN, when=f"for a reply with the finish reason `{UNKNOWN}`"
        ),
        *(
            Chunks(
                calls=WEATHER, finish=reason, when=f"for a reply with the finish reason `{reason}`"
            )
            for reason in ALIKE
        ),
        Chunks(
            calls=(WEATHER[0], ("get_weather", '{"city": "Tokyo"}')),
            finish="tool_calls",
            when="for two calls of the same tool",
        ),
        Chunks(
            calls=(WEATHER[0], ("get_news", "{}")),
            finish="tool_calls",
            when="for a call without arguments",
        ),
        Chunks(
            calls=(*WEATHER, ("get_news", "[about: rivers")),
            finish="tool_calls",
            when="for a call whose arguments aren't valid JSON",
        ),
        Chunks(when="for a reply of text alone"),
        NOTHING_CAME,
    ),
    first=FIRST,
    mistakes=MISTAKES,
    opts_out=given.READS_ALL,
)
