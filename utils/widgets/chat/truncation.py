"""Determines whether a reply is complete or truncated, and why."""

from collections.abc import Mapping
from typing import Any

from utils.timing.chunks import mapping_of

# Why a reply is truncated, by finish reason or status. With any other value, it is complete.
_CUT = {
    reason: cause
    for cause, reasons in (
        ("it reached its token limit", "length max_tokens max_output_tokens model_length"),
        ("a content filter ended it", "content_filter safety refusal sensitive"),
        ("the provider did not finish it", "incomplete"),
        ("the provider cancelled it", "cancelled abort"),
        ("the provider failed", "failed error network_error insufficient_system_resource"),
    )
    for reason in reasons.split()
}


class Truncation:
    """Finds the finish reason in a stream's items.

    A stream of message chunks should end with a finish reason or, in the Responses API, a status. A
    stream of plain strings has neither, so it counts as complete when it ends.
    """

    def __init__(self) -> None:
        self._has_chunks = False
        self._message: str | None = None  # the id of the current message
        self._finish_reason = ""

    def see(self, item: object) -> None:
        """Process the next item of the stream."""
        metadata = getattr(item, "response_metadata", None)
        if not isinstance(metadata, Mapping):
            return
        message = getattr(item, "id", None)
        if message is not None and message != self._message:  # a new reply, after a tool call
            self._message, self._finish_reason = message, ""
        self._has_chunks = True
        self._finish_reason = _reason(metadata) or self._finish_reason

    @property
    def reason(self) -> str:
        """A sentence that says why the reply is truncated; "" if it is complete."""
        if not self._has_chunks:
            return ""
        if not self._finish_reason:
            return "Truncated: the stream ended without a finish reason."
        cause = _CUT.get(self._finish_reason.lower())
        return f"Truncated: {cause} (`{self._finish_reason}`)." if cause else ""


def _reason(metadata: Mapping[str, Any]) -> str:
    """Return the most specific reason or status in chunk metadata; "" if there is none."""
    detail = mapping_of(metadata, "incomplete_details").get("reason")
    reasons = [detail, *map(metadata.get, ("finish_reason", "stop_reason", "status"))]
    return next((reason for reason in reasons if isinstance(reason, str) and reason), "")
