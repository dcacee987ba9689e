"""Extracts text, reasoning and metadata from stream items of any type."""

from collections.abc import Mapping
from typing import Any

from utils.unicode import well_formed


def content_of(item: object) -> tuple[str, str]:
    """Return an item's text and reasoning; its `content` may be a string or a list of blocks."""
    if isinstance(item, str):
        return item, ""
    content = field_of(item, "content")
    blocks = content if isinstance(content, list) else [content]
    text = reasoning = ""
    for block in blocks:
        if isinstance(block, str):
            text += block
        elif isinstance(block, Mapping) and block.get("type") == "text":
            text += _words(block.get("text"))
        elif isinstance(block, Mapping) and block.get("type") in ("reasoning", "thinking"):
            thought = block.get("reasoning") or block.get("thinking") or block.get("text")
            reasoning += _words(thought) + _words(block.get("summary"))
    # where `langchain-deepseek` puts reasoning
    beside = mapping_of(item, "additional_kwargs").get("reasoning_content")
    return text, reasoning + (beside if isinstance(beside, str) else "")


def may_hold_text(item: object) -> bool:
    """Return whether an item is a string, a message, or a dict shaped like a message."""
    shaped = "content" in item if isinstance(item, Mapping) else hasattr(item, "content")
    return isinstance(item, str) or shaped


def finish_reason_of(item: object) -> str | None:
    """Return the finish reason in an item, or the reason for an incomplete response, or None."""
    metadata = mapping_of(item, "response_metadata")
    details = mapping_of(metadata, "incomplete_details")
    reason = metadata.get("finish_reason") or details.get("reason")
    return well_formed(reason) if isinstance(reason, str) else None


def mapping_of(item: object, name: str) -> Mapping[str, Any]:
    """Return the field `name` of an item, or an empty mapping if the field isn't a mapping."""
    value = field_of(item, name)
    return value if isinstance(value, Mapping) else {}


def field_of(item: object, name: str) -> Any:
    """Return a field of a message, or of a dict shaped like one; None if there is no such field."""
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)


def _words(part: object) -> str:
    """Return the text of a block's field, which is a list in Mistral's thinking blocks."""
    if isinstance(part, list):
        return "".join(map(_words, part))
    if isinstance(part, Mapping):
        return _words(part.get("text"))
    return part if isinstance(part, str) else ""
