"""Generates the parts of a reply: reasoning, then text, JSON or tool calls."""

from .. import errors
from ..model_request import ModelRequest
from ..reply import Part
from . import json_reply, text_reply, tool_calls, wording
from .schema_rules import SchemaError

_LONGEST_QUOTE = 100  # characters


def answer(request: ModelRequest) -> tuple[Part, ...]:
    """Return the parts of the reply; the same request always gets the same parts."""
    try:
        calls = tool_calls.decide(request)
    except SchemaError as error:
        raise errors.wrong_value("tools", f"invalid schema for a function: {error}") from None
    thoughts = _reasoning(request, [call.name for call in calls]) if request.reasons else []
    reasoning = [Part("thought", thought) for thought in thoughts]
    return (*reasoning, *calls) if calls else (*reasoning, _text_part(request))


def _text_part(request: ModelRequest) -> Part:
    try:
        as_json = json_reply.text(request)
    except SchemaError as error:
        raise errors.wrong_value("response_format", f"invalid schema: {error}") from None
    if as_json is not None:
        return Part("text", as_json, json=True)
    if request.turns[-1].role == "tool":
        return Part("text", tool_calls.report(request))
    return Part("text", text_reply.text(request))


def _reasoning(request: ModelRequest, calls: list[str]) -> list[str]:
    """Return reasoning paragraphs with headings; `calls` lists the names of the tools to call."""
    quoted = wording.shortened(request.prompt, _LONGEST_QUOTE) or "nothing at all"
    paragraphs = [f"**Reading the question**\n\nThe message says “{quoted}”. What does it want?"]
    if request.turns[-1].role == "tool":
        paragraphs.append(
            "**Looking at the results**\n\nThe tools have answered. I should say what they found, "
            "each with what it is about, and add nothing that they did not say."
        )
    elif calls:
        names = " and ".join(dict.fromkeys(calls))
        paragraphs.append(
            f"**Choosing a tool**\n\nI can't know this by heart, but {names} can tell. I need its "
            f"arguments from the question, and {len(calls)} call{'s' if len(calls) > 1 else ''}."
        )
    else:
        paragraphs.append(
            "**Planning the answer**\n\nNo tool is needed here. I will begin with what matters "
            "most, keep it short, and stop when it is said."
        )
    return paragraphs
