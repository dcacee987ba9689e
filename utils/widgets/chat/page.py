"""`ChatPage`, the base of `ChatPanel`: draws a chat as a list of items, several for each turn."""

from collections.abc import Sequence
from typing import Any

import traitlets

from utils.widgets.base.course_widget import as_text
from utils.widgets.base.synced_list import SyncedList
from utils.widgets.base.theme import script, stylesheet
from utils.widgets.chat.turn import Exchange
from utils.widgets.live_markdown.rendering import render


class ChatPage(SyncedList):
    """Widget with the conversation, an input box, and Send and Stop buttons.

    The items of a turn (an `Exchange`) are the question, any stages such as a tool call, a string
    of safe HTML for each block of the reply, and a footer with a badge, a note and buttons.
    """

    _esm = script("chat/chat.js")
    _css = stylesheet("chat/chat.css")

    title = traitlets.Unicode().tag(sync=True)  # shown above the chat
    busy = traitlets.Bool(False).tag(sync=True)  # whether a reply is streaming
    hint = traitlets.Unicode().tag(sync=True)  # a sentence above the input box, such as an error

    def __init__(self, title: str) -> None:
        self._drawings: dict[Exchange, Drawing] = {}
        super().__init__(title=as_text(title, "title"))

    def show_turns(self, exchanges: Sequence[Exchange]) -> None:
        """Set the turns that the next `push` shows."""
        items: list[Any] = []
        for exchange in exchanges:
            drawing = self._drawings.setdefault(exchange, Drawing())
            items += drawing.items(exchange, last=exchange is exchanges[-1])
        self.replace(items)


class Drawing:
    """Builds the items of one turn, reusing unchanged parts."""

    def __init__(self) -> None:
        self._reply = ""
        self._blocks: list[str] = []
        self._stages: list[dict[str, Any]] = []
        # for `_stages`: the number of steps, whether a stage is current, and the outcome
        self._steps: tuple[int, bool, str] = (0, False, "")

    def items(self, exchange: Exchange, *, last: bool) -> list[Any]:
        """Return the turn's items; the footer has buttons only in the last turn."""
        if exchange.reply != self._reply:
            self._reply = exchange.reply
            self._blocks = render(self._reply)
        stages = exchange.stages
        steps = (len(stages.history), stages.going_on, stages.outcome)
        if steps != self._steps:  # seconds aren't compared: the page counts them
            self._steps, self._stages = steps, stages.view()
        return [
            {"kind": "question", "text": exchange.question},
            *([{"kind": "stages", "stages": self._stages}] if self._stages else []),
            *self._blocks,
            {
                "kind": "foot",
                "phase": _phase(exchange),
                "badge": exchange.badge,
                "note": exchange.note,
                "stalled": exchange.stalled,
                "actions": _actions(exchange) if last else [],
            },
        ]


def _phase(exchange: Exchange) -> str:
    if exchange.state == "streaming" and not exchange.started:
        return "waiting"
    return "done" if exchange.state == "complete" else exchange.state


def _actions(exchange: Exchange) -> list[str]:
    if exchange.state == "streaming":
        return []
    again = "Try again" if exchange.state == "failed" else "Regenerate"
    return ["Continue", again] if exchange.can_go_on else [again]
