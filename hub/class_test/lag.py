"""How late live text reaches a learner's page, token by token.

A token is *due* when the simulator plans to generate it: at the time of the request, plus the
planned TTFT, plus the token's index times the planned gap, all from the simulator's log.
Widgets may delay a token by up to 50 ms, to send several in one redraw. Any delay beyond that
is the *lag*:

    lag = arrival of the redraw that shows the token - due - 50 ms, but at least 0

A redraw has arrived once the client has read its websocket frame. So the lag includes all delays in
the simulator, kernel, server, proxy and client, which share one machine and its clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from hub.class_test.kernel_messages import Message
from utils.simulator.tokens import split

COALESCING = 0.05  # seconds; equal to `INTERVAL` in utils.widgets.base.throttle
Arrivals = Iterable[tuple[float, Message]]  # (arrival time, message) pairs, with Unix times


@dataclass(frozen=True)
class Pacing:
    received: float  # when the request arrived (Unix time)
    ttft: float  # seconds until the first token
    gap: float  # seconds between tokens
    tokens: int

    def due(self, index: int) -> float:
        return self.received + self.ttft + index * self.gap


@dataclass(frozen=True)
class Redraw:
    """A piece of text, and the Unix time at which it reached a page."""

    at: float
    text: str


class LagError(Exception):
    """Raised if a reply's lag can't be measured; the message says why."""


def streamed(messages: Arrivals) -> list[Redraw]:
    """Return the redraws of the streaming pane; raise LagError unless exactly one pane streamed."""
    panes: dict[str, list[Redraw]] = {}  # redraws by comm ID; a pane is a widget that shows a reply
    last_seq: dict[str, int] = {}  # each pane's last sequence number, to skip resent updates
    for at, one in messages:
        update = _update_in(one)
        pane = one.content.get("comm_id", "")
        if update and update["seq"] > last_seq.get(pane, 0):
            last_seq[pane] = update["seq"]
            if piece := "".join(item for item in update["items"] if isinstance(item, str)):
                panes.setdefault(pane, []).append(Redraw(at, piece))
    live = [redraws for redraws in panes.values() if len(redraws) > 1]
    if len(live) != 1:
        raise LagError(f"{len(live)} panes showed text as it streamed, not 1")
    return live[0]


def _update_in(one: Message) -> dict[str, Any] | None:
    """Return the content of a message that updates a pane, or None for other messages."""
    data = one.content.get("data", {}) if one.kind == "comm_msg" else {}
    sent = data.get("content") if data.get("method") == "custom" else None
    return sent if isinstance(sent, dict) and "items" in sent else None


def lateness(redraws: list[Redraw], pacing: Pacing) -> list[float]:
    """Return how many seconds late each token arrived, including any delay from coalescing."""
    text = "".join(redraw.text for redraw in redraws)
    ends = list(accumulate(len(token) for token in split(text)))  # each token's end index in `text`
    if len(ends) != pacing.tokens:
        raise LagError(f"{len(ends)} tokens reached the page, but {pacing.tokens} were sent")
    late: list[float] = []
    shown = 0
    for redraw in redraws:
        shown += len(redraw.text)
        while len(late) < len(ends) and ends[len(late)] <= shown:
            late.append(redraw.at - pacing.due(len(late)))
    return late


def lag(late: float) -> float:
    """Return a token's lag in seconds: `late` minus `COALESCING`, but at least 0."""
    return max(0.0, late - COALESCING)
