"""How to send a question to an endpoint, and where its reply contains the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["sse", "jsonl", "text"]
TEXT_EVENTS = ("message", "text", "token", "delta", "chunk")


@dataclass(frozen=True)
class WireFormat:
    """How to send a question to an endpoint, and where its reply contains the text.

    In `url` and `body`, `{question}` stands for the question; in `then` and `stop`, names in braces
    stand for fields of the JSON objects received so far.

    Attributes:
        url: Where to send a question.
        method: The HTTP method.
        body: The request's JSON; None for no body.
        headers: Additional headers.
        then: The path that streams the reply, if the first request only starts it.
        stop: The path to which a POST stops the reply; None if there is none.
        rejoins: Whether a reader who disconnects can rejoin the running reply.
        format: Server-sent events, JSON lines, or plain text.
        text_path: The path to the text in a JSON object, such as `choices.0.delta.content`; "." if
            the data is a JSON string; None if it isn't JSON.
        text_events: The names of the server-sent events that contain text.
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
        """Whether a page reads the reply with `EventSource`, which reconnects automatically."""
        return self.format == "sse" and (self.method == "GET" or self.then is not None)
