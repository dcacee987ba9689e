"""The format of an endpoint's requests and replies, as set by the `verdict` command's options."""

from dataclasses import dataclass
from typing import Literal

Format = Literal["sse", "jsonl", "text"]
TEXT_EVENTS = ("message", "text", "token", "delta", "chunk")


@dataclass(frozen=True)
class WireFormat:
    """How to send a question to an endpoint, and where to find the text in the reply.

    In `url` and `body`, `{question}` stands for the question; in `then` and `stop`, names in braces
    stand for fields of the JSON objects received so far.
    """

    url: str
    method: str = "GET"
    body: str | None = None  # the JSON request body; None for no body
    headers: tuple[tuple[str, str], ...] = ()
    then: str | None = None  # the path that streams the reply, if the first request only starts it
    # the path of the POST request that stops the reply; None if replies can't be stopped
    stop: str | None = None
    rejoins: bool = False  # whether a client that disconnects can rejoin the reply in progress
    format: Format = "sse"
    # the path to the text in a JSON object, such as `choices.0.delta.content`; "." if the data is a
    # JSON string; None if the data isn't JSON
    text_path: str | None = None
    # the names of the server-sent events that contain text
    text_events: tuple[str, ...] = TEXT_EVENTS

    @property
    def is_event_source(self) -> bool:
        """Whether a page reads the reply with `EventSource`, which reconnects automatically."""
        return self.format == "sse" and (self.method == "GET" or self.then is not None)
