"""Reading a request to `/v1/chat/completions`."""

from __future__ import annotations

from typing import Any

from . import errors
from .ask import Ask, Called, Choice, Role, Tool, Turn, check_length, find_tool, read_tool
from .fields import Json, boolean, integer, items_of, needed_text, number, object_of, only

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_NOT_HERE = ("functions", "function_call", "audio", "logprobs", "web_search_options")
_TAKEN = """
    messages model stream stream_options stop seed n tools tool_choice parallel_tool_calls
    max_tokens max_completion_tokens response_format temperature top_p presence_penalty
    frequency_penalty reasoning_effort
"""
_PASSED_OVER = """
    logit_bias metadata modalities moderation prediction prompt_cache_key prompt_cache_options
    prompt_cache_retention safety_identifier service_tier store top_logprobs user verbosity
"""
FIELDS = frozenset([*_TAKEN.split(), *_PASSED_OVER.split(), *_NOT_HERE])
_MOST_STOPS = 4
_MOST_TOOLS = 128


def read_ask(body: Json) -> Ask:
    """Return what `body` asks for.

    Raises:
        ApiError: 400 that names the field at fault.
    """
    only(body, FIELDS)
    model = needed_text(body, "model", "model")
    turns = _turns(body.get("messages"))
    for feature in _NOT_HERE:
        if body.get(feature):
            raise errors.unsupported(feature)
    if integer(body, "n", 1) != 1:
        raise errors.wrong_value("n", "one choice (n=1) is all that this model gives")
    check_sampling(body)
    stream = boolean(body, "stream")
    tools = _tools(body.get("tools"))
    choice, named = _choice(body.get("tool_choice"), tools)
    wants_json, schema = _format(body.get("response_format"), turns)
    return Ask(
        model=model,
        turns=turns,
        stream=stream,
        include_usage=_include_usage(body.get("stream_options"), stream),
        stop=_stops(body.get("stop")),
        limit=_limit(body),
        seed=integer(body, "seed", 0) or 0,
        tools=tools,
        choice=choice,
        only=named,
        parallel=boolean(body, "parallel_tool_calls", default=True),
        json=wants_json,
        schema=schema,
        thinks=_thinks(body.get("reasoning_effort")),
    )


def check_sampling(body: Json) -> None:
    """Refuse sampling parameters out of bounds.

    Raises:
        ApiError: 400 that names the parameter.
    """
    number(body, "temperature", 0, 2)
    number(body, "top_p", 0, 1)
    number(body, "presence_penalty", -2, 2)
    number(body, "frequency_penalty", -2, 2)


def _turns(messages: object) -> tuple[Turn, ...]:
    if messages is None:
        raise errors.missing("messages")
    turns = tuple(
        _turn(object_of(message, f"messages[{index}]"), f"messages[{index}]")
        for index, message in enumerate(items_of(messages, "messages"))
    )
    if not turns:
        raise errors.wrong_value("messages", "the array is empty")
    check_results(turns, "messages", "tool_calls", "tool")
    check_length(turns, "messages")
    return turns


def _turn(message: Json, where: str) -> Turn:
    role = message.get("role")
    if role is None:
        raise errors.missing(f"{where}.role")
    if not isinstance(role, str) or role not in _ROLES:
        raise errors.wrong_value(f"{where}.role", f"supported are {', '.join(sorted(_ROLES))}")
    calls = tuple(
        _called(object_of(call, f"{where}.tool_calls[{index}]"), f"{where}.tool_calls[{index}]")
        for index, call in enumerate(
            items_of(message.get("tool_calls") or [], f"{where}.tool_calls")
        )
    )
    answers = (
        needed_text(message, "tool_call_id", f"{where}.tool_call_id") if role == "tool" else ""
    )
    content = message.get("content")
    if content is None and role != "assistant":
        raise errors.missing(f"{where}.content")
    return Turn(_ROLES[role], read_text(content, f"{where}.content"), calls, answers)


def read_text(content: object, where: str, kinds: tuple[str, ...] = ("text",)) -> str:
    """Return the text of a message's content, whether that is a string or an array of parts.

    Raises:
        ApiError: 400 that names the part at fault.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise errors.wrong_type(where, "a string or an array of parts")
    return "".join(_part(part, f"{where}[{index}]", kinds) for index, part in enumerate(content))


def _part(part: object, where: str, kinds: tuple[str, ...]) -> str:
    part = object_of(part, where)
    if part.get("type") not in kinds:
        raise errors.wrong_value(f"{where}.type", "this model reads text alone")
    text = part.get("text")
    if not isinstance(text, str):
        raise errors.wrong_type(f"{where}.text", "a string")
    return text


def _called(call: Json, where: str) -> Called:
    function = object_of(call.get("function"), f"{where}.function")
    return Called(
        needed_text(call, "id", f"{where}.id"),
        needed_text(function, "name", f"{where}.function.name"),
        needed_text(function, "arguments", f"{where}.function.arguments"),
    )


def check_results(turns: tuple[Turn, ...], where: str, calls: str, results: str) -> None:
    """Refuse calls without results and results without calls, as the API does.

    Args:
        turns: The conversation.
        where: The field that holds it.
        calls: What the API names calls.
        results: What it names their results.

    Raises:
        ApiError: 400 that says which is missing.
    """
    waiting: set[str] = set()
    for index, turn in enumerate(turns):
        if turn.role == "tool" and turn.answers:
            if turn.answers not in waiting:
                reason = f"a result ('{results}') must answer a call ('{calls}') before it"
                raise errors.wrong_value(f"{where}[{index}]", reason)
            waiting.discard(turn.answers)
            continue
        if waiting:
            break
        waiting = {call.id for call in turn.calls}
    if waiting:
        raise errors.wrong_value(
            where,
            f"each call ('{calls}') must be followed by its result ('{results}'); "
            f"none answers {', '.join(sorted(waiting))}",
        )


def check_count(tools: list[Any]) -> list[Any]:
    """Refuse more tools than the API allows.

    Raises:
        ApiError: 400 if there are more.
    """
    if len(tools) > _MOST_TOOLS:
        raise errors.wrong_value("tools", f"at most {_MOST_TOOLS} tools are allowed")
    return tools


def _tools(value: object) -> tuple[Tool, ...]:
    if value is None:
        return ()
    tools = []
    for index, item in enumerate(check_count(items_of(value, "tools"))):
        tool = object_of(item, f"tools[{index}]")
        if tool.get("type") != "function":
            raise errors.wrong_value(f"tools[{index}].type", "supported is 'function'")
        function = object_of(tool.get("function"), f"tools[{index}].function")
        tools.append(read_tool(function, f"tools[{index}].function"))
    return tuple(tools)


def _choice(value: Any, tools: tuple[Tool, ...]) -> tuple[Choice, str]:
    if value is None:
        return "auto", ""
    if not tools:
        raise errors.wrong_value("tool_choice", "it is only allowed when 'tools' are given")
    if value in ("auto", "none", "required"):
        return value, ""
    if isinstance(value, dict) and value.get("type") == "function":
        function = object_of(value.get("function"), "tool_choice.function")
        return "required", find_tool(function.get("name"), tools)
    raise errors.wrong_value(
        "tool_choice", "supported are 'auto', 'none', 'required' or one named function"
    )


def _format(value: object, turns: tuple[Turn, ...]) -> tuple[bool, Json | None]:
    """Return whether the reply must be JSON, and the schema that it must fit."""
    if value is None:
        return False, None
    form = object_of(value, "response_format")
    kind = form.get("type")
    if kind == "text":
        return False, None
    if kind == "json_object":
        need_the_word(turns, "messages", "response_format")
        return True, None
    if kind == "json_schema":
        inner = object_of(form.get("json_schema"), "response_format.json_schema")
        return True, read_schema(inner, "response_format.json_schema")
    raise errors.wrong_value(
        "response_format.type", "supported are 'text', 'json_object' and 'json_schema'"
    )


def read_schema(inner: Json, where: str) -> Json:
    """Return the schema of a `json_schema` format.

    Raises:
        ApiError: 400 that names the field at fault.
    """
    needed_text(inner, "name", f"{where}.name")
    boolean(inner, "strict")
    return object_of(inner.get("schema"), f"{where}.schema")


def need_the_word(turns: tuple[Turn, ...], messages: str, field: str) -> None:
    """Refuse to write JSON unless the messages speak of it, as the API does."""
    if not any("json" in turn.text.lower() for turn in turns):
        raise errors.wrong_value(
            messages,
            f"it must contain the word 'json' in some form, to use '{field}' of type 'json_object'",
        )


def _include_usage(options: object, stream: bool) -> bool:
    if options is None:
        return False
    if not stream:
        raise errors.wrong_value("stream_options", "it is only allowed when stream is true")
    return boolean(object_of(options, "stream_options"), "include_usage")


def _limit(body: Json) -> int | None:
    limit = integer(body, "max_completion_tokens", integer(body, "max_tokens", None))
    if limit is not None and limit < 1:
        raise errors.wrong_value("max_tokens", "it must be at least 1")
    return limit


def _stops(stop: object) -> tuple[str, ...]:
    if stop is None:
        return ()
    if isinstance(stop, str):
        stop = [stop]
    if not isinstance(stop, list) or not all(isinstance(item, str) and item for item in stop):
        raise errors.wrong_type("stop", "a string or an array of strings")
    if len(stop) > _MOST_STOPS:
        raise errors.wrong_value("stop", f"at most {_MOST_STOPS} sequences are allowed")
    return tuple(stop)


EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def _thinks(effort: object) -> bool:
    if effort is None:
        return False
    if effort not in EFFORTS:
        raise errors.wrong_value("reasoning_effort", f"supported are {', '.join(EFFORTS)}")
    return effort != "none"
