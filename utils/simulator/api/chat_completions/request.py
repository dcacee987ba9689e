"""Parses requests to `/v1/chat/completions`; the classes mirror OpenAI's request format.

`Body` rejects unknown fields, and `Lenient` ignores them. A turn is one message.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from ... import errors
from ...json_values import Json
from ...model_request import ModelRequest, ToolCall, Turn
from ..validation import (
    ROLES,
    AsParts,
    Body,
    Effort,
    Format,
    Function,
    FunctionType,
    Lenient,
    Text,
    Unsupported,
    check_conversation,
    parse_tool_choice,
    required,
    text_of,
    wants_json,
)


class _CalledFunction(Lenient):
    name: str
    arguments: str


class _Call(Lenient):
    id: str
    function: _CalledFunction


class _Text(Text):
    type: Literal["text"]


class _Message(Lenient):
    role: Literal["assistant", "developer", "function", "system", "tool", "user"]
    content: Annotated[list[_Text] | None, AsParts] = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None

    def turn(self, where: str) -> Turn:
        """Return the message as a turn; `where` is the message's path, such as `messages[0]`."""
        if self.role != "assistant" and self.content is None:
            raise errors.missing(f"{where}.content")
        calls = (
            ToolCall(call.id, call.function.name, call.function.arguments)
            for call in self.tool_calls or []
        )
        call_id = ""
        if self.role == "tool":
            call_id = required(self.tool_call_id, f"{where}.tool_call_id")
        return Turn(ROLES[self.role], text_of(self.content), tuple(calls), call_id)


class _Tool(FunctionType):
    function: Function


class _StreamOptions(Lenient):
    include_usage: bool | None = None


class _Schema(Lenient):
    name: str
    schema_: Json = Field(alias="schema")
    strict: bool | None = None


class _ResponseFormat(Format):
    json_schema: _Schema | None = None


def _as_list(stop: Any) -> Any:
    if not isinstance(stop, str | list | None) or stop == "":
        raise PydanticCustomError("stop_type", "Input should be a string or an array of strings")
    return [stop] if isinstance(stop, str) else stop


_Stop = Annotated[str, Field(min_length=1)]
_Tokens = Annotated[int, Field(ge=1)]


class ChatCompletionsBody(Body):
    """The body of a request to `/v1/chat/completions`; `ignored` fields have no effect."""

    ignored = """
        logit_bias metadata modalities moderation prediction prompt_cache_key prompt_cache_options
        prompt_cache_retention safety_identifier service_tier store top_logprobs user verbosity
    """
    messages: list[_Message] = Field(min_length=1)
    stream_options: _StreamOptions | None = None
    stop: Annotated[list[_Stop] | None, Field(max_length=4), BeforeValidator(_as_list)] = None
    seed: int | None = None
    n: Literal[1] | None = None
    tools: list[_Tool] | None = Field(default=None, max_length=128)
    max_tokens: _Tokens | None = None
    max_completion_tokens: _Tokens | None = None
    response_format: _ResponseFormat | None = None
    reasoning_effort: Effort | None = None
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    functions: Unsupported = None
    function_call: Unsupported = None
    audio: Unsupported = None
    logprobs: Unsupported = None
    web_search_options: Unsupported = None


def parse(body: Json) -> ModelRequest:
    """Parse the body of a request; raise `ApiError` for an invalid field."""
    given = ChatCompletionsBody.parse(body)
    turns = tuple(
        message.turn(f"messages[{index}]") for index, message in enumerate(given.messages)
    )
    check_conversation(turns, "messages", call="tool_calls", result="tool")
    if given.stream_options and not given.stream:
        raise errors.wrong_value("stream_options", "it is only allowed when stream is true")
    tools = tuple(tool.function.tool for tool in given.tools or [])
    choice = given.tool_choice
    if choice is not None and not tools:
        raise errors.wrong_value("tool_choice", "it is only allowed when 'tools' are given")
    named = choice.get("function") if isinstance(choice, dict) else None
    tool_choice, forced_tool = parse_tool_choice(choice, tools, named)
    form, schema = given.response_format, None
    json = wants_json(form, turns, "messages", "response_format")
    if form and form.type == "json_schema":
        schema = required(form.json_schema, "response_format.json_schema").schema_
    return ModelRequest(
        model=given.model,
        turns=turns,
        stream=bool(given.stream),
        include_usage=bool(given.stream_options and given.stream_options.include_usage),
        stop=tuple(given.stop or ()),
        max_tokens=given.max_completion_tokens or given.max_tokens,
        seed=given.seed or 0,
        tools=tools,
        tool_choice=tool_choice,
        forced_tool=forced_tool,
        parallel=given.parallel_tool_calls is not False,
        json=json,
        schema=schema,
        reasons=given.reasoning_effort not in (None, "none"),
    )
