"""How an endpoint is asked, and where its reply holds the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["sse", "jsonl", "text"]
TEXT_EVENTS = ("message", "text", "token", "delta", "chunk")


@dataclass(frozen=True)
class Shape:
    """How an endpoint is asked, and where its reply holds the text.

    In `url` and `body`, `{question}` stands for the question; in `then` and `stop`, names in braces
    stand for fields of the JSON objects that have come so far.

    Attributes:
        url: Where a question goes.
        method: The HTTP method.
        body: The request's JSON; None sends none.
        headers: More headers.
        then: The path that the reply is streamed from, where the first request only starts it.
        stop: The path that a POST to stops the reply; None if there is none.
        rejoins: Whether a reader who leaves can come back to the running reply.
        format: Server-sent events, JSON lines, or plain text.
        text_path: Where the text is in a JSON object, such as `choices.0.delta.content`; "." is a
            JSON string; None is data that isn't JSON.
        text_events: The names of the server-sent events that hold text.
    """

    url: str
    method: str = "GET"
    body: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    then: str | None = None
    stop: str | None = None
    rejoins: bool = False
    format: Format = "sse"
    text_path: str | None = None
    text_events: tuple[str, ...] = TEXT_EVENTS

    @property
    def is_event_source(self) -> bool:
        """Whether a page reads it with `EventSource`, which reconnects by itself."""
        return self.format == "sse" and (self.method == "GET" or self.then is not None)
