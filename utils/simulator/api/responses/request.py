"""Parses requests to `/v1/responses`; the classes mirror OpenAI's request format.

`Body` rejects unknown fields, and `Lenient` ignores them. A turn is one message.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

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


class _Text(Text):
    type: Literal["input_text", "output_text", "text"]


_Content = Annotated[list[_Text] | None, AsParts]


class _Item(Lenient):
    type: Literal["message", "function_call", "function_call_output", "reasoning"] = "message"
    role: Literal["assistant", "developer", "system", "user"] | None = None
    content: _Content = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: _Content = None

    def turn(self, where: str) -> Turn:
        """Return the item as a turn; `where` is its path, such as `input[0]`."""
        if self.type == "message":
            role = required(self.role, f"{where}.role")
            if self.content is None:
                raise errors.missing(f"{where}.content")
            return Turn(ROLES[role], text_of(self.content))
        call_id = required(self.call_id, f"{where}.call_id")
        if self.type == "function_call_output":
            return Turn("tool", text_of(self.output), call_id=call_id)
        name = required(self.name, f"{where}.name")
        call = ToolCall(call_id, name, required(self.arguments, f"{where}.arguments"))
        return Turn("assistant", "", (call,))


def _as_items(given: Any) -> Any:
    """Convert a string to a user message; remove the content of reasoning items."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list):
        return given
    return [{"type": "reasoning"} if _is_reasoning(item) else item for item in given]


def _is_reasoning(item: Any) -> bool:
    return isinstance(item, dict) and item.get("type") == "reasoning"


class _Tool(Function, FunctionType):  # `type`, from the last base class, is validated first
    pass


class _Format(Format):
    name: str | None = None
    schema_: Json | None = Field(default=None, alias="schema")
    strict: bool | None = None


class _TextOptions(Lenient):
    format: _Format | None = None


class _Reasoning(Lenient):
    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


class ResponsesBody(Body):
    """The body of a request to `/v1/responses`; `ignored` fields have no effect."""

    ignored = """
        access_programs context_management image include max_tool_calls metadata moderation
        prompt_cache_key prompt_cache_options prompt_cache_retention safety_identifier service_tier
        stream_options top_logprobs truncation user background_options
    """
    input: Annotated[list[_Item], BeforeValidator(_as_items)] = Field(min_length=1)
    previous_response_id: str | None = None
    instructions: str | None = None
    tools: list[_Tool] | None = Field(default=None, max_length=128)
    max_output_tokens: int | None = Field(default=None, ge=16)
    reasoning: _Reasoning | None = None
    store: bool | None = None
    text: _TextOptions | None = None
    background: Unsupported = None
    conversation: Unsupported = None
    prompt: Unsupported = None


def parse(body: Json, recall: Callable[[str], tuple[Turn, ...]]) -> ModelRequest:
    """Parse the body of a request; raise `ApiError` for an invalid field.

    `recall` returns the conversation up to and including the response with a given id.
    """
    given = ResponsesBody.parse(body)
    before = recall(given.previous_response_id) if given.previous_response_id else ()
    turns = _turns(given, before)
    tools = tuple(tool.tool for tool in given.tools or [])
    choice = given.tool_choice
    if choice not in (None, "auto", "none") and not tools:
        raise errors.wrong_value("tool_choice", "it is only allowed when 'tools' are given")
    tool_choice, forced_tool = parse_tool_choice(choice, tools, named=choice)
    form, schema = given.text.format if given.text else None, None
    json = wants_json(form, turns, "input", "text.format")
    if form and form.type == "json_schema":
        required(form.name, "text.format.name")
        schema = required(form.schema_, "text.format.schema")
    reasoning = given.reasoning or _Reasoning()
    reasons = reasoning.effort != "none" and bool(reasoning.effort or reasoning.summary)
    return ModelRequest(
        model=given.model,
        turns=turns,
        stream=bool(given.stream),
        max_tokens=given.max_output_tokens,
        tools=tools,
        tool_choice=tool_choice,
        forced_tool=forced_tool,
        parallel=given.parallel_tool_calls is not False,
        json=json,
        schema=schema,
        reasons=reasons,
        shows_reasoning=reasons and reasoning.summary is not None,
    )


def _turns(given: ResponsesBody, before: tuple[Turn, ...]) -> tuple[Turn, ...]:
    instructions = given.instructions
    leading = [] if instructions is None else [Turn("system", instructions)]
    added = [
        item.turn(f"input[{index}]")
        for index, item in enumerate(given.input)
        if item.type != "reasoning"
    ]
    if not added:
        raise errors.wrong_value("input", "it contains reasoning only")
    turns = (*leading, *_joined([*before, *added]))
    check_conversation(turns, "input", call="function_call", result="function_call_output")
    return turns


def _joined(turns: Iterable[Turn]) -> list[Turn]:
    """Join each reply's items into one turn: this API separates a reply's text and tool calls."""
    joined: list[Turn] = []
    for turn in turns:
        if turn.calls and joined and joined[-1].role == "assistant":
            last = joined.pop()
            turn = Turn("assistant", last.text + turn.text, last.calls + turn.calls)
        joined.append(turn)
    return joined
