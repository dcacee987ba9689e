"""Generates the parts of a reply: reasoning, then text, JSON or tool calls."""

from .. import errors
from ..model_request import ModelRequest
from ..reply import Part
from . import conversation, json_reply, reasoning, tool_calls
from .schema_rules import SchemaError


def answer(request: ModelRequest) -> tuple[Part, ...]:
    """Return the parts of the reply; the same request always gets the same parts."""
    try:
        wanted = tool_calls.decide(request)
    except SchemaError as error:
        raise errors.wrong_value("tools", f"invalid schema for a function: {error}") from None
    if wanted:
        parts = [Part("call", call.arguments, call.name, json=True) for call in wanted]
    else:
        parts = [_said(request)]
    if request.reasons:
        thinking = reasoning.about(request, [call.name for call in wanted])
        parts = [*(Part("thought", paragraph) for paragraph in thinking), *parts]
    return tuple(parts)


def _said(request: ModelRequest) -> Part:
    try:
        as_json = json_reply.text(request)
    except SchemaError as error:
        raise errors.wrong_value("response_format", f"invalid schema: {error}") from None
    if as_json is not None:
        return Part("text", as_json, json=True)
    if request.turns[-1].role == "tool":
        return Part("text", tool_calls.report(request))
    return Part("text", conversation.text(request))
