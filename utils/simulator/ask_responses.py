"""Reading a request to `/v1/responses`."""

from __future__ import annotations

from typing import Any

from . import errors
from .ask import Ask, Called, Choice, Role, Tool, Turn, check_length, find_tool, read_tool
from .ask_chat import (
    EFFORTS,
    check_count,
    check_results,
    check_sampling,
    need_the_word,
    read_schema,
    read_text,
)
from .fields import Json, boolean, integer, items_of, needed_text, object_of, only

_TAKEN = """
    model input instructions stream stream_options tools tool_choice parallel_tool_calls
    max_output_tokens previous_response_id reasoning store text temperature top_p
"""
_PASSED_OVER = """
    access_programs context_management image include max_tool_calls metadata moderation
    prompt_cache_key prompt_cache_options prompt_cache_retention safety_identifier service_tier
    top_logprobs truncation user background_options
"""
_NOT_HERE = ("background", "conversation", "prompt")
FIELDS = frozenset([*_TAKEN.split(), *_PASSED_OVER.split(), *_NOT_HERE])
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
_TEXTS = ("input_text", "output_text", "text")
_SUMMARIES = ("auto", "concise", "detailed")
_FEWEST_TOKENS = 16


def read_ask(body: Json, before: tuple[Turn, ...] = ()) -> Ask:
    """Return what `body` asks for.

    Args:
        body: The request's JSON.
        before: The conversation that `previous_response_id` stands for.

    Raises:
        ApiError: 400 that names the field at fault.
    """
    only(body, FIELDS)
    model = needed_text(body, "model", "model")
    for feature in _NOT_HERE:
        if body.get(feature):
            raise errors.unsupported(feature)
    check_sampling(body)
    boolean(body, "store")
    turns = _turns(body, before)
    tools = _tools(body.get("tools"))
    choice, named = _choice(body.get("tool_choice"), tools)
    wants_json, schema = _format(body.get("text"), turns)
    thinks, shows = _reasoning(body.get("reasoning"))
    return Ask(
        model=model,
        turns=turns,
        stream=boolean(body, "stream"),
        limit=_limit(body),
        tools=tools,
        choice=choice,
        only=named,
        parallel=boolean(body, "parallel_tool_calls", default=True),
        json=wants_json,
        schema=schema,
        thinks=thinks,
        shows_thoughts=shows,
    )


def _turns(body: Json, before: tuple[Turn, ...]) -> tuple[Turn, ...]:
    given = body.get("input")
    if given is None:
        raise errors.missing("input")
    if isinstance(given, str):
        said = [Turn("user", given)]
    else:
        said = _joined(
            turn
            for index, item in enumerate(items_of(given, "input"))
            for turn in _turn(object_of(item, f"input[{index}]"), f"input[{index}]")
        )
    if not said:
        raise errors.wrong_value("input", "there is nothing in it")
    instructions = body.get("instructions")
    if instructions is None:
        leading: list[Turn] = []
    elif isinstance(instructions, str):
        leading = [Turn("system", instructions)]
    else:
        raise errors.wrong_type("instructions", "a string")
    turns = (*leading, *_joined([*before, *said]))
    check_results(turns, "input", "function_call", "function_call_output")
    check_length(turns, "input")
    return turns


def _turn(item: Json, where: str) -> list[Turn]:
    kind = item.get("type", "message")
    if kind == "message":
        role = item.get("role")
        if role is None:
            raise errors.missing(f"{where}.role")
        if not isinstance(role, str) or role not in _ROLES:
            raise errors.wrong_value(f"{where}.role", f"supported are {', '.join(_ROLES)}")
        if item.get("content") is None:
            raise errors.missing(f"{where}.content")
        return [Turn(_ROLES[role], read_text(item["content"], f"{where}.content", _TEXTS))]
    if kind == "function_call":
        call = Called(
            needed_text(item, "call_id", f"{where}.call_id"),
            needed_text(item, "name", f"{where}.name"),
            needed_text(item, "arguments", f"{where}.arguments"),
        )
        return [Turn("assistant", "", (call,))]
    if kind == "function_call_output":
        output = read_text(item.get("output"), f"{where}.output", _TEXTS)
        return [Turn("tool", output, answers=needed_text(item, "call_id", f"{where}.call_id"))]
    if kind == "reasoning":
        return []
    raise errors.wrong_value(
        f"{where}.type",
        "supported are 'message', 'function_call', 'function_call_output' and 'reasoning'",
    )


def _joined(turns: Any) -> list[Turn]:
    """Join what one reply consisted of: its text and its calls are items of their own here."""
    groups: list[list[Turn]] = []
    for turn in turns:
        if turn.role == "assistant" and turn.calls and groups and groups[-1][0].role == "assistant":
            groups[-1].append(turn)
        else:
            groups.append([turn])
    return [group[0] if len(group) == 1 else _as_one(group) for group in groups]


def _as_one(turns: list[Turn]) -> Turn:
    calls = tuple(call for turn in turns for call in turn.calls)
    return Turn("assistant", "".join(turn.text for turn in turns), calls)


def _tools(value: object) -> tuple[Tool, ...]:
    if value is None:
        return ()
    tools = []
    for index, item in enumerate(check_count(items_of(value, "tools"))):
        tool = object_of(item, f"tools[{index}]")
        if tool.get("type") != "function":
            raise errors.wrong_value(f"tools[{index}].type", "supported is 'function'")
        tools.append(read_tool(tool, f"tools[{index}]"))
    return tuple(tools)


def _choice(value: Any, tools: tuple[Tool, ...]) -> tuple[Choice, str]:
    if value is None or value in ("auto", "none"):
        return value or "auto", ""
    if not tools:
        raise errors.wrong_value("tool_choice", "it needs 'tools' to choose from")
    if value == "required":
        return "required", ""
    if isinstance(value, dict) and value.get("type") == "function":
        return "required", find_tool(value.get("name"), tools)
    raise errors.wrong_value(
        "tool_choice", "supported are 'auto', 'none', 'required' or one named function"
    )


def _format(value: object, turns: tuple[Turn, ...]) -> tuple[bool, Json | None]:
    """Return whether the reply must be JSON, and the schema that it must fit."""
    form = object_of(value, "text").get("format") if value is not None else None
    if form is None:
        return False, None
    form = object_of(form, "text.format")
    kind = form.get("type")
    if kind == "text":
        return False, None
    if kind == "json_object":
        need_the_word(turns, "input", "text.format")
        return True, None
    if kind == "json_schema":
        return True, read_schema(form, "text.format")
    raise errors.wrong_value(
        "text.format.type", "supported are 'text', 'json_object' and 'json_schema'"
    )


def _reasoning(value: object) -> tuple[bool, bool]:
    """Return whether to reason before the answer, and whether to show a summary of it."""
    if value is None:
        return False, False
    reasoning = object_of(value, "reasoning")
    effort, summary = reasoning.get("effort"), reasoning.get("summary")
    if effort is not None and effort not in EFFORTS:
        raise errors.wrong_value("reasoning.effort", f"supported are {', '.join(EFFORTS)}")
    if summary is not None and summary not in _SUMMARIES:
        raise errors.wrong_value("reasoning.summary", f"supported are {', '.join(_SUMMARIES)}")
    thinks = effort != "none" and bool(effort or summary)
    return thinks, thinks and summary is not None


def _limit(body: Json) -> int | None:
    limit = integer(body, "max_output_tokens", None)
    if limit is not None and limit < _FEWEST_TOKENS:
        raise errors.wrong_value("max_output_tokens", f"it must be at least {_FEWEST_TOKENS}")
    return limit
