"""How late live text reaches a learner's page, token by token.

A token is **due** when the simulator's pacing says that it is generated: the moment at which the
request came in, plus the planned time to first token, plus its place times the planned gap. All
three are in the simulator's own log. Our widgets then may hold it back for 50 ms, to send several
in one redraw. What comes on top is the **lag**:

    lag = arrival of the redraw that shows the token - due - 50 ms, and never below 0

Arrival is when the websocket's frame has been read by the client. So the lag holds everything that
a busy machine adds: a simulator, kernel, server or proxy that waits for its turn, and this client
that does. All of them run on one machine, and share its clock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from hub.class_test.kernel_messages import Message
from utils.simulator.tokens import split

COALESCING = 0.05  # seconds, as in utils.widgets.base.throttle
# A stream without model and widgets: the floor that machine, kernel and connection set.
BARE = """
import asyncio, time
from comm import create_comm
bare, start = create_comm(target_name="bare"), time.time()
for place in range(100):
    due = start + place * 0.05
    await asyncio.sleep(due - time.time())
    bare.send({"due": due})
"""


@dataclass(frozen=True)
class Pacing:
    """When the tokens of a reply are due, from the simulator's log; Unix times in seconds."""

    received: float
    ttft: float
    gap: float
    tokens: int

    def due(self, place: int) -> float:
        """When a token is generated, counted from 0."""
        return self.received + self.ttft + place * self.gap


@dataclass(frozen=True)
class Redraw:
    """A piece of text that reached a page, at a Unix time in seconds."""

    at: float
    text: str


class LagError(Exception):
    """The text on the page is not the reply; the message describes the difference."""


def streamed(messages: Iterable[tuple[float, Message]]) -> list[Redraw]:
    """The redraws of the one pane that was streamed to.

    Args:
        messages: of one cell, with their Unix times of arrival.

    Raises:
        LagError: none was, or several were.
    """
    panes: dict[str, list[Redraw]] = {}
    for at, one in messages:
        piece = _piece(one)
        if piece:
            panes.setdefault(one.content["comm_id"], []).append(Redraw(at, piece))
    live = [redraws for redraws in panes.values() if len(redraws) > 1]
    if len(live) != 1:
        raise LagError(f"{len(live)} panes showed text as it streamed, not 1")
    return live[0]


def _piece(one: Message) -> str:
    """The text that a message appends to a pane; empty if it appends none or repeats all."""
    if one.kind != "comm_msg":
        return ""
    data: dict[str, Any] = one.content["data"]
    sent = data.get("content")
    if data.get("method") != "custom" or not isinstance(sent, dict) or "seq" not in sent:
        return ""
    if sent.get("fresh"):
        return ""
    return str(sent["text"])


def lateness(redraws: list[Redraw], pacing: Pacing) -> list[float]:
    """Seconds between each token's due time and its arrival, coalescing included.

    Raises:
        LagError: the text that arrived is not the reply's.
    """
    ends = list(accumulate(map(len, split("".join(one.text for one in redraws)))))
    if len(ends) != pacing.tokens:
        raise LagError(f"{len(ends)} tokens reached the page of the {pacing.tokens} that were sent")
    late: list[float] = []
    shown = 0
    for redraw in redraws:
        shown += len(redraw.text)
        while len(late) < len(ends) and ends[len(late)] <= shown:
            late.append(redraw.at - pacing.due(len(late)))
    return late


def bare_lateness(messages: Iterable[tuple[float, Message]]) -> Iterator[float]:
    """Seconds from the due time of each message of the cell `BARE` to its arrival."""
    for at, one in messages:
        if one.kind == "comm_msg" and "due" in one.content["data"]:
            yield at - one.content["data"]["due"]


def lag(late: float) -> float:
    """The lag in seconds of a token that is `late` seconds past its due time."""
    return max(0.0, late - COALESCING)
