"""The chat as its page draws it: a list of items of which each message carries only what is new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets

from utils.widgets.base import as_text
from utils.widgets.chat_turn import Exchange
from utils.widgets.markdown import Rendering
from utils.widgets.sheet import Sheet
from utils.widgets.style import scripts, stylesheet

_PHASES = {"complete": "done", "cut off": "cut"}  # where the look's name is not the state's


class ChatPage(Sheet):
    """The widget: the conversation, a box to type in, Send and Stop.

    Its items, in order, are for each turn the question, the stages if there are any, a string of
    safe HTML for each block of the reply, and a foot with badge, note and buttons.

    Attributes:
        title: Shown above it.
        busy: Whether a reply streams.
        hint: A sentence above the box, such as why a request was not followed.
    """

    _esm = scripts("sheet", "status_draw", "chat")
    _css = stylesheet("markdown", "status", "chat")

    title = traitlets.Unicode().tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)

    def __init__(self, title: str) -> None:
        self._drawings: dict[Exchange, Drawing] = {}
        super().__init__(title=as_text(title, "title"))

    def show_turns(self, exchanges: Sequence[Exchange]) -> None:
        """Be this conversation, from the next `push` on."""
        items: list[Any] = []
        for exchange in exchanges:
            drawing = self._drawings.setdefault(exchange, Drawing())
            items += drawing.items(exchange, last=exchange is exchanges[-1])
        self.become(items)


class Drawing:
    """What the page shows of one turn; what did not change is not made again."""

    def __init__(self) -> None:
        self._rendering = Rendering()
        self._drawn: tuple[str, bool] = ("", False)
        self._blocks: list[str] = []
        self._steps: tuple[int, bool, str] = (0, False, "")
        self._stages: list[dict[str, Any]] = []

    def items(self, exchange: Exchange, *, last: bool) -> list[Any]:
        """The items of a turn, the last of which has buttons."""
        drawn = text, over = exchange.reply, exchange.state != "streaming"
        if drawn != self._drawn:
            self._drawn, self._blocks = drawn, self._rendering.blocks(text, whole=over)
        stages = exchange.stages
        steps = (len(stages.history), stages.going_on, stages.outcome)
        if steps != self._steps:  # not each time: the seconds of a stage tick in the page
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
    """What decides the look."""
    if exchange.state == "streaming" and not exchange.started:
        return "waiting"
    return _PHASES.get(exchange.state, exchange.state)


def _actions(exchange: Exchange) -> list[str]:
    """What the buttons below the last reply offer."""
    if exchange.state == "streaming":
        return []
    again = "Try again" if exchange.state == "failed" else "Regenerate"
    return ["Continue", again] if exchange.can_go_on else [again]
